"""Judges the state directory, the gate's key and the weights."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.doctor.facts import (
        AnchorFacts,
        GateKeyFacts,
        HeadFileFacts,
        ModelFacts,
        StateFacts,
    )


def anchors(facts: AnchorFacts) -> Iterator[Finding]:
    """Whether what the gate believes is out of the agent's reach, and can still be changed by those who may."""
    check, path = DiagnosticCheck.ANCHORS, str(facts.path)
    if facts.trouble:
        yield Finding(check, path, FindingCode.ANCHORS_UNUSABLE, values={"trouble": facts.trouble})
    elif not facts.exists:
        yield Finding(check, path, FindingCode.ANCHORS_NOT_ADOPTED)
    elif not facts.can_change:
        yield Finding(check, path, FindingCode.ANCHORS_NOT_SEALABLE)
    else:
        yield Finding(check, path, measured=f"{facts.number}{' sealed' if facts.sealed else ''}")


def state(facts: StateFacts) -> Iterator[Finding]:
    """Whether the agent can keep what must survive, and nobody else sees it."""
    check, path = DiagnosticCheck.STATE, str(facts.path)
    if not facts.exists:
        yield Finding(check, path, FindingCode.STATE_MISSING)
        return
    told = []
    if not facts.writable:
        told.append(Finding(check, path, FindingCode.STATE_FORBIDDEN, values={"user": facts.user}))
    if facts.mode & stat.S_IRWXO:
        told.append(Finding(check, path, FindingCode.STATE_OPEN, values={"mode": mode(facts.mode)}))
    yield from told or [Finding(check, path, measured=f"{facts.user} {mode(facts.mode)}")]


def head_file(facts: HeadFileFacts) -> Iterator[Finding]:
    """Whether an older copy of the state would be noticed, and whether the agent has found that something is lost."""
    check = DiagnosticCheck.WITNESS
    told = [
        Finding(check, part, FindingCode.WITNESS_DISAGREES, values={"cause": cause}) for part, cause in facts.not_whole
    ]
    if facts.path is None:
        told.append(Finding(check, code=FindingCode.WITNESS_NONE))
    elif facts.trouble:
        told.append(Finding(check, str(facts.path), FindingCode.WITNESS_BAD, values={"trouble": facts.trouble}))
    yield from told or [Finding(check, str(facts.path), measured="SHA-256")]


def gate_key(facts: GateKeyFacts) -> Iterator[Finding]:
    """Whether the gate can sign what it records."""
    if facts.trouble:
        yield Finding(DiagnosticCheck.GATE_KEY, code=FindingCode.GATE_KEY_BAD, values={"trouble": facts.trouble})
    elif not facts.exists:
        yield Finding(DiagnosticCheck.GATE_KEY, code=FindingCode.GATE_KEY_MISSING)
    elif facts.named and facts.named.lower() != facts.public:
        yield Finding(DiagnosticCheck.GATE_KEY, code=FindingCode.GATE_KEY_UNKNOWN, values={"key": facts.public})
    else:
        yield Finding(DiagnosticCheck.GATE_KEY, measured=facts.public)


def models(facts: Iterable[ModelFacts]) -> Iterator[Finding]:
    """Whether the weights of the networks are those that were measured."""
    for one in facts:
        if one.trouble:
            yield Finding(DiagnosticCheck.MODELS, one.file, FindingCode.MODEL_BAD, values={"trouble": one.trouble})
        else:
            yield Finding(DiagnosticCheck.MODELS, one.file, measured="SHA-256")
