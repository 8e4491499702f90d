//! The interface once around, second part: the log, receipts, places, everything for the person, backups.

mod common;
use common::*;
use std::fs;
use std::ops::ControlFlow::Continue;
use voicepriv::*;

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
