"""Each room of the library, from Python, with real vaults: what goes in comes out in the right
terms."""

from __future__ import annotations

import contextlib
import io
import pathlib
import sqlite3
import uuid
from datetime import timedelta

import pytest
from conftest import NOTICE, OTHER_SPEECH, START, Home

import voicepriv as vp

KEEP, REVIEW = vp.Purpose.KEEP_HISTORY, vp.Purpose.HUMAN_REVIEW
DATA = pathlib.Path(__file__).resolve().parents[3] / "data"


def test_the_vault_about_itself(spoken: Home) -> None:
    spoken.record()
    info = spoken.vault.about()
    assert (info.n_recordings, info.n_erased, info.n_subjects) == (1, 0, 1)
    assert not info.for_capture_only
    assert info.assurance is spoken.root.assurance is vp.Assurance.BEST_EFFORT
    assert info.controller_id == "owner" and len(info.vault_id) == 16
    space = spoken.vault.space()
    assert space.file_bytes + space.log_bytes > 8192 and space.reserve_bytes >= 512 * 1024
    assert spoken.keyring.purposes >= {KEEP, REVIEW} and not spoken.keyring.is_capture_credential


def test_recordings_by_speaker_and_time(spoken: Home) -> None:
    first = spoken.record().recording
    spoken.clock.advance(timedelta(days=1))
    second = spoken.record(OTHER_SPEECH, retention=timedelta(days=10)).recording
    bob = spoken.vault.add_subject("Bob")
    vault = spoken.vault
    assert [r.id for r in vault.recordings()] == [first, second]
    assert [r.id for r in vault.recordings(limit=1)] == [first]
    assert [r.id for r in vault.recordings(since=START + timedelta(hours=1))] == [second]
    assert [r.id for r in vault.recordings(until=START + timedelta(hours=1))] == [first]
    assert vault.recordings(subject=bob) == []
    info = vault.recording(second)
    assert info.started == spoken.clock.now and info.expires == info.started + timedelta(days=10)
    assert info.retention == vp.Retention.days(10) and info.subjects == (spoken.ada,)
    assert info.state is vp.RecordingState.COMMITTED and info.trigger is vp.TriggerKind.BUTTON
    assert KEEP in info.purposes and info.rate_hz == 16000
    with pytest.raises(ValueError, match="limit"):
        vault.recordings(limit=0)
    vault.erase([first])
    assert [r.state for r in vault.recordings(with_tombstones=True)].count(
        vp.RecordingState.SHREDDED) == 1
    assert vault.erase_between(START, START + timedelta(days=30)).n_recordings == 1
    assert vault.erase_before(None).n_recordings == 0


def test_damage_keeps_nothing_else_and_is_told(spoken: Home) -> None:
    spoilt, other = spoken.record().recording, spoken.record(OTHER_SPEECH).recording
    vault = spoken.vault
    with contextlib.closing(sqlite3.connect(spoken.folder / "home.vault")) as file, file:
        file.execute(
            "UPDATE recording SET header = zeroblob(length(header)) WHERE name = ?", [spoilt])
    day = START - timedelta(days=1), START + timedelta(days=1)
    with pytest.raises(vp.AuthError, match=r"1 could not be looked at.*voicepriv verify"):
        vault.erase_between(*day)
    assert vault.recording(other).state is vp.RecordingState.SHREDDED
    with pytest.raises(vp.AuthError, match="1 could not be looked at"):
        while not vault.run_retention().is_done:
            pass
    seen: list[int] = []
    with pytest.raises(vp.AuthError, match="1 could not be looked at"):
        vault.purge(since=day[0], until=day[1],
                    progress=lambda so_far: seen.append(so_far.n_unread))
    assert seen == [1]
    assert vault.erase([spoilt]).n_recordings == 1
    assert vault.run_retention().is_done


def test_people_and_consents(home: Home) -> None:
    vault, ada = home.vault, home.ada
    eve = vault.add_subject("Eve", vp.SubjectClass.CHILD, contact="eve@example.org")
    vault.set_subject_home(eve, "DE")
    vault.set_subject_birth(eve, 2015, 6)
    (_, info) = sorted(vault.subjects(), key=lambda s: s.name)
    assert (info.id, info.name, info.contact, info.home) == (eve, "Eve", "eve@example.org", "DE")
    assert (info.birth_year, info.birth_month) == (2015, 6)
    assert "Eve" not in repr(info) and "eve@" not in repr(info) and "2015" not in repr(info)
    vault.set_subject_birth(eve, None, None)

    vault.record_consent_event(ada, KEEP, vp.ConsentEvent.REQUEST, vp.Evidence(notice="history"))
    end = START + timedelta(days=365)
    receipt = vault.give_consent(ada, KEEP, notice="history", by=vp.ConsentBy.PERSON,
                                 method=vp.ConsentMethod.VOICE, surface="app", valid_until=end,
                                 recipients=("lab",), retention="P6M", max_uses=7,
                                 covers_past=True)
    (record,) = vault.consents(ada)
    assert record.record_id == receipt.consent_record and record.subject == ada
    assert (record.state, record.purpose, record.by, record.method) == (
        vp.ConsentState.GIVEN, KEEP, vp.ConsentBy.PERSON, vp.ConsentMethod.VOICE)
    assert record.valid_until == end and record.surface == "app" and record.max_uses == 7
    assert "lab" in record.recipients and record.covers_past and record.retention == "P6M"
    assert record.notice.sha256 == NOTICE.sha256 and record.time == START
    assert record.legal_basis is vp.LegalBasis.CONSENT and vp.Processing.STORE in record.operations
    assert any(p.role is vp.PartyRole.CONTROLLER for p in record.parties)
    assert len(vault.consents(ada, with_history=True)) == 2
    vault.refuse_consent(ada, REVIEW)
    states = {c.purpose: c.state for c in vault.consents(ada)}
    assert states == {KEEP: vp.ConsentState.GIVEN, REVIEW: vp.ConsentState.REFUSED}
    with pytest.raises(vp.StateError):
        vault.withdraw_consent(ada, REVIEW)
    receipt = vault.erase_subject(ada)
    assert receipt.kind is vp.LogKind.SUBJECT_ERASED
    assert [s.id for s in vault.subjects()] == [eve]


def test_notices() -> None:
    document = (DATA / "notices" / "household.json").read_text()
    assert vp.lint_notice(document) == []
    notice = vp.render_notice(document, "en")
    assert notice.language == "en" and len(notice.sha256) == 32 and notice.text
    findings = vp.lint_notice(document.replace('"keep_history"', '"keep_histery"'))
    assert vp.NoticeRule.UNKNOWN_PURPOSE in {f.rule for f in findings} and findings[0].where
    with pytest.raises(vp.NotFoundError):
        vp.render_notice(document, "tlh")
    with pytest.raises(vp.FormatError):
        vp.lint_notice("{}")


def test_pauses(spoken: Home) -> None:
    vault, recording = spoken.vault, spoken.record().recording
    vault.pause(KEEP, actor="the test", reason="a try")
    assert vault.paused == {KEEP}
    with pytest.raises(vp.ConsentError) as refusal:
        spoken.open(recording)
    assert refusal.value.reasons == {vp.Deny.PAUSED}
    vault.resume([KEEP], actor="the test")
    assert vault.paused == frozenset()
    vault.begin_pause({REVIEW}, actor="the test", where="DE", start=START + timedelta(days=1),
                      end=START + timedelta(days=2), reason="a holiday")
    assert vault.pauses() == [vp.Pause(frozenset({REVIEW}), "DE", START + timedelta(days=1),
                                       START + timedelta(days=2))]
    vault.end_pause(REVIEW, actor="the test", where="DE")
    assert vault.pauses() == []


def test_places_profiles_and_orders(home: Home) -> None:
    vault = home.vault
    seed, public_key = vp.make_authority()
    assert len(seed) == 32 and "Secret" in repr(seed)
    vault.trust_authority(public_key, actor="the test")
    document = (DATA / "jurisdictions" / "eu.json").read_bytes()
    profile = vp.read_profile(document)
    assert profile.name == "eu" and profile.n_places > 20
    home.clock.now = max(home.clock.now, profile.looked_up + timedelta(days=1))
    signature = vp.sign_document(vp.DocumentKind.JURISDICTION, document, seed)
    vp.verify_document(vp.DocumentKind.JURISDICTION, document, signature, public_key)
    with pytest.raises(vp.AuthError):
        vp.verify_document(vp.DocumentKind.PAUSE, document, signature, public_key)
    vault.install_profile(document, signature, actor="the test")
    assert [(p.name, p.is_in_force) for p in vault.profiles()] == [("eu", True)]
    vault.set_device_place("DE", actor="the test")
    rules = vault.rules("DE")
    assert rules.place == "DE" and "eu" in rules.profiles and rules.minimum_age >= 13
    assert "strict" in vault.rules().profiles  # Ada's home is not known
    strict = vp.strict_rules()
    assert (strict.all_parties and strict.keep_until(KEEP, START) is None) or strict.terms
    for rule in (rules, strict):
        until = rule.keep_until(KEEP, START)
        assert until is None or until > START
    policy = vault.policy()
    assert (policy.epoch, policy.is_stale, policy.next_epoch) == (0, False, None)
    for call in (vault.order_pause, vault.publish_policy):
        with pytest.raises(vp.Error):
            call("{}", bytes(64))
    assert vault.change_controller("acme", "Acme", "DE", actor="the test") == 0
    assert vault.about().controller_id == "acme"
    vault.trust_authority(None, actor="the test")


def test_the_log_is_checked_without_the_vault(spoken: Home) -> None:
    vault = spoken.vault
    old = vault.checkpoint()
    spoken.open(spoken.record().recording).close()
    new, origin, key = vault.checkpoint(), vault.log_origin, vault.about().device_public_key
    size1, root1 = vp.verify_checkpoint(old, origin, key)
    size2, root2 = vp.verify_checkpoint(new, origin, key)
    assert size1 < size2 and vault.verify_own_checkpoint(old) == size1
    proof = vault.prove_consistency(size1, size2)
    vp.verify_consistency(size1, root1, size2, root2, proof)
    with pytest.raises(vp.AuthError):
        vp.verify_consistency(size1, root2, size2, root1, proof)
    entry = vault.log()[-1]
    leaf, proof = vault.prove_inclusion(entry.index, size2)
    vp.verify_inclusion(leaf, entry.index, size2, proof, root2)
    assert len(vp.leaf_hash(bytes(32))) == 32
    assert entry.kind is vp.LogKind.ACCESS_GRANTED and entry.purpose is KEEP
    assert entry.actor == "the test" and entry.time == spoken.clock.now and not entry.reasons
    assert [e.index for e in vault.log(first=size1 - 1, limit=2)] == [size1 - 1, size1]
    text = vp.verifier_key(origin, key)
    assert vp.parse_verifier_key(text) == (origin, key)


def test_receipts_are_checked_without_the_vault(spoken: Home) -> None:
    vault, key = spoken.vault, spoken.vault.about().device_public_key
    given = vault.give_consent(spoken.ada, REVIEW, notice="history")
    claims, document = vp.verify_receipt(vault.sign_receipt(given), key)
    assert claims.kind is vp.ReceiptKind.CONSENT and claims.subject == spoken.ada
    assert claims.log_index == given.log_index and "human_review" in document
    erased = vault.erase(spoken.record().recording)
    signed = vault.sign_receipt(erased, subject=spoken.ada, recipients_told=["lab"])
    claims, document = vp.verify_receipt(signed, key)
    assert claims.kind is vp.ReceiptKind.ERASURE and "lab" in document
    claims, _ = vp.verify_receipt(vault.receipt_from_log(given.log_index), key)
    assert claims.leaf_hash == given.leaf_hash
    assert vp.parse_jwk(vault.jwk()) == key and len(vp.key_id(key)) == 43
    at = len(signed) - 40  # within the signature, whose last letters are often the same
    other = "A" if signed[at] != "A" else "B"
    for wrong, kind in ((signed[:at] + other + signed[at + 1:], vp.AuthError),
                        ("x.y.z", vp.FormatError)):
        with pytest.raises(kind):
            vp.verify_receipt(wrong, key)


def test_derivatives(spoken: Home) -> None:
    vault, recording = spoken.vault, spoken.record().recording
    made = vault.add_derivative(recording, "lights on", kind=vp.DerivativeKind.TRANSCRIPT,
                                made_by="the test", purposes=KEEP, media_type="text/plain",
                                language="en")
    (info,) = vault.derivatives(recording)
    assert info == vault.derivative(made) and info.n_bytes == 9 and info.purposes == {KEEP}
    assert (info.kind, info.media_type, info.made_by) == (
        vp.DerivativeKind.TRANSCRIPT, "text/plain", "the test")
    said = vault.read_derivative(spoken.keyring, made, KEEP, actor="the test", reason="a look")
    assert said == b"lights on"
    assert [e.kind for e in vault.who_heard(recording)] == [vp.LogKind.DERIVATIVE_READ]
    vault.erase_derivative(made)
    assert vault.derivatives(recording) == []
    assert vp.derivative_kind_from_name("label") is vp.DerivativeKind.LABEL


def test_effects_and_profiles(home: Home) -> None:
    vault, ada = home.vault, home.ada
    effect = vp.effect_of(REVIEW)
    assert effect.people_listen and effect.is_written and effect.text.count("\n") >= 2
    now = vault.effects_now([ada], retention=vp.Retention.DAYS_90)
    assert not now.is_written and KEEP not in now.in_force
    home.consent(KEEP, vp.Purpose.IMPROVE_BY_MACHINE)
    now = vault.effects_now([ada], retention="90d")
    assert now.is_written and KEEP in now.in_force and KEEP in now.opened_by and now.text
    assert vp.effects_of({KEEP}, retention="90d").is_written
    choice = vp.about_profile(vp.Profile.HISTORY)
    assert choice.purposes == {KEEP} and choice.retention == vp.Retention.MONTHS_3
    assert vp.profile_from_name("private") is vp.Profile.PRIVATE
    outcome = vault.apply_profile(ada, vp.Profile.HISTORY)
    assert outcome.withdrawn == {vp.Purpose.IMPROVE_BY_MACHINE} and outcome.in_force == {KEEP}
    assert vault.make_private(ada, vp.Evidence(surface="app")).withdrawn == {KEEP}


def test_the_past_and_later_speakers(spoken: Home) -> None:
    vault = spoken.vault
    recording = spoken.record().recording
    spoken.clock.advance(timedelta(hours=1))
    spoken.consent(REVIEW, covers_past=True)
    told: list[tuple[int, int]] = []
    report = vault.apply_to_past(spoken.keyring, spoken.ada, REVIEW, actor="the test",
                                 progress=lambda *n: told.append(n))
    assert (report.n_looked_at, report.n_opened) == (1, 1) and told
    spoken.open(recording, REVIEW).close()
    receipt = vault.add_speaker(recording, None, actor="the test", reason="a voice",
                                subject_class=vp.SubjectClass.GUEST)
    assert receipt.kind is vp.LogKind.ERASURE  # a guest allows nothing


def test_recalls(spoken: Home) -> None:
    vault = spoken.vault
    spoken.consent(REVIEW)
    spoken.open(spoken.record().recording, REVIEW).close()
    assert vault.recalls() == []
    vault.withdraw_consent(spoken.ada, REVIEW)
    (recall,) = vault.recalls(spoken.ada)
    assert recall.cause is vp.RecallCause.WITHDRAWN and recall.purpose is REVIEW
    assert vp.Deny.CONSENT_WITHDRAWN in recall.reasons and recall.asked is None
    asked = vault.ask_recall(recall.log_index, actor="the test")
    assert asked.kind is vp.LogKind.RECALL and vault.recalls()[0].asked == spoken.clock.now
    vault.acknowledge_recall(recall.log_index, vp.RecallOutcome.DELETED, actor="lab")
    assert vault.recalls() == []
    assert vp.recall_outcome_from_name("not-kept") is vp.RecallOutcome.NOT_KEPT


def test_retention_and_restriction(spoken: Home) -> None:
    vault, recording = spoken.vault, spoken.record(retention="PT12H").recording
    vault.restrict(recording, vp.Restriction.DISPUTE, actor="ada", reason="not mine")
    assert vault.recording(recording).restriction is vp.Restriction.DISPUTE
    with pytest.raises(vp.ConsentError) as refusal:
        spoken.open(recording)
    assert refusal.value.reasons == {vp.Deny.RECORDING_RESTRICTED}
    vault.lift_restriction([recording], actor="ada")
    report = vault.run_retention(timedelta(milliseconds=5))
    assert report.is_done and not report.n_expired
    assert report.next_due == START + timedelta(hours=12)
    spoken.clock.advance(timedelta(hours=13))
    assert vault.run_retention().n_expired == 1
    vault.trust_clock("the test")


def test_purges(spoken: Home) -> None:
    for _ in range(3):
        spoken.record()
        spoken.clock.advance(timedelta(days=1))
    vault = spoken.vault
    cost = vault.estimate_purge(until=START + timedelta(days=1, hours=1))
    assert cost.n_recordings == 2 and cost.n_bytes > 0
    reports: list[vp.PurgeReport] = []
    report, receipt = vault.purge(subject=spoken.ada, until=START + timedelta(days=1, hours=1),
                                  window=1, progress=reports.append)
    assert report.n_recordings == 2 and report.is_done and len(reports) >= 2
    assert receipt.n_recordings == 2
    (left,) = vault.recordings()
    assert vault.purge([left.id])[0].n_recordings == 1
    with pytest.raises(ValueError, match="everything"):
        vault.purge(everything=True, subject=spoken.ada)
    with pytest.raises(vp.ArgumentError):
        vault.purge()


def test_events_of_other_surfaces(home: Home) -> None:
    vault, (seed, key) = home.vault, vp.make_authority()
    vault.trust_surface("app", key, actor="the test")
    assert vault.surfaces() == [vp.SurfaceInfo("app", key)]
    event = vp.SurfaceEvent("app", 1, START, home.ada, KEEP, vp.ConsentEvent.GIVE,
                            vp.ConsentRecordId(uuid.uuid4().bytes), notice=NOTICE.sha256,
                            seen={vault.log_origin: 1})
    line = vp.sign_event(event, seed)
    assert vp.read_event(line, key) == event
    with pytest.raises(vp.AuthError):
        vp.read_event(line, bytes(32))
    result = vault.sync_events(line)
    assert (result.n_new, result.n_changed + result.n_gaps) == (1, 1)
    assert vault.sync_events(line).n_known == 1
    assert "app" in vault.export_events()
    bob = vp.SubjectId(bytes(range(16)))
    vault.add_known_subject(bob, "Bob", contact="bob@example.org")
    with pytest.raises(vp.ExistsError):
        vault.add_known_subject(bob, "Bob")


def test_inventory_and_portability(spoken: Home) -> None:
    recording = spoken.record().recording
    spoken.vault.add_derivative(recording, b"on", kind=vp.DerivativeKind.LABEL,
                                made_by="the test", purposes=[KEEP])
    spoken.open(recording).close()
    found = spoken.vault.inventory(spoken.keyring)
    assert found.vault is not None and found.vault.about.n_recordings == 1
    assert found.vault.keyring_purposes is not None and KEEP in found.vault.keyring_purposes
    assert [n.text for n in found.notices] == [NOTICE.text] and found.notices[0].is_in_force
    assert [s.info.name for s in found.subjects] == ["Ada"]
    assert [is_latest for _, is_latest in found.subjects[0].consents] == [True]
    (held,) = found.recordings
    assert held.info.id == recording and KEEP in held.open_for and held.n_bytes >= 4096
    assert held.until[KEEP] is not None and held.bases[0].purpose is KEEP
    assert len(held.derivatives) == 1 and [a.actor for a in held.accesses] == ["the test"]
    assert not found.changed_meanwhile
    document = spoken.vault.inventory_json()
    assert isinstance(document, dict) and document
    told: list[tuple[int, int]] = []
    report = spoken.vault.export_portable(spoken.keyring, spoken.folder / "out", actor="ada",
                                          progress=lambda *n: told.append(n))
    assert report.n_written == 1 and told and list((spoken.folder / "out").rglob("*.opus"))
    with pytest.raises(vp.ExistsError):
        spoken.vault.export_portable(spoken.keyring, spoken.folder / "out", actor="ada")


def test_backups_and_roots_that_move(spoken: Home) -> None:
    folder, recording = spoken.folder, spoken.record().recording
    told: list[tuple[int, int]] = []
    spoken.vault.backup(folder / "b", progress=lambda *n: told.append(n))
    with pytest.raises(vp.ExistsError):
        spoken.vault.backup(folder / "b")
    spoken.vault.backup(folder / "b", replace=True)
    assert told
    spoken.vault.close()
    assert vp.check_backup(folder / "b", spoken.root).state is vp.BackupState.CURRENT
    vp.restore_backup(folder / "b", spoken.root, folder / "home.vault", replace=True)
    secret = bytearray(b"correct horse")
    to = vp.RootStore.passphrase(folder / "p.root", secret, n_passes=1, memory_bytes=8192)
    with to, vp.Vault.open(folder / "home.vault", spoken.root, clock=spoken.clock) as vault:
        vault.move_root(to, actor="the test")
        assert vault.recordings()[0].id == recording
        with pytest.raises(vp.InUseError):
            to.destroy()
    with vp.RootStore.passphrase(folder / "p.root", secret) as root:
        assert vp.check_backup(folder / "b", root).state is vp.BackupState.OUTDATED
        vault = vp.Vault.open(folder / "home.vault", root)
        vault.close()
        key = root.make_recovery_key("correct horse")
        assert len(key) == 39 and key.text().count("-") == 7
        root.change_passphrase(bytearray(b"battery staple"), n_passes=1, memory_bytes=8192)
    with pytest.raises(vp.AuthError):
        vp.RootStore.passphrase(folder / "p.root", secret)
    with vp.RootStore.recovery(folder / "p.root", key) as root, \
            vp.Vault.open(folder / "home.vault", root):
        pass
    with vp.RootStore.passphrase(folder / "p.root", "battery staple") as root:
        root.destroy()
    key.wipe()
    assert bytes(key.reveal()) == bytes(39)


def test_salvage_of_a_damaged_vault(spoken: Home) -> None:
    recording = spoken.record().recording
    spoken.vault.close()
    with pytest.raises(vp.StateError):  # it is not damaged
        vp.salvage(spoken.folder / "home.vault", spoken.root, spoken.keyring, KEEP,
                   spoken.folder / "out0", actor="ada", clock=spoken.clock)
    path = spoken.folder / "home.vault"
    with contextlib.closing(sqlite3.connect(path)) as rows:  # a block is overwritten
        rows.execute("UPDATE block SET sealed = zeroblob(length(sealed)) WHERE id = "
                     "(SELECT max(id) FROM block)")
        rows.commit()
    told: list[tuple[int, int]] = []
    report = vp.salvage(path, spoken.root, spoken.keyring, KEEP, spoken.folder / "out",
                        actor="ada", clock=spoken.clock, progress=lambda *n: told.append(n))
    assert report.n_damages > 0 and told
    assert report.n_whole + report.n_partial + report.n_lost == 1
    assert recording is not None


def test_other_root_stores(tmp_path: pathlib.Path) -> None:
    with pytest.raises(vp.ArgumentError):
        vp.RootStore.kernel("not a name!")
    with contextlib.suppress(vp.UnsupportedError):
        vp.RootStore.kernel("voicepriv-test").close()
    with contextlib.suppress(vp.UnsupportedError):
        vp.RootStore.tpm(connection="swtpm:port=1", pcrs=0, auth="a secret").close()
    with pytest.raises(vp.ArgumentError):
        vp.RootStore.tpm(index=5)


def test_capture_only(spoken: Home) -> None:
    credential = spoken.vault.capture_credential()
    with credential, vp.Vault.open_for_capture(
            spoken.folder / "home.vault", credential, clock=spoken.clock) as vault:
        assert credential.is_capture_credential and not credential.purposes
        assert vault.about().for_capture_only
        with pytest.raises(vp.NoKeyError):
            vault.recordings()
        with vp.Source.file(OTHER_SPEECH) as source, vp.Recorder(
                vault, source, subjects=[spoken.ada], all_identified=True,
                retention="90d") as recorder:
            outcome = recorder.run()
    assert outcome.is_stored
    spoken.vault.tidy()
    assert [r.id for r in spoken.vault.recordings()] == [outcome.recording]
    with spoken.keyring.split([KEEP]) as few:
        assert few.purposes == {KEEP}
        few.save(spoken.folder / "few.keyring")
    with vp.Keyring.load(spoken.folder / "few.keyring") as few:
        assert few.purposes == {KEEP}
        with pytest.raises(vp.NoKeyError):
            few.split([REVIEW])


def test_exports_and_imports(spoken: Home) -> None:
    recording = spoken.record().recording
    opus = io.BytesIO()
    with spoken.open(recording) as reader:
        reader.export_opus(opus)
    assert opus.getvalue().startswith(b"OggS")
    path = spoken.folder / "ada.opus"
    path.write_bytes(opus.getvalue())
    progress: list[object] = []
    outcome = vp.import_opus(spoken.vault, path, subjects=[spoken.ada], all_identified=True,
                             retention="90d", on_progress=lambda *n: progress.append(n))
    assert outcome.is_stored and spoken.vault.recording(outcome.recording).trigger
    with spoken.open(outcome.recording) as reader:
        info = reader.about()
        assert info.duration is not None and abs(
            info.duration - spoken.vault.recording(recording).duration) < timedelta(milliseconds=20)
        packets = list(reader.packets())
    assert packets and all(p.data for p in packets)
    assert sum((p.duration for p in packets), timedelta()) >= info.duration
    assert repr(packets[0].data) not in repr(packets[0])


def test_devices() -> None:
    try:
        for device in vp.devices():
            assert device.input and device.description
    except (vp.UnsupportedError, vp.IoError):
        pass
    changes: list[object] = []
    with vp.DeviceWatch(lambda change, device: changes.append((change, device))):
        pass
    for name, kind in (("nothing:at all", vp.ArgumentError), ("file:/no/such", vp.NotFoundError)):
        with pytest.raises(kind):
            vp.Source.open(name, buffer=timedelta(milliseconds=200))
