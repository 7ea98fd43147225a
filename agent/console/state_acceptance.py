"""Two persons take the gate's state as it is: one proposes it, another one confirms, and one of the two is an admin."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from agent.console.access.roles import Role
from agent.console.errors import RefusedError
from agent.core.trust_state import StatePart, Wholeness
from drivers.text import Text

if TYPE_CHECKING:
    from agent.console.access.roles import Person
    from agent.core.trust_state import TrustState

LIFE_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class StateProposal:
    """What somebody proposes to take as it is.

    `cause`: his words. `at`: monotonic seconds. `seen`: the parts, each with why it is not whole.
    """

    person: str
    role: Role
    cause: str
    at: float
    seen: tuple[tuple[StatePart, str], ...]

    @property
    def parts(self) -> frozenset[StatePart]:
        """The parts that would be taken."""
        return frozenset(part for part, _cause in self.seen)


class StateAcceptances:
    """The proposal that waits for a second person. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proposal: StateProposal | None = None

    def waiting(self, state: TrustState, at: float) -> StateProposal | None:
        """The proposal that can be confirmed now: of the last minutes, and of the state as it still is."""
        with self._lock:
            proposal = self._proposal
            if proposal is not None and (at - proposal.at > LIFE_S or proposal.seen != acceptable(state)):
                self._proposal = proposal = None
            return proposal

    def give(self, person: Person, cause: str, state: TrustState, at: float) -> StateProposal | None:
        """Take somebody's word: the proposal that it confirms; None where it is the first.

        Raises RefusedError for who cannot be the second.
        """
        waiting = self.waiting(state, at)
        with self._lock:
            if waiting is None or self._proposal is not waiting:
                seen = acceptable(state)
                if not seen:
                    raise RefusedError(HTTPStatus.CONFLICT, Text("There is nothing to accept: the state is whole."))
                self._proposal = StateProposal(person.name, person.role, cause, at, seen)
                return None
            if waiting.person == person.name:
                raise RefusedError(
                    HTTPStatus.CONFLICT, Text("You proposed this yourself: another person has to confirm it.")
                )
            if Role.ADMIN not in {waiting.role, person.role}:
                raise RefusedError(HTTPStatus.FORBIDDEN, Text("One of the two persons has to be an admin."))
            self._proposal = None
            return waiting


def acceptable(state: TrustState) -> tuple[tuple[StatePart, str], ...]:
    """The parts that persons can take as they are, each with why it is not whole.

    A journal that must not go on is none: another stream begins by itself.
    """
    return tuple(
        (part, state.standing(part).cause)
        for part in StatePart
        if not state.standing(part).whole
        and not (part is StatePart.JOURNAL and state.standing(part).state is Wholeness.BEHIND)
    )
