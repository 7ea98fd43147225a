"""Commands from central: their format, their signatures, and when the gate may obey them.

Only judges a command. Other parts of the gate carry it out.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.commands.body import BODIES, SAYABLE_MESSAGES, TRACE_FIELDS, CommandBody
    from agent.core.commands.check import (
        BYTES_LIMIT,
        CommandKey,
        Proved,
        ReceivedCommand,
        RefusedCommand,
        Situation,
        judge,
        prove,
    )
    from agent.core.commands.command import GROUP_COMMANDS, LANE_COMMANDS, Command, CommandAnswer, Refusal, Result
    from agent.core.commands.group_body import GROUP_BODIES, GroupBody
    from agent.core.commands.issue import CommandInvalidError, make, make_for_group, sign
    from agent.core.commands.record import CommandAnswered, CommandChange, CommandEntry, CommandTaken
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BODIES",
    "BYTES_LIMIT",
    "GROUP_BODIES",
    "GROUP_COMMANDS",
    "LANE_COMMANDS",
    "SAYABLE_MESSAGES",
    "TRACE_FIELDS",
    "Command",
    "CommandAnswer",
    "CommandAnswered",
    "CommandBody",
    "CommandChange",
    "CommandEntry",
    "CommandInvalidError",
    "CommandKey",
    "CommandTaken",
    "GroupBody",
    "Proved",
    "ReceivedCommand",
    "Refusal",
    "RefusedCommand",
    "Result",
    "Situation",
    "judge",
    "make",
    "make_for_group",
    "prove",
    "sign",
]
