"""Consent as a state machine: whatever happens in whatever order, the vault lets in and out exactly
what `decide()` of the C library allows on the facts that a model of two dozen lines knows.
"""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conftest import START
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import voicepriv as vp
from voicepriv import ConsentEvent as Event
from voicepriv import ConsentState as State

KEEP, REVIEW = vp.Purpose.KEEP_HISTORY, vp.Purpose.HUMAN_REVIEW
PURPOSES = (KEEP, REVIEW)
TERM = timedelta(days=90)
#: Where each event leads.
DESTINATIONS = {Event.REQUEST: State.REQUESTED, Event.GIVE: State.GIVEN,
                Event.REFUSE: State.REFUSED, Event.DEFER: State.DEFERRED,
                Event.WITHDRAW: State.WITHDRAWN,
                Event.REVOKE: State.REVOKED, Event.RECONFIRM: State.RENEWED}
NO_CONSENT = {vp.Deny.CONSENT_MISSING, vp.Deny.CONSENT_REFUSED, vp.Deny.CONSENT_WITHDRAWN,
              vp.Deny.CONSENT_REVOKED, vp.Deny.CONSENT_EXPIRED, vp.Deny.CONSENT_INVALIDATED}
GO_WITHOUT_SAYING = {vp.Deny.USES_SPENT, vp.Deny.NOTICE_CHANGED, vp.Deny.RECIPIENT_NOT_NAMED,
                     vp.Deny.NO_GRANT_KEY}


@dataclass(frozen=True)
class Said:
    """What one person said about one purpose, as the model has it."""

    state: State = State.UNKNOWN
    valid_until: datetime | None = None
    max_uses: int = 0
    uses: int = 0

    @property
    def permits(self) -> bool:
        return self.state in (State.GIVEN, State.RENEWED)

    def has_run_out(self, now: datetime) -> bool:
        return self.permits and (
            (self.valid_until is not None and now >= self.valid_until)
            or (self.max_uses > 0 and self.uses >= self.max_uses))

    def allows(self, event: Event, now: datetime) -> bool:
        if event in (Event.GIVE, Event.REFUSE):
            return not self.permits or self.has_run_out(now)
        if event is Event.REQUEST:
            return not self.permits
        if event is Event.DEFER:
            return self.state is State.REQUESTED
        if event is Event.RECONFIRM:
            return self.state is State.EXPIRED or self.has_run_out(now)
        return self.permits


class ConsentMachine(RuleBasedStateMachine):
    """A vault with two people, and the model."""

    @initialize(uses=st.sampled_from([None, 0, 1]))
    def begin(self, uses: int | None) -> None:
        """Nobody was asked anything; or both agreed, and something of them is kept."""
        self.stack = contextlib.ExitStack()
        folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.clock = vp.ManualClock(START)
        root = self.stack.enter_context(vp.RootStore.file(folder / "a.root"))
        vault, keyring = vp.Vault.create(folder / "a.vault", root, clock=self.clock)
        self.vault = self.stack.enter_context(vault)
        self.keyring = self.stack.enter_context(keyring)
        self.people = (vault.add_subject("Ada"), vault.add_subject("Bob"))
        self.said = {(who, what): Said() for who in self.people for what in PURPOSES}
        self.paused: set[vp.Purpose] = set()
        self.version = 0
        self.kept: list[tuple[vp.RecordingId, tuple[vp.SubjectId, ...], datetime]] = []
        self.change_notice()
        if uses is not None:
            for who in (0, 1):
                self.say(who, KEEP, Event.GIVE, None, 0)
                self.say(who, REVIEW, Event.GIVE, None, uses)
            self.record(2)
            assert self.kept

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    # What the C library says on the model's facts.

    def decide(self, people: Iterable[vp.SubjectId], purpose: vp.Purpose,
               kept_since: datetime | None = None) -> frozenset[vp.Deny]:
        now = self.clock.now
        facts = vp.DecisionInput(
            operation=vp.DecisionOperation.READ if kept_since else vp.DecisionOperation.CAPTURE,
            purpose=purpose, purpose_defined=True, purpose_storable=True, now=now,
            jurisdiction_known=True, lawful_here=True, paused=purpose in self.paused,
            triggered_by_person=True, recipient_known=True, all_parties=True, all_identified=True,
            policy_age=timedelta(microseconds=1), policy_ttl=timedelta(days=10_000),
            recording_state=vp.RecordingState.COMMITTED if kept_since else vp.RecordingState.NONE,
            retention_until=(kept_since or now) + TERM,
            subjects=tuple(self.facts_of(self.said[who, purpose]) for who in people))
        return vp.decide(facts)

    @staticmethod
    def facts_of(said: Said) -> vp.DecisionSubject:
        left = said.max_uses - said.uses if said.max_uses else vp.USES_UNLIMITED
        return vp.DecisionSubject(
            subject_class=vp.SubjectClass.USER, state=said.state, valid_until=said.valid_until,
            valid_without_end=said.valid_until is None, uses_left=max(0, left),
            # A notice that changes ends the consents given on it: the model has that in the state.
            notice_current=said.state is not State.UNKNOWN, recipient_named=True,
            has_grant_key=said.permits, child_rule_holds=True, form_suffices=True)

    # What can happen.

    @rule(who=st.integers(0, 1), what=st.sampled_from(PURPOSES),
          event=st.sampled_from(sorted(DESTINATIONS)), days=st.sampled_from([None, 1, 40]),
          max_uses=st.sampled_from([0, 0, 1, 2]))
    def say(self, who: int, what: vp.Purpose, event: Event, days: int | None,
            max_uses: int) -> None:
        person, now = self.people[who], self.clock.now
        before = self.said[person, what]
        gives = event in (Event.GIVE, Event.RECONFIRM)
        until = now + timedelta(days=days) if gives and days else None
        evidence = vp.Evidence(
            by=vp.ConsentBy.CONTROLLER if event is Event.REVOKE else vp.ConsentBy.PERSON,
            notice="history" if gives or event is Event.REQUEST else None,
            valid_until=until, max_uses=max_uses if gives else 0)
        try:
            self.vault.record_consent_event(person, what, event, evidence)
        except vp.StateError:
            assert not before.allows(event, now)
            return
        assert before.allows(event, now)
        self.said[person, what] = Said(DESTINATIONS[event], until, max_uses if gives else 0)

    @rule()
    def change_notice(self) -> None:
        self.version += 1
        self.vault.add_notice(vp.Notice("history", str(self.version), "en",
                                        f"We keep what you say. {self.version}"))
        for key, said in self.said.items():
            if said.permits:
                self.said[key] = replace(said, state=State.INVALIDATED)

    @rule(what=st.sampled_from(PURPOSES))
    def pause_or_resume(self, what: vp.Purpose) -> None:
        (self.vault.resume if what in self.paused else self.vault.pause)(what, actor="the model")
        self.paused ^= {what}

    @rule(hours=st.sampled_from([1, 24, 24 * 30]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule(n=st.sampled_from([1, 2]))
    def record(self, n: int) -> None:
        people = self.people[:n]
        expected = self.decide(people, KEEP)
        with vp.PushSource(16000, 1) as source, vp.Recorder(
                self.vault, source, subjects=people, all_identified=True, retention=TERM,
                voice_gate=vp.VoiceGate.OFF) as recorder:
            source.write(bytes(16000 // 5 * 2))
            source.end()
            try:
                outcome = recorder.run()
            except vp.ConsentError as refusal:
                if expected & NO_CONSENT:
                    expected -= GO_WITHOUT_SAYING
                assert refusal.reasons == expected != frozenset()
                return
        assert not expected and outcome.is_stored and outcome.recording is not None
        self.kept.append((outcome.recording, people, self.clock.now))

    @precondition(lambda self: self.kept)
    @rule(which=st.integers(0, 9), what=st.sampled_from(PURPOSES))
    def open(self, which: int, what: vp.Purpose) -> None:
        recording, people, since = self.kept[which % len(self.kept)]
        expected = self.decide(people, what, since)
        try:
            self.vault.open_recording(self.keyring, recording, what, actor="the model").close()
        except (vp.ConsentError, vp.ErasedError):
            return  # it may be shut for good although a new consent would do
        assert not expected, "opened without consent"
        for person in people:
            said = self.said[person, what]
            self.said[person, what] = replace(said, uses=said.uses + bool(said.max_uses))

    # What holds at all times.

    @invariant()
    def the_vault_says_what_c_decides(self) -> None:
        if not hasattr(self, "said"):
            return
        for people in (self.people[:1], self.people[1:], self.people):
            in_force = self.vault.effects_now(people, retention=TERM).in_force
            for what in PURPOSES:
                assert (what in in_force) == (not self.decide(people, what)), (people, what)
        for person in self.people:
            for record in self.vault.consents(person):
                assert record.state is self.said[person, record.purpose].state
        assert self.vault.paused == self.paused


ConsentMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None,
    suppress_health_check=list(HealthCheck))
TestConsent = ConsentMachine.TestCase


def test_a_life_that_chance_may_miss() -> None:
    """Uses that run out, a yes that expires while another is paused, a new notice after both."""
    life = ConsentMachine()
    life.begin(1)
    ada = 0

    def check(step: object) -> None:
        life.the_vault_says_what_c_decides()

    try:
        check(life.open(0, REVIEW))
        assert life.said[life.people[ada], REVIEW].uses == 1
        check(life.open(0, REVIEW))  # no uses are left
        assert vp.Deny.USES_SPENT in life.decide(life.people, REVIEW)
        check(life.say(ada, REVIEW, Event.GIVE, 1, 2))
        check(life.pause_or_resume(KEEP))
        check(life.record(2))
        check(life.let_time_pass(24))
        check(life.pause_or_resume(KEEP))
        check(life.say(ada, REVIEW, Event.RECONFIRM, None, 0))
        check(life.record(1))
        check(life.change_notice())
        check(life.record(2))
        check(life.open(0, KEEP))
    finally:
        life.teardown()
