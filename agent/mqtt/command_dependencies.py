"""What the desk of the commands needs: who may order what, and the journal to read and to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.commands import CommandChange, CommandEntry, CommandKey
    from agent.core.events import Draft
    from agent.core.model import LedgerChange


class CommandStore(Protocol):
    """What the desk reads in the journal."""

    def command(self, command_id: str) -> CommandEntry | None:
        """The accepted command of this id."""
        ...

    def command_counter(self, key: str) -> int:
        """The highest counter accepted of a key."""
        ...

    def unanswered_commands(self) -> Sequence[CommandEntry]:
        """The accepted commands without an answer."""
        ...


class CommandRecords(Protocol):
    """How the desk writes into the journal (agent.recording.recorder.Recorder)."""

    def bind(
        self, events: Sequence[Draft], ledger: Sequence[LedgerChange] = (), commands: Sequence[CommandChange] = ()
    ) -> None:
        """Record now, or raise."""
        ...

    def note(
        self, events: Sequence[Draft], ledger: Sequence[LedgerChange] = (), commands: Sequence[CommandChange] = ()
    ) -> None:
        """Record as soon as possible; never raises for the journal."""
        ...


@dataclass(frozen=True, slots=True)
class CommandRules:
    """Who may order what here. `keys` by their id; `lanes` by name."""

    gate: str
    keys: Mapping[str, CommandKey]
    lanes: frozenset[str]
    max_life_s: int
