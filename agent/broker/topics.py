"""The topic tree of one gate, below `gate/v1/{gate}`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.text import Text

ROOT = "gate/v1"
GROUP_ROOT = f"{ROOT}/group"
GATE_ID_LIMIT = 64

# One level of a topic that every broker and every access list takes literally: no wildcard, no separator, and no dot,
# which in AMQP separates levels.
_LEVEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


def check_gate_id(gate: str) -> str:
    """Return the gate id as it is: 1 to 64 of A-Z a-z 0-9 _ -, a letter or digit first.

    It is the CN of the gate's certificate. Raises ValueError with what to fix.
    """
    if not gate:
        raise ValueError(Text("the gate id is empty; it is the CN of the gate's certificate, like khorgos-03"))
    if len(gate) > GATE_ID_LIMIT:
        message = Text(
            "the gate id has {count} characters; a certificate's CN holds at most {most}",
            count=len(gate),
            most=GATE_ID_LIMIT,
        )
        raise ValueError(message)
    if not _LEVEL.fullmatch(gate):
        wrong = next((sign for sign in gate if not re.fullmatch(r"[A-Za-z0-9_-]", sign)), gate[0])
        message = Text(
            "the gate id {gate!r} may not hold {wrong!r} there; use letters, digits, _ and -, a letter or digit first",
            gate=gate,
            wrong=wrong,
        )
        raise ValueError(message)
    return gate


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one gate. Raises ValueError for an id that would not stay one level of a topic."""

    gate: str

    def __post_init__(self) -> None:
        check_gate_id(self.gate)

    @property
    def root(self) -> str:
        """What all topics of the gate begin with."""
        return f"{ROOT}/{self.gate}"

    def event(self, event_type: str) -> str:
        """Where events of this type go. Raises ValueError for a type that is no dotted lower-case name."""
        if not _TYPE.fullmatch(event_type):
            message = f"{event_type!r} is no event type"
            raise ValueError(message)
        return f"{self.root}/event/{event_type}"

    @property
    def status(self) -> str:
        """The gate's retained status, also its last will."""
        return f"{self.root}/status"

    @property
    def birth(self) -> str:
        """What the gate is, retained, published on every connect."""
        return f"{self.root}/birth"

    @property
    def health(self) -> str:
        """How well the gate does, retained."""
        return f"{self.root}/health"

    @property
    def ack(self) -> str:
        """The watermark, from central."""
        return f"{self.root}/ack"

    def evidence(self, sha256: str) -> str:
        """Where the picture with this hash goes."""
        return f"{self.root}/evidence/{sha256}"

    @property
    def commands(self) -> str:
        """Filter for all commands to this gate."""
        return f"{self.root}/cmd/#"

    def command(self, name: str) -> str:
        """Where the command of this name comes in."""
        return f"{self.root}/cmd/{name}"

    def result(self, name: str) -> str:
        """Where the result of the command of this name goes."""
        return f"{self.root}/res/{name}"


@dataclass(frozen=True, slots=True)
class GroupTopics:
    """The topics of a group of gates: what central orders of all of them at once.

    Raises ValueError for a name that would not stay one level of a topic.
    """

    group: str

    def __post_init__(self) -> None:
        if not _LEVEL.fullmatch(self.group):
            raise ValueError(Text("the group {group!r} may hold letters, digits, _ and - only", group=self.group))

    @property
    def commands(self) -> str:
        """Filter for all commands to the group."""
        return f"{GROUP_ROOT}/{self.group}/cmd/#"

    def command(self, name: str) -> str:
        """Where the command of this name to the group comes in."""
        return f"{GROUP_ROOT}/{self.group}/cmd/{name}"
