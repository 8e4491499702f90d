//! Many recorders, one vault: the microphones of a house in one process, driven by a few threads.
//!
//!     bindings/rust/in-tree cargo run --example hub
use std::error::Error;
use std::time::Duration;
use voicepriv::*;

const ROOMS: usize = 12;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("voicepriv-hub-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let told = listen(&folder);
    std::fs::remove_dir_all(&folder)?;
    told
}

fn listen(folder: &std::path::Path) -> std::result::Result<(), Box<dyn Error>> {
    let (vault, _keyring) =
        Vault::create(folder.join("house.vault"), RootStore::file(folder.join("house.root"))?)?;
    let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
    vault.add_notice(&Notice::new("history", "1", "en", "We keep what you say for you."))?;
    vault.give_consent(ada, Purpose::KeepHistory, &Evidence::new().notice("history", "en"))?;

    let hub = Hub::open(&vault)?;
    let format = StreamFormat::new(SampleFormat::F32, 16_000, 1);
    let mut rooms = Vec::new();
    for room in 0..ROOMS {
        let (writer, source) = Source::push(format, Duration::from_millis(1_000))?;
        let mut recorder = Recorder::config()
            .subject(ada)
            .all_identified(true)
            .retention(Retention::Days(30))
            .on_event(move |event| println!("room {room}: {event:?}"))
            .open(&vault, source)?;
        recorder.start_in(&hub)?;
        rooms.push((writer, recorder));
    }

    // Somebody presses a button in every third room. The others listen, and nothing of theirs is kept.
    for (_, recorder) in rooms.iter_mut().step_by(3) {
        recorder.trigger(&Trigger::button())?;
        recorder.confirm()?;
    }
    // In a device this is the audio callback, a thread for each microphone.
    let tone: Vec<f32> = (0..320).map(|i| (i as f32 * 0.2).sin() * 0.3).collect();
    for _ in 0..50 {
        for (writer, _) in &mut rooms {
            writer.write_f32(&tone)?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }

    let mut kept = 0;
    for (_writer, mut recorder) in rooms {
        // A room where no button was pressed has nothing to tell but that it stopped.
        let outcome = recorder.stop()?;
        kept += u32::from(outcome.is_stored);
    }
    println!("{kept} of {ROOMS} rooms were kept");
    let listed = vault.recordings(&RecordingFilter::default())?.len();
    if kept as usize != ROOMS.div_euclid(3) || listed != kept as usize {
        return Err(format!("{kept} kept and {listed} listed").into());
    }
    Ok(())
}
