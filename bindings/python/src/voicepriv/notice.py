"""Notices: the exact text that people are shown, and documents that it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._callbacks import lib_function, listed, waiting
from ._convert import c_text, raw, struct, text
from ._native import ffi, lib
from .errors import check
from .kinds import NoticeRule


@dataclass(frozen=True)
class Notice:
    """The exact text a person was shown. language: BCP 47."""

    id: str
    version: str
    language: str
    text: str

    @property
    def sha256(self) -> bytes:
        """The hash that consents bind to, over the exact UTF-8 bytes."""
        out = ffi.new("uint8_t[]", lib.VPRIV_SHA256_BYTES)
        notice, kept = c_notice(self)
        check(lib.vpriv_notice_hash(notice, out))
        del kept
        return raw(out)


def c_notice(notice: Notice) -> tuple[Any, list[Any]]:
    """For C, and what it points to."""
    body = notice.text.encode()
    kept = [ffi.new("char[]", c_text(part))
            for part in (notice.id, notice.version, notice.language)]
    kept.append(ffi.from_buffer("char[]", body))
    return struct("vpriv_notice", id=kept[0], version=kept[1], language=kept[2], text=kept[3],
                  text_bytes=len(body)), kept


@dataclass(frozen=True)
class NoticeFinding:
    """One thing that is wrong with a notice document."""

    rule: NoticeRule
    where: str  #: such as "languages.de.purposes.keep_history"


def _finding(finding: Any, _number: int) -> NoticeFinding:
    return NoticeFinding(NoticeRule(finding.rule), text(finding.where))


def lint_notice(document: str) -> list[NoticeFinding]:
    """Check a notice document (JSON, doc/notices.md) by every rule; empty is good."""
    n, json = ffi.new("size_t *"), document.encode()
    return listed(lambda fn, user: lib.vpriv_notice_lint(json, len(json), fn, user, n),
                  lib_function("vpy_on_notice_finding"), _finding, "const vpriv_notice_finding *")


def render_notice(document: str, language: str) -> Notice:
    """Make the exact text that people are shown from a notice document."""
    out, json = ffi.new("vpriv_notice_text **"), document.encode()
    with waiting():
        check(lib.vpriv_notice_render(json, len(json), c_text(language), out))
    try:
        notice = lib.vpriv_notice_text_notice(out[0])
        return Notice(text(notice.id), text(notice.version), text(notice.language),
                      raw(notice.text, notice.text_bytes).decode())
    finally:
        lib.vpriv_notice_text_free(out[0])
