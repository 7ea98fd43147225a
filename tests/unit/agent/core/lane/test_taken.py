"""Whether a vehicle was let through and went, and what else the events of a transaction name of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.core.events.event_types import VehiclePresent
from agent.core.lane.step_inputs import CommandKind
from agent.core.model import Outcome
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.yard import (
    PERMIT,
    Yard,
    clearing,
    deciding,
    opened,
    opening,
    passing,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def ended(yard: Yard) -> tuple[Outcome, bool | None, bool | None]:
    closed = yard.closed()
    return closed.outcome, closed.granted, closed.taken


ENDS: dict[str, tuple[Callable[[], Yard], Callable[[Yard], object], tuple[Outcome, bool, bool | None]]] = {
    "a vehicle that passed was there": (clearing, lambda y: y.wait(1.1), (Outcome.PASSED, True, True)),
    "a vehicle that backed out was under the arm": (
        passing,
        lambda y: y.sense(safety=False) + y.sense(presence=False) + y.wait(1.1),
        (Outcome.BACKED_OUT, True, True),
    ),
    "a vehicle that did not go was seen not to": (
        opened,
        lambda y: y.sense(presence=False) + y.wait(1.1),
        (Outcome.NOT_TAKEN, True, False),
    ),
    "a vehicle that drove off before was not let through": (
        present,
        lambda y: y.sense(presence=False),
        (Outcome.ABANDONED, False, False),
    ),
    "a vehicle that was refused stays out": (
        deciding,
        lambda y: y.decide(Verdict.DENY, Reason.EXPIRED),
        (Outcome.DENIED, False, False),
    ),
    "a pulse that did not reach the barrier let nobody through": (
        opening,
        lambda y: y.pulsed("not_delivered"),
        (Outcome.FAULT, True, False),
    ),
    "nobody knows what a vehicle does at an open arm while the inputs are lost": (
        opened,
        lambda y: y.tick(0.5),
        (Outcome.FAULT, True, None),
    ),
    "a vehicle under the arm when the inputs were lost was there": (
        passing,
        lambda y: y.tick(0.5),
        (Outcome.FAULT, True, True),
    ),
    "nobody knows yet what a vehicle does at an arm that was forced": (
        lambda: present(has_closed=True),
        lambda y: y.sense(closed=False),
        (Outcome.FAULT, False, None),
    ),
    "nobody knows yet what a vehicle does at an arm that is held open": (
        opened,
        lambda y: y.order(CommandKind.HOLD),
        (Outcome.OVERRIDDEN, True, None),
    ),
    "a vehicle is assumed to have passed a blind lane": (
        lambda: opened(blind=True),
        lambda y: y.wait(8.1),
        (Outcome.PASSED, True, True),
    ),
    "a blind lane cannot tell that a vehicle stayed out": (
        lambda: deciding(blind=True),
        lambda y: y.decide(Verdict.DENY, Reason.EXPIRED),
        (Outcome.DENIED, False, None),
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_outcome_says_whether_it_was_granted_and_taken(name: str) -> None:
    way, act, expected = ENDS[name]
    yard = way()
    act(yard)
    assert ended(yard) == expected


def test_a_transaction_names_its_direction_and_what_the_permit_declares() -> None:
    yard = deciding(direction="out")
    yard.decide(Verdict.DENY, Reason.ALREADY_USED, permit=PERMIT)
    begun = next(draft.event for draft in yard.drafts() if isinstance(draft.event, VehiclePresent))
    closed = yard.closed()
    assert (begun.direction, closed.direction) == ("out", "out")
    assert (closed.declaration, closed.vin) == ("000000000000000007", PERMIT.vin)


def test_a_transaction_without_a_permit_or_a_direction_names_none() -> None:
    yard = present()
    yard.sense(presence=False)
    closed = yard.closed()
    assert (closed.direction, closed.declaration, closed.vin) == (None, None, None)
