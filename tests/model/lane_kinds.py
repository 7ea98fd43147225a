"""The kinds of lanes that are explored: small ones to the end, and all inputs as far as the bounds let them."""

from __future__ import annotations

from typing import Final

from agent.core.lane.step_inputs import CommandKind
from tests.model.lane import LaneKind
from tests.model.lane_inputs import OFFICERS, Choice

_ALL_ORDERS: Final = tuple(CommandKind)
_LIMITS: Final = {"has_opened": True, "has_closed": True}
_AGENT: Final = {"close_mode": "agent"}
_SHARED: Final = {"neighbours": True, "shares_arm": True}
_SERVED: Final = ("tick +1", "permit X +0", "decision PASS +0", "relay up +0", "pulse *", "close *")
_LOOPS: Final = ("sample A[01] B[01] +1", "sample A- B- +1")
_PASSES: Final = (("deciding", "opening"), ("opening", "passing"), ("passing", "clearing"), ("clearing", "closing"))
_BLIND: Final = (("deciding", "opening"), ("opening", "open"), ("open", "idle"))
_CLOSES: Final = (("deciding", "opening"), ("opening", "open"), ("open", "passing"), ("clearing", "closing"))

SMALL: Final = {
    # few inputs, each at one instant only, so that they can be explored to the end
    "served": LaneKind(
        {}, Choice(only=(*_SERVED, *_LOOPS, "decision DENY +0", "decision RETRY +0"), restarts=False), _PASSES
    ),
    "faults": LaneKind(
        {}, Choice(only=(*_SERVED, "sample A[01]* B0 +1", "sample A1 B1 +1", "readers * +1", "relay * +0")), _PASSES
    ),
    "officer": LaneKind(
        {}, Choice(OFFICERS, only=("tick +1", *_LOOPS, "order * +0", "relay * +0", "pulse *")), (("idle", "opening"),)
    ),
    "orders": LaneKind(
        {},
        Choice(
            _ALL_ORDERS,
            only=(
                *_SERVED,
                "sample A[01] B0 +1",
                "sample A1 B1 +1",
                "order *ock +0",
                "order *service +0",
                "order open +0",
            ),
        ),
        (*_PASSES, ("idle", "out_of_service"), ("deciding", "waiting")),
    ),
    "waits for a VIN": LaneKind(
        {},
        Choice(
            vins=True,
            only=(
                *_SERVED,
                *_LOOPS[:1],
                "vin +*",
                "decision RETRY for a VIN +0",
                "decision RETRY +0",
                "decision MANUAL +0",
            ),
            restarts=False,
        ),
        (*_PASSES, ("deciding", "manual"), ("manual", "deciding")),
    ),
    "limits": LaneKind(
        _LIMITS,
        Choice(only=(*_SERVED, "sample A[01] B[01] up0 down[01] +1", "sample A1 B0 up1 down0 +1", "decision DENY +0")),
        _CLOSES,
    ),
    "closed by the agent": LaneKind(
        {**_AGENT, "has_closed": True},
        Choice(
            (CommandKind.CLOSE,),
            only=(*_SERVED, "sample A[01] B0 down[01] +1", "sample A[01] B1 down0 +1", "order close +0"),
            restarts=False,
        ),
        (("deciding", "opening"), ("clearing", "closing"), ("closing", "passing"), ("violation", "closing")),
    ),
    "key and hold contact": LaneKind(
        {"has_key": True, "has_hold": True},
        Choice(only=("tick +1", "sample A[01] B0* +1", "sample A1 B1* +1", "relay * +0", "pulse *")),
        (("idle", "opening"), ("idle", "held_open"), ("held_open", "open")),
    ),
    "shared arm": LaneKind(
        _SHARED, Choice(only=(*_SERVED, *_LOOPS[:1], "way * +0"), restarts=False), (*_PASSES, ("idle", "yielding"))
    ),
    "blind": LaneKind(
        {"blind": True},
        Choice(
            OFFICERS,
            only=("tick +1", "permit X +0", "decision *+0", "order open +0", "relay * +0", "readers * +0", "pulse *"),
        ),
        _BLIND,
    ),
    "blind, held": LaneKind(
        {"blind": True},
        Choice(
            OFFICERS,
            only=(
                "tick +1",
                "permit X +0",
                "decision PASS +0",
                "decision RETRY +0",
                "order *+0",
                "relay * +0",
                "pulse *",
            ),
        ),
        (*_BLIND, ("idle", "held_open")),
    ),
}
LARGE: Final = {
    # all inputs, at the same instant and one tick later: as deep as the bounds let them
    "all": LaneKind({}, Choice(OFFICERS, rich=True)),
    "all, closed by the agent": LaneKind(_AGENT, Choice(OFFICERS)),
    "all, every order": LaneKind({}, Choice(_ALL_ORDERS)),
    "all, limits": LaneKind(_LIMITS, Choice(OFFICERS)),
    "all, limits, photocell, agent": LaneKind({**_LIMITS, **_AGENT, "has_photocell": True}, Choice(OFFICERS)),
    "all, closed limit, agent, tests": LaneKind({**_AGENT, "has_closed": True}, Choice(_ALL_ORDERS)),
    "all, key, hold, limits, agent": LaneKind(
        {**_LIMITS, **_AGENT, "has_key": True, "has_hold": True}, Choice(OFFICERS)
    ),
    "all, interlock, closed limit": LaneKind({"neighbours": True, "has_closed": True}, Choice(OFFICERS)),
    "all, shared arm, agent": LaneKind({**_SHARED, **_AGENT, "has_opened": True}, Choice(OFFICERS)),
    "all, shared arm, hold, every order": LaneKind(
        {**_SHARED, "has_closed": True, "has_hold": True}, Choice(_ALL_ORDERS)
    ),
    "all, by plate": LaneKind({"decides_by_plate": True}, Choice(OFFICERS, permits=2, plates=True)),
    "all, blind": LaneKind({"blind": True}, Choice(_ALL_ORDERS)),
    "all, blind, by plate": LaneKind(
        {"blind": True, "decides_by_plate": True}, Choice(OFFICERS, permits=2, plates=True)
    ),
    "all, blind, shared arm": LaneKind(
        {**_SHARED, "blind": True, "has_key": True, "has_hold": True}, Choice(_ALL_ORDERS)
    ),
}
