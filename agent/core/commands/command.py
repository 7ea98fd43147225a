"""Commands from central.

This module says which commands name a lane, what can be wrong with a command, and how it ends.
agent.core.commands.check judges commands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.model import CommandName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.model import TraceContext


LANE_COMMANDS = frozenset(
    {
        CommandName.OPEN,
        CommandName.HOLD,
        CommandName.RELEASE,
        CommandName.CLOSE,
        CommandName.LOCK,
        CommandName.UNLOCK,
        CommandName.OUT_OF_SERVICE,
        CommandName.IN_SERVICE,
        CommandName.DISPLAY,
        CommandName.SNAPSHOT,
    }
)

GROUP_COMMANDS = frozenset(
    {
        CommandName.DISPLAY,
        CommandName.RELOAD_LISTS,
        CommandName.SET_LOG_LEVEL,
        CommandName.REBIRTH,
        CommandName.SEND_BUNDLE,
    }
)
"""What may be ordered of a group of gates at once: nothing that moves or marks a lane.

A command to a group carries no gate's challenge, so it is proved to be fresh by its time alone.
"""


class Refusal(StrEnum):
    """Why the gate refuses a command. The values are in the order of the checks: the first check that fails decides."""

    RETAINED = "RETAINED"
    OVERSIZE = "OVERSIZE"
    NOT_A_JWS = "NOT_A_JWS"
    ALG_NOT_ALLOWED = "ALG_NOT_ALLOWED"
    WRONG_TYPE = "WRONG_TYPE"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    BODY_INVALID = "BODY_INVALID"
    WRONG_GATE = "WRONG_GATE"
    WRONG_GROUP = "WRONG_GROUP"
    WRONG_TOPIC = "WRONG_TOPIC"
    NOT_PERMITTED = "NOT_PERMITTED"
    CLOCK_UNSURE = "CLOCK_UNSURE"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    LIFE_TOO_LONG = "LIFE_TOO_LONG"
    CHALLENGE_WRONG = "CHALLENGE_WRONG"
    COUNTER_USED = "COUNTER_USED"
    LANE_UNKNOWN = "LANE_UNKNOWN"
    RATE_LIMITED = "RATE_LIMITED"
    GATE_FAULT = "GATE_FAULT"


class Result(StrEnum):
    """How a command ended.

    DONE: the gate did what was ordered. NOT_DONE: the command is valid, but the gate cannot do it now; nothing
    happened. FAILED: the gate tried and failed. REFUSED: the gate refused the command, see Refusal. UNKNOWN: the gate
    stopped in the middle; look at the events around it.
    """

    DONE = "done"
    NOT_DONE = "not_done"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """A command whose every check held.

    Times are Unix seconds; `arguments`: the model of its name's own fields, dumped. `group`: the group of gates that it
    was ordered of; empty: of this gate alone. `trace`: its sender's; None: none.
    """

    id: str
    key: str
    counter: int
    name: CommandName
    lane: str | None
    operator: str
    cause: str
    issued_at: int
    expires_at: int
    arguments: Mapping[str, object] = field(default_factory=dict, repr=False)
    group: str = ""
    trace: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What became of a command. `detail`: one sentence for people; `data`: what the command brings, JSON values."""

    result: Result
    detail: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
