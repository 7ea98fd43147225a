"""The trust state: whether the gate still has all the data that it needs before it opens for anyone.

A pure step function over facts from witnesses, its consequences, and the signed record of the gate's head.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.trust_state.facts import (
        Accepted,
        ClockTold,
        Fact,
        FloorNamed,
        Head,
        HeadFileWritten,
        HeadNamed,
        JournalReplaced,
        ListsSeen,
        OrderGiven,
        OrdersShown,
        RowsShown,
        StreamBegun,
        Witness,
        WitnessGone,
    )
    from agent.core.trust_state.head_record import (
        HeadFault,
        HeadRecord,
        HeadRecordError,
        opened_head,
        signed_head,
        unproven_head,
    )
    from agent.core.trust_state.lost_ledger import TrustRules
    from agent.core.trust_state.permits_on_hold import NO_HOLD, PARTS, StateHold, hold_of
    from agent.core.trust_state.state import (
        FormerStream,
        PartStanding,
        RowsWanted,
        StatePart,
        TrustState,
        Wholeness,
        state_as_json,
        state_from_json,
    )
    from agent.core.trust_state.trust_state_machine import PartChange, step
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "NO_HOLD",
    "PARTS",
    "Accepted",
    "ClockTold",
    "Fact",
    "FloorNamed",
    "FormerStream",
    "Head",
    "HeadFault",
    "HeadFileWritten",
    "HeadNamed",
    "HeadRecord",
    "HeadRecordError",
    "JournalReplaced",
    "ListsSeen",
    "OrderGiven",
    "OrdersShown",
    "PartChange",
    "PartStanding",
    "RowsShown",
    "RowsWanted",
    "StateHold",
    "StatePart",
    "StreamBegun",
    "TrustRules",
    "TrustState",
    "Wholeness",
    "Witness",
    "WitnessGone",
    "hold_of",
    "opened_head",
    "signed_head",
    "state_as_json",
    "state_from_json",
    "step",
    "unproven_head",
]
