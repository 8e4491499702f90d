//! A process that forks, or ends, while handles are open and sound is being recorded. A program of its own, with
//! one thread of its own: that is what a fork leaves of it. Also run under valgrind.
#![deny(unsafe_code)]

mod common;
use common::*;
use std::path::Path;
use std::process::{exit, Command};
use std::time::Duration;
use voicepriv::*;

/// The calls of C that Rust has no name for.
#[allow(unsafe_code)]
mod c {
    extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(code: i32) -> !;
    }

    /// Runs something in a child; how the child ended, as `waitpid` has it.
    pub fn in_child(run: impl FnOnce() -> i32) -> i32 {
        // SAFETY: the child goes on with the one thread that forked, and ends without handing anything back.
        unsafe {
            let pid = fork();
            assert!(pid >= 0, "fork");
            if pid == 0 {
                let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(99);
                _exit(code);
            }
            let mut status = -1;
            assert_eq!(waitpid(pid, &mut status, 0), pid);
            status
        }
    }
}

fn live(home: &Home, config: RecorderConfig) -> (PushWriter, Recorder) {
    let (mut writer, source) = Source::push(microphone(), Duration::from_secs(2)).expect("a source");
    let mut recorder = config.open(&home.vault, source).expect("a recorder");
    recorder.start().expect("it starts");
    writer.write_i16(&hum(0.2)).expect("fed");
    recorder.trigger(&Trigger::button()).expect("triggered");
    recorder.confirm().expect("confirmed");
    writer.write_i16(&hum(0.5)).expect("fed");
    (writer, recorder)
}

/// Every handle of the parent's is refused in the child, and dropping it there does nothing to the parent's.
fn a_forked_child_is_refused() {
    let home = Home::consenting("fork");
    let id = home.record(VOICE).expect("recorded").recording;
    let mut reader = home.vault.read(&home.keyring, id, &Home::request()).expect("it opens");
    let hub = Hub::open(&home.vault).expect("a hub");
    let (mut writer, mut recorder) =
        live(&home, home.config().on_progress(|_, _| std::ops::ControlFlow::Continue(())));
    let watch = recorder.watch();
    let mut root = RootStore::file(home.folder.file("another.root")).expect("a store");
    let (_push, idle) = Source::push(microphone(), Duration::ZERO).expect("a source");
    let devices = DeviceWatch::new(|_, _| ()).expect("a watch");
    let vault = home.vault.clone();
    let keyring_file = home.folder.file("copy.keyring");
    let status = c::in_child(|| {
        let answers = [
            vault.about().map(drop),
            vault.withdraw_consent(home.ada, Purpose::KeepHistory, &Evidence::new()).map(drop),
            vault.read(&home.keyring, id, &Home::request()).map(drop),
            home.keyring.purposes().map(drop),
            home.keyring.save(&keyring_file),
            reader.read(&mut [0.0; 480]).map(drop),
            reader.read_packet().map(drop),
            recorder.confirm(),
            recorder.finish().map(drop),
            recorder.stop().map(drop),
            writer.write_i16(&[0; 480]).map(drop),
            writer.end(),
            Hub::open(&vault).map(drop),
            root.assurance().map(drop),
            root.destroy(),
            idle.format().map(drop),
            home.config().open(&vault, idle).map(drop),
        ];
        let n = answers.len();
        let n_forked = answers
            .iter()
            .filter(|answer| answer.as_ref().err().map(Error::status) == Some(Status::Forked))
            .count();
        let blind = watch.state().is_none() && writer.space() == 0;
        drop((reader, recorder, hub, writer, root, devices, vault));
        // What is opened in the child is the child's own.
        let own = RootStore::file("own.root").and_then(|root| root.assurance()).is_ok();
        i32::from(n_forked != n || !blind || !own)
    });
    assert_eq!(status, 0, "the child: {status:#x}");
    assert!(!keyring_file.exists());
    home.vault.about().expect("the parent's is as ever");
    assert!(home.vault.verify(Some(&home.keyring)).expect("looked at").findings.is_empty());
}

/// The parent goes on recording beside a child.
fn a_fork_does_not_disturb_a_recording() {
    let home = Home::consenting("fork-beside");
    let (mut writer, mut recorder) = live(&home, home.config());
    let status = c::in_child(|| i32::from(recorder.state() == RecorderState::Committed));
    assert_eq!(status, 0);
    writer.write_i16(&hum(0.5)).expect("fed");
    let outcome = recorder.stop().expect("stopped");
    assert!(outcome.is_stored && outcome.frames_48k >= 48_000, "{outcome:?}");
}

/// How many threads this process has.
fn n_threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("Linux").count()
}

/// Dropping closes: no thread of the library's is left, and the files are free.
fn nothing_is_left_behind_a_drop() {
    let n_before = n_threads();
    let home = Home::consenting("drops");
    let hub = Hub::open(&home.vault).expect("a hub");
    let (writer, recorder) = live(&home, home.config());
    let (_push, source) = Source::push(microphone(), Duration::from_secs(1)).expect("a source");
    let mut in_hub = home.config().open(&home.vault, source).expect("a recorder");
    in_hub.start_in(&hub).expect("it starts");
    let devices = DeviceWatch::new(|_, _| ()).expect("a watch");
    assert!(n_threads() >= n_before + 3, "{} threads", n_threads());
    let open_files = || {
        let files = std::fs::read_dir("/proc/self/fd").expect("Linux").flatten();
        files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|file| file.ends_with("home.vault"))
    };
    assert!(open_files());
    drop((recorder, in_hub, hub, devices, writer));
    // A thread that was joined is in the list for a moment longer.
    wait_until("the end of every thread", || n_threads() == n_before);
    let Home { vault, keyring, folder, .. } = home;
    drop(vault);
    assert!(!open_files());
    drop((keyring, folder));
}

/// What a process was recording when it ended in some way is there, or is not; the vault is whole.
fn ending_while_recording() {
    let program = std::env::current_exe().expect("this program");
    for (how, code) in
        [("returns", 0), ("exits", 7), ("panics", 101), ("exits-in-callback", 8), ("forgets", 0)]
    {
        let home = Home::consenting(&format!("ending-{how}"));
        let (ada, path) = (home.ada.to_string(), home.folder.file("home.vault"));
        let Home { vault, keyring, folder, .. } = home;
        vault.close().expect("nobody else has it");
        let output = Command::new(&program).arg(how).arg(&path).arg(&ada).output().expect("it runs");
        assert_eq!(output.status.code(), Some(code), "{how}: {}", String::from_utf8_lossy(&output.stderr));
        let root = RootStore::file(path.with_file_name("home.root")).expect("a store");
        let vault = Vault::open(&path, root).expect("it opens");
        let listed = vault.recordings(&RecordingFilter::default()).expect("a list");
        assert_eq!(listed.len(), 1, "{how}");
        let expected = match how {
            "returns" | "panics" => EndReason::Stopped,
            _ => EndReason::Unfinished,
        };
        assert_eq!(listed[0].end_reason, expected, "{how}");
        let mut reader = vault.read(&keyring, listed[0].id, &Home::request()).expect("it opens");
        assert!(reader.frames(960).expect("frames").all(|sound| sound.is_ok()));
        assert!(vault.verify(Some(&keyring)).expect("looked at").findings.is_empty());
        drop((reader, vault, folder));
    }
}

/// The process that ends.
fn child(how: &str, path: &Path, ada: &str) {
    let root = RootStore::file(path.with_file_name("home.root")).expect("a store");
    let vault = Vault::open(path, root).expect("it opens");
    let (mut writer, source) = Source::push(microphone(), Duration::from_secs(2)).expect("a source");
    let mut config = Recorder::config()
        .subject(ada.parse().expect("an id"))
        .all_identified(true)
        .retention(Retention::Days(90))
        .unsealed(Duration::from_millis(100));
    if how == "exits-in-callback" {
        config = config.on_progress(|done_us, _| {
            if done_us >= 900_000 {
                exit(8);
            }
            std::ops::ControlFlow::Continue(())
        });
    }
    let mut recorder = config.open(&vault, source).expect("a recorder");
    recorder.start().expect("it starts");
    recorder.trigger(&Trigger::button()).expect("triggered");
    recorder.confirm().expect("confirmed");
    let sound = hum(0.02);
    for _ in 0..75 {
        writer.write_i16(&sound).expect("fed");
        std::thread::sleep(Duration::from_millis(20));
    }
    match how {
        "exits" => exit(7),
        "panics" => panic!("on purpose"),
        "forgets" => std::mem::forget((recorder, writer, vault)),
        "exits-in-callback" => std::thread::sleep(Duration::from_secs(20)),
        _ => (),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [how, path, ada] = &arguments[..] {
        return child(how, Path::new(path), ada);
    }
    if arguments.iter().any(|word| word == "--list") {
        return;
    }
    let tests: [(&str, fn()); 4] = [
        ("nothing_is_left_behind_a_drop", nothing_is_left_behind_a_drop),
        ("a_forked_child_is_refused", a_forked_child_is_refused),
        ("a_fork_does_not_disturb_a_recording", a_fork_does_not_disturb_a_recording),
        ("ending_while_recording", ending_while_recording),
    ];
    let (mut n_passed, mut n_failed) = (0, 0);
    println!("\nrunning {} tests", tests.len());
    for (name, test) in tests {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        n_passed += i32::from(passed);
        n_failed += i32::from(!passed);
    }
    let word = if n_failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {n_passed} passed; {n_failed} failed; 0 ignored; 0 measured; 0 filtered out\n");
    exit(i32::from(n_failed > 0));
}
