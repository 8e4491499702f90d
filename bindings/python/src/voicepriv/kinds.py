"""More enumerations: of recorders, the log, and what is shared. What they are is said in
enums.py."""

from __future__ import annotations

from ._native import lib
from .enums import CEnum, _text


class SampleFormat(CEnum):
    """How one sample is stored: little-endian, channels interleaved."""

    S16 = lib.VPRIV_SAMPLE_S16
    S24 = lib.VPRIV_SAMPLE_S24
    S32 = lib.VPRIV_SAMPLE_S32
    F32 = lib.VPRIV_SAMPLE_F32


class DeviceChange(CEnum):
    """What happened to a device."""

    APPEARED = lib.VPRIV_DEVICE_APPEARED
    GONE = lib.VPRIV_DEVICE_GONE
    DEFAULT = lib.VPRIV_DEVICE_DEFAULT


class RecorderState(CEnum):
    """Where a recorder stands."""

    IDLE = lib.VPRIV_RECORDER_IDLE
    RING = lib.VPRIV_RECORDER_RING
    PROVISIONAL = lib.VPRIV_RECORDER_PROVISIONAL
    COMMITTED = lib.VPRIV_RECORDER_COMMITTED
    ENDED = lib.VPRIV_RECORDER_ENDED
    MUTED = lib.VPRIV_RECORDER_MUTED

    @property
    def text(self) -> str:
        """For people: "listening"."""
        return _text(lib.vpriv_recorder_state_name(self.value))


class Indicator(CEnum):
    """What a lamp is to show."""

    OFF = lib.VPRIV_INDICATOR_OFF
    LISTENING = lib.VPRIV_INDICATOR_LISTENING
    RECORDING = lib.VPRIV_INDICATOR_RECORDING
    MUTED = lib.VPRIV_INDICATOR_MUTED

    @property
    def text(self) -> str:
        """The library's name: "listening"."""
        return _text(lib.vpriv_indicator_name(self.value))


class RecorderEventKind(CEnum):
    """What happened to a recorder."""

    ENDED = lib.VPRIV_RECORDER_EVENT_ENDED
    TIMED_OUT = lib.VPRIV_RECORDER_EVENT_TIMED_OUT
    NO_SPEECH = lib.VPRIV_RECORDER_EVENT_NO_SPEECH
    CLOSED = lib.VPRIV_RECORDER_EVENT_CLOSED


class RecorderProfile(CEnum):
    """What sort of device it is, and how strict it has to be."""

    DEFAULT = lib.VPRIV_RECORDER_PROFILE_DEFAULT
    WEARABLE = lib.VPRIV_RECORDER_PROFILE_WEARABLE


class VoiceGate(CEnum):
    """What becomes of the time in which nobody speaks."""

    DEFAULT = lib.VPRIV_VOICE_GATE_DEFAULT
    ON = lib.VPRIV_VOICE_GATE_ON
    OFF = lib.VPRIV_VOICE_GATE_OFF


class Application(CEnum):
    """What the encoder is to be best at."""

    VOIP = lib.VPRIV_APPLICATION_VOIP
    AUDIO = lib.VPRIV_APPLICATION_AUDIO
    LOW_DELAY = lib.VPRIV_APPLICATION_LOW_DELAY


class LogKind(CEnum):
    """What an entry of the log is about."""

    UNKNOWN = lib.VPRIV_LOG_UNKNOWN
    VAULT_CREATED = lib.VPRIV_LOG_VAULT_CREATED
    SUBJECT_ADDED = lib.VPRIV_LOG_SUBJECT_ADDED
    SUBJECT_ERASED = lib.VPRIV_LOG_SUBJECT_ERASED
    NOTICE_ADDED = lib.VPRIV_LOG_NOTICE_ADDED
    CONSENT_EVENT = lib.VPRIV_LOG_CONSENT_EVENT
    ACCESS_GRANTED = lib.VPRIV_LOG_ACCESS_GRANTED
    ACCESS_REFUSED = lib.VPRIV_LOG_ACCESS_REFUSED
    ERASURE = lib.VPRIV_LOG_ERASURE
    RETENTION_EXPIRED = lib.VPRIV_LOG_RETENTION_EXPIRED
    RESTRICTION = lib.VPRIV_LOG_RESTRICTION
    RESTRICTION_LIFTED = lib.VPRIV_LOG_RESTRICTION_LIFTED
    PAUSE = lib.VPRIV_LOG_PAUSE
    PAUSE_LIFTED = lib.VPRIV_LOG_PAUSE_LIFTED
    ADOPTION = lib.VPRIV_LOG_ADOPTION
    FALSE_WAKES = lib.VPRIV_LOG_FALSE_WAKES
    KEYRING_SPLIT = lib.VPRIV_LOG_KEYRING_SPLIT
    DISCLOSURE = lib.VPRIV_LOG_DISCLOSURE
    SAMPLING_COMMITTED = lib.VPRIV_LOG_SAMPLING_COMMITTED
    SAMPLING_REVEALED = lib.VPRIV_LOG_SAMPLING_REVEALED
    POLICY = lib.VPRIV_LOG_POLICY
    CHECKPOINT = lib.VPRIV_LOG_CHECKPOINT
    VERIFICATION = lib.VPRIV_LOG_VERIFICATION
    RECALL = lib.VPRIV_LOG_RECALL
    RECALL_ACKNOWLEDGED = lib.VPRIV_LOG_RECALL_ACKNOWLEDGED
    DERIVATIVE_ADDED = lib.VPRIV_LOG_DERIVATIVE_ADDED
    DERIVATIVE_READ = lib.VPRIV_LOG_DERIVATIVE_READ
    DERIVATIVE_REFUSED = lib.VPRIV_LOG_DERIVATIVE_REFUSED
    DERIVATIVE_ERASED = lib.VPRIV_LOG_DERIVATIVE_ERASED
    CONSENT_APPLIED = lib.VPRIV_LOG_CONSENT_APPLIED
    SPEAKER_ADDED = lib.VPRIV_LOG_SPEAKER_ADDED

    @property
    def text(self) -> str:
        """The library's name: "access_granted"."""
        return _text(lib.vpriv_log_kind_name(self.value))


class DerivativeKind(CEnum):
    """What was made from a recording."""

    TRANSCRIPT = lib.VPRIV_DERIVATIVE_TRANSCRIPT
    OUTCOME = lib.VPRIV_DERIVATIVE_OUTCOME
    LABEL = lib.VPRIV_DERIVATIVE_LABEL
    FEATURE = lib.VPRIV_DERIVATIVE_FEATURE
    OTHER = lib.VPRIV_DERIVATIVE_OTHER

    @property
    def text(self) -> str:
        """The library's name: "transcript"."""
        return _text(lib.vpriv_derivative_kind_name(self.value))


class Profile(CEnum):
    """The usual choices. Each is the ones before it and something more."""

    PRIVATE = lib.VPRIV_PROFILE_PRIVATE
    HISTORY = lib.VPRIV_PROFILE_HISTORY
    IMPROVE_BY_MACHINE = lib.VPRIV_PROFILE_IMPROVE_BY_MACHINE


class ReceiptKind(CEnum):
    """What a receipt is about."""

    UNKNOWN = lib.VPRIV_RECEIPT_UNKNOWN
    CONSENT = lib.VPRIV_RECEIPT_CONSENT
    ACCESS = lib.VPRIV_RECEIPT_ACCESS
    DISCLOSURE = lib.VPRIV_RECEIPT_DISCLOSURE
    ERASURE = lib.VPRIV_RECEIPT_ERASURE
    PAUSE = lib.VPRIV_RECEIPT_PAUSE
    RECALL = lib.VPRIV_RECEIPT_RECALL

    @property
    def text(self) -> str:
        """The library's name: "erasure"."""
        return _text(lib.vpriv_receipt_kind_name(self.value))


class RecallCause(CEnum):
    """Why a copy must come back."""

    NOT_DUE = lib.VPRIV_RECALL_NOT_DUE
    WITHDRAWN = lib.VPRIV_RECALL_WITHDRAWN
    EXPIRED = lib.VPRIV_RECALL_EXPIRED
    ERASED = lib.VPRIV_RECALL_ERASED

    @property
    def text(self) -> str:
        """The library's name: "withdrawn"."""
        return _text(lib.vpriv_recall_cause_name(self.value))


class RecallOutcome(CEnum):
    """What the recipient answered."""

    UNANSWERED = lib.VPRIV_RECALL_UNANSWERED
    DELETED = lib.VPRIV_RECALL_DELETED
    NOT_KEPT = lib.VPRIV_RECALL_NOT_KEPT
    NOT_DELETED = lib.VPRIV_RECALL_NOT_DELETED

    @property
    def text(self) -> str:
        """The library's name: "not-kept"."""
        return _text(lib.vpriv_recall_outcome_name(self.value))


class NoticeRule(CEnum):
    """What a check of a notice can find."""

    CONTROL_COVERS_SEVERAL = lib.VPRIV_NOTICE_CONTROL_COVERS_SEVERAL
    NO_SENTENCE = lib.VPRIV_NOTICE_NO_SENTENCE
    LANGUAGE_MISSING = lib.VPRIV_NOTICE_LANGUAGE_MISSING
    TEXT_TOO_LONG = lib.VPRIV_NOTICE_TEXT_TOO_LONG
    UNKNOWN_PURPOSE = lib.VPRIV_NOTICE_UNKNOWN_PURPOSE
    EXPLICIT_NOT_SEPARATE = lib.VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE
    NO_CONTROLLER = lib.VPRIV_NOTICE_NO_CONTROLLER
    NO_WITHDRAWAL = lib.VPRIV_NOTICE_NO_WITHDRAWAL
    REVIEW_HIDDEN = lib.VPRIV_NOTICE_REVIEW_HIDDEN
    PRETICKED = lib.VPRIV_NOTICE_PRETICKED
    NO_CONTROL = lib.VPRIV_NOTICE_NO_CONTROL
    NOT_BY_CONSENT = lib.VPRIV_NOTICE_NOT_BY_CONSENT

    @property
    def label(self) -> str:
        """The name that files use: "control_covers_several"."""
        return _text(lib.vpriv_notice_rule_name(self.value))

    @property
    def text(self) -> str:
        """What a finding means, one English sentence without a full stop."""
        return _text(lib.vpriv_notice_rule_text(self.value))


class DocumentKind(CEnum):
    """What an authority signs."""

    JURISDICTION = lib.VPRIV_DOCUMENT_JURISDICTION
    PAUSE = lib.VPRIV_DOCUMENT_PAUSE
    POLICY = lib.VPRIV_DOCUMENT_POLICY


class BackupState(CEnum):
    """What a backup is worth with the root store at hand."""

    CURRENT = lib.VPRIV_BACKUP_CURRENT
    OUTDATED = lib.VPRIV_BACKUP_OUTDATED
    AHEAD = lib.VPRIV_BACKUP_AHEAD
    OTHER_VAULT = lib.VPRIV_BACKUP_OTHER_VAULT
    NO_ROOT = lib.VPRIV_BACKUP_NO_ROOT
