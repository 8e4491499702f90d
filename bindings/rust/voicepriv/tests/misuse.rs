//! What goes wrong in callbacks, and handles that are used in odd orders and from odd places: an error or a
//! defined end, never a crash and never a hang. Also run under valgrind.

mod common;
use common::*;
use std::io;
use std::ops::ControlFlow::{Break, Continue};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voicepriv::*;

/// That a panic goes on behind a call: what it said.
fn panics<T>(call: impl FnOnce() -> T) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload,
    };
    payload.downcast_ref::<&str>().map(|words| (*words).to_owned()).unwrap_or_default()
}

/// A recorder that is being fed, and keeps what it hears.
fn live(home: &Home, config: RecorderConfig) -> (PushWriter, Recorder) {
    let (writer, source) = Source::push(microphone(), Duration::from_secs(2)).expect("a source");
    let mut recorder = config.open(&home.vault, source).expect("a recorder");
    recorder.start().expect("it starts");
    (writer, recorder)
}

/// Feeds until something holds.
fn feed_until(writer: &mut PushWriter, what: &str, mut holds: impl FnMut() -> bool) {
    let sound = hum(0.02);
    wait_until(what, || {
        let _ = writer.write_i16(&sound);
        holds()
    });
}

#[test]
fn a_panic_in_a_list_goes_on_behind_the_call() {
    let home = Home::consenting("panic-list");
    home.record(VOICE).expect("recorded");
    let vault = &home.vault;
    assert_eq!(panics(|| vault.each_recording(&RecordingFilter::default(), |_| panic!("one"))), "one");
    assert_eq!(panics(|| vault.each_log_entry(0, |_, _| panic!("two"))), "two");
    assert_eq!(panics(|| vault.inventory(None, |_| panic!("three"))), "three");
    let backup = home.folder.file("backup");
    assert_eq!(panics(|| vault.backup(&backup, false, |_, _| panic!("four"))), "four");
    // C has cleaned up: the panic went around it, not through it.
    assert!(!backup.exists() && !home.folder.file("backup.part").exists());
    let everything = PurgeCriteria { until: Some(Time::FOREVER), ..PurgeCriteria::default() };
    let folder = home.folder.file("portable");
    let export = || vault.export_portable(&home.keyring, &Home::request(), &folder, |_, _| panic!("five"));
    assert_eq!(panics(export), "five");
    assert_eq!(panics(|| vault.purge(&everything, |_| panic!("six"))), "six");
    assert!(vault.verify(Some(&home.keyring)).expect("it is whole").findings.is_empty());
}

#[test]
fn a_break_stops_a_list() {
    let home = Home::consenting("break");
    let mut n = 0;
    home.vault
        .each_log_entry(0, |_, _| {
            n += 1;
            Break(())
        })
        .expect("stopped");
    assert_eq!(n, 1);
    let stopped = home.vault.inventory(None, |_| Break(())).expect_err("stopped");
    assert_eq!(stopped.status(), Status::Cancelled);
}

/// Fails, or panics, behind so many bytes.
struct BadWriter(usize, bool);

impl io::Write for BadWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() <= self.0 {
            self.0 -= bytes.len();
            return Ok(bytes.len());
        }
        if self.1 {
            panic!("the pipe burst");
        }
        Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_may_fail_or_panic() {
    let home = Home::consenting("writer");
    let id = home.record(VOICE).expect("recorded").recording;
    let open = || home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    for n in [0, 100, 3_000] {
        let failed = open().export_opus(BadWriter(n, false)).expect_err("it cannot be written");
        assert_eq!(failed.status(), Status::Io);
        assert!(failed.detail().contains("nobody reads"), "{failed}");
        assert_eq!(panics(|| open().export_wav(BadWriter(n, true))), "the pipe burst");
    }
    let failed = home.vault.inventory_json(None, BadWriter(200, false)).expect_err("it cannot be written");
    assert_eq!(failed.status(), Status::Io);
    assert_eq!(panics(|| home.vault.inventory_json(None, BadWriter(200, true))), "the pipe burst");
}

/// A root record in memory that panics when it is told to.
#[derive(Clone, Default)]
struct Shaky {
    record: Arc<Mutex<Option<Vec<u8>>>>,
    panics: Arc<AtomicBool>,
    vault: Arc<Mutex<Option<Vault>>>,
    inside: Arc<Mutex<Option<Result<VaultInfo>>>>,
}

impl Shaky {
    fn shake(&self) {
        assert!(!self.panics.load(Ordering::SeqCst), "the chip is gone");
        if let Some(vault) = self.vault.lock().expect("mine").as_ref() {
            *self.inside.lock().expect("mine") = Some(vault.about());
        }
    }
}

impl Medium for Shaky {
    fn load(&mut self, record: &mut RootRecord<'_>) -> Result<()> {
        self.shake();
        let kept = self.record.lock().expect("mine");
        record.expose_mut().copy_from_slice(kept.as_ref().ok_or(Status::NotFound)?);
        Ok(())
    }

    fn replace(&mut self, record: &RootRecord<'_>) -> Result<()> {
        self.shake();
        *self.record.lock().expect("mine") = Some(record.expose().to_vec());
        Ok(())
    }

    fn destroy(&mut self) -> Result<()> {
        self.shake();
        *self.record.lock().expect("mine") = None;
        Ok(())
    }
}

#[test]
fn a_medium_that_panics_has_failed() {
    let folder = Folder::new("medium");
    let medium = Shaky::default();
    let root = RootStore::medium(Assurance::Keyed, medium.clone()).expect("a store");
    let (vault, keyring) = Vault::create(folder.file("v"), root).expect("a vault");
    assert_eq!(vault.about().expect("info").assurance, Assurance::Keyed);
    medium.panics.store(true, Ordering::SeqCst);
    let failed =
        vault.erase_before(Time::FOREVER).and_then(|_| vault.pause(Purpose::HumanReview, "me", None));
    assert_eq!(failed.expect_err("the chip is gone").status(), Status::Root);
    drop((vault, keyring));
    let root = RootStore::medium(Assurance::Keyed, medium.clone()).expect("a store");
    assert_eq!(Vault::open(folder.file("v"), root).expect_err("gone").status(), Status::Root);
    medium.panics.store(false, Ordering::SeqCst);
    let root = RootStore::medium(Assurance::Keyed, medium.clone()).expect("a store");
    let vault = Vault::open(folder.file("v"), root).expect("it finishes what was begun");
    let mut root = vault.close().expect("nobody else has it").expect("its store");
    medium.panics.store(true, Ordering::SeqCst);
    assert_eq!(root.destroy().expect_err("gone").status(), Status::Root);
}

/// A medium that fails with whatever status it is told.
struct Refusing(Status);

impl Medium for Refusing {
    fn load(&mut self, _record: &mut RootRecord<'_>) -> Result<()> {
        Err(Status::NotFound.into())
    }

    fn replace(&mut self, _record: &RootRecord<'_>) -> Result<()> {
        Err(self.0.into())
    }

    fn destroy(&mut self) -> Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_failing_medium_has_failed_whatever_it_calls_that() {
    let folder = Folder::new("refusing");
    for said in [Status::Other(0), Status::Other(7), Status::Other(-1_000), Status::Io] {
        let mut root = RootStore::medium(Assurance::Keyed, Refusing(said)).expect("a store");
        assert_eq!(root.destroy().expect_err("it failed").status(), Status::Root, "{said:?}");
        let created = Vault::create(folder.file("v"), root);
        assert_eq!(created.expect_err("nothing was kept").status(), Status::Root, "{said:?}");
    }
}

#[test]
fn a_medium_and_a_clock_cannot_call_the_vault_they_serve() {
    let folder = Folder::new("locked");
    let medium = Shaky::default();
    let vault_of_clock: Arc<Mutex<Option<Vault>>> = Arc::default();
    let seen: Arc<Mutex<Option<Result<VaultInfo>>>> = Arc::default();
    let (of_clock, seen_by_clock) = (Arc::clone(&vault_of_clock), Arc::clone(&seen));
    let options = VaultOptions::new().clock(move || {
        // A lock that is taken already is the vault being dropped.
        if let Ok(vault) = of_clock.try_lock() {
            if let (Some(vault), Ok(mut seen)) = (vault.as_ref(), seen_by_clock.try_lock()) {
                *seen = Some(vault.about());
            }
        }
        Time::now()
    });
    let root = RootStore::medium(Assurance::Keyed, medium.clone()).expect("a store");
    let (vault, _keyring) = Vault::create_with(folder.file("v"), root, &options).expect("a vault");
    *medium.vault.lock().expect("mine") = Some(vault.clone());
    *vault_of_clock.lock().expect("mine") = Some(vault.clone());
    vault.pause(Purpose::HumanReview, "me", None).expect("it replaces the root");
    let inside = medium.inside.lock().expect("mine").take().expect("the medium was called");
    assert_eq!(inside.expect_err("locked").status(), Status::State);
    let inside = seen.lock().expect("mine").take().expect("the clock was called");
    assert_eq!(inside.expect_err("locked").status(), Status::State);
    *medium.vault.lock().expect("mine") = None;
    *vault_of_clock.lock().expect("mine") = None;
    vault.about().expect("outside it is as ever");
}

#[test]
fn a_clock_that_panics_stands_still() {
    let folder = Folder::new("clock");
    let panics = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&panics);
    let options = VaultOptions::new().clock(move || {
        assert!(!told.load(Ordering::SeqCst), "no battery");
        Time::from_micros(1_700_000_000_000_000)
    });
    let root = RootStore::file(folder.file("r")).expect("a store");
    let (vault, _keyring) = Vault::create_with(folder.file("v"), root, &options).expect("a vault");
    panics.store(true, Ordering::SeqCst);
    vault.add_subject(SubjectClass::User, "Ada", None).expect("time stands, work goes on");
    let log = vault.log(0).expect("the log");
    assert!(log.iter().all(|(_, entry)| entry.time.as_micros() / 1_000_000 == 1_700_000_000), "{log:?}");
}

#[test]
fn a_panic_on_a_worker_ends_the_recorder() {
    let home = Home::consenting("panic-worker");
    let config: [fn(RecorderConfig) -> RecorderConfig; 3] = [
        |config| config.on_progress(|_, _| panic!("progress")),
        |config| config.on_frames(|_| panic!("frames")),
        |config| {
            config.on_frames(|_| ()).on_indicator(|lamp| {
                if lamp == Indicator::Recording {
                    panic!("indicator");
                }
            })
        },
    ];
    for (configure, words) in config.into_iter().zip(["progress", "frames", "indicator"]) {
        let (mut writer, mut recorder) = live(&home, configure(home.config()));
        let _ = recorder.trigger(&Trigger::button());
        let _ = recorder.confirm();
        let watch = recorder.watch();
        feed_until(&mut writer, "its end", || watch.state() == Some(RecorderState::Ended));
        let failed = recorder.trigger(&Trigger::button()).expect_err("it has ended");
        assert_eq!((failed.status(), failed.detail()), (Status::Panicked, words));
        let failed = recorder.stop().expect_err("a callback panicked");
        assert_eq!((failed.status(), failed.detail()), (Status::Panicked, words));
        assert!(failed.to_string().starts_with("a callback panicked"), "{failed}");
    }
    assert!(home.vault.verify(Some(&home.keyring)).expect("whole").findings.is_empty());
}

#[test]
fn a_panic_in_an_event_is_told_by_the_call_that_brought_it() {
    let home = Home::consenting("panic-event");
    let (mut writer, mut recorder) = live(&home, home.config().on_event(|event| panic!("{event:?}")));
    recorder.trigger(&Trigger::button()).expect("triggered");
    recorder.confirm().expect("confirmed");
    writer.write_i16(&hum(0.5)).expect("fed");
    let failed = recorder.finish().expect_err("the event panicked");
    assert_eq!(failed.status(), Status::Panicked);
    assert!(failed.detail().contains("Ended("), "{failed}");
    drop(recorder);
    // What was confirmed is kept all the same.
    assert_eq!(home.vault.recordings(&RecordingFilter::default()).expect("a list").len(), 1);
}

#[test]
fn a_panic_while_a_file_is_recorded_leaves_nothing() {
    let home = Home::consenting("panic-run");
    let source = Source::file(VOICE).expect("a voice");
    let config = home.config().on_progress(|_, _| panic!("enough"));
    let mut recorder = config.open(&home.vault, source).expect("a recorder");
    let failed = recorder.run(&Trigger::button()).expect_err("it panicked");
    assert_eq!((failed.error.status(), failed.error.detail()), (Status::Panicked, "enough"));
    assert!(home.vault.recordings(&RecordingFilter::default()).expect("a list").is_empty());
    let id = home.record(VOICE).expect("recorded").recording;
    let mut opus = std::fs::File::create(home.folder.file("a.opus")).expect("a file");
    home.vault.read(&home.keyring, id, &Home::request()).expect("open").export_opus(&mut opus).expect("out");
    let config = home.config().on_progress(|_, _| panic!("again"));
    let failed = config.import_opus(&home.vault, home.folder.file("a.opus")).expect_err("it panicked");
    assert_eq!((failed.error.status(), failed.report.is_stored), (Status::Panicked, false));
}

/// A recorder that its own callback can reach.
type Shared = Arc<Mutex<Option<Recorder>>>;

#[test]
fn a_callback_cannot_call_its_own_recorder() {
    let home = Home::consenting("own-recorder");
    let shared: Shared = Arc::default();
    let mine = Arc::clone(&shared);
    let answers: Arc<Mutex<Vec<Status>>> = Arc::default();
    let told = Arc::clone(&answers);
    let config = home.config().on_progress(move |_, _| {
        if let Ok(mut recorder) = mine.try_lock() {
            if let Some(recorder) = recorder.as_mut() {
                assert_ne!(recorder.state(), RecorderState::Idle, "the state may be asked for");
                let refused =
                    [recorder.stop().map(drop), recorder.mute(), recorder.trigger(&Trigger::button())];
                told.lock().expect("mine").extend(
                    refused.into_iter().filter_map(|answer| answer.err()).map(|error| error.status()),
                );
            }
        }
        Continue(())
    });
    let (mut writer, recorder) = live(&home, config);
    *shared.lock().expect("mine") = Some(recorder);
    feed_until(&mut writer, "a refusal", || !answers.lock().expect("mine").is_empty());
    assert!(answers.lock().expect("mine").iter().all(|&status| status == Status::State));
    let recorder = shared.lock().expect("mine").take().expect("it is there");
    drop(recorder);
}

#[test]
fn a_callback_may_drop_its_own_recorder() {
    let home = Home::consenting("own-drop");
    let shared: Shared = Arc::default();
    let mine = Arc::clone(&shared);
    let config = home.config().on_progress(move |_, _| {
        if let Ok(mut recorder) = mine.try_lock() {
            drop(recorder.take());
        }
        Continue(())
    });
    let (mut writer, recorder) = live(&home, config);
    let watch = recorder.watch();
    *shared.lock().expect("mine") = Some(recorder);
    feed_until(&mut writer, "its end", || watch.state().is_none());
    // It is closed on a thread of its own as soon as the callback is over: then nobody has the vault any more.
    let Home { mut vault, folder, .. } = home;
    wait_until("the vault being free", || {
        let clone = vault.clone();
        match std::mem::replace(&mut vault, clone).close() {
            Ok(_) => unreachable!("there is a clone"),
            Err(error) => assert_eq!(error.status(), Status::State),
        }
        Arc::strong_count(&shared) == 1
    });
    drop(writer);
    drop((vault, folder));
}

#[test]
fn closures_are_dropped_behind_the_handle_and_once() {
    let home = Home::consenting("closures");
    let token = Arc::new(());
    for ends in ["idle", "started", "recording", "failed"] {
        let mine = Arc::clone(&token);
        let config = home.config().on_progress(move |_, _| {
            let _ = &mine;
            Continue(())
        });
        let config = if ends == "failed" { config.retention(Retention::Hours(0)) } else { config };
        let (mut writer, source) = Source::push(microphone(), Duration::from_secs(1)).expect("a source");
        let recorder = config.open(&home.vault, source);
        match (ends, recorder) {
            ("failed", recorder) => {
                assert_eq!(recorder.expect_err("no such term").status(), Status::Argument)
            }
            (_, recorder) => {
                let mut recorder = recorder.expect("a recorder");
                if ends != "idle" {
                    recorder.start().expect("it starts");
                    writer.write_i16(&hum(0.3)).expect("fed");
                }
                if ends == "recording" {
                    recorder.trigger(&Trigger::button()).expect("triggered");
                }
                assert_eq!(Arc::strong_count(&token), 2);
            }
        }
        assert_eq!(Arc::strong_count(&token), 1, "{ends}");
    }
    let mine = Arc::clone(&token);
    let options = VaultOptions::new().clock(move || {
        let _ = &mine;
        Time::now()
    });
    let root = RootStore::file(home.folder.file("other.root")).expect("a store");
    let (vault, _keyring) = Vault::create_with(home.folder.file("other"), root, &options).expect("a vault");
    drop(options);
    assert_eq!(Arc::strong_count(&token), 2);
    drop(vault);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn any_order_of_closing_is_right() {
    let home = Home::consenting("orders");
    let id = home.record(VOICE).expect("recorded").recording;
    let Home { vault, keyring, ada, folder } = home;
    let mut reader = vault.read(&keyring, id, &Home::request()).expect("it opens");
    let hub = Hub::open(&vault).expect("a hub");
    let (mut writer, source) = Source::push(microphone(), Duration::from_secs(1)).expect("a source");
    let meter = source.meter();
    let config = Recorder::config().subject(ada).all_identified(true).retention(Retention::Days(1));
    let mut recorder = config.open(&vault, source).expect("a recorder");
    recorder.start_in(&hub).expect("it starts");
    let busy = vault.clone().close().expect_err("others have it");
    assert_eq!(busy.status(), Status::State);
    drop(keyring);
    drop(vault);
    drop(hub);
    recorder.trigger(&Trigger::button()).expect("the hub is there as long as the recorder");
    recorder.confirm().expect("confirmed");
    writer.write_i16(&hum(0.5)).expect("fed");
    assert!(recorder.stop().expect("stopped").is_stored);
    drop(recorder);
    assert!(meter.level().expect("the writer has it open").is_some());
    // Nobody reads it any more: frames are taken, or lost.
    assert!(writer.write_i16(&hum(3.0)).is_ok());
    drop(writer);
    assert_eq!(meter.level(), Ok(None));
    let n: usize = reader.frames(480).expect("frames").map(|sound| sound.expect("whole").len()).sum();
    assert!(n > 10_000);
    drop(reader);
    let root = RootStore::file(folder.file("home.root")).expect("a store");
    let vault = Vault::open(folder.file("home.vault"), root).expect("it was closed");
    assert!(vault.close().expect("nobody else").is_some());
}

#[test]
fn a_recorder_that_is_forgotten_harms_nobody() {
    let home = Home::consenting("forgotten");
    let (mut writer, recorder) = live(&home, home.config().on_frames(|_| ()));
    writer.write_i16(&hum(0.2)).expect("fed");
    std::mem::forget(recorder);
    std::thread::sleep(Duration::from_millis(100));
    home.vault.about().expect("as ever");
}

#[test]
fn many_threads_on_one_vault_and_one_recorder_behind_a_lock() {
    let home = Home::consenting("threads");
    let id = home.record(VOICE).expect("recorded").recording;
    let (mut writer, recorder) = live(&home, home.config());
    let recorder = Mutex::new(recorder);
    let n_refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut reader = home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
                    assert!(reader.frames(960).expect("frames").all(|sound| sound.is_ok()));
                    home.vault.about().expect("info");
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let mut recorder = recorder.lock().expect("nobody panics");
                    let triggered = recorder.trigger(&Trigger::button());
                    let rejected = recorder.reject();
                    if triggered.is_err() || rejected.is_err() {
                        n_refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..50 {
                writer.write_i16(&hum(0.02)).expect("fed");
                std::thread::sleep(Duration::from_millis(5));
            }
        });
    });
    assert_eq!(n_refused.load(Ordering::SeqCst), 0);
    let mut recorder = recorder.into_inner().expect("nobody panics");
    // A reader that was opened here is read to its end elsewhere.
    let mut reader = home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    let elsewhere = std::thread::spawn(move || reader.packets().filter(|packet| packet.is_ok()).count());
    assert!(elsewhere.join().expect("read") > 50);
    recorder.stop().expect("stopped");
}

#[test]
fn what_is_no_purpose_is_refused_in_a_set() {
    let home = Home::consenting("no-purpose");
    let (vault, keyring) = (&home.vault, &home.keyring);
    let recording = home.record(VOICE).expect("recorded").recording;
    let status = |result: Result<()>| result.expect_err("refused").status();
    for number in [32, 40, 45, u32::MAX] {
        let set: Purposes = [Purpose::KeepHistory, Purpose::Vendor(number)].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Purpose::KeepHistory]);
        assert_ne!(set, Purposes::from(Purpose::KeepHistory));
        assert!(!Purposes::from(Purpose::Vendor(number)).is_empty());
        assert!(format!("{set:?}").contains("unknown"), "{set:?}");
        assert_eq!(status(vault.pause(set, "me", None)), Status::Argument);
        assert_eq!(status(vault.resume(set, "me", None)), Status::Argument);
        assert_eq!(status(vault.pause(Purpose::Vendor(number), "me", None)), Status::Argument);
        assert_eq!(status(vault.begin_pause(&Pause::new(set, "me"))), Status::Argument);
        assert_eq!(status(vault.end_pause(&Pause::new(set, "me"))), Status::Argument);
        assert_eq!(status(keyring.split(set).map(drop)), Status::Argument);
        let plan = Plan::default();
        assert_eq!(status(plan.effects_of(set).map(drop)), Status::Argument);
        let plan = Plan { required_purposes: set, ..plan };
        assert_eq!(status(vault.effects_now(&plan).map(drop)), Status::Argument);
        let made = NewDerivative::new(DerivativeKind::Transcript, set, "me");
        assert_eq!(status(vault.add_derivative(recording, &made, b"x").map(drop)), Status::Argument);
        for config in [home.config().required_purposes(set), home.config().optional_purposes(set)] {
            let source = Source::file(VOICE).expect("a voice");
            assert_eq!(status(config.open(vault, source).map(drop)), Status::Argument);
        }
    }
    assert!(vault.paused().expect("told").is_empty() && vault.pauses().expect("told").is_empty());
    let last = vault.pause(Purpose::Vendor(31), "me", None).expect_err("the vault does not define it");
    assert!(last.detail().contains("0x80000000"), "{last}");
}

#[test]
fn times_of_a_recorder_are_never_the_default_by_mistake() {
    let home = Home::consenting("times");
    let zero = Duration::ZERO;
    type Set = fn(RecorderConfig, Duration) -> RecorderConfig;
    let setters: [(&str, Set); 4] = [
        ("confirm_within", RecorderConfig::confirm_within),
        ("maximum", RecorderConfig::maximum),
        ("unsealed", RecorderConfig::unsealed),
        ("trailing_silence", RecorderConfig::trailing_silence),
    ];
    for (name, set) in setters {
        let source = || Source::file(VOICE).expect("a voice");
        let failed = set(home.config(), zero).open(&home.vault, source()).expect_err("zero");
        assert_eq!(failed.status(), Status::Argument);
        assert!(failed.detail().contains(name) && failed.detail().contains("zero"), "{failed}");
        let failed = set(home.config(), zero).import_opus(&home.vault, VOICE).expect_err("zero");
        assert!(failed.error.detail().contains(name), "{failed}");
        let config = set(set(home.config(), zero), Duration::from_secs(1));
        config.open(&home.vault, source()).expect("the last one counts");
    }
    assert!(home.vault.recordings(&RecordingFilter::default()).expect("a list").is_empty());
}

#[test]
fn no_pre_roll_is_no_sound_from_before_the_trigger() {
    let home = Home::consenting("pre-roll");
    let kept = |length: Duration| {
        let (mut writer, mut recorder) = live(&home, home.config().pre_roll(length));
        let room = writer.space();
        writer.write_i16(&hum(0.6)).expect("fed");
        wait_until("the sound being taken", || writer.space() >= room);
        recorder.trigger(&Trigger::button()).expect("triggered");
        recorder.confirm().expect("confirmed");
        writer.write_i16(&hum(0.2)).expect("fed");
        writer.end().expect("the end");
        let watch = recorder.watch();
        wait_until("its end", || watch.state() == Some(RecorderState::Ended));
        let recordings = home.vault.recordings(&RecordingFilter::default()).expect("a list");
        Duration::from_micros(recordings.last().expect("one").duration_us)
    };
    assert!(kept(Duration::from_millis(500)) > Duration::from_millis(600));
    assert!(kept(Duration::ZERO) < Duration::from_millis(400));
}

#[test]
fn the_year_1970_is_no_missing_bound() {
    let home = Home::consenting("epoch");
    home.record(VOICE).expect("recorded");
    let vault = &home.vault;
    let until = Some(Time::from(std::time::UNIX_EPOCH));
    let filter = RecordingFilter { until, ..RecordingFilter::default() };
    assert!(vault.recordings(&filter).expect("a list").is_empty());
    let criteria = PurgeCriteria { subject: Some(home.ada), until, ..PurgeCriteria::default() };
    assert_eq!(vault.estimate_purge(&criteria).expect("told").recordings, 0);
    assert_eq!(vault.purge(&criteria, |_| Continue(())).expect("nothing to do").0.recordings, 0);
    assert_eq!(vault.recordings(&RecordingFilter::default()).expect("a list").len(), 1);
    let evidence = Evidence::new().notice("history", "en").valid_until(Time::ZERO);
    let refused = vault.give_consent(home.ada, Purpose::HumanReview, &evidence);
    assert_eq!(refused.expect_err("it has ended before it begins").status(), Status::Argument);
    let pause = Pause::new(Purpose::HumanReview, "me").during(None, until);
    assert_eq!(vault.begin_pause(&pause).expect_err("the same").status(), Status::Argument);
}

#[test]
fn arguments_that_cannot_be_are_refused() {
    let home = Home::consenting("arguments");
    let vault = &home.vault;
    let status = |result: Result<()>| result.expect_err("refused").status();
    assert_eq!(status(vault.pause(Purpose::HumanReview, "a\0b", None)), Status::Argument);
    assert_eq!(status(vault.pause(Purposes::NONE, "me", None)), Status::Argument);
    assert_eq!(status(vault.pause(Purpose::HumanReview, &"x".repeat(1_000), None)), Status::Argument);
    assert_eq!(status(vault.erase(&[]).map(drop)), Status::Argument);
    assert_eq!(
        status(vault.read(&home.keyring, RecordingId::from_bytes([7; 16]), &Home::request()).map(drop)),
        Status::NotFound
    );
    assert_eq!(status(vault.add_subject(SubjectClass::Other(99), "x", None).map(drop)), Status::Argument);
    assert_eq!(status("P1Q".parse::<Retention>().map(drop)), Status::NotFound);
    assert_eq!(status("no such purpose".parse::<Purpose>().map(drop)), Status::NotFound);
    assert_eq!(status("xyz".parse::<RecordingId>().map(drop)), Status::Argument);
    assert_eq!(status("äääääääääääääääää".parse::<RecordingId>().map(drop)), Status::Argument);
    for birth in [(0, 0), (1990, 0), (0, 5), (-1, 1)] {
        assert_eq!(status(vault.set_birth(home.ada, Some(birth))), Status::Argument, "{birth:?}");
    }
    assert_eq!(Purpose::Vendor(99).about(), None);
    assert!(!Purposes::from(Purpose::Vendor(99)).contains(Purpose::Vendor(99)));
    let (mut writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
    assert_eq!(status(writer.write(&[0; 3]).map(drop)), Status::Argument);
    assert_eq!(status(writer.write_f32(&[0.0; 4]).map(drop)), Status::Argument);
    writer.end().expect("the end");
    assert_eq!(status(writer.write_i16(&[0; 4]).map(drop)), Status::State);
    drop(source);
    assert_eq!(status(Source::push(microphone(), Duration::from_secs(1 << 40)).map(drop)), Status::Argument);
    let id = home.record(VOICE).expect("recorded").recording;
    let mut reader = vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    assert_eq!(status(reader.read(&mut []).map(drop)), Status::Argument);
    assert!(reader.read(&mut [0.0; 480]).is_ok());
    assert_eq!(status(reader.read_packet().map(drop)), Status::State);
    assert_eq!(status(reader.export_wav(io::sink())), Status::State);
}

#[test]
fn debug_prints_no_secret() {
    let home = Home::consenting("debug");
    let words = Passphrase::from("open sesame".to_owned());
    let mut root = RootStore::passphrase(home.folder.file("p"), &words, None).expect("a store");
    assert_eq!(root.make_recovery_key(&words).expect_err("no file yet").status(), Status::NotFound);
    let config = TpmConfig { auth: Some(Passphrase::from("chip pin".to_owned())), ..TpmConfig::default() };
    let authority = Authority::make().expect("a key");
    let id = home.record(VOICE).expect("recorded").recording;
    let mut reader = home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    let packets: Vec<_> = reader.packets().collect();
    let mut again = home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    let sound = again.frames(960).expect("frames").next();
    let printed = [
        format!("{words:?} {root:?} {config:?} {authority:?} {:?} {reader:?}", home.keyring),
        format!("{packets:?} {sound:?} {:?} {:?}", home.vault, home.vault.subjects().expect("a list")),
    ]
    .join(" ");
    assert!(printed.contains("samples)") && printed.contains("SubjectInfo"), "{printed}");
    for secret in ["sesame", "chip pin", "Lovelace", "0.0,", ", 0.", "[0, "] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    let seed = format!("{:?}", authority.seed().expose());
    assert!(!printed.contains(&seed[1..20]), "{printed}");
}
