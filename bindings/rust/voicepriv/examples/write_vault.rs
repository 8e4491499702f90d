//! Makes a vault with a recording of a WAV file, and prints its id: for the other languages to read.
//!
//!     write_vault VAULT ROOTFILE KEYRING WAV
use voicepriv::*;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (vault, root, keyring, wav) = match &arguments[..] {
        [vault, root, keyring, wav] => (vault, root, keyring, wav),
        _ => return Err("usage: write_vault VAULT ROOTFILE KEYRING WAV".into()),
    };
    let (vault, keys) = Vault::create(vault, RootStore::file(root)?)?;
    keys.save(keyring)?;
    let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
    vault.add_notice(&Notice::new("history", "1", "en", "We keep what you say for you."))?;
    vault.give_consent(ada, Purpose::KeepHistory, &Evidence::new().notice("history", "en"))?;
    let outcome = Recorder::config()
        .subject(ada)
        .all_identified(true)
        .retention(Retention::Days(90))
        .encoding(Encoding { rate_hz: 48_000, ..Encoding::default() })
        .open(&vault, Source::file(wav)?)?
        .run(&Trigger::button())?;
    println!("{}", outcome.recording);
    Ok(())
}
