"""What the journal stores about commands: that the gate accepted one, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class CommandTaken:
    """A command was accepted: its id is used, and the counter of its key is `counter`.

    `digest`: SHA-256 of its bytes in hex, which tells a repeat from another command of the same id.
    """

    id: str
    digest: str
    key: str
    counter: int
    name: str
    lane: str | None


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """An accepted command has its answer, as JSON bytes."""

    id: str
    answer: bytes


CommandChange: TypeAlias = CommandTaken | CommandAnswered


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """An accepted command as the journal has it. `answer`: None while none is known."""

    taken: CommandTaken
    answer: bytes | None
