"""Which places count, pauses there, who the controller is, and its policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import (
    Keep,
    SubjectId,
    bound_us,
    c_text,
    fixed,
    purpose_bits,
    purposes_of,
    struct,
    text_or_none,
    time_or_none,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import Purpose
from .errors import check
from .jurisdiction import ProfileInfo, Rules, body_of, profile_info_of, rules_of, signature_of


@dataclass(frozen=True)
class Pause:
    """Purposes that are closed somewhere for a while."""

    purposes: frozenset[Purpose]
    where: str  #: "*", a place, or a profile by its name
    start: datetime | None  #: None: now
    end: datetime | None  #: None: until it is ended


def pause_of(c: Any, _number: int = 0) -> Pause:
    """From C."""
    return Pause(purposes_of(c.purposes), text_or_none(c.where) or "*", time_or_none(c.from_us),
                 time_or_none(c.until_us))


@dataclass(frozen=True)
class PolicyInfo:
    """Which policy epoch is in force, and until when it may be acted on."""

    epoch: int  #: 0: none was ever published
    issued: datetime | None
    stale: datetime | None  #: None: never
    is_stale: bool
    next_epoch: int | None
    next_effective: datetime | None


class PlaceCalls(Handle):
    """What a vault knows of places."""

    def trust_authority(self, public_key: bytes | None, *, actor: str) -> None:
        """Say whose signature on profiles, pauses and policies counts; None is nobody's."""
        key = ffi.NULL if public_key is None else fixed(
            public_key, lib.VPRIV_AUTHORITY_PUBLIC_KEY_BYTES, "public_key")
        with using(self) as (vault,):
            check(lib.vpriv_jurisdiction_trust(vault, key, c_text(actor)))

    def install_profile(self, document: str | bytes, signature: bytes, *, actor: str) -> None:
        """Keep a jurisdiction profile; in force at once."""
        body = body_of(document)
        with using(self) as (vault,):
            check(lib.vpriv_jurisdiction_install(vault, body, len(body), signature_of(signature),
                                                 c_text(actor)))

    def profiles(self) -> list[ProfileInfo]:
        """The profiles that the vault keeps."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_jurisdiction_list(vault, fn, user),
                          lib_function("vpy_on_profile"), profile_info_of,
                          "const vpriv_profile_info *")

    def set_device_place(self, place: str, *, actor: str) -> None:
        """Say where the device is: ISO 3166, or "strict" when it is not known."""
        with using(self) as (vault,):
            check(lib.vpriv_jurisdiction_set_device(vault, c_text(place), c_text(actor)))

    def set_subject_home(self, subject: SubjectId, place: str) -> None:
        """Say where a person is at home: ISO 3166, or "strict"."""
        with using(self) as (vault,):
            check(lib.vpriv_subject_set_home(vault, bytes(SubjectId(subject)), c_text(place)))

    def set_subject_birth(self, subject: SubjectId, year: int | None, month: int | None) -> None:
        """Say in which month a person was born; None and None is not known."""
        if (year is None) != (month is None):
            raise ValueError("a year and a month, or neither")
        if (year is not None and year < 1) or (month is not None and month < 1):
            raise ValueError("years and months begin with 1; None is not known")
        with using(self) as (vault,):
            check(lib.vpriv_subject_set_birth(vault, bytes(SubjectId(subject)), year or 0,
                                              month or 0))

    def rules(self, place: str | None = None, subject: SubjectId | None = None) -> Rules:
        """What holds now: at a place, or the strictest of device, controller and subject."""
        out = struct("vpriv_rules")
        with using(self) as (vault,):
            check(lib.vpriv_jurisdiction_rules(
                vault, ffi.NULL if place is None else c_text(place),
                ffi.NULL if subject is None else bytes(SubjectId(subject)), out))
        return rules_of(out)

    def begin_pause(self, purposes: Purpose | Iterable[Purpose], *, actor: str, where: str = "*",
                    start: datetime | None = None, end: datetime | None = None,
                    reason: str | None = None) -> None:
        """Close purposes somewhere, for everybody. start None: now. end None: until it is ended."""
        keep = Keep()
        pause = struct("vpriv_pause", purposes=purpose_bits(purposes), where=keep.text(where),
                       from_us=bound_us(start), until_us=bound_us(end), actor=keep.text(actor),
                       reason=keep.text(reason))
        with using(self) as (vault,):
            check(lib.vpriv_pause_begin(vault, pause))

    def end_pause(self, purposes: Purpose | Iterable[Purpose], *, actor: str, where: str = "*",
                  reason: str | None = None) -> None:
        """End pauses of these purposes with this very scope."""
        keep = Keep()
        pause = struct("vpriv_pause", purposes=purpose_bits(purposes), where=keep.text(where),
                       actor=keep.text(actor), reason=keep.text(reason))
        with using(self) as (vault,):
            check(lib.vpriv_pause_end(vault, pause))

    def pauses(self) -> list[Pause]:
        """Pauses that are on or to come."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_pause_list(vault, fn, user),
                          lib_function("vpy_on_pause"), pause_of, "const vpriv_pause *")

    def order_pause(self, document: str | bytes, signature: bytes) -> None:
        """Do what a signed order says: pause or resume."""
        body = body_of(document)
        with using(self) as (vault,):
            check(lib.vpriv_pause_order(vault, body, len(body), signature_of(signature)))

    def change_controller(self, id: str, name: str, country: str, *, actor: str) -> int:
        """Say that somebody else is the controller. Every consent ends, for good; gives how many.
        country: of its seat, ISO 3166-1."""
        keep, out = Keep(), ffi.new("size_t *")
        controller = struct("vpriv_controller", id=keep.text(id), name=keep.text(name),
                            country=keep.text(country))
        with using(self) as (vault,):
            check(lib.vpriv_controller_change(vault, controller, c_text(actor), out))
        return int(out[0])

    def publish_policy(self, document: str | bytes, signature: bytes) -> None:
        """Publish a policy epoch."""
        body = body_of(document)
        with using(self) as (vault,):
            check(lib.vpriv_policy_publish(vault, body, len(body), signature_of(signature)))

    def policy(self) -> PolicyInfo:
        """Which policy is in force."""
        info = struct("vpriv_policy_info")
        with using(self) as (vault,):
            check(lib.vpriv_policy_about(vault, info))
        return PolicyInfo(info.epoch, time_or_none(info.issued_us), time_or_none(info.stale_us),
                          info.is_stale, info.next_epoch or None,
                          time_or_none(info.next_effective_us))
