//! The ten lines of README.md are true.

mod common;
use common::*;
use std::fs::File;
use voicepriv::*;

#[rustfmt::skip]
fn ten_lines() -> std::result::Result<(), Box<dyn std::error::Error>> {
let (vault, keyring) = Vault::create("home.vault", RootStore::file("home.root")?)?;
keyring.save("home.keyring")?;
let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
vault.add_notice(&Notice::new("history", "1", "en", "We keep what you say for you."))?;
vault.give_consent(ada, Purpose::KeepHistory, &Evidence::new().notice("history", "en"))?;
let kept = Recorder::config().subject(ada).all_identified(true).retention(Retention::Days(90))
    .open(&vault, Source::file("voice.wav")?)?.run(&Trigger::button())?;
let request = Request::new(Purpose::KeepHistory, "ada").reason("played in the app");
vault.read(&keyring, kept.recording, &request)?.export_opus(File::create("voice.opus")?)?;
vault.withdraw_consent(ada, Purpose::KeepHistory, &Evidence::new())?; // no copy opens any more
    Ok(())
}

#[test]
fn the_ten_lines_run_and_are_those_of_the_readme() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    let block = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    assert_eq!(block.lines().count(), 10);
    assert!(include_str!("readme.rs").contains(block), "README.md has other lines");
    let folder = Folder::new("readme");
    std::fs::copy(VOICE, folder.file("voice.wav")).expect("a voice");
    std::env::set_current_dir(folder.file(".")).expect("a folder");
    ten_lines().expect("they run");
    assert!(std::fs::read("voice.opus").expect("a file").starts_with(b"OggS"));
}
