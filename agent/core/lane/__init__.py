"""The rules of one lane: `step.step` takes a lane and an input to the next lane and its effects.

No clock, no thread, no device: time comes in with the input. The table is drawn in docs/lane.md.
"""

from agent.core.lane.io import (
    Answered,
    Close,
    Commanded,
    CommandKind,
    Decide,
    Decided,
    Effect,
    Hold,
    Input,
    InterlockChanged,
    Keep,
    Lamp,
    PlateRead,
    Presented,
    Pulsed,
    Raise,
    ReadersChanged,
    Record,
    RecordFailed,
    RelayChanged,
    Sampled,
    Show,
    Ticked,
)
from agent.core.lane.orders import HOLD_CONTACT, KEY_SWITCH
from agent.core.lane.records import transaction_id
from agent.core.lane.state import GATHERING, Lane, LaneOrders, LaneRules, State, Watch, at_rest, occupies
from agent.core.lane.test_pulse import obstacle

__all__ = [
    "GATHERING",
    "HOLD_CONTACT",
    "KEY_SWITCH",
    "Answered",
    "Close",
    "CommandKind",
    "Commanded",
    "Decide",
    "Decided",
    "Effect",
    "Hold",
    "Input",
    "InterlockChanged",
    "Keep",
    "Lamp",
    "Lane",
    "LaneOrders",
    "LaneRules",
    "PlateRead",
    "Presented",
    "Pulsed",
    "Raise",
    "ReadersChanged",
    "Record",
    "RecordFailed",
    "RelayChanged",
    "Sampled",
    "Show",
    "State",
    "Ticked",
    "Watch",
    "at_rest",
    "obstacle",
    "occupies",
    "transaction_id",
]
