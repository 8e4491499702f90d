//! The story of scripts/story: a human voice goes into a vault and comes out again, as long as the person whose
//! voice it is agrees, and no longer.

mod common;
use common::*;
use voicepriv::*;

/// The loudest sample, and how many there are.
fn decoded(home: &Home, recording: RecordingId) -> (f32, usize) {
    let mut reader = home.vault.read(&home.keyring, recording, &Home::request()).expect("it opens");
    let (mut peak, mut n) = (0.0f32, 0);
    for sound in reader.frames(960).expect("frames") {
        let sound = sound.expect("whole");
        n += sound.len();
        peak = sound.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
    }
    (peak, n)
}

fn refusal(home: &Home, recording: RecordingId) -> Error {
    home.vault.read(&home.keyring, recording, &Home::request()).expect_err("it should not open")
}

/// Opening a copy of the vault of before with the root key of now.
fn open_copy(home: &Home, copy: &Folder) -> Result<Vault> {
    std::fs::copy(home.folder.file("home.root"), copy.file("home.root")).expect("a copy");
    Vault::open(copy.file("home.vault"), RootStore::file(copy.file("home.root"))?)
}

#[test]
fn consent_record_read_withdraw_erase() {
    let home = Home::new("story");
    let (before_withdrawal, before_erasure) = (Folder::new("story-before-1"), Folder::new("story-before-2"));

    // She was never asked: nothing is kept.
    let refused = home.record(VOICE).expect_err("without consent");
    assert_eq!(refused.error.status(), Status::Consent);
    assert!(refused.error.detail().contains("keep_history"), "{}", refused.error);
    assert!(!refused.report.is_stored);
    assert!(home.vault.recordings(&RecordingFilter::default()).expect("a list").is_empty());

    // She says yes; a human voice is recorded.
    let receipt = home.consent();
    assert_eq!(receipt.kind(), LogKind::ConsentEvent);
    let outcome = home.record(VOICE).expect("with consent");
    assert!(outcome.is_stored && outcome.status.is_none() && outcome.lost_frames_48k == 0);
    let recording = outcome.recording;
    let info = home.vault.recording(recording).expect("it is listed");
    assert_eq!((info.state, info.retention), (RecordingState::Committed, Retention::Days(90)));
    assert_eq!(info.subjects, [home.ada]);
    let bytes = std::fs::read(home.folder.file("home.vault")).expect("the vault file");
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"OpusHead") && !holds(b"Ada Lovelace"), "the vault holds something in clear");

    // What comes out is the voice that went in.
    let (peak, n) = decoded(&home, recording);
    let original_ms = 1_428; // soxi says 1.428 s
    assert!((n as i64 * 1_000 / i64::from(info.rate_hz) - original_ms).abs() <= 20, "{n} samples");
    assert!(peak > 0.1, "the loudest moment is at {peak}");

    // No listening is off the record.
    let heard = home.vault.who_heard(recording).expect("a list");
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].1.kind, heard[0].1.actor.as_str()), (LogKind::AccessGranted, "the story"));
    assert_eq!(heard[0].1.purpose, Some(Purpose::KeepHistory));

    // A withdrawal holds for the past and for the future, and reaches old copies.
    home.folder.copy_vault_to(&before_withdrawal);
    home.vault.withdraw_consent(home.ada, Purpose::KeepHistory, &Evidence::new()).expect("a withdrawal");
    assert_eq!(refusal(&home, recording).status(), Status::Consent);
    assert_eq!(home.record(VOICE).expect_err("withdrawn").error.status(), Status::Consent);
    let copy = open_copy(&home, &before_withdrawal);
    assert_eq!(copy.expect_err("an old copy").status(), Status::Rollback);

    // A new consent does not bring back what was withdrawn.
    home.consent();
    let second = home.record(OTHER_VOICE).expect("with consent").recording;
    assert!(decoded(&home, second).1 > 0);
    assert_eq!(refusal(&home, recording).status(), Status::Consent);

    // Erased is erased, in old copies too.
    home.folder.copy_vault_to(&before_erasure);
    assert!(home.vault.verify(Some(&home.keyring)).expect("looked at").findings.is_empty());
    let receipt = home.vault.erase(&[second]).expect("an erasure");
    assert_eq!((receipt.kind(), receipt.recordings()), (LogKind::Erasure, 1));
    assert!(receipt.generations().1 > receipt.generations().0);
    assert_eq!(refusal(&home, second).status(), Status::Erased);
    let copy = open_copy(&home, &before_erasure);
    assert_eq!(copy.expect_err("an old copy").status(), Status::Rollback);

    // Every row, block and log entry: all is well.
    let all = home.vault.verify(Some(&home.keyring)).expect("looked at");
    assert!(all.findings.is_empty() && all.counts.log_leaves > 5, "{all:?}");
}
