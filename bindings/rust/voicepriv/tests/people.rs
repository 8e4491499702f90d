//! The interface once around, first part: people and what they say, the keys to it, terms, derivatives. What goes
//! in comes out, and what has to be refused is.

// Old clippys take `..facts.clone()` for a clone of the field before it.
#![allow(clippy::redundant_clone)]

mod common;
use common::*;
use std::ops::ControlFlow::Continue;
use voicepriv::*;

#[test]
fn names_and_tables() {
    assert_eq!(version(), "0.1.0");
    assert!(["c", "sse2", "avx2", "avx512", "neon"].contains(&cpu_level()));
    for number in 0..15 {
        let purpose: Purpose = Purposes::from_bits(1 << number).iter().next().expect("one");
        let info = purpose.about().expect("a row");
        assert_eq!((info.name, info.name.parse()), (purpose.to_string().as_str(), Ok(purpose)));
        assert!(info.sentence.len() > 10 && !info.broader_iris.is_empty());
        assert_eq!(Effect::of(purpose).expect("an effect").basis, info.basis);
    }
    assert_eq!("vendor_17".parse(), Ok(Purpose::Vendor(17)));
    assert_eq!("wake-word".parse(), Ok(TriggerKind::WakeWord));
    assert_eq!("transcript".parse(), Ok(DerivativeKind::Transcript));
    assert_eq!("not-kept".parse(), Ok(RecallOutcome::NotKept));
    assert_eq!(RecallCause::Withdrawn.to_string(), "withdrawn");
    assert_eq!(EndReason::ConsentWithdrawn.to_string(), "consent-withdrawn");
    assert_eq!(ConsentState::Withdrawn.to_string(), "withdrawn");
    assert_eq!(LogKind::AccessGranted.to_string(), "access_granted");
    assert_eq!(ReceiptKind::Erasure.to_string(), "erasure");
    assert_eq!(RecorderState::Ring.to_string(), "listening");
    assert_eq!(Indicator::Muted.to_string(), "muted");
    assert_eq!(Deny::NoticeChanged.to_string(), "notice_changed");
    assert!(Deny::NotLawfulHere.text().len() > 10);
    assert_eq!(NoticeRule::Preticked.to_string(), "preticked");
    assert!(NoticeRule::Preticked.text().len() > 10);
    assert_eq!(Status::Consent.to_string(), "no consent");
    assert_eq!(Error::from(Status::Io).to_string(), "input/output error");
    let history: Profile = "history".parse().expect("a profile");
    let about = history.about().expect("a row");
    assert_eq!((history, about.name, about.retention), (Profile::History, "history", Retention::Months(3)));
    assert!(about.purposes.contains(Purpose::KeepHistory) && about.sentence.len() > 10);
    for (text, retention) in [
        ("none", Retention::DontSave),
        ("48h", Retention::Hours(48)),
        ("72h", Retention::Hours(72)),
        ("90d", Retention::Days(90)),
        ("3months", Retention::Months(3)),
        ("18months", Retention::Months(18)),
        ("36months", Retention::Months(36)),
        ("until-erased", Retention::UntilErased),
        ("PT12H", Retention::Hours(12)),
        ("P10D", Retention::Days(10)),
        ("P6M", Retention::Months(6)),
    ] {
        assert_eq!((text.parse(), retention.to_string().as_str()), (Ok(retention), text));
    }
    assert_eq!(Time::FOREVER.to_system_time(), None);
    let now = Time::now();
    assert_eq!(now.to_system_time().map(Time::from), Some(now));
    let before = Time::from_micros(-5);
    assert_eq!(before.to_system_time().map(Time::from), Some(before));
}

#[test]
fn decisions() {
    let speaker = Speaker {
        class: Some(SubjectClass::User),
        state: Some(ConsentState::Given),
        valid_until: Some(Time::FOREVER),
        uses_left: Some(u32::MAX),
        notice_current: Some(true),
        recipient_named: Some(true),
        has_grant_key: Some(true),
        child_rule_holds: Some(true),
        form_suffices: Some(true),
    };
    let facts = Facts {
        operation: Some(Operation::Capture),
        purpose: Some(Purpose::KeepHistory),
        purpose_defined: Some(true),
        purpose_storable: Some(true),
        now: Some(Time::now()),
        jurisdiction_known: Some(true),
        lawful_here: Some(true),
        paused: Some(false),
        recipient_known: Some(true),
        all_parties: Some(false),
        policy_age_us: Some(1),
        policy_ttl_us: Some(2),
        retention_until: Some(Time::FOREVER),
        speakers: vec![speaker.clone()],
        ..Facts::default()
    };
    assert_eq!(facts.decide(), Ok(DenyReasons::NONE));
    let paused = Facts { paused: Some(true), ..facts.clone() };
    assert_eq!(paused.decide(), Ok(Deny::Paused.into()));
    let refused = Speaker { state: Some(ConsentState::Refused), ..speaker.clone() };
    let both = Facts { speakers: vec![speaker, refused.clone()], ..facts.clone() };
    let reasons = both.decide().expect("decided");
    assert_eq!(reasons.iter().collect::<Vec<_>>(), [Deny::ConsentRefused]);
    let unknown = Facts { purpose: None, ..facts.clone() };
    assert!(unknown.decide().expect("decided").contains(Deny::PurposeUndefined));
    assert_eq!(status(Facts { speakers: vec![refused; 17], ..facts }.decide()), Status::Limit);
}

#[test]
fn notices_are_checked_and_made() {
    let json = data("notices/household.json");
    assert_eq!(lint_notice(&json), Ok(vec![]));
    let notice = Notice::render(&json, "en").expect("in English");
    assert!(notice.text.len() > 100 && notice.language == "en");
    assert_eq!(status(Notice::render(&json, "xx")), Status::NotFound);
    assert_eq!(status(Notice::render(b"{", "en")), Status::Format);
    assert_eq!(status(Notice { text: String::new(), ..notice.clone() }.hash()), Status::Format);
    let bad = String::from_utf8(json).expect("UTF-8").replacen("keep_history", "keep_everything", 1);
    let findings = lint_notice(bad.as_bytes()).expect("checked");
    assert!(findings.iter().any(|finding| finding.rule == NoticeRule::UnknownPurpose), "{findings:?}");
    assert!(findings.iter().all(|finding| !finding.at.is_empty()));
}

#[test]
fn roots_that_a_passphrase_or_a_recovery_key_opens() {
    let folder = Folder::new("roots");
    let (file, vault) = (folder.file("r"), folder.file("v"));
    let words = |text: &str| Passphrase::from(text.to_owned());
    let cost = Some(PassphraseCost { passes: 1, memory_bytes: 8192 });
    let root = RootStore::passphrase(&file, &words("one"), cost).expect("a store");
    let (opened, _keyring) = Vault::create(&vault, root).expect("a vault");
    let mut root = opened.close().expect("alone").expect("its root");
    let key = root.make_recovery_key(&words("one")).expect("a key");
    assert_eq!(key.expose().len(), 39);
    assert_eq!(status(root.make_recovery_key(&words("two"))), Status::Authentication);
    root.change_passphrase(&words("two"), cost).expect("changed");
    drop(root);
    assert_eq!(status(RootStore::passphrase(&file, &words("one"), None)), Status::Authentication);
    let root = RootStore::passphrase(&file, &words("two"), None).expect("a store");
    Vault::open(&vault, root).expect("it opens").close().expect("alone");
    let typed = RecoveryKey::from_text(words(&key.expose().to_lowercase().replace('-', " "))).expect("short");
    let root = RootStore::recover(&file, &typed).expect("a store");
    let mut root = Vault::open(&vault, root).expect("it opens").close().expect("alone").expect("its root");
    root.destroy().expect("destroyed");
    drop(root);
    // Gone with its file, or empty: nothing opens the vault any more.
    let again = RootStore::passphrase(&file, &words("two"), cost).and_then(|root| Vault::open(&vault, root));
    assert_eq!(status(again), Status::Root);
    let kernel = RootStore::kernel("bad name!");
    assert_eq!(status(kernel), Status::Argument);
    let tpm = RootStore::tpm(&TpmConfig { index: 7, ..TpmConfig::default() });
    assert!([Status::Argument, Status::Unsupported].contains(&status(tpm)));
}

#[test]
fn a_vault_is_made_with_its_keyring_saved() {
    let folder = Folder::new("saved");
    let file = folder.file("k");
    let options = VaultOptions::new().keyring_path(&file);
    let root = RootStore::file(folder.file("r")).expect("a store");
    let (vault, keyring) = Vault::create_with(folder.file("v"), root, &options).expect("a vault");
    assert_eq!(Keyring::load(&file).expect("loaded").purposes(), keyring.purposes());
    drop((vault, keyring));
    let root = RootStore::file(folder.file("r2")).expect("a store");
    assert_eq!(status(Vault::create_with(folder.file("v2"), root, &options)), Status::Exists);
    assert!(!folder.file("v2").exists() && file.exists());
}

#[test]
fn keyrings_and_capture_credentials() {
    let home = Home::consenting("keyrings");
    let file = home.folder.file("k");
    home.keyring.save(&file).expect("saved");
    assert_eq!(status(home.keyring.save(&file)), Status::Exists);
    let all = Keyring::load(&file).expect("loaded");
    assert_eq!(all.purposes(), home.keyring.purposes());
    let part = all.split(Purpose::HumanReview).expect("a part");
    assert_eq!(part.purposes(), Ok(Purpose::HumanReview.into()));
    assert_eq!(status(part.split(Purpose::KeepHistory)), Status::NoKey);
    let id = home.record(VOICE).expect("recorded").recording;
    assert_eq!(status(home.vault.read(&part, id, &Home::request())), Status::NoKey);
    let credential = home.vault.capture_credential().expect("a credential");
    assert!(credential.is_capture_credential().expect("told") && !all.is_capture_credential().expect("told"));
    let options = VaultOptions::new();
    let path = home.folder.file("home.vault");
    let capture = Vault::open_for_capture_with(&path, &credential, &options).expect("for capture");
    assert!(capture.about().expect("info").for_capture_only);
    assert_eq!(status(capture.read(&all, id, &Home::request())), Status::NoKey);
    let source = Source::open(&format!("file:{OTHER_VOICE}")).expect("a source");
    let outcome = home.config().open(&capture, source).expect("a recorder").run(&Trigger::button());
    assert!(outcome.expect("recorded").is_stored);
    assert!(capture.close().expect("alone").is_none());
    assert_eq!(home.vault.about().expect("info").pending, 1);
    while home.vault.tidy(10).expect("tidied") > 0 {}
    assert_eq!(home.vault.recordings(&RecordingFilter::default()).expect("a list").len(), 2);
    assert_eq!(status(Vault::open_for_capture(&path, &all)), Status::NoKey);
}

#[test]
fn people_and_consents() {
    let home = Home::new("people");
    let vault = &home.vault;
    let bob = SubjectId::from_bytes([0xb0; 16]);
    vault.add_known_subject(SubjectClass::Guest, "Bob", Some("bob@example.org"), bob).expect("Bob");
    vault.set_home(bob, "DE").expect("at home");
    vault.set_birth(bob, Some((1980, 2))).expect("born");
    let people = vault.subjects().expect("a list");
    let found = people.iter().find(|person| person.id == bob).expect("Bob");
    assert_eq!((found.name.as_str(), found.contact.as_str()), ("Bob", "bob@example.org"));
    assert_eq!((found.home.as_str(), found.birth, found.class), ("DE", Some((1980, 2)), SubjectClass::Guest));
    let asked = Evidence::new().notice("history", "en").method(ConsentMethod::Voice).by(ConsentBy::Person);
    vault.record_consent_event(home.ada, Purpose::KeepHistory, ConsentEvent::Request, &asked).expect("asked");
    vault.refuse_consent(home.ada, Purpose::KeepHistory, &Evidence::new()).expect("refused");
    let until = Time::from_micros((Time::now().as_micros() / 1_000_000 + 86_400) * 1_000_000);
    let yes = asked.surface("app").valid_until(until).retention(Retention::Days(30)).recipient("lab");
    let unknown_recipient = vault.give_consent(home.ada, Purpose::KeepHistory, &yes);
    if let Err(error) = &unknown_recipient {
        assert_eq!(error.status(), Status::Argument, "{error}");
        home.consent();
    }
    let records = vault.consents(home.ada, true).expect("a list");
    let states: Vec<_> = records.iter().map(|record| record.event.state).collect();
    assert_eq!(states, [ConsentState::Requested, ConsentState::Refused, ConsentState::Given]);
    let latest = vault.consents(home.ada, false).expect("a list");
    assert_eq!(latest, records[2..]);
    assert_eq!((latest[0].subject, latest[0].purpose), (home.ada, Purpose::KeepHistory));
    assert_eq!((latest[0].notice.id.as_str(), latest[0].parties[0].role), ("history", PartyRole::Controller));
    assert!(latest[0].operations.contains(Processing::Store) && !latest[0].previous_hash.is_none());
    vault.pause(Purpose::KeepHistory, "me", Some("a test")).expect("paused");
    assert_eq!(vault.paused(), Ok(Purpose::KeepHistory.into()));
    assert!(home.record(VOICE).expect_err("paused").error.detail().contains("paused"));
    vault.resume(Purpose::KeepHistory, "me", None).expect("resumed");
    let id = home.record(VOICE).expect("recorded").recording;
    let receipt = vault.add_speaker(id, Ok(bob), "ada", Some("his voice")).expect("added");
    assert_eq!((receipt.kind(), receipt.recordings()), (LogKind::Erasure, 1)); // a guest allows nothing
    let receipt = vault.erase_subject(bob).expect("erased");
    assert_eq!(receipt.kind(), LogKind::SubjectErased);
    assert_eq!(status(vault.erase_subject(bob)), Status::NotFound);
}

#[test]
fn profiles_and_effects() {
    let home = Home::consenting("profiles");
    let plan = Plan { subjects: vec![home.ada], retention: Retention::Days(90), ..Plan::default() };
    let now = home.vault.effects_now(&plan).expect("told");
    assert!(now.is_written() && now.opened_by().contains(Purpose::KeepHistory));
    assert!(now.in_force().contains(Purpose::KeepHistory) && now.people_listen().is_empty());
    assert!(now.may_be_shared().is_empty() && !now.gives_frames());
    assert_eq!(now.retention(), Retention::Days(90));
    assert!(now.to_string().lines().count() >= 3);
    let review =
        plan.effects_of(Purposes::from(Purpose::KeepHistory) | Purpose::HumanReview.into()).expect("told");
    assert_eq!(review.people_listen(), Purpose::HumanReview.into());
    let more =
        home.vault.apply_profile(home.ada, Profile::ImproveByMachine, &Evidence::new()).expect("chosen");
    assert!(more.to_ask.contains(Purpose::ImproveByMachine) && more.in_force.contains(Purpose::KeepHistory));
    let nothing = home.vault.make_private(home.ada, &Evidence::new()).expect("chosen");
    assert_eq!((nothing.withdrawn, nothing.retention), (Purpose::KeepHistory.into(), Retention::DontSave));
    let unknown = home.vault.make_private(SubjectId::from_bytes([9; 16]), &Evidence::new());
    assert_eq!(unknown.expect_err("nobody").error.status(), Status::NotFound);
}

#[test]
fn the_past() {
    let home = Home::consenting("past");
    let first = home.record(VOICE).expect("recorded").recording;
    home.vault.add_notice(&Notice::new("review", "1", "en", "People listen.")).expect("a notice");
    let yes = Evidence::new().notice("review", "en").covers_past().max_uses(0);
    home.vault.give_consent(home.ada, Purpose::HumanReview, &yes).expect("yes");
    let mut told = Vec::new();
    let report = home
        .vault
        .apply_consent_to_past(&home.keyring, home.ada, Purpose::HumanReview, "ada", |done, all| {
            told.push((done, all));
            Continue(())
        })
        .expect("applied");
    assert_eq!((report.looked_at, report.opened), (1, 1));
    assert!(!told.is_empty());
    assert!(home.vault.recording(first).expect("info").purposes.contains(Purpose::HumanReview));
    let refused =
        home.vault
            .apply_consent_to_past(&home.keyring, home.ada, Purpose::Donation, "ada", |_, _| Continue(()));
    assert_eq!(refused.expect_err("never asked").error.status(), Status::Consent);
}

#[test]
fn terms_restrictions_and_purges() {
    let home = Home::consenting("terms");
    let vault = &home.vault;
    let ids: Vec<_> = (0..3).map(|_| home.record(VOICE).expect("recorded").recording).collect();
    vault.restrict(&ids[..1], Restriction::LegalHold, "court", Some("case 7")).expect("held");
    assert_eq!(vault.recording(ids[0]).expect("info").restriction, Restriction::LegalHold);
    assert_eq!(status(vault.erase(&ids[..1])), Status::State);
    let all = PurgeCriteria { until: Some(Time::FOREVER), window: 1, ..PurgeCriteria::default() };
    let cost = vault.estimate_purge(&all).expect("estimated");
    assert_eq!((cost.recordings, cost.held), (2, 1));
    let mut windows = 0;
    let (report, receipt) = vault
        .purge(&all, |_| {
            windows += 1;
            Continue(())
        })
        .expect("purged");
    assert_eq!((report.recordings, report.held, report.is_done), (2, 1, true));
    assert!(windows >= 2 && receipt.held() == 1 && receipt.recordings() == 2);
    let nobody = PurgeCriteria { subject: Some(SubjectId::from_bytes([9; 16])), ..PurgeCriteria::default() };
    assert_eq!(vault.purge(&nobody, |_| Continue(())).expect_err("nobody").error.status(), Status::NotFound);
    let shown = vault.recordings(&RecordingFilter { with_tombstones: true, ..RecordingFilter::default() });
    assert_eq!(shown.expect("a list").len(), 3);
    vault.lift_restriction(&ids[..1], "court", None).expect("lifted");
    vault.trust_clock("me").expect("trusted");
    let filter = RecordingFilter {
        subject: Some(home.ada),
        since: Some(Time::ZERO),
        until: Some(Time::now()),
        with_tombstones: false,
    };
    assert_eq!(vault.recordings(&filter).expect("a list").len(), 1);
    let now = Time::now();
    let earlier = Time::from_micros(now.as_micros() - 3_600_000_000);
    assert_eq!(vault.erase_between(earlier, Time::FOREVER).expect("erased").recordings(), 1);
    assert_eq!(vault.erase_before(Time::FOREVER).expect("erased").recordings(), 0);
    let space = vault.space().expect("told");
    assert!(space.file_bytes > 0 && space.reserve_bytes > 0);
}

#[test]
fn derivatives() {
    let home = Home::consenting("derivatives");
    let id = home.record(VOICE).expect("recorded").recording;
    let about = NewDerivative::new(DerivativeKind::Transcript, Purpose::KeepHistory, "ada's speaker")
        .media_type("text/plain")
        .language("en");
    let made = home.vault.add_derivative(id, &about, b"front center").expect("kept");
    let listed = home.vault.derivatives(id).expect("a list");
    assert_eq!(listed, [home.vault.derivative(made).expect("info")]);
    assert_eq!((listed[0].kind, listed[0].bytes), (DerivativeKind::Transcript, 12));
    let read = home.vault.read_derivative(&home.keyring, made, &Home::request()).expect("read");
    assert_eq!(&*read, b"front center");
    assert_eq!(read.into_exposed(), b"front center");
    home.vault.erase_derivative(made).expect("erased");
    assert!(home.vault.derivatives(id).expect("a list").is_empty());
    assert_eq!(status(home.vault.add_derivative(id, &about, b"")), Status::Argument);
}
