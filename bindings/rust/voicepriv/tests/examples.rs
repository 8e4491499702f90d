//! The examples run, and what they say is so.

mod common;
use common::*;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Cargo builds them beside the tests.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this program");
    path.pop();
    path.pop();
    path.join("examples").join(name)
}

fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(example(name)).args(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn the_quick_start_tells_the_story() {
    let words = said(&run("quickstart", &[VOICE]));
    assert!(words.contains("kept 1428 ms as "), "{words}");
    assert!(words.contains("access_granted by the quick start"), "{words}");
    assert!(words.contains("Ada took it back: no consent: "), "{words}");
    let nothing = run("quickstart", &["/nonexistent.wav"]);
    assert!(!nothing.status.success());
}

#[test]
fn a_hub_keeps_what_was_meant() {
    let words = said(&run("hub", &[]));
    assert!(words.contains("4 of 12 rooms were kept"), "{words}");
}

#[test]
fn a_vault_is_written_and_read() {
    let folder = Folder::new("interop");
    let path = |name: &str| folder.file(name).to_string_lossy().into_owned();
    let (vault, root, keyring) = (path("v"), path("r"), path("k"));
    let recording = said(&run("write_vault", &[&vault, &root, &keyring, VOICE]));
    let recording = recording.trim();
    assert_eq!(recording.len(), 32, "{recording}");
    let first = said(&run("read_vault", &[&vault, &root, &keyring, recording]));
    let second = said(&run("read_vault", &[&vault, &root, &keyring, recording]));
    assert_eq!(first.trim().len(), 64);
    assert_eq!(first, second);
    let other = said(&run("write_vault", &[&path("v2"), &path("r2"), &path("k2"), OTHER_VOICE]));
    let third = said(&run("read_vault", &[&path("v2"), &path("r2"), &path("k2"), other.trim()]));
    assert_ne!(first, third);
    let wrong_key = run("read_vault", &[&vault, &root, &path("k2"), recording]);
    assert!(!wrong_key.status.success() && wrong_key.stdout.is_empty());
}

/// The command line of the C library.
fn voicepriv(arguments: &[&str]) -> String {
    let program = match std::env::var_os("VOICEPRIV") {
        Some(program) => PathBuf::from(program),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../build/tools/voicepriv")),
    };
    said(&Command::new(program).args(arguments).output().expect("the command line of the C library runs"))
        .trim()
        .to_owned()
}

/// SHA-256 of what C gives out, as `read_vault` has it.
fn heard_by_c(folder: &Folder, vault: &str, recording: &str) -> String {
    let wav = folder.file("out.wav").to_string_lossy().into_owned();
    voicepriv(&["export", vault, recording, "--purpose", "keep_history", "--output", &wav]);
    let bytes = std::fs::read(&wav).expect("a WAV file");
    let data = bytes.windows(4).position(|four| four == b"data").expect("sound") + 8;
    std::fs::write(&wav, &bytes[data..]).expect("written");
    let sum = Command::new("sha256sum").arg(&wav).output().expect("sha256sum");
    String::from_utf8_lossy(&sum.stdout).chars().take(64).collect()
}

#[test]
fn c_opens_what_rust_wrote() {
    let folder = Folder::new("interop-c");
    let path = |name: &str| folder.file(name).to_string_lossy().into_owned();
    let (vault, root, keyring) = (path("a.vault"), path("a.vault.root"), path("a.vault.keyring"));
    let recording = said(&run("write_vault", &[&vault, &root, &keyring, VOICE]));
    let hash = said(&run("read_vault", &[&vault, &root, &keyring, recording.trim()]));
    assert_eq!(heard_by_c(&folder, &vault, recording.trim()), hash.trim());
}

#[test]
fn rust_opens_what_c_wrote() {
    let folder = Folder::new("interop-rust");
    let path = |name: &str| folder.file(name).to_string_lossy().into_owned();
    let (vault, root, keyring) = (path("a.vault"), path("a.vault.root"), path("a.vault.keyring"));
    voicepriv(&["init", &vault]);
    let ada = voicepriv(&["subject", "add", &vault, "--name", "Ada"]);
    voicepriv(&["consent", "give", &vault, "--subject", &ada, "--purpose", "keep_history"]);
    let input = format!("file:{VOICE}");
    let recording =
        voicepriv(&["record", &vault, "--subject", &ada, "--retention", "90d", "--input", &input]);
    let hash = said(&run("read_vault", &[&vault, &root, &keyring, &recording]));
    assert_eq!(heard_by_c(&folder, &vault, &recording), hash.trim());
}
