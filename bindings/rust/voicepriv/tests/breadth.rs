//! Every part of the interface, once around: what goes in comes out, and what has to be refused is.

// Old clippys take `..facts.clone()` for a clone of the field before it.
#![allow(clippy::redundant_clone)]

mod common;
use common::*;
use std::fs;
use std::ops::ControlFlow::Continue;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voicepriv::*;

fn status<T>(result: Result<T>) -> Status {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.status(),
    }
}

fn data(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../../../data/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

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

#[test]
fn the_log_and_its_proofs() {
    let home = Home::consenting("log");
    let vault = &home.vault;
    let (origin, key) = (vault.log_origin().expect("a name"), vault.about().expect("info").device_public_key);
    let old = vault.checkpoint().expect("signed");
    let (old_size, old_root) = verify_checkpoint(&old, &origin, key).expect("it holds");
    home.record(VOICE).expect("recorded");
    vault.pause(Purpose::Donation, "me", None).expect("paused");
    let (size, root) =
        verify_checkpoint(&vault.checkpoint().expect("signed"), &origin, key).expect("it holds");
    assert!(size > old_size && vault.log(old_size).expect("the rest").len() as u64 == size - old_size);
    let proof = vault.prove_consistency(old_size, size).expect("proved");
    verify_consistency((old_size, old_root), (size, root), &proof).expect("it grew");
    assert_eq!(status(verify_consistency((old_size, root), (size, root), &proof)), Status::Authentication);
    let (leaf, proof) = vault.prove_inclusion(1, size).expect("proved");
    verify_inclusion(leaf, 1, size, &proof, root).expect("it is there");
    assert_eq!(status(verify_inclusion(leaf, 2, size, &proof, root)), Status::Authentication);
    assert_eq!(vault.verify_checkpoint(&old), Ok(old_size));
    assert_ne!(leaf_hash(leaf), Ok(leaf));
    let text = verifier_key(&origin, key).expect("a text");
    assert_eq!(parse_verifier_key(&text), Ok((origin, key)));
}

#[test]
fn receipts_and_recalls() {
    let home = Home::new("receipts");
    let vault = &home.vault;
    let yes = home.consent();
    let key = parse_jwk(&vault.jwk().expect("a key")).expect("read");
    assert_eq!(key, vault.about().expect("info").device_public_key);
    assert_eq!(key.key_id().expect("a name").len(), 43);
    let jws = vault.sign_receipt(&[yes], &Statement::default()).expect("signed");
    let (claims, document) = verify_receipt(&jws, key).expect("it holds");
    assert_eq!(
        (claims.kind, claims.subject, claims.log_index),
        (ReceiptKind::Consent, home.ada, yes.leaf().0)
    );
    assert_eq!((claims.leaf_hash, claims.entries), (yes.leaf().1, 1));
    assert!(document.contains("keep_history") || document.contains("dpv"), "{document}");
    assert!(status(verify_receipt(&jws, PublicKey::from_bytes([1; 32]))).code() < 0);
    assert!(!yes.consent_record().0.is_none() && yes.time() <= Time::now());
    let id = home.record(VOICE).expect("recorded").recording;
    home.vault.add_notice(&Notice::new("review", "1", "en", "People listen.")).expect("a notice");
    vault.give_consent(home.ada, Purpose::HumanReview, &Evidence::new().notice("review", "en")).expect("yes");
    let later = home.record(OTHER_VOICE).expect("recorded").recording;
    drop(
        vault.read(&home.keyring, later, &Request::new(Purpose::HumanReview, "reviewer")).expect("it opens"),
    );
    assert_eq!(vault.recalls(None, 0), Ok(vec![]));
    vault.withdraw_consent(home.ada, Purpose::HumanReview, &Evidence::new()).expect("withdrawn");
    let recalls = vault.recalls(Some(home.ada), 0).expect("a list");
    assert_eq!(recalls.len(), 1);
    assert_eq!((recalls[0].recording, recalls[0].cause), (later, RecallCause::Withdrawn));
    assert!(recalls[0].deny_reasons.contains(Deny::ConsentWithdrawn));
    let asked = vault.ask_recall(recalls[0].log_index, "privacy team").expect("asked");
    let notice = vault.receipt_from_log(&[asked.leaf().0]).expect("signed");
    assert_eq!(verify_receipt(&notice, key).expect("it holds").0.kind, ReceiptKind::Recall);
    vault.acknowledge_recall(recalls[0].log_index, "reviewer", RecallOutcome::Deleted).expect("answered");
    assert_eq!(vault.recalls(None, 0), Ok(vec![]));
    let erased = vault.erase(&[id]).expect("erased");
    assert_eq!(erased.derivatives(), 0);
    let statement = Statement { subject: Some(home.ada), recipients_told: vec!["lab".to_owned()] };
    let jws = vault.sign_receipt(&[erased], &statement).expect("signed");
    assert_eq!(verify_receipt(&jws, key).expect("it holds").0.kind, ReceiptKind::Erasure);
    assert_eq!(erased.assurance(), Assurance::BestEffort);
}

#[test]
fn places_authorities_and_policies() {
    let home = Home::new("places");
    let vault = &home.vault;
    let authority = Authority::make().expect("a key");
    let json = data("jurisdictions/eu.json");
    let signature = authority.sign(DocumentKind::Jurisdiction, &json).expect("signed");
    verify_document(DocumentKind::Jurisdiction, &json, &signature, authority.public_key()).expect("it holds");
    let other_kind = verify_document(DocumentKind::Pause, &json, &signature, authority.public_key());
    assert_eq!(status(other_kind), Status::Authentication);
    let info = read_jurisdiction(&json).expect("read");
    assert_eq!((info.name.as_str(), info.revision), ("eu", 1));
    assert_eq!(status(vault.install_jurisdiction(&json, &signature, "me")), Status::Authentication);
    vault.trust_authority(Some(authority.public_key()), "installer").expect("trusted");
    vault.install_jurisdiction(&json, &signature, "installer").expect("installed");
    assert_eq!(vault.jurisdictions().expect("a list").len(), 1);
    vault.set_device_place("DE", "location service").expect("there");
    vault.set_home(home.ada, "DE").expect("at home");
    let rules = vault.rules(Some("DE"), None).expect("rules");
    assert_eq!((rules.minimum_age(), rules.profiles().as_str(), rules.place().as_str()), (16, "eu", "DE"));
    assert!(!rules.young_are_refused() && rules.valid_until() > Time::now());
    let strict = Rules::strict();
    assert!(strict.all_parties() && strict.minimum_age() >= rules.minimum_age());
    let _ = (rules.forbidden(), rules.express(), rules.written(), rules.terms(), rules.stops());
    assert!(
        !strict.terms().is_empty() || strict.keep_until(Purpose::KeepHistory, Time::ZERO) == Time::FOREVER
    );
    vault.rules(None, Some(home.ada)).expect("for Ada");

    let pause = Pause::new(Purpose::HumanReview, "acme").scope("DE").reason("leaked").during(None, None);
    vault.begin_pause(&pause).expect("paused");
    let pauses = vault.pauses().expect("a list");
    assert_eq!((pauses.len(), pauses[0].scope.as_deref()), (1, Some("DE")));
    assert_eq!(pauses[0].purposes, Purpose::HumanReview.into());
    vault.end_pause(&pause).expect("resumed");
    assert!(vault.pauses().expect("a list").is_empty());
    let order = br#"{"voicepriv_order": 1}"#;
    assert_eq!(status(authority.sign(DocumentKind::Pause, order)), Status::Format);
    assert_eq!(status(vault.obey_pause_order(order, &signature)), Status::Authentication);

    assert_eq!(vault.policy().expect("none yet").epoch, 0);
    let policy = br#"{"voicepriv_policy": 1, "epoch": 3, "issued": "2026-01-20", "effective": "2026-01-27",
 "time_to_live": "P30D", "issuer": "acme"}"#;
    let signed = authority.sign(DocumentKind::Policy, policy).expect("signed");
    vault.publish_policy(policy, &signed).expect("published");
    let about = vault.policy().expect("told");
    assert_eq!((about.epoch, about.next_epoch), (3, 0));
    assert_eq!(status(vault.publish_policy(policy, &signed)), Status::Rollback);
    home.consent();
    assert_eq!(vault.change_controller("acme2", "Acme Two", "DE", "lawyer"), Ok(1));
    assert_eq!(vault.about().expect("info").controller_id, "acme2");
    let again =
        Authority::from_parts(Seed::take(&mut { *authority.seed().expose() }), authority.public_key());
    assert_eq!(again.sign(DocumentKind::Policy, policy), Ok(signed));
    assert_eq!(signed.to_string().parse(), Ok(signed));
}

#[test]
fn everything_for_the_person() {
    let home = Home::consenting("inventory");
    let id = home.record(VOICE).expect("recorded").recording;
    let about = NewDerivative::new(DerivativeKind::Label, Purpose::KeepHistory, "x");
    home.vault.add_derivative(id, &about, b"{}").expect("kept");
    drop(home.vault.read(&home.keyring, id, &Home::request()).expect("it opens"));
    home.vault.begin_pause(&Pause::new(Purpose::Donation, "me")).expect("paused");
    let mut seen = Vec::new();
    let changed = home.vault.inventory(Some(&home.keyring), |part| {
        match &part {
            InventoryPart::Vault(vault) => assert!(vault.has_keyring && vault.about.recordings == 1),
            InventoryPart::Notice(notice, text, in_force) => {
                assert_eq!(
                    (notice.id.as_str(), text.as_str(), *in_force),
                    ("history", "We keep what you say for you.", true)
                );
            }
            InventoryPart::Subject(subject) => assert_eq!(subject.id, home.ada),
            InventoryPart::Consent(record, is_latest) => assert!(*is_latest && record.subject == home.ada),
            InventoryPart::Recording(recording) => {
                assert_eq!((recording.info.id, recording.bases.len(), recording.until.len()), (id, 1, 1));
                assert!(recording.bytes > 0 && recording.open_for.contains(Purpose::KeepHistory));
            }
            InventoryPart::Access(_, entry) => assert_eq!(entry.kind, LogKind::AccessGranted),
            _ => (),
        }
        seen.push(std::mem::discriminant(&part));
        Continue(())
    });
    assert_eq!(changed, Ok(false));
    seen.dedup();
    assert!(seen.len() >= 8, "only {} kinds of parts", seen.len());
    let mut json = Vec::new();
    home.vault.inventory_json(None, &mut json).expect("written");
    assert!(json.starts_with(b"{") && String::from_utf8(json).expect("UTF-8").contains("Ada Lovelace"));
    let folder = home.folder.file("portable");
    let export = || home.vault.export_portable(&home.keyring, &Home::request(), &folder, |_, _| Continue(()));
    let report = export().expect("exported");
    assert_eq!((report.written, report.derivatives), (1, 1));
    assert_eq!(export().expect_err("there is one").error.status(), Status::Exists);
}

#[test]
fn surfaces_and_their_events() {
    let home = Home::new("surfaces");
    let (app, other) = (Authority::make().expect("a key"), Home::new("surfaces-other"));
    home.vault.trust_surface("app", app.public_key(), "installer").expect("trusted");
    assert_eq!(home.vault.surfaces().expect("a list")[0].name, "app");
    let notice = Notice::new("history", "1", "en", "We keep what you say for you.").hash().expect("a hash");
    let mut uuid = [0x11; 16];
    (uuid[6], uuid[8]) = (0x41, 0x81);
    let event = SurfaceEvent {
        surface: "app".to_owned(),
        sequence: 1,
        time: Time::from_micros(Time::now().as_micros() / 1_000_000 * 1_000_000),
        subject: home.ada,
        purpose: Purpose::KeepHistory,
        event: ConsentEvent::Give,
        by: ConsentBy::Person,
        method: ConsentMethod::Tap,
        notice: Some(notice),
        record_id: ConsentRecordId::from_bytes(uuid),
        valid_until: None,
        retention: Retention::Days(90),
        max_uses: 0,
        seen: vec![("web".to_owned(), 3)],
    };
    let line = event.sign(app.seed()).expect("signed");
    let read = SurfaceEvent::read(&line, Some(app.public_key())).expect("it holds");
    assert_eq!(read, event);
    assert_eq!(
        status(SurfaceEvent::read(&line, Some(PublicKey::from_bytes([3; 32])))),
        Status::Authentication
    );
    let unseen = SurfaceEvent { seen: vec![], ..event };
    let line = unseen.sign(app.seed()).expect("signed");
    let (result, changed) = home.vault.sync_consents(&line).expect("taken in");
    assert_eq!((result.new, result.changed, changed.len()), (1, 1, 1));
    assert_eq!(changed[0].event.state, ConsentState::Given);
    home.record(VOICE).expect("consented to in the app");
    assert!(home.vault.export_consent_events().expect("lines").contains(line.trim()));
    assert_eq!(status(other.vault.sync_consents(&line)), Status::Authentication);
}

#[test]
fn backups_moves_and_salvage() {
    let home = Home::consenting("storage");
    let id = home.record(VOICE).expect("recorded").recording;
    let (backup, other) = (home.folder.file("backup"), home.folder.file("other"));
    let mut steps = 0;
    home.vault
        .backup(&backup, false, |_, _| {
            steps += 1;
            Continue(())
        })
        .expect("copied");
    assert!(steps > 0);
    assert_eq!(status(home.vault.backup(&backup, false, |_, _| Continue(()))), Status::Exists);
    home.vault.backup(&backup, true, |_, _| Continue(())).expect("replaced");
    let mut root = RootStore::file(home.folder.file("home.root")).expect("a store");
    assert_eq!(check_backup(&backup, &mut root).expect("told").state, BackupState::Current);
    restore_backup(&backup, &mut root, &other, false, |_, _| Continue(())).expect("restored");
    assert_eq!(
        status(restore_backup(&backup, &mut root, &other, false, |_, _| Continue(()))),
        Status::Exists
    );

    let to = RootStore::file(home.folder.file("moved.root")).expect("a store");
    let mut old = home.vault.move_root(to, "installer").expect("moved").expect("the old one");
    assert_eq!(check_backup(&backup, &mut old).expect("told").state, BackupState::NoRoot);
    home.vault.read(&home.keyring, id, &Home::request()).expect("it opens as ever");
    let taken = RootStore::file(home.folder.file("home.root")).expect("a store");
    let full = home.folder.file("full.root");
    fs::write(&full, b"this is no root").expect("written");
    let bad = RootStore::file(&full).expect("a store");
    assert!(home.vault.move_root(bad, "installer").is_err());
    home.vault.about().expect("as ever");
    drop(taken);

    let Home { vault, keyring, folder, .. } = home;
    let mut root = vault.close().expect("alone").expect("its root");
    let (path, rescued) = (folder.file("home.vault"), folder.file("rescued"));
    let whole =
        salvage(&path, &mut root, &keyring, &VaultOptions::new(), &Home::request(), &rescued, |_, _| {
            Continue(())
        });
    assert_eq!(whole.expect_err("it is not damaged").error.status(), Status::State);
    let mut bytes = fs::read(&path).expect("the file");
    let last = bytes.len() - 4_096 * 3;
    bytes[last..last + 64].iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(&path, &bytes).expect("damaged");
    match salvage(&path, &mut root, &keyring, &VaultOptions::new(), &Home::request(), &rescued, |_, _| {
        Continue(())
    }) {
        Ok(report) => assert!(report.damages > 0, "{report:?}"),
        Err(failed) => {
            assert!([Status::Authentication, Status::State].contains(&failed.error.status()), "{failed}")
        }
    }
}

#[test]
fn sources_devices_and_imports() {
    let home = Home::consenting("sources");
    let source = Source::open_with(&format!("file:{VOICE}"), &CaptureOptions::default()).expect("a source");
    assert_eq!(source.name(), Ok("file".to_owned()));
    assert_eq!(source.format(), Ok(StreamFormat::new(SampleFormat::S16, 48_000, 1)));
    assert_eq!(status(Source::file("/nonexistent")), Status::NotFound);
    assert_eq!(status(Source::open("nonsense:")), Status::Argument);
    let wanted = CaptureOptions { buffer: Duration::from_secs(3_600), ..CaptureOptions::default() };
    assert!(Source::open_with("alsa:nonexistent", &wanted).is_err());
    match devices() {
        Ok(found) => assert!(found.iter().all(|device| !device.input.is_empty())),
        Err(unfinished) => assert!([Status::Unsupported, Status::Io].contains(&unfinished.error.status())),
    }
    let watch = DeviceWatch::new(|_, _| ()).expect("a watch");
    assert!(!watch.has_panicked());
    drop(watch);
    let id = home
        .config()
        .open(&home.vault, source)
        .expect("a recorder")
        .run(&Trigger::button())
        .expect("recorded");
    let mut opus = Vec::new();
    home.vault
        .read(&home.keyring, id.recording, &Home::request())
        .expect("open")
        .export_opus(&mut opus)
        .expect("out");
    fs::write(home.folder.file("a.opus"), &opus).expect("written");
    let imported = home.config().import_opus(&home.vault, home.folder.file("a.opus")).expect("imported");
    assert_eq!((imported.packets, imported.frames_48k), (id.packets, id.frames_48k));
    let of = |recording| {
        let mut reader = home.vault.read(&home.keyring, recording, &Home::request()).expect("open");
        let packets: Vec<Vec<u8>> = reader
            .packets()
            .filter_map(|packet| match packet.expect("whole") {
                Packet::Opus(bytes, _) => Some(bytes.to_vec()),
                _ => None,
            })
            .collect();
        assert!(reader.packets().next().is_none());
        packets
    };
    assert_eq!(of(id.recording), of(imported.recording));
}

#[test]
fn frames_of_every_format() {
    for (format, bytes) in
        [(SampleFormat::S16, 2), (SampleFormat::S24, 3), (SampleFormat::S32, 4), (SampleFormat::F32, 4)]
    {
        let format = StreamFormat::new(format, 16_000, 2);
        let (mut writer, source) = Source::push(format, Duration::from_millis(100)).expect("a source");
        assert_eq!((writer.format(), source.format()), (format, Ok(format)));
        let space = writer.space();
        assert!(space >= 1_600);
        assert_eq!(writer.write(&vec![0; bytes * 2 * 5]), Ok(5));
        let n = match format.sample_format {
            SampleFormat::S16 => writer.write_i16(&[1; 20]),
            SampleFormat::S32 => writer.write_i32(&[1; 20]),
            SampleFormat::F32 => writer.write_f32(&[0.5; 20]),
            _ => writer.write(&[0; 60]),
        };
        assert_eq!((n, writer.space()), (Ok(10), space - 15));
        assert!(writer.write(&vec![0; bytes * 2 * space]).expect("taken") < space, "the rest is a gap");
        assert_eq!(
            writer.write(&vec![0; bytes * 2 + 1]).expect_err("half a frame").status(),
            Status::Argument
        );
    }
}

#[test]
fn the_life_of_a_trigger() {
    let home = Home::consenting("trigger");
    let (mut writer, source) = Source::push(microphone(), Duration::from_secs(3)).expect("a source");
    let meter = source.meter();
    let lamps: Arc<Mutex<Vec<Indicator>>> = Arc::default();
    let events: Arc<Mutex<Vec<RecorderEvent>>> = Arc::default();
    let heard: Arc<Mutex<(usize, usize)>> = Arc::default();
    let (lit, told, listened) = (Arc::clone(&lamps), Arc::clone(&events), Arc::clone(&heard));
    let mut recorder = home
        .config()
        .encoding(Encoding { rate_hz: 24_000, bitrate_bps: 32_000, ..Encoding::default() })
        .pre_roll(Duration::from_millis(200))
        .confirm_within(Duration::from_millis(400))
        .no_maximum()
        .no_trailing_silence()
        .voice_gate(false)
        .on_indicator(move |lamp| lit.lock().expect("mine").push(lamp))
        .on_event(move |event| told.lock().expect("mine").push(event))
        .frames_while_listening()
        .on_frames(move |frames| {
            assert_eq!((frames.rate_hz, frames.channels), (24_000, 1));
            assert!(frames.position_frames < 48_000 * 60 && !format!("{frames:?}").contains("0."));
            let mut heard = listened.lock().expect("mine");
            *if frames.is_request { &mut heard.0 } else { &mut heard.1 } += frames.samples.len();
        })
        .open(&home.vault, source)
        .expect("a recorder");
    assert_eq!(recorder.state(), RecorderState::Idle);
    assert_eq!(meter.level(), Ok(Some(-200.0)));
    recorder.start().expect("it starts");
    writer.write_i16(&hum(0.4)).expect("fed");
    wait_until("listening", || heard.lock().expect("mine").1 > 2_000);
    let trigger =
        Trigger::wake_word("computer", 0.75).subject(home.ada).all_identified(true).device_class("speaker");
    recorder.trigger(&trigger).expect("triggered");
    recorder.reject().expect("rejected");
    recorder.trigger(&trigger).expect("triggered");
    assert_eq!(recorder.state(), RecorderState::Provisional);
    wait_until("a time-out", || {
        events
            .lock()
            .expect("mine")
            .iter()
            .any(|event| matches!(event, RecorderEvent::TimedOut(TriggerKind::WakeWord, None)))
    });
    recorder.trigger(&trigger).expect("triggered");
    recorder.confirm().expect("confirmed");
    writer.write_i16(&hum(0.5)).expect("fed");
    wait_until("recording", || heard.lock().expect("mine").0 > 10_000);
    assert!(meter.level().expect("open").expect("open") > -40.0);
    let outcome = recorder.finish().expect("finished");
    assert!(outcome.is_stored && outcome.end_reason == EndReason::Stopped);
    recorder.mute().expect("muted");
    assert_eq!(recorder.watch().state(), Some(RecorderState::Muted));
    recorder.unmute().expect("unmuted");
    recorder.acknowledge().expect("acknowledged");
    assert_eq!(status(recorder.finish()), Status::State);
    // With a closure for frames a guest is heard, and nothing is stored.
    recorder.trigger(&Trigger::button().guests(1)).expect("execute_request permits it");
    recorder.reject().expect("rejected");
    recorder.stop().expect("stopped");
    let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
    let mut deaf = home.config().open(&home.vault, source).expect("a recorder");
    deaf.start().expect("it starts");
    for trigger in [Trigger::button().guests(1), Trigger::button().unknown_speakers(1)] {
        assert_eq!(status(deaf.trigger(&trigger)), Status::Consent);
    }
    let lamps = lamps.lock().expect("mine");
    for lamp in [Indicator::Listening, Indicator::Recording, Indicator::Muted, Indicator::Off] {
        assert!(lamps.contains(&lamp), "{lamps:?}");
    }
    let info = home.vault.recording(outcome.recording).expect("info");
    assert_eq!(
        (info.trigger, info.wake_word.as_str(), info.trigger_score),
        (TriggerKind::WakeWord, "computer", 0.75)
    );
    assert_eq!((info.rate_hz, info.device_class.as_str()), (24_000, "speaker"));
    assert!(matches!(events.lock().expect("mine").last(), Some(RecorderEvent::Ended(_))));
}

#[test]
fn every_setting_reaches_the_library() {
    let home = Home::consenting("settings");
    let open = |config: RecorderConfig| {
        let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
        config.open(&home.vault, source).map(drop)
    };
    let ms = Duration::from_millis;
    open(
        home.config()
            .guests(1)
            .unknown_speakers(1)
            .required_purposes(Purpose::KeepHistory.into())
            .no_pre_roll()
            .required_only(),
    )
    .expect("possible");
    open(
        home.config()
            .optional_purposes(Purpose::HumanReview.into())
            .no_high_pass()
            .wearable()
            .false_wakes_per_hour(3),
    )
    .expect("possible");
    let mut n_refused = 0;
    for config in [
        home.config().guests(16),
        home.config().unknown_speakers(99),
        home.config().retention(Retention::Days(5_000)),
        home.config().retention(Retention::Days(4_090)),
        home.config().guests(u32::MAX),
        home.config().pre_roll(ms(10_001)),
        home.config().confirm_within(ms(60_001)),
        home.config().maximum(ms(86_400_001)),
        home.config().unsealed(ms(99)),
        home.config().threads(65),
        home.config().trailing_silence(ms(199)),
        home.config().false_wakes_per_hour(64),
        home.config().encoding(Encoding { rate_hz: 44_100, ..Encoding::default() }),
        home.config().encoding(Encoding { complexity: Some(11), ..Encoding::default() }),
        home.config().encoding(Encoding { complexity: Some(u32::MAX), ..Encoding::default() }),
    ] {
        let refused = open(config).expect_err("out of range");
        assert_eq!(refused.status(), Status::Argument, "{refused}");
        n_refused += 1;
    }
    assert_eq!(n_refused, 15);
    let hub = HubConfig { workers: 2, recorders_max: 1, tick: ms(10) };
    let hub = Hub::open_with(&home.vault, hub).expect("a hub");
    let start = || {
        let (_writer, source) = Source::push(microphone(), Duration::ZERO).expect("a source");
        let mut recorder = home.config().open(&home.vault, source).expect("a recorder");
        recorder.start_in(&hub).map(|()| recorder)
    };
    let first = start().expect("there is room");
    assert_eq!(status(start()), Status::Limit);
    drop(first);
    start().expect("there is room again");
    assert_eq!(
        status(Hub::open_with(&home.vault, HubConfig { tick: ms(51), ..HubConfig::default() })),
        Status::Argument
    );
    let options =
        VaultOptions::new().controller("acme", "Acme", "DE").jurisdiction("DE").device_class("speaker");
    let options = options.authority(PublicKey::from_bytes([2; 32])).reserve_bytes(1 << 20);
    let root = RootStore::file(home.folder.file("o.root")).expect("a store");
    let (vault, _keyring) = Vault::create_with(home.folder.file("o"), root, &options).expect("a vault");
    let about = vault.about().expect("info");
    assert_eq!((about.controller_id.as_str(), about.jurisdiction.as_str()), ("acme", "DE"));
    assert!(vault.space().expect("told").reserve_bytes >= 1 << 20);
    let root = vault.close().expect("alone").expect("its root");
    Vault::open_with(home.folder.file("o"), root, &VaultOptions::new().clock(Time::now)).expect("it opens");
}
