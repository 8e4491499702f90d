//! The whole of it in one page: consent, record, hear, withdraw.
//!
//!     bindings/rust/in-tree cargo run --example quickstart -- voice.wav
use std::error::Error;
use voicepriv::*;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let wav = std::env::args().nth(1).unwrap_or_else(|| "/usr/share/sounds/alsa/Front_Center.wav".to_owned());
    let folder = std::env::temp_dir().join(format!("voicepriv-quickstart-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let told = tell(&folder, &wav);
    std::fs::remove_dir_all(&folder)?;
    told
}

fn tell(folder: &std::path::Path, wav: &str) -> std::result::Result<(), Box<dyn Error>> {
    let root = RootStore::file(folder.join("home.root"))?;
    let (vault, keyring) = Vault::create(folder.join("home.vault"), root)?;
    keyring.save(folder.join("home.keyring"))?;
    let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
    vault.add_notice(&Notice::new("history", "1", "en", "We keep what you say for you."))?;
    let receipt = vault.give_consent(ada, Purpose::KeepHistory, &Evidence::new().notice("history", "en"))?;
    println!(
        "Ada said yes: {} bytes of signed receipt",
        vault.sign_receipt(&[receipt], &Statement::default())?.len()
    );

    let outcome = Recorder::config()
        .subject(ada)
        .all_identified(true) // nobody else is heard
        .retention(Retention::Days(90)) // without it nothing is stored
        .open(&vault, Source::file(wav)?)?
        .run(&Trigger::button())?;
    println!("kept {} ms as {}", outcome.duration().as_millis(), outcome.recording);

    let request = Request::new(Purpose::KeepHistory, "the quick start").reason("to show that it works");
    let mut opus = Vec::new();
    vault.read(&keyring, outcome.recording, &request)?.export_opus(&mut opus)?;
    println!("heard it: {} bytes of Ogg Opus", opus.len());
    for (index, entry) in vault.who_heard(outcome.recording)? {
        println!("entry {index} of the log: {} by {}", entry.kind, entry.actor);
    }

    vault.withdraw_consent(ada, Purpose::KeepHistory, &Evidence::new())?;
    match vault.read(&keyring, outcome.recording, &request) {
        Err(refused) if refused.status() == Status::Consent => println!("Ada took it back: {refused}"),
        other => return Err(format!("this is not as it should be: {other:?}").into()),
    }
    Ok(())
}
