"""Two persons take the gate's state as it is: one proposes it, another one confirms, and one of the two is an admin."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from agent.console.access.roles import Role
from agent.console.errors import RefusedError
from agent.core.lane import CommandKind
from agent.core.trust_state import StatePart, Wholeness
from agent.recording import OWN_NAME
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.console.access.roles import Person
    from agent.core.trust_state import TrustState
    from agent.lane import LaneService

LIFE_S: Final = 900.0
ORDER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class StateProposal:
    """What somebody proposes to take as it is.

    `cause`: his words. `at`: monotonic seconds. `seen`: the parts, each with why it is not whole.
    """

    person: str
    cause: str
    at: float
    seen: tuple[tuple[StatePart, str], ...]

    @property
    def parts(self) -> frozenset[StatePart]:
        """The parts that would be taken."""
        return frozenset(part for part, _cause in self.seen)


class StateAcceptances:
    """The proposal that waits for a second person. For all threads."""

    def __init__(self, role_of: Callable[[str], Role | None]) -> None:
        """`role_of`: the role that a user has now; None: he may not log in any more."""
        self._role_of = role_of
        self._lock = threading.Lock()
        self._proposal: StateProposal | None = None

    def waiting(self, state: TrustState, at: float) -> StateProposal | None:
        """The proposal that can be confirmed now.

        It is of the last minutes, of the state as it still is, and of somebody who may still propose it.
        """
        with self._lock:
            proposal = self._proposal
            if proposal is not None and (
                at - proposal.at > LIFE_S or proposal.seen != acceptable(state) or not self._may(proposal.person)
            ):
                self._proposal = proposal = None
            return proposal

    def give(self, person: Person, cause: str, shown: str, state: TrustState, at: float) -> StateProposal | None:
        """Take somebody's word: the proposal that it confirms; None where it is the first.

        `shown`: the mark of what his page showed (`mark_of`). Raises RefusedError for who cannot be the second, and
        where there is something else to accept by now, or somebody else proposes it.
        """
        self.waiting(state, at)  # forgets one that is over
        with self._lock:
            waiting, seen = self._proposal, acceptable(state)
            if not seen:
                raise RefusedError(HTTPStatus.CONFLICT, Text("There is nothing to accept: the data is complete."))
            if waiting is not None and waiting.person == person.name:
                raise RefusedError(
                    HTTPStatus.CONFLICT, Text("You proposed this yourself. Another person must confirm it.")
                )
            if shown != mark_of(state, waiting):
                raise RefusedError(
                    HTTPStatus.CONFLICT,
                    Text("The losses have changed since your page was loaded. Check them again. Nothing was done."),
                )
            if waiting is None:
                self._proposal = StateProposal(person.name, cause, at, seen)
                return None
            if Role.ADMIN not in {self._role_of(waiting.person), person.role}:
                raise RefusedError(HTTPStatus.FORBIDDEN, Text("One of the two people must be an administrator."))
            self._proposal = None
            return waiting

    def _may(self, name: str) -> bool:
        role = self._role_of(name)
        return role is not None and role.covers(Role.TECHNICIAN)


def mark_of(state: TrustState, waiting: StateProposal | None) -> str:
    """What names all that a page shows to be accepted, and who proposes it: another word is none for it."""
    proposed = None if waiting is None else (waiting.person, waiting.cause, waiting.at)
    told = [[(part.value, cause) for part, cause in acceptable(state)], proposed]
    return sha256(json.dumps(told).encode()).hexdigest()


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


def unlock_own(lanes: Iterable[LaneService], persons: str, cause: str) -> None:
    """Unlock the lanes that the gate itself has locked, and no other: a lane that an officer locked stays locked."""
    for lane in lanes:
        if lane.view is not None and lane.view.lockout.locked_by == OWN_NAME:
            lane.order(CommandKind.UNLOCK, persons, cause, ORDER_S)
