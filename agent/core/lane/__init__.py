"""The rules of one lane: `step.step` takes a lane and an input, and returns the next lane and its effects.

No clock, no thread, no device: the caller passes the time with each input. docs/lane.md shows the table of transitions.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.lane.driver_facts import plate_shown, waits_until
    from agent.core.lane.driver_messages import (
        NO_ORACLE,
        message_for,
        message_for_reason,
        message_for_state,
        message_shown,
    )
    from agent.core.lane.dry_run import DryRunVehicle, followed
    from agent.core.lane.effects import (
        Close,
        Decide,
        Effect,
        Hold,
        KeepPictures,
        Lamp,
        OrderAnswered,
        Raise,
        Record,
        Show,
    )
    from agent.core.lane.event_drafts import transaction_id
    from agent.core.lane.hold import HOLD_CONTACT
    from agent.core.lane.lane_rules import LaneRules
    from agent.core.lane.orders import KEY_SWITCH
    from agent.core.lane.state import (
        GATHERING,
        InputState,
        Lane,
        LaneLockout,
        LaneState,
        at_rest,
        occupies,
        waits_to_lower,
    )
    from agent.core.lane.step_inputs import (
        CommandKind,
        Decided,
        Input,
        InterlockChanged,
        OfficerCommand,
        OrderSubject,
        PlateRead,
        Presented,
        Pulsed,
        ReadersChanged,
        RecordFailed,
        RelayChanged,
        Sampled,
        TextForDriver,
        TextOrdered,
        Ticked,
        VinRead,
    )
    from agent.core.lane.test_pulse import pulse_obstacle
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "GATHERING",
    "HOLD_CONTACT",
    "KEY_SWITCH",
    "NO_ORACLE",
    "Close",
    "CommandKind",
    "Decide",
    "Decided",
    "DryRunVehicle",
    "Effect",
    "Hold",
    "Input",
    "InputState",
    "InterlockChanged",
    "KeepPictures",
    "Lamp",
    "Lane",
    "LaneLockout",
    "LaneRules",
    "LaneState",
    "OfficerCommand",
    "OrderAnswered",
    "OrderSubject",
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
    "TextForDriver",
    "TextOrdered",
    "Ticked",
    "VinRead",
    "at_rest",
    "followed",
    "message_for",
    "message_for_reason",
    "message_for_state",
    "message_shown",
    "occupies",
    "plate_shown",
    "pulse_obstacle",
    "transaction_id",
    "waits_to_lower",
    "waits_until",
]
