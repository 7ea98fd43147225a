"""Judges the certificates of the connections, and who may read their private keys."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import mode, span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from agent.doctor.facts import CertificateFacts, PrivateKeyFacts, TlsFacts

RENEW_DAYS: Final = 30
LATE_DAYS: Final = 1
"""After its day, that a renewal may still be under way."""
_DAY_S: Final = 86_400.0


def certificates(facts: TlsFacts) -> Iterator[Finding]:
    """Whether every certificate is good now and for the next month, and the keys are nobody else's."""
    told = [finding for one in facts.certificates for finding in _certificate(one, facts.now)]
    yield from told
    for key in facts.keys:
        yield from _private_key(key)


def _certificate(one: CertificateFacts, now: datetime) -> Iterator[Finding]:
    check, path = DiagnosticCheck.CERTIFICATES, str(one.path)
    if one.trouble or one.begins is None or one.ends is None:
        yield Finding(check, path, FindingCode.CERTIFICATE_UNUSABLE, values={"trouble": one.trouble})
        return
    told = []
    if one.expected is not None and one.name != one.expected:
        values = {"name": one.name, "expected": one.expected}
        told.append(Finding(check, path, FindingCode.CERTIFICATE_OTHER_NAME, values=values))
    left_s = (one.ends - now).total_seconds()
    date = {"date": f"{one.ends:%Y-%m-%d}"}
    if now < one.begins:
        told.append(Finding(check, path, FindingCode.CERTIFICATE_EARLY, values={"date": f"{one.begins:%Y-%m-%d}"}))
    elif left_s <= 0:
        told.append(Finding(check, path, FindingCode.CERTIFICATE_EXPIRED, values=date))
    elif left_s < RENEW_DAYS * _DAY_S:
        told.append(Finding(check, path, FindingCode.CERTIFICATE_EXPIRES, values={"left": span(left_s), **date}))
    if one.renews is not None and (now - one.renews).total_seconds() > LATE_DAYS * _DAY_S and left_s > 0:
        values = {"due": f"{one.renews:%Y-%m-%d}", "trouble": one.renewal_trouble or "-", **date}
        told.append(Finding(check, path, FindingCode.CERTIFICATE_NOT_RENEWED, values=values))
    renewed = "" if one.renews is None else f", ↻ {one.renews:%Y-%m-%d}"
    yield from told or [Finding(check, path, measured=f"{one.name}, → {one.ends:%Y-%m-%d}{renewed}")]


def _private_key(key: PrivateKeyFacts) -> Iterator[Finding]:
    check, path = DiagnosticCheck.CERTIFICATES, str(key.path)
    if key.trouble:
        yield Finding(check, path, FindingCode.CERTIFICATE_UNUSABLE, values={"trouble": key.trouble})
    elif key.mode & (stat.S_IRWXO | stat.S_IWGRP):
        yield Finding(check, path, FindingCode.PRIVATE_KEY_OPEN, values={"mode": mode(key.mode)})
    else:
        yield Finding(check, path, measured=mode(key.mode))
