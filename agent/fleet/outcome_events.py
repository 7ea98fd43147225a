"""What became of fleet documents, as events tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import FleetDocumentChanged
from agent.core.fleet import DocumentProblem
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.fleet import DocumentOutcome
    from agent.settings import Problem

LONGEST_MESSAGE: Final = 300


def event_of(one: DocumentOutcome) -> FleetDocumentChanged:
    """The event of what became of a document."""
    return FleetDocumentChanged(
        kind=one.kind.value,
        audience=one.audience,
        version=one.version,
        digest=one.digest,
        key=one.key,
        state=one.state,
        code=one.code,
        detail=one.detail,
        message=one.message,
        problems=one.problems,
    )


def problems_of(problems: Sequence[Problem]) -> tuple[DocumentProblem, ...]:
    """The mistakes of a configuration as events and outcomes have them; warnings are left out."""
    return tuple(
        DocumentProblem(
            source=one.source,
            line=None if one.spot is None else one.spot.line,
            column=None if one.spot is None else one.spot.column,
            key=one.key,
            message=shortened(str(one.message), LONGEST_MESSAGE),
        )
        for one in problems
        if one.severity == "error"
    )
