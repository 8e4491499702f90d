//! The interface once around, last part: sources, frames, and the life of a trigger.

mod common;
use common::*;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voicepriv::*;

#[test]
fn sources_devices_and_imports() {
    let home = Home::consenting("sources");
    let source = Source::open_with(&format!("file:{VOICE}"), &CaptureOptions::default()).expect("a source");
    assert_eq!(source.name(), Ok("file".to_owned()));
    assert_eq!(source.format(), Ok(StreamFormat::new(SampleFormat::S16, 48_000, 1)));
    assert_eq!(status(Source::file("/nonexistent")), Status::NotFound);
    assert_eq!(status(Source::open("nonsense:")), Status::Argument);
    let wanted = CaptureOptions { buffer: Duration::from_secs(3_600), ..CaptureOptions::default() };
    assert!(Source::open_with("alsa:nonexistent", &wanted).is_err());
    match devices() {
        Ok(found) => assert!(found.iter().all(|device| !device.input.is_empty())),
        Err(unfinished) => assert!([Status::Unsupported, Status::Io].contains(&unfinished.error.status())),
    }
    let watch = DeviceWatch::new(|_, _| ()).expect("a watch");
    assert!(!watch.has_panicked());
    drop(watch);
    let id = home
        .config()
        .open(&home.vault, source)
        .expect("a recorder")
        .run(&Trigger::button())
        .expect("recorded");
    let mut opus = Vec::new();
    home.vault
        .read(&home.keyring, id.recording, &Home::request())
        .expect("open")
        .export_opus(&mut opus)
        .expect("out");
    fs::write(home.folder.file("a.opus"), &opus).expect("written");
    let imported = home.config().import_opus(&home.vault, home.folder.file("a.opus")).expect("imported");
    assert_eq!((imported.packets, imported.frames_48k), (id.packets, id.frames_48k));
    let of = |recording| {
        let mut reader = home.vault.read(&home.keyring, recording, &Home::request()).expect("open");
        let packets: Vec<Vec<u8>> = reader
            .packets()
            .filter_map(|packet| match packet.expect("whole") {
                Packet::Opus(bytes, _) => Some(bytes.to_vec()),
                _ => None,
            })
            .collect();
        assert!(reader.packets().next().is_none());
        packets
    };
    assert_eq!(of(id.recording), of(imported.recording));
}

#[test]
fn frames_of_every_format() {
    for (format, bytes) in
        [(SampleFormat::S16, 2), (SampleFormat::S24, 3), (SampleFormat::S32, 4), (SampleFormat::F32, 4)]
    {
        let format = StreamFormat::new(format, 16_000, 2);
        let (mut writer, source) = Source::push(format, Duration::from_millis(100)).expect("a source");
        assert_eq!((writer.format(), source.format()), (format, Ok(format)));
        let space = writer.space();
        assert!(space >= 1_600);
        assert_eq!(writer.write(&vec![0; bytes * 2 * 5]), Ok(5));
        let n = match format.sample_format {
            SampleFormat::S16 => writer.write_i16(&[1; 20]),
            SampleFormat::S32 => writer.write_i32(&[1; 20]),
            SampleFormat::F32 => writer.write_f32(&[0.5; 20]),
            _ => writer.write(&[0; 60]),
        };
        assert_eq!((n, writer.space()), (Ok(10), space - 15));
        assert!(writer.write(&vec![0; bytes * 2 * space]).expect("taken") < space, "the rest is a gap");
        assert_eq!(
            writer.write(&vec![0; bytes * 2 + 1]).expect_err("half a frame").status(),
            Status::Argument
        );
    }
}

#[test]
fn the_life_of_a_trigger() {
    let home = Home::consenting("trigger");
    let (mut writer, source) = Source::push(microphone(), Duration::from_secs(3)).expect("a source");
    let meter = source.meter();
    let lamps: Arc<Mutex<Vec<Indicator>>> = Arc::default();
    let events: Arc<Mutex<Vec<RecorderEvent>>> = Arc::default();
    let heard: Arc<Mutex<(usize, usize)>> = Arc::default();
    let (lit, told, listened) = (Arc::clone(&lamps), Arc::clone(&events), Arc::clone(&heard));
    let mut recorder = home
        .config()
        .encoding(Encoding { rate_hz: 24_000, bitrate_bps: 32_000, ..Encoding::default() })
        .pre_roll(Duration::from_millis(200))
        .confirm_within(Duration::from_millis(400))
        .no_maximum()
        .no_trailing_silence()
        .voice_gate(false)
        .on_indicator(move |lamp| lit.lock().expect("mine").push(lamp))
        .on_event(move |event| told.lock().expect("mine").push(event))
        .frames_while_listening()
        .on_frames(move |frames| {
            assert_eq!((frames.rate_hz, frames.channels), (24_000, 1));
            assert!(frames.position_frames < 48_000 * 60 && !format!("{frames:?}").contains("0."));
            let mut heard = listened.lock().expect("mine");
            *if frames.is_request { &mut heard.0 } else { &mut heard.1 } += frames.samples.len();
        })
        .open(&home.vault, source)
        .expect("a recorder");
    assert_eq!(recorder.state(), RecorderState::Idle);
    assert_eq!(meter.level(), Ok(Some(-200.0)));
    recorder.start().expect("it starts");
    writer.write_i16(&hum(0.4)).expect("fed");
    wait_until("listening", || heard.lock().expect("mine").1 > 2_000);
    let trigger =
        Trigger::wake_word("computer", 0.75).subject(home.ada).all_identified(true).device_class("speaker");
    recorder.trigger(&trigger).expect("triggered");
    recorder.reject().expect("rejected");
    recorder.trigger(&trigger).expect("triggered");
    assert_eq!(recorder.state(), RecorderState::Provisional);
    wait_until("a time-out", || {
        events
            .lock()
            .expect("mine")
            .iter()
            .any(|event| matches!(event, RecorderEvent::TimedOut(TriggerKind::WakeWord, None)))
    });
    recorder.trigger(&trigger).expect("triggered");
    recorder.confirm().expect("confirmed");
    writer.write_i16(&hum(0.5)).expect("fed");
    wait_until("recording", || heard.lock().expect("mine").0 > 10_000);
    assert!(meter.level().expect("open").expect("open") > -40.0);
    let outcome = recorder.finish().expect("finished");
    assert!(outcome.is_stored && outcome.end_reason == EndReason::Stopped);
    recorder.mute().expect("muted");
    assert_eq!(recorder.watch().state(), Some(RecorderState::Muted));
    recorder.unmute().expect("unmuted");
    recorder.acknowledge().expect("acknowledged");
    assert_eq!(status(recorder.finish()), Status::State);
    // With a closure for frames a guest is heard, and nothing is stored.
    recorder.trigger(&Trigger::button().guests(1)).expect("execute_request permits it");
    recorder.reject().expect("rejected");
    recorder.stop().expect("stopped");
    let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
    let mut deaf = home.config().open(&home.vault, source).expect("a recorder");
    deaf.start().expect("it starts");
    for trigger in [Trigger::button().guests(1), Trigger::button().unknown_speakers(1)] {
        assert_eq!(status(deaf.trigger(&trigger)), Status::Consent);
    }
    let lamps = lamps.lock().expect("mine");
    for lamp in [Indicator::Listening, Indicator::Recording, Indicator::Muted, Indicator::Off] {
        assert!(lamps.contains(&lamp), "{lamps:?}");
    }
    let info = home.vault.recording(outcome.recording).expect("info");
    assert_eq!(
        (info.trigger, info.wake_word.as_str(), info.trigger_score),
        (TriggerKind::WakeWord, "computer", 0.75)
    );
    assert_eq!((info.rate_hz, info.device_class.as_str()), (24_000, "speaker"));
    assert!(matches!(events.lock().expect("mine").last(), Some(RecorderEvent::Ended(_))));
}

#[test]
fn every_setting_reaches_the_library() {
    let home = Home::consenting("settings");
    let open = |config: RecorderConfig| {
        let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
        config.open(&home.vault, source).map(drop)
    };
    let ms = Duration::from_millis;
    open(
        home.config()
            .guests(1)
            .unknown_speakers(1)
            .required_purposes(Purpose::KeepHistory.into())
            .no_pre_roll()
            .required_only(),
    )
    .expect("possible");
    open(
        home.config()
            .optional_purposes(Purpose::HumanReview.into())
            .no_high_pass()
            .wearable()
            .false_wakes_per_hour(3),
    )
    .expect("possible");
    let mut n_refused = 0;
    for config in [
        home.config().guests(16),
        home.config().unknown_speakers(99),
        home.config().retention(Retention::Days(5_000)),
        home.config().retention(Retention::Days(4_090)),
        home.config().guests(u32::MAX),
        home.config().pre_roll(ms(10_001)),
        home.config().confirm_within(ms(60_001)),
        home.config().maximum(ms(86_400_001)),
        home.config().unsealed(ms(99)),
        home.config().threads(65),
        home.config().trailing_silence(ms(199)),
        home.config().false_wakes_per_hour(64),
        home.config().encoding(Encoding { rate_hz: 44_100, ..Encoding::default() }),
        home.config().encoding(Encoding { complexity: Some(11), ..Encoding::default() }),
        home.config().encoding(Encoding { complexity: Some(u32::MAX), ..Encoding::default() }),
    ] {
        let refused = open(config).expect_err("out of range");
        assert_eq!(refused.status(), Status::Argument, "{refused}");
        n_refused += 1;
    }
    assert_eq!(n_refused, 15);
    let hub = HubConfig { workers: 2, recorders_max: 1, tick: ms(10) };
    let hub = Hub::open_with(&home.vault, hub).expect("a hub");
    let start = || {
        let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
        let mut recorder = home.config().open(&home.vault, source).expect("a recorder");
        recorder.start_in(&hub).map(|()| recorder)
    };
    let first = start().expect("there is room");
    assert_eq!(status(start()), Status::Limit);
    drop(first);
    start().expect("there is room again");
    assert_eq!(
        status(Hub::open_with(&home.vault, HubConfig { tick: ms(51), ..HubConfig::default() })),
        Status::Argument
    );
    let options =
        VaultOptions::new().controller("acme", "Acme", "DE").jurisdiction("DE").device_class("speaker");
    let options = options.authority(PublicKey::from_bytes([2; 32])).reserve_bytes(1 << 20);
    let root = RootStore::file(home.folder.file("o.root")).expect("a store");
    let (vault, _keyring) = Vault::create_with(home.folder.file("o"), root, &options).expect("a vault");
    let about = vault.about().expect("info");
    assert_eq!((about.controller_id.as_str(), about.jurisdiction.as_str()), ("acme", "DE"));
    assert!(vault.space().expect("told").reserve_bytes >= 1 << 20);
    let root = vault.close().expect("alone").expect("its root");
    Vault::open_with(home.folder.file("o"), root, &VaultOptions::new().clock(Time::now)).expect("it opens");
}
