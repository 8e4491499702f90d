"""Consent events of other surfaces, merged into a vault, and the vault's own for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import SubjectId, c_text, fixed, raw, struct, text
from ._handle import Handle, using
from ._native import ffi, lib
from .consent import ConsentRecord, record_of
from .enums import SubjectClass
from .errors import check


@dataclass(frozen=True)
class SurfaceInfo:
    """One surface that is trusted."""

    name: str
    public_key: bytes


@dataclass(frozen=True)
class SyncResult:
    """What taking events in came to."""

    n_new: int
    n_known: int
    n_skipped: int  #: about people who are not in this vault
    n_changed: int
    n_gaps: int
    n_forked: int
    changed: tuple[ConsentRecord, ...]


class SyncCalls(Handle):
    """What a vault does with events of other surfaces."""

    def trust_surface(self, name: str, public_key: bytes, *, actor: str) -> None:
        """Trust a surface: events that its key signed count from now on."""
        key = fixed(public_key, lib.VPRIV_SURFACE_PUBLIC_KEY_BYTES, "public_key")
        with using(self) as (vault,):
            check(lib.vpriv_surface_trust(vault, c_text(name), key, c_text(actor)))

    def surfaces(self) -> list[SurfaceInfo]:
        """The surfaces that the vault trusts."""
        def convert(info: Any, _number: int) -> SurfaceInfo:
            return SurfaceInfo(text(info.name), raw(info.public_key))

        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_surface_list(vault, fn, user),
                          lib_function("vpy_on_surface"), convert, "const vpriv_surface_info *")

    def add_known_subject(self, subject: SubjectId, name: str,
                          subject_class: SubjectClass = SubjectClass.USER, *,
                          contact: str | None = None) -> None:
        """Add a person under the pseudonym that others know them by."""
        with using(self) as (vault,):
            check(lib.vpriv_subject_add_known(
                vault, int(subject_class), c_text(name, "name"),
                ffi.NULL if contact is None else c_text(contact), bytes(SubjectId(subject))))

    def sync_events(self, lines: str) -> SyncResult:
        """Take in a file of events, one line each; all or nothing."""
        result, body = struct("vpriv_sync_result"), lines.encode()
        with using(self) as (vault,):
            changed = listed(lambda fn, user: lib.vpriv_consent_sync(
                vault, body, len(body), fn, user, result),
                lib_function("vpy_on_consent"), record_of, "const vpriv_consent_record *")
        return SyncResult(result.n_new, result.n_known, result.n_skipped, result.n_changed,
                          result.n_gaps, result.n_forked, tuple(changed))

    def export_events(self) -> str:
        """Every event that the vault has, as lines for sync_events."""
        def convert(line: Any, n_bytes: int) -> str:
            return raw(line, n_bytes).decode()

        with using(self) as (vault,):
            return "".join(listed(
                lambda fn, user: lib.vpriv_consent_export_events(vault, fn, user),
                lib_function("vpy_on_line"), convert, "const char *"))
