"""Checks a permit against the lists: revoked, declared, released, the same as the code, and the age of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks.check_input import failed, held
from agent.core.lists import DataState
from agent.core.model import DeclarationStatus, ListKind, Reason, Verdict
from agent.core.permit import PermitForm
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.decision.checks.check_input import Case, CheckFinding
    from agent.core.lists import DataStanding
    from agent.core.model import Declaration
    from agent.core.permit import Permit

UNSIGNED: Final = frozenset({PermitForm.REFERENCE, PermitForm.PLATE})
"""The forms that prove nothing without their declaration."""

COMPARED: Final[Mapping[str, Text]] = {
    "issuer": Text("issuer"),
    "declaration": Text("declaration number"),
    "vin": Text("VIN"),
    "plate": Text("plate"),
    "site": Text("site"),
    "direction": Text("direction"),
}
"""The fields that a permit and its declaration have, and which must be the same, with their names in words."""


def revoked(case: Case) -> CheckFinding:
    """PERMIT_REVOKED: central took the permit back."""
    revocation = case.known.revocation
    if revocation is not None:
        return failed(Verdict.DENY, Reason.PERMIT_REVOKED, revocation.cause)
    return held(Reason.PERMIT_REVOKED, _version(case, ListKind.REVOCATIONS))


def declared(case: Case) -> CheckFinding:
    """DECLARATION_UNKNOWN: a declaration is needed and is not here.

    Where the lists are too old, that decides instead.
    """
    state = case.known.data.state
    if case.known.declaration is not None:
        return held(Reason.DECLARATION_UNKNOWN, _version(case, ListKind.DECLARATIONS))
    if state is DataState.TOO_OLD:
        return held(Reason.DECLARATION_UNKNOWN, Text("not checked, the lists are too old"))
    needed = case.rules.declaration == "required" or case.permit.form in UNSIGNED
    if needed or state is DataState.KNOWN_ONLY:
        detail = Text("this lane requires it") if needed else Text("the lists are so old that it is required")
        return failed(verdict_on_unknown(case.known.data), Reason.DECLARATION_UNKNOWN, detail)
    return held(Reason.DECLARATION_UNKNOWN, Text("it has not arrived, and is not required"))


def verdict_on_unknown(data: DataStanding) -> Verdict:
    """Refuse what fresh declarations do not hold; while they may lag behind, it is the gate that does not know."""
    fresh = data.state is DataState.FRESH and ListKind.DECLARATIONS in data.versions
    return Verdict.DENY if fresh else Verdict.MANUAL


def released(case: Case) -> CheckFinding | None:
    """DECLARATION_NOT_RELEASED: an officer acts on what customs holds.

    What is not released yet, or void, is refused.
    """
    declaration = case.known.declaration
    if declaration is None:
        return None
    status = declaration.status
    if status is DeclarationStatus.RELEASED:
        return held(Reason.DECLARATION_NOT_RELEASED, Text.of_code(status))
    verdict = Verdict.MANUAL if status is DeclarationStatus.HELD else Verdict.DENY
    return failed(verdict, Reason.DECLARATION_NOT_RELEASED, Text.of_code(status))


def agreeing(case: Case) -> CheckFinding | None:
    """DECLARATION_MISMATCH: the code and its declaration are not of the same vehicle or the same crossing.

    Or the declaration holds no longer, not yet, or not in this lane: the code is of before central changed it.
    """
    declaration, permit, admission = case.known.declaration, case.permit, case.known.admission
    if declaration is None:
        return None
    other = [COMPARED[name] for name in differing(permit, declaration)]
    if other:
        return failed(
            Verdict.DENY,
            Reason.DECLARATION_MISMATCH,
            Text("different {other}", other=joined(other)),
        )
    if admission is not None and admission.reason is not Reason.OK:
        return failed(
            Verdict.DENY,
            Reason.DECLARATION_MISMATCH,
            Text("the declaration: {detail}", detail=admission.checks[-1].detail),
        )
    return held(Reason.DECLARATION_MISMATCH)


def differing(permit: Permit, declaration: Declaration) -> tuple[str, ...]:
    """The fields among `COMPARED` in which a permit and its declaration are not the same."""
    return tuple(name for name in COMPARED if getattr(permit, name) != getattr(declaration, name))


def fresh_enough(case: Case) -> CheckFinding:
    """DATA_TOO_OLD: too long since central last confirmed the lists for anything to pass."""
    data = case.known.data
    age = [] if data.age_s is None else [Text("{age_s} s old", age_s=f"{data.age_s:.0f}")]
    detail = joined([data.state, *age, Text("trust list {version}", version=data.trust)])
    if data.state is DataState.TOO_OLD:
        return failed(Verdict.MANUAL, Reason.DATA_TOO_OLD, detail)
    return held(Reason.DATA_TOO_OLD, detail)


def _version(case: Case, kind: ListKind) -> str:
    version = case.known.data.versions.get(kind)
    return (
        Text("no {kind} are here", kind=kind)
        if version is None
        else Text("{kind} {version}", kind=kind, version=version)
    )
