//! A recording process in Rust, beside `bench/push_child.c` line by line: it pushes sound in pieces of 20 ms, as
//! an audio callback does, but as fast as there is room. `make bench` holds the two against each other.
//!
//!     push_child VAULT ROOT SUBJECT RAW TIMES     (48 kHz, 16 bits, stereo)
use std::process::exit;
use std::time::Duration;
use voicepriv::*;

const PIECE_FRAMES: usize = 960;
const PIECES_AT_ONCE: usize = 50; // an audio callback does not ask for room each time
const BYTES_PER_FRAME: usize = 4;

fn nap() {
    std::thread::sleep(Duration::from_millis(10));
}

fn feed(writer: &mut PushWriter, bytes: &[u8], times: u64) -> Result<u64> {
    let pieces = bytes.chunks_exact(PIECE_FRAMES * BYTES_PER_FRAME);
    for _ in 0..times {
        for (n, piece) in pieces.clone().enumerate() {
            while n % PIECES_AT_ONCE == 0 && writer.space() < PIECES_AT_ONCE * PIECE_FRAMES {
                nap();
            }
            writer.write(piece)?;
        }
    }
    writer.end()?;
    Ok(times * (pieces.len() * PIECE_FRAMES) as u64)
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vault, root, subject, raw, times]: [String; 5] =
        arguments.try_into().map_err(|_| "usage: push_child VAULT ROOT SUBJECT RAW TIMES")?;
    let vault = Vault::open(vault, RootStore::file(root)?)?;
    let bytes = std::fs::read(raw)?;
    let format = StreamFormat::new(SampleFormat::S16, 48_000, 2);
    let (mut writer, source) = Source::push(format, Duration::from_secs(2))?;
    println!("ready");
    let mut recorder = Recorder::config()
        .subject(subject.parse()?)
        .all_identified(true)
        .retention(Retention::Days(90))
        .open(&vault, source)?;
    recorder.start()?;
    recorder.trigger(&Trigger::button())?;
    recorder.confirm()?;
    let n_frames = feed(&mut writer, &bytes, times.parse()?)?;
    while recorder.state() == RecorderState::Committed {
        nap();
    }
    let outcome = recorder.stop()?;
    drop(recorder);
    println!("done");
    if !outcome.is_stored || outcome.lost_frames_48k > 0 || outcome.frames_48k != n_frames {
        exit(3);
    }
    Ok(())
}
