"""The enumerations of the library. Every value is asked from C; names are those of the headers."""

from __future__ import annotations

import enum

from ._native import ffi, lib


class CEnum(enum.IntEnum):
    """An enumeration of the library. A value that a newer library knows and this module does not
    comes as a member named UNKNOWN_<value>, never as an error in the middle of a list."""

    @classmethod
    def _missing_(cls, value: object) -> CEnum | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    def __str__(self) -> str:
        return str(self._name_)


def _text(found: object) -> str:
    text = ffi.string(found)
    assert isinstance(text, bytes)
    return text.decode()


class Status(CEnum):
    """What a call came to; see doc/errors.md. Each failure has an exception of its own."""

    OK = lib.VPRIV_OK
    INTERNAL = lib.VPRIV_E_INTERNAL
    ARG = lib.VPRIV_E_ARG
    MEMORY = lib.VPRIV_E_MEMORY
    IO = lib.VPRIV_E_IO
    FULL = lib.VPRIV_E_FULL
    BUSY = lib.VPRIV_E_BUSY
    FORMAT = lib.VPRIV_E_FORMAT
    VERSION = lib.VPRIV_E_VERSION
    AUTH = lib.VPRIV_E_AUTH
    ROLLBACK = lib.VPRIV_E_ROLLBACK
    ROOT = lib.VPRIV_E_ROOT
    CONSENT = lib.VPRIV_E_CONSENT
    NOT_FOUND = lib.VPRIV_E_NOT_FOUND
    EXISTS = lib.VPRIV_E_EXISTS
    STATE = lib.VPRIV_E_STATE
    UNSUPPORTED = lib.VPRIV_E_UNSUPPORTED
    LIMIT = lib.VPRIV_E_LIMIT
    NO_KEY = lib.VPRIV_E_NO_KEY
    DEVICE_LOST = lib.VPRIV_E_DEVICE_LOST
    ERASED = lib.VPRIV_E_ERASED
    CANCELLED = lib.VPRIV_E_CANCELLED

    @property
    def text(self) -> str:
        """The library's phrase for it: "no consent"."""
        return _text(lib.vpriv_status_text(self.value))


_VENDOR = lib.VPRIV_PURPOSE_VENDOR_FIRST


class Purpose(CEnum):
    """What a recording may be used for."""

    EXECUTE_REQUEST = lib.VPRIV_PURPOSE_EXECUTE_REQUEST
    TRANSMIT_FOR_EXECUTION = lib.VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION
    KEEP_HISTORY = lib.VPRIV_PURPOSE_KEEP_HISTORY
    HUMAN_REVIEW = lib.VPRIV_PURPOSE_HUMAN_REVIEW
    IMPROVE_BY_MACHINE = lib.VPRIV_PURPOSE_IMPROVE_BY_MACHINE
    DEVELOP_NEW_FEATURES = lib.VPRIV_PURPOSE_DEVELOP_NEW_FEATURES
    ON_DEVICE_ADAPTATION = lib.VPRIV_PURPOSE_ON_DEVICE_ADAPTATION
    SPEAKER_IDENTIFICATION = lib.VPRIV_PURPOSE_SPEAKER_IDENTIFICATION
    PROFILE_FOR_CONTENT_OR_ADS = lib.VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS
    FALSE_WAKE_ANALYSIS = lib.VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS
    DIAGNOSE_FAULT = lib.VPRIV_PURPOSE_DIAGNOSE_FAULT
    SAFETY_OR_ABUSE = lib.VPRIV_PURPOSE_SAFETY_OR_ABUSE
    LEGAL_OBLIGATION = lib.VPRIV_PURPOSE_LEGAL_OBLIGATION
    DONATION = lib.VPRIV_PURPOSE_DONATION
    TRAIN_THIRD_PARTY = lib.VPRIV_PURPOSE_TRAIN_THIRD_PARTY
    VENDOR_15 = _VENDOR
    VENDOR_16 = _VENDOR + 1
    VENDOR_17 = _VENDOR + 2
    VENDOR_18 = _VENDOR + 3
    VENDOR_19 = _VENDOR + 4
    VENDOR_20 = _VENDOR + 5
    VENDOR_21 = _VENDOR + 6
    VENDOR_22 = _VENDOR + 7
    VENDOR_23 = _VENDOR + 8
    VENDOR_24 = _VENDOR + 9
    VENDOR_25 = _VENDOR + 10
    VENDOR_26 = _VENDOR + 11
    VENDOR_27 = _VENDOR + 12
    VENDOR_28 = _VENDOR + 13
    VENDOR_29 = _VENDOR + 14
    VENDOR_30 = _VENDOR + 15
    VENDOR_31 = lib.VPRIV_PURPOSE_VENDOR_LAST

    @property
    def text(self) -> str:
        """The name that files and command lines use: "keep_history"."""
        return _text(lib.vpriv_purpose_name(self.value))


class PurposeBasis(CEnum):
    """What a purpose rests on."""

    CONSENT = lib.VPRIV_PURPOSE_BASIS_CONSENT
    TRIGGER = lib.VPRIV_PURPOSE_BASIS_TRIGGER
    LAW = lib.VPRIV_PURPOSE_BASIS_LAW


class ConsentState(CEnum):
    """Where one person's consent for one purpose stands. Only GIVEN and RENEWED permit."""

    UNKNOWN = lib.VPRIV_CONSENT_UNKNOWN
    REQUESTED = lib.VPRIV_CONSENT_REQUESTED
    GIVEN = lib.VPRIV_CONSENT_GIVEN
    REFUSED = lib.VPRIV_CONSENT_REFUSED
    DEFERRED = lib.VPRIV_CONSENT_DEFERRED
    WITHDRAWN = lib.VPRIV_CONSENT_WITHDRAWN
    REVOKED = lib.VPRIV_CONSENT_REVOKED
    EXPIRED = lib.VPRIV_CONSENT_EXPIRED
    INVALIDATED = lib.VPRIV_CONSENT_INVALIDATED
    RENEWED = lib.VPRIV_CONSENT_RENEWED

    @property
    def text(self) -> str:
        """The library's name: "given"."""
        return _text(lib.vpriv_consent_state_name(self.value))


class ConsentEvent(CEnum):
    """What can happen to a consent."""

    REQUEST = lib.VPRIV_CONSENT_EVENT_REQUEST
    GIVE = lib.VPRIV_CONSENT_EVENT_GIVE
    REFUSE = lib.VPRIV_CONSENT_EVENT_REFUSE
    DEFER = lib.VPRIV_CONSENT_EVENT_DEFER
    WITHDRAW = lib.VPRIV_CONSENT_EVENT_WITHDRAW
    REVOKE = lib.VPRIV_CONSENT_EVENT_REVOKE
    EXPIRE = lib.VPRIV_CONSENT_EVENT_EXPIRE
    INVALIDATE = lib.VPRIV_CONSENT_EVENT_INVALIDATE
    RECONFIRM = lib.VPRIV_CONSENT_EVENT_RECONFIRM


class ConsentBy(CEnum):
    """Who said it."""

    UNKNOWN = lib.VPRIV_CONSENT_BY_UNKNOWN
    PERSON = lib.VPRIV_CONSENT_BY_PERSON
    PARENT = lib.VPRIV_CONSENT_BY_PARENT
    GUARDIAN = lib.VPRIV_CONSENT_BY_GUARDIAN
    CONTROLLER = lib.VPRIV_CONSENT_BY_CONTROLLER
    GUARDIANS = lib.VPRIV_CONSENT_BY_GUARDIANS


class ConsentMethod(CEnum):
    """How it was indicated."""

    UNKNOWN = lib.VPRIV_CONSENT_METHOD_UNKNOWN
    TAP = lib.VPRIV_CONSENT_METHOD_TAP
    VOICE = lib.VPRIV_CONSENT_METHOD_VOICE
    BUTTON = lib.VPRIV_CONSENT_METHOD_BUTTON
    PAPER = lib.VPRIV_CONSENT_METHOD_PAPER
    IMPORT = lib.VPRIV_CONSENT_METHOD_IMPORT


class SubjectClass(CEnum):
    """Whose voice it is, as far as anybody knows."""

    UNKNOWN = lib.VPRIV_SUBJECT_UNKNOWN
    USER = lib.VPRIV_SUBJECT_USER
    GUEST = lib.VPRIV_SUBJECT_GUEST
    BYSTANDER = lib.VPRIV_SUBJECT_BYSTANDER
    CHILD = lib.VPRIV_SUBJECT_CHILD


class PartyRole(CEnum):
    """What a party is to the person, as in GDPR art. 4."""

    UNKNOWN = lib.VPRIV_PARTY_UNKNOWN
    CONTROLLER = lib.VPRIV_PARTY_CONTROLLER
    PROCESSOR = lib.VPRIV_PARTY_PROCESSOR
    THIRD_PARTY = lib.VPRIV_PARTY_THIRD_PARTY
    AUTHORITY = lib.VPRIV_PARTY_AUTHORITY


class LegalBasis(CEnum):
    """On what ground, as in GDPR art. 6(1) and 9(2) a."""

    UNKNOWN = lib.VPRIV_LEGAL_BASIS_UNKNOWN
    CONSENT = lib.VPRIV_LEGAL_BASIS_CONSENT
    CONTRACT = lib.VPRIV_LEGAL_BASIS_CONTRACT
    LEGAL_OBLIGATION = lib.VPRIV_LEGAL_BASIS_LEGAL_OBLIGATION
    VITAL_INTEREST = lib.VPRIV_LEGAL_BASIS_VITAL_INTEREST
    PUBLIC_INTEREST = lib.VPRIV_LEGAL_BASIS_PUBLIC_INTEREST
    LEGITIMATE_INTEREST = lib.VPRIV_LEGAL_BASIS_LEGITIMATE_INTEREST
    EXPLICIT_CONSENT = lib.VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT


class Processing(enum.IntFlag):
    """What is done with a recording; a set."""

    RECORD = lib.VPRIV_PROCESSING_RECORD
    STORE = lib.VPRIV_PROCESSING_STORE
    ANALYSE = lib.VPRIV_PROCESSING_ANALYSE
    LISTEN = lib.VPRIV_PROCESSING_LISTEN
    TRANSCRIBE = lib.VPRIV_PROCESSING_TRANSCRIBE
    ANNOTATE = lib.VPRIV_PROCESSING_ANNOTATE
    SHARE = lib.VPRIV_PROCESSING_SHARE
    ALL = lib.VPRIV_PROCESSING_ALL


class HumanInvolvement(CEnum):
    """What part people have in it."""

    UNKNOWN = lib.VPRIV_HUMAN_UNKNOWN
    NOT_INVOLVED = lib.VPRIV_HUMAN_NOT_INVOLVED
    FOR_VERIFICATION = lib.VPRIV_HUMAN_FOR_VERIFICATION
    FOR_OVERSIGHT = lib.VPRIV_HUMAN_FOR_OVERSIGHT
    INVOLVED = lib.VPRIV_HUMAN_INVOLVED


class Fact(CEnum):
    """Yes, no, or not known, which counts as the worse. Where a fact is asked for, True, False and
    None do as well."""

    UNKNOWN = lib.VPRIV_FACT_UNKNOWN
    NO = lib.VPRIV_FACT_NO
    YES = lib.VPRIV_FACT_YES


class DecisionOperation(CEnum):
    """What is about to be done."""

    UNKNOWN = lib.VPRIV_DECISION_UNKNOWN
    CAPTURE = lib.VPRIV_DECISION_CAPTURE
    READ = lib.VPRIV_DECISION_READ


class RecordingState(CEnum):
    """Where the life of a recording stands."""

    NONE = lib.VPRIV_RECORDING_NONE
    PROVISIONAL = lib.VPRIV_RECORDING_PROVISIONAL
    COMMITTED = lib.VPRIV_RECORDING_COMMITTED
    RESTRICTED = lib.VPRIV_RECORDING_RESTRICTED
    SHREDDED = lib.VPRIV_RECORDING_SHREDDED


class Deny(CEnum):
    """Why not: the reasons of a refusal."""

    INPUT_MALFORMED = lib.VPRIV_DENY_INPUT_MALFORMED
    OPERATION_UNKNOWN = lib.VPRIV_DENY_OPERATION_UNKNOWN
    PURPOSE_UNDEFINED = lib.VPRIV_DENY_PURPOSE_UNDEFINED
    PURPOSE_NOT_STORABLE = lib.VPRIV_DENY_PURPOSE_NOT_STORABLE
    PURPOSE_OTHER_BASIS = lib.VPRIV_DENY_PURPOSE_OTHER_BASIS
    NOT_TRIGGERED = lib.VPRIV_DENY_NOT_TRIGGERED
    TIME_UNKNOWN = lib.VPRIV_DENY_TIME_UNKNOWN
    JURISDICTION_UNKNOWN = lib.VPRIV_DENY_JURISDICTION_UNKNOWN
    PAUSED = lib.VPRIV_DENY_PAUSED
    POLICY_STALE = lib.VPRIV_DENY_POLICY_STALE
    RECIPIENT_UNKNOWN = lib.VPRIV_DENY_RECIPIENT_UNKNOWN
    NO_SUBJECT = lib.VPRIV_DENY_NO_SUBJECT
    SUBJECT_UNKNOWN = lib.VPRIV_DENY_SUBJECT_UNKNOWN
    SUBJECT_GUEST = lib.VPRIV_DENY_SUBJECT_GUEST
    SUBJECT_BYSTANDER = lib.VPRIV_DENY_SUBJECT_BYSTANDER
    CHILD_RULE = lib.VPRIV_DENY_CHILD_RULE
    CONSENT_MISSING = lib.VPRIV_DENY_CONSENT_MISSING
    CONSENT_REFUSED = lib.VPRIV_DENY_CONSENT_REFUSED
    CONSENT_WITHDRAWN = lib.VPRIV_DENY_CONSENT_WITHDRAWN
    CONSENT_REVOKED = lib.VPRIV_DENY_CONSENT_REVOKED
    CONSENT_EXPIRED = lib.VPRIV_DENY_CONSENT_EXPIRED
    CONSENT_INVALIDATED = lib.VPRIV_DENY_CONSENT_INVALIDATED
    USES_SPENT = lib.VPRIV_DENY_USES_SPENT
    NOTICE_CHANGED = lib.VPRIV_DENY_NOTICE_CHANGED
    RECIPIENT_NOT_NAMED = lib.VPRIV_DENY_RECIPIENT_NOT_NAMED
    NO_GRANT_KEY = lib.VPRIV_DENY_NO_GRANT_KEY
    RECORDING_UNKNOWN = lib.VPRIV_DENY_RECORDING_UNKNOWN
    RECORDING_PROVISIONAL = lib.VPRIV_DENY_RECORDING_PROVISIONAL
    RECORDING_RESTRICTED = lib.VPRIV_DENY_RECORDING_RESTRICTED
    RECORDING_SHREDDED = lib.VPRIV_DENY_RECORDING_SHREDDED
    RETENTION_OVER = lib.VPRIV_DENY_RETENTION_OVER
    NOT_LAWFUL_HERE = lib.VPRIV_DENY_NOT_LAWFUL_HERE

    @property
    def text(self) -> str:
        """The reason for a person, one English sentence without a full stop."""
        return _text(lib.vpriv_deny_text(self.value))

    @property
    def label(self) -> str:
        """The name that logs use: "notice_changed"."""
        return _text(lib.vpriv_deny_name(self.value))


class Assurance(CEnum):
    """How well a root store forgets."""

    BEST_EFFORT = lib.VPRIV_ASSURANCE_BEST_EFFORT
    KEYED = lib.VPRIV_ASSURANCE_KEYED


class TriggerKind(CEnum):
    """What started a recording."""

    WAKE_WORD = lib.VPRIV_TRIGGER_WAKE_WORD
    BUTTON = lib.VPRIV_TRIGGER_BUTTON
    RAISE = lib.VPRIV_TRIGGER_RAISE
    TAP = lib.VPRIV_TRIGGER_TAP
    VOICE_ACTIVITY = lib.VPRIV_TRIGGER_VOICE_ACTIVITY
    CONTINUOUS = lib.VPRIV_TRIGGER_CONTINUOUS
    IMPORT = lib.VPRIV_TRIGGER_IMPORT

    @property
    def text(self) -> str:
        """The library's name: "wake-word"."""
        return _text(lib.vpriv_trigger_name(self.value))


class EndReason(CEnum):
    """Why a recording ended."""

    UNFINISHED = lib.VPRIV_END_UNFINISHED
    STOPPED = lib.VPRIV_END_STOPPED
    SOURCE_ENDED = lib.VPRIV_END_SOURCE_ENDED
    CONSENT_WITHDRAWN = lib.VPRIV_END_CONSENT_WITHDRAWN
    DEVICE_LOST = lib.VPRIV_END_DEVICE_LOST
    DISK_FULL = lib.VPRIV_END_DISK_FULL
    MAXIMUM = lib.VPRIV_END_MAXIMUM
    FAILED = lib.VPRIV_END_FAILED
    SILENCE = lib.VPRIV_END_SILENCE
    MUTED = lib.VPRIV_END_MUTED
    PAUSED = lib.VPRIV_END_PAUSED

    @property
    def text(self) -> str:
        """The library's name: "stopped"."""
        return _text(lib.vpriv_end_reason_name(self.value))


class Restriction(CEnum):
    """Why a recording is set aside."""

    NONE = lib.VPRIV_RESTRICTION_NONE
    DISPUTE = lib.VPRIV_RESTRICTION_DISPUTE
    LEGAL_HOLD = lib.VPRIV_RESTRICTION_LEGAL_HOLD
