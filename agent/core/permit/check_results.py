"""The checks made on one permit text so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.model import Check, Reason

if TYPE_CHECKING:
    from agent.core.permit.claims import Permit


class CheckFailedError(Exception):
    """A check failed; the check list has it."""


class CheckList:
    """Every check made, in order, and the permit as soon as its signature and its claims hold."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.permit: Permit | None = None

    def require(self, reason: Reason, ok: bool, detail: str = "") -> None:
        """Note a check. Raises CheckFailedError where it did not hold."""
        self.checks.append(Check(reason, ok, detail))
        if not ok:
            raise CheckFailedError

    def failure(self, reason: Reason, detail: str) -> CheckFailedError:
        """Note a check that did not hold, and return what is to be raised."""
        self.checks.append(Check(reason, ok=False, detail=detail))
        return CheckFailedError()
