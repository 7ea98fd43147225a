"""Judges the state directory, the journal, the keys, the certificates and the weights."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from agent.doctor.codes import Check, Code
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import mode, size, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from agent.doctor.facts import (
        CertificateFacts,
        GateKeyFacts,
        JournalFacts,
        ModelFacts,
        PrivateKeyFacts,
        StateFacts,
        TlsFacts,
    )

FILLING_SHARE: Final = 0.5
"""Of what the journal may use: what is not acknowledged cannot be pruned."""
WAITING_S: Final = 900.0
RENEW_DAYS: Final = 30
_DAY_S: Final = 86_400.0


def state(facts: StateFacts) -> Iterator[Finding]:
    """Whether the agent can keep what must survive, and nobody else sees it."""
    check, path = Check.STATE, str(facts.path)
    if not facts.exists:
        yield Finding(check, path, Code.STATE_MISSING)
        return
    told = []
    if not facts.writable:
        told.append(Finding(check, path, Code.STATE_FORBIDDEN, values={"user": facts.user}))
    if facts.mode & stat.S_IRWXO:
        told.append(Finding(check, path, Code.STATE_OPEN, values={"mode": mode(facts.mode)}))
    yield from told or [Finding(check, path, measured=f"{facts.user} {mode(facts.mode)}")]


def journal(facts: JournalFacts) -> Iterator[Finding]:
    """Whether the journal is sound, is written, and gets its events away."""
    check, path = Check.JOURNAL, str(facts.path)
    if not facts.exists:
        yield Finding(check, path, Code.JOURNAL_MISSING)
        return
    if facts.trouble:
        yield Finding(check, path, Code.JOURNAL_DAMAGED, values={"trouble": facts.trouble})
        return
    told = []
    if facts.failing:
        told.append(Finding(check, path, Code.JOURNAL_FAILING))
    share = facts.size_bytes / facts.limit_bytes if facts.limit_bytes else 0.0
    if facts.unacknowledged and share > FILLING_SHARE:
        values = {"share": f"{share:.0%}", "count": str(facts.unacknowledged)}
        told.append(Finding(check, path, Code.JOURNAL_FILLING, values=values))
    elif facts.delivers and facts.oldest_s is not None and facts.oldest_s > WAITING_S:
        values = {"count": str(facts.unacknowledged), "age": span(facts.oldest_s)}
        told.append(Finding(check, path, Code.JOURNAL_WAITING, values=values))
    measured = f"{facts.events} ({facts.unacknowledged}), {size(facts.size_bytes)} / {size(facts.limit_bytes)}"
    yield from told or [Finding(check, path, measured=measured)]


def gate_key(facts: GateKeyFacts) -> Iterator[Finding]:
    """Whether the gate can sign what it records."""
    if facts.trouble:
        yield Finding(Check.GATE_KEY, code=Code.GATE_KEY_BAD, values={"trouble": facts.trouble})
    elif not facts.exists:
        yield Finding(Check.GATE_KEY, code=Code.GATE_KEY_MISSING)
    else:
        yield Finding(Check.GATE_KEY, measured=facts.public)


def certificates(facts: TlsFacts) -> Iterator[Finding]:
    """Whether every certificate is good now and for the next month, and the keys are nobody else's."""
    told = [finding for one in facts.certificates for finding in _certificate(one, facts.now)]
    yield from told
    for key in facts.keys:
        yield from _private_key(key)


def _certificate(one: CertificateFacts, now: datetime) -> Iterator[Finding]:
    check, path = Check.CERTIFICATES, str(one.path)
    if one.trouble or one.begins is None or one.ends is None:
        yield Finding(check, path, Code.CERTIFICATE_UNUSABLE, values={"trouble": one.trouble})
        return
    told = []
    if one.expected is not None and one.name != one.expected:
        values = {"name": one.name, "expected": one.expected}
        told.append(Finding(check, path, Code.CERTIFICATE_OTHER_NAME, values=values))
    left_s = (one.ends - now).total_seconds()
    date = {"date": f"{one.ends:%Y-%m-%d}"}
    if now < one.begins:
        told.append(Finding(check, path, Code.CERTIFICATE_EARLY, values={"date": f"{one.begins:%Y-%m-%d}"}))
    elif left_s <= 0:
        told.append(Finding(check, path, Code.CERTIFICATE_EXPIRED, values=date))
    elif left_s < RENEW_DAYS * _DAY_S:
        told.append(Finding(check, path, Code.CERTIFICATE_EXPIRES, values={"left": span(left_s), **date}))
    yield from told or [Finding(check, path, measured=f"{one.name}, → {one.ends:%Y-%m-%d}")]


def _private_key(key: PrivateKeyFacts) -> Iterator[Finding]:
    check, path = Check.CERTIFICATES, str(key.path)
    if key.trouble:
        yield Finding(check, path, Code.CERTIFICATE_UNUSABLE, values={"trouble": key.trouble})
    elif key.mode & (stat.S_IRWXO | stat.S_IWGRP):
        yield Finding(check, path, Code.PRIVATE_KEY_OPEN, values={"mode": mode(key.mode)})
    else:
        yield Finding(check, path, measured=mode(key.mode))


def models(facts: Iterable[ModelFacts]) -> Iterator[Finding]:
    """Whether the weights of the networks are those that were measured."""
    for one in facts:
        if one.trouble:
            yield Finding(Check.MODELS, one.file, Code.MODEL_BAD, values={"trouble": one.trouble})
        else:
            yield Finding(Check.MODELS, one.file, measured="SHA-256")
