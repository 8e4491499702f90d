//! Opens a recording that any language made, and prints the SHA-256 of its sound: the samples of the gate's WAV
//! (PCM, 16 bits, little-endian).
//!
//!     read_vault VAULT ROOTFILE KEYRING RECORDING
use std::io::Write;
use std::process::{Command, Stdio};
use voicepriv::*;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (vault, root, keyring, recording) = match &arguments[..] {
        [vault, root, keyring, recording] => (vault, root, keyring, recording.parse::<RecordingId>()?),
        _ => return Err("usage: read_vault VAULT ROOTFILE KEYRING RECORDING".into()),
    };
    let vault = Vault::open(vault, RootStore::file(root)?)?;
    let keyring = Keyring::load(keyring)?;
    let request = Request::new(Purpose::KeepHistory, "read_vault").reason("another language wrote it");
    let mut wav = Content::default();
    vault.read(&keyring, recording, &request)?.export_wav(&mut wav)?;
    let pcm = data_of(&wav).ok_or("the gate's WAV has no sound in it")?;
    println!("{}", sha256_of(pcm)?);
    Ok(())
}

/// What is in the chunk `data`, behind a header of 16-bit PCM.
fn data_of(wav: &[u8]) -> Option<&[u8]> {
    let format = wav.windows(4).position(|four| four == b"fmt ")? + 8;
    if wav.get(format..format + 2)? != [1, 0] || wav.get(format + 14..format + 16)? != [16, 0] {
        return None;
    }
    let data = wav.windows(4).position(|four| four == b"data")? + 8;
    wav.get(data..)
}

/// Left to a program: this crate has no hash to lend.
fn sha256_of(bytes: &[u8]) -> std::io::Result<String> {
    let mut child = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().expect("a pipe").write_all(bytes)?;
    let output = child.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).chars().take(64).collect())
}
