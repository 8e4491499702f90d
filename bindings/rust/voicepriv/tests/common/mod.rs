//! What several tests need: a folder of their own, a human voice, and a vault with Ada in it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use voicepriv::*;

/// A human voice that is installed with the system (Debian's package alsa-utils).
pub const VOICE: &str = "/usr/share/sounds/alsa/Front_Center.wav";
/// Another one.
pub const OTHER_VOICE: &str = "/usr/share/sounds/alsa/Rear_Left.wav";

/// A folder that goes with its owner.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Copies every file of a vault to another folder; without its root key.
    pub fn copy_vault_to(&self, other: &Folder) {
        for entry in fs::read_dir(&self.0).expect("the folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.starts_with("home.vault") && path.is_file() {
                fs::copy(&path, other.file(&name)).expect("a copy");
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A vault with Ada, who may have consented.
pub struct Home {
    pub vault: Vault,
    pub keyring: Keyring,
    pub ada: SubjectId,
    pub folder: Folder,
}

impl Home {
    pub fn new(name: &str) -> Home {
        let folder = Folder::new(name);
        let root = RootStore::file(folder.file("home.root")).expect("a root store");
        let (vault, keyring) = Vault::create(folder.file("home.vault"), root).expect("a vault");
        let ada = vault.add_subject(SubjectClass::User, "Ada Lovelace", None).expect("Ada");
        let notice = Notice::new("history", "1", "en", "We keep what you say for you.");
        vault.add_notice(&notice).expect("a notice");
        Home { vault, keyring, ada, folder }
    }

    pub fn consenting(name: &str) -> Home {
        let home = Home::new(name);
        home.consent();
        home
    }

    pub fn consent(&self) -> Receipt {
        let evidence = Evidence::new().notice("history", "en");
        self.vault.give_consent(self.ada, Purpose::KeepHistory, &evidence).expect("a consent")
    }

    pub fn config(&self) -> RecorderConfig {
        Recorder::config().subject(self.ada).all_identified(true).retention(Retention::Days(90))
    }

    pub fn record(&self, voice: impl AsRef<Path>) -> std::result::Result<Outcome, Unfinished<Outcome>> {
        let source = Source::file(voice).expect("a voice");
        self.config().open(&self.vault, source).expect("a recorder").run(&Trigger::button())
    }

    pub fn request() -> Request {
        Request::new(Purpose::KeepHistory, "the story")
    }
}

/// 48 kHz, 16 bits, mono.
pub fn microphone() -> StreamFormat {
    StreamFormat::new(SampleFormat::S16, 48_000, 1)
}

/// So many seconds of something that is no silence.
pub fn hum(seconds: f32) -> Vec<i16> {
    let n = (seconds * 48_000.0) as usize;
    (0..n).map(|i| ((i as f32 * 0.05).sin() * 8_000.0 * (1.0 + (i as f32 * 0.0007).sin())) as i16).collect()
}

/// Waits until something holds; ten seconds at most.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{what} did not come about");
}

pub fn status<T>(result: Result<T>) -> Status {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.status(),
    }
}

pub fn data(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../../../data/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}
