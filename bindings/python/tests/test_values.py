"""Small things: times, ids, names, secrets. What does not fit is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import voicepriv as vp
from voicepriv import _convert, _secret

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]))


@given(TIMES)
def test_times_are_exact_to_the_microsecond(when: datetime) -> None:
    assert _convert.from_us(_convert.to_us(when)) == when


def test_1970_is_a_time_and_not_the_lack_of_one() -> None:
    """C reads 0 as "no bound" where a time may be left out."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert _convert.to_us(epoch) == 0
    assert _convert.bound_us(None) == 0 and _convert.bound_us(epoch) == 1
    assert _convert.bound_us(epoch + timedelta(microseconds=5)) == 5
    assert _convert.bound_us(epoch - timedelta(microseconds=5)) == -5  # which C refuses
    assert vp.ManualClock(epoch).now == epoch


def test_a_decision_without_a_time_is_no() -> None:
    """Not one of 1970, when every consent still holds."""
    year = datetime(2001, 1, 1, tzinfo=UTC)
    speaker = vp.DecisionSubject(
        vp.SubjectClass.USER, vp.ConsentState.GIVEN, valid_until=year,
        uses_left=vp.USES_UNLIMITED, notice_current=True, recipient_named=True, has_grant_key=True,
        child_rule_holds=True, form_suffices=True)
    facts = vp.DecisionInput(
        operation=vp.DecisionOperation.READ, purpose=vp.Purpose.KEEP_HISTORY, purpose_defined=True,
        purpose_storable=True, jurisdiction_known=True, lawful_here=True, paused=False,
        triggered_by_person=True, recipient_known=True, all_parties=True, all_identified=True,
        policy_age=timedelta(seconds=1), policy_ttl=timedelta(days=1),
        recording_state=vp.RecordingState.COMMITTED, retention_until=year, subjects=(speaker,))
    assert vp.Deny.TIME_UNKNOWN in vp.decide(facts)
    assert not vp.decide(replace(facts, now=year - timedelta(days=1)))
    assert vp.Deny.CONSENT_EXPIRED in vp.decide(replace(facts, now=year))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    past = replace(facts, now=year, subjects=(replace(speaker, valid_until=epoch),))
    assert vp.Deny.CONSENT_EXPIRED in vp.decide(past)


@given(st.integers(0, 2**40), st.sampled_from([1, 1000, 1_000_000]))
def test_durations_are_exact_or_refused(us: int, unit_us: int) -> None:
    duration, unit = timedelta(microseconds=us), timedelta(microseconds=unit_us)
    if us % unit_us:
        with pytest.raises(ValueError, match="whole"):
            _convert.in_units(duration, unit, "it")
    else:
        assert _convert.in_units(duration, unit, "it") == us // unit_us


@given(st.binary(min_size=16, max_size=16))
def test_ids_are_bytes_and_hex(raw: bytes) -> None:
    made = vp.RecordingId(raw)
    assert vp.RecordingId(str(made)) == made == raw and raw.hex() in repr(made)
    assert pickle.loads(pickle.dumps(made)) == made
    assert type(pickle.loads(pickle.dumps(made))) is vp.RecordingId


@given(st.sets(st.sampled_from(list(vp.Purpose))))
def test_sets_of_purposes_are_bits(purposes: set[vp.Purpose]) -> None:
    assert _convert.purposes_of(_convert.purpose_bits(purposes)) == purposes


@given(st.integers(-2**40, 2**40).filter(lambda n: not 0 <= n < 32))
def test_what_is_no_purpose_is_in_no_set(number: int) -> None:
    for purposes in ([number], [vp.Purpose.KEEP_HISTORY, number], vp.Purpose(number)):
        with pytest.raises(ValueError, match="no purpose"):
            _convert.purpose_bits(purposes)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_text_becomes_the_same_utf8_without_a_copy_that_stays(text: str) -> None:
    kept: list[bytearray] = []

    class Watched(bytearray):
        pass

    try:
        vars(_secret)["bytearray"] = lambda n: kept.append(Watched(n)) or kept[-1]
        with _secret.borrowed(text) as (pointer, n):
            assert bytes(_secret.ffi.buffer(pointer, n)) == text.encode()
    finally:
        del vars(_secret)["bytearray"]
    assert not any(kept[0])  # wiped


def test_surrogates_are_no_text() -> None:
    with pytest.raises(ValueError, match="UTF-8"), _secret.borrowed("\ud800"):
        pass


def test_secrets_do_not_show() -> None:
    secret = vp.Secret(b"correct horse")
    for shown in (repr(secret), str(secret), f"{secret}"):
        assert "correct" not in shown and "13" in shown
    for call in (pickle.dumps, vars, hash):
        with pytest.raises(TypeError):
            call(secret)
    assert secret == vp.Secret(b"correct horse") and secret != vp.Secret(b"battery") \
        and secret != b"correct horse"
    view = secret.reveal()
    with secret:
        assert secret.text() == "correct horse"
    assert not any(view)
    kept = vp.Secret(b"gone")
    view = kept.reveal()
    del kept
    assert not any(view)
    with pytest.raises(TypeError):
        vp.RootStore.passphrase("x", 5)  # type: ignore[arg-type]
    with pytest.raises(vp.ArgumentError):
        vp.RootStore.passphrase("x", b"")


def test_handles_do_not_show_what_they_hold(tmp_path: object) -> None:
    with vp.RootStore.passphrase(f"{tmp_path}/a.root", "correct horse", n_passes=1,
                                 memory_bytes=8192) as root:
        assert "correct" not in repr(root) + repr(root._core)


def test_terms() -> None:
    assert vp.Retention.of(timedelta(days=10)) == vp.Retention.days(10)
    assert vp.Retention.of(timedelta(hours=12)) == vp.Retention.hours(12)
    assert vp.Retention.of("P1Y6M") == vp.Retention.from_name("P1Y6M")
    assert vp.Retention.of(None) == vp.Retention.NONE
    assert str(vp.Retention.DAYS_90) == "90d" and "PT12H" in repr(vp.Retention.hours(12))
    assert vp.Retention.months(6).text == "P6M"
    for wrong, kind in (("soon", vp.NotFoundError), (90, TypeError),
                        (timedelta(seconds=1), ValueError)):
        with pytest.raises(kind):
            vp.Retention.of(wrong)  # type: ignore[arg-type]


def test_names() -> None:
    for purpose in vp.Purpose:
        assert vp.purpose_from_name(purpose.text) is purpose
        row = vp.about_purpose(purpose)
        assert row.purpose is purpose and row.name == purpose.text
    assert vp.about_purpose(vp.Purpose.EXECUTE_REQUEST).is_on_by_default
    assert vp.trigger_from_name("wake-word") is vp.TriggerKind.WAKE_WORD
    for enum in (vp.Status, vp.ConsentState, vp.Deny, vp.TriggerKind, vp.EndReason,
                 vp.RecorderState, vp.Indicator, vp.LogKind, vp.DerivativeKind, vp.ReceiptKind,
                 vp.RecallCause, vp.RecallOutcome, vp.NoticeRule):
        texts = [kind.text for kind in enum]
        assert all(texts) and len(set(texts)) == len(texts)
    assert vp.Deny.NOTICE_CHANGED.label == "notice_changed"
    assert vp.NoticeRule.PRETICKED.label == "preticked"


def test_values_of_a_newer_library_are_members_without_a_name() -> None:
    newer = vp.EndReason(77)
    assert newer == 77 and str(newer) == "UNKNOWN_77" and newer not in list(vp.EndReason)
    with pytest.raises(ValueError, match="x"):
        vp.EndReason("x")


def test_a_clock_that_stands() -> None:
    clock = vp.ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(microseconds=1))
    assert clock.now == datetime(2025, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        clock.now = datetime(2025, 1, 1)


def test_the_text_of_a_failure_outlives_other_calls() -> None:
    """A finaliser or a signal handler may call the library before Python asks what was wrong."""
    lib, ffi = _secret.lib, _secret.ffi
    out = ffi.new("vpriv_keyring **")
    status = lib.vpriv_keyring_load(b"/no/such/keyring", out)
    lost = lib.vpriv_error_detail()
    assert b"/no/such/keyring" in ffi.string(lost)
    vp.Encoding().filled()  # a call that is good: the library's own text is another one now
    with pytest.raises(vp.NotFoundError, match="/no/such/keyring"):
        vp.errors.check(status)
