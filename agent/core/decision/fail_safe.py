"""Turns an error inside a decision into a decision for an officer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agent.core.model import Check, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


def with_fail_safe(work: Callable[[], _T], otherwise: Callable[[str], _T]) -> _T:
    """Do the work; after any exception take the other answer, made with the exception's class name.

    The one place of the core that catches everything: a fault in a decision must end at an officer, not in an open
    barrier and not in a lane that stands still. The name goes into the decision, and with it into the journal.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        return otherwise(type(error).__name__)


def internal(name: str) -> Check:
    """The check that stands for the fault."""
    return Check(Reason.INTERNAL_ERROR, ok=False, detail=name)
