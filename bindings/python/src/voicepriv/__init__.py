"""Privacy-aware voice capture: consent, Opus, an encrypted vault, logged access.

    from datetime import timedelta
    import voicepriv as vp

    with vp.RootStore.file("home.root") as root:
        vault, keyring = vp.Vault.create("home.vault", root)
        with vault, keyring, vp.Source.file("voice.wav") as source:
            keyring.save("home.keyring")
            ada = vault.add_subject("Ada")
            vault.add_notice(vp.Notice("history", "1", "en", "We keep what you say for you."))
            vault.give_consent(ada, vp.Purpose.KEEP_HISTORY, notice="history")
            with vp.Recorder(vault, source, subjects=[ada], all_identified=True,
                             retention=vp.Retention.DAYS_90) as recorder:
                print(recorder.run().duration)

Without consent nothing is kept; without a retention neither. Calls that wait release the GIL. Times
are aware datetimes, durations timedeltas, failures exceptions with the library's text (errors.py).
"""

from ._callbacks import CallbackFailure, DroppedEvents, set_callback_hook
from ._convert import ConsentRecordId, DerivativeId, Id, RecordingId, SubjectId
from ._convert import text as _text
from ._handle import Handle
from ._native import lib as _lib
from ._secret import Secret
from .capture import CaptureDevice, DeviceWatch, PushSource, Source, StreamFormat, devices
from .clock import ManualClock
from .consent import (
    USES_UNLIMITED,
    ConsentRecord,
    DecisionInput,
    DecisionSubject,
    NoticeRef,
    Party,
    PurposeInfo,
    about_purpose,
    decide,
    purpose_from_name,
)
from .derivative import DerivativeInfo, derivative_kind_from_name
from .effects import (
    Effect,
    Effects,
    ProfileChoice,
    ProfileOutcome,
    about_profile,
    effect_of,
    effects_of,
    profile_from_name,
)
from .enums import (
    Assurance,
    ConsentBy,
    ConsentEvent,
    ConsentMethod,
    ConsentState,
    DecisionOperation,
    Deny,
    EndReason,
    Fact,
    HumanInvolvement,
    LegalBasis,
    PartyRole,
    Processing,
    Purpose,
    PurposeBasis,
    RecordingState,
    Restriction,
    Status,
    SubjectClass,
    TriggerKind,
)
from .errors import (
    ArgumentError,
    AuthError,
    BusyError,
    CancelledError,
    ClosedError,
    ConsentError,
    DeviceLostError,
    ErasedError,
    Error,
    ExistsError,
    ForkedError,
    FormatError,
    FullError,
    InternalError,
    InUseError,
    IoError,
    LimitError,
    NoKeyError,
    NotFoundError,
    OutOfMemoryError,
    RollbackError,
    RootError,
    StateError,
    UnsupportedError,
    UsageError,
    VersionError,
)
from .gate import Packet, Reader, ReaderInfo
from .hub import Hub
from .inventory import (
    FalseWakes,
    Inventory,
    InventoryBasis,
    InventoryNotice,
    InventoryRecording,
    InventorySubject,
    InventoryVault,
    PortableReport,
)
from .jurisdiction import (
    ProfileInfo,
    Rules,
    Stop,
    Term,
    make_authority,
    read_profile,
    sign_document,
    strict_rules,
    verify_document,
)
from .keys import Keyring
from .kinds import (
    Application,
    BackupState,
    DerivativeKind,
    DeviceChange,
    DocumentKind,
    Indicator,
    LogKind,
    NoticeRule,
    Profile,
    RecallCause,
    RecallOutcome,
    ReceiptKind,
    RecorderEventKind,
    RecorderProfile,
    RecorderState,
    SampleFormat,
    VoiceGate,
)
from .log import (
    LogEntry,
    Receipt,
    leaf_hash,
    parse_verifier_key,
    verifier_key,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from .notice import Notice, NoticeFinding, lint_notice, render_notice
from .packets import Encoding
from .past import PastReport
from .people import Evidence, SubjectInfo
from .places import Pause, PolicyInfo
from .purge import PurgeCost, PurgeReport
from .recall import Recall, recall_outcome_from_name
from .recorder import (
    Frames,
    Outcome,
    Recorder,
    RecorderConfig,
    RecorderEvent,
    Trigger,
    import_opus,
    trigger_from_name,
)
from .recordings import RecordingInfo
from .retention import Retention, RetentionReport
from .root import RootStore, VendorRoot
from .share import ReceiptClaims, key_id, parse_jwk, verify_receipt
from .storage import BackupInfo, SalvageReport, Space, check_backup, restore_backup, salvage
from .surface import SurfaceEvent, read_event, sign_event
from .sync import SurfaceInfo, SyncResult
from .vault import Vault, VaultInfo, Verification


def library_version() -> str:
    """The version of the library that is running."""
    return _text(_lib.vpriv_version())


def cpu_level() -> str:
    """The instruction set that the sound kernels use: "c", "sse2", "avx2", "avx512", "neon"."""
    return _text(_lib.vpriv_cpu_level())


#: The version of the headers that this package was built with, which is its own.
__version__: str = _text(_lib.VPRIV_VERSION_TEXT)

__all__ = [
    "USES_UNLIMITED",
    "Application",
    "ArgumentError",
    "Assurance",
    "AuthError",
    "BackupInfo",
    "BackupState",
    "BusyError",
    "CallbackFailure",
    "CancelledError",
    "CaptureDevice",
    "ClosedError",
    "ConsentBy",
    "ConsentError",
    "ConsentEvent",
    "ConsentMethod",
    "ConsentRecord",
    "ConsentRecordId",
    "ConsentState",
    "DecisionInput",
    "DecisionOperation",
    "DecisionSubject",
    "Deny",
    "DerivativeId",
    "DerivativeInfo",
    "DerivativeKind",
    "DeviceChange",
    "DeviceLostError",
    "DeviceWatch",
    "DocumentKind",
    "DroppedEvents",
    "Effect",
    "Effects",
    "Encoding",
    "EndReason",
    "ErasedError",
    "Error",
    "Evidence",
    "ExistsError",
    "Fact",
    "FalseWakes",
    "ForkedError",
    "FormatError",
    "Frames",
    "FullError",
    "Handle",
    "Hub",
    "HumanInvolvement",
    "Id",
    "InUseError",
    "Indicator",
    "InternalError",
    "Inventory",
    "InventoryBasis",
    "InventoryNotice",
    "InventoryRecording",
    "InventorySubject",
    "InventoryVault",
    "IoError",
    "Keyring",
    "LegalBasis",
    "LimitError",
    "LogEntry",
    "LogKind",
    "ManualClock",
    "NoKeyError",
    "NotFoundError",
    "Notice",
    "NoticeFinding",
    "NoticeRef",
    "NoticeRule",
    "OutOfMemoryError",
    "Outcome",
    "Packet",
    "Party",
    "PartyRole",
    "PastReport",
    "Pause",
    "PolicyInfo",
    "PortableReport",
    "Processing",
    "Profile",
    "ProfileChoice",
    "ProfileInfo",
    "ProfileOutcome",
    "PurgeCost",
    "PurgeReport",
    "Purpose",
    "PurposeBasis",
    "PurposeInfo",
    "PushSource",
    "Reader",
    "ReaderInfo",
    "Recall",
    "RecallCause",
    "RecallOutcome",
    "Receipt",
    "ReceiptClaims",
    "ReceiptKind",
    "Recorder",
    "RecorderConfig",
    "RecorderEvent",
    "RecorderEventKind",
    "RecorderProfile",
    "RecorderState",
    "RecordingId",
    "RecordingInfo",
    "RecordingState",
    "Restriction",
    "Retention",
    "RetentionReport",
    "RollbackError",
    "RootError",
    "RootStore",
    "Rules",
    "SalvageReport",
    "SampleFormat",
    "Secret",
    "Source",
    "Space",
    "StateError",
    "Status",
    "Stop",
    "StreamFormat",
    "SubjectClass",
    "SubjectId",
    "SubjectInfo",
    "SurfaceEvent",
    "SurfaceInfo",
    "SyncResult",
    "Term",
    "Trigger",
    "TriggerKind",
    "UnsupportedError",
    "UsageError",
    "Vault",
    "VaultInfo",
    "VendorRoot",
    "Verification",
    "VersionError",
    "VoiceGate",
    "__version__",
    "about_profile",
    "about_purpose",
    "check_backup",
    "cpu_level",
    "decide",
    "derivative_kind_from_name",
    "devices",
    "effect_of",
    "effects_of",
    "import_opus",
    "key_id",
    "leaf_hash",
    "library_version",
    "lint_notice",
    "make_authority",
    "parse_jwk",
    "parse_verifier_key",
    "profile_from_name",
    "purpose_from_name",
    "read_event",
    "read_profile",
    "recall_outcome_from_name",
    "render_notice",
    "restore_backup",
    "salvage",
    "set_callback_hook",
    "sign_document",
    "sign_event",
    "strict_rules",
    "trigger_from_name",
    "verifier_key",
    "verify_checkpoint",
    "verify_consistency",
    "verify_document",
    "verify_inclusion",
    "verify_receipt",
]
