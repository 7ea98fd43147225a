"""The claims of this gate: which of them are alive, and that nothing is reserved by any other.

A claim has an id of its own, is answered once, and dies when it was not answered in time, when it was not used in time,
or when its home gate asks for it back. A dead claim never comes to life again: that is what lets the home gate give the
use to another gate. Nothing of this outlives the process, and neither do the transactions that claim.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from agent.core.events import AccessGranted
from agent.core.model import LedgerState
from agent.core.site import ClaimAnswer, ClaimCode
from agent.store.errors import LedgerConflictError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.core.events import Draft
    from agent.core.model import LedgerChange
    from agent.core.site import ClaimRequest

PROCESS_BYTES = 4


@dataclass(slots=True)
class LiveClaim:
    """A claim that is asked or granted. `home`: the gate that it is asked of. `until_at`: monotonic, when it dies."""

    id: str
    request: ClaimRequest
    home: str
    until_at: float
    granted: ClaimAnswer | None = None
    waiting: list[Callable[[ClaimAnswer], None]] = field(default_factory=list)


class OwnClaims:
    """All live claims of this gate, one a permit at most.

    Safe to use from any thread; answers are given outside the lock. `hold_s`: how long a grant can be reserved on.
    `over` hears of every claim that has died or was used; it must only enqueue.
    """

    def __init__(self, gate: str, hold_s: float, over: Callable[[LiveClaim], None]) -> None:
        self._gate = gate
        self._hold_s = hold_s
        self._over = over
        self._lock = threading.Lock()
        self._live: dict[bytes, LiveClaim] = {}
        self._process = secrets.token_hex(PROCESS_BYTES)
        self._numbers = count(1)

    # --------------------------------------------------------------------------------------------------- their lives

    def begin(
        self, request: ClaimRequest, home: str, answer: Callable[[ClaimAnswer], None], timeout_s: float
    ) -> LiveClaim | ClaimAnswer | None:
        """Begin a claim; the answer at once where this gate knows it, None where the same is asked already.

        Another transaction's live claim on the permit refuses it: one vehicle is at one lane.
        """
        with self._lock:
            found = self._live.get(request.permit_id)
            if found is not None and found.request.transaction != request.transaction:
                detail = Text("another lane of this gate is using it")
                return ClaimAnswer(ClaimCode.RESERVED_ELSEWHERE, gate=self._gate, detail=detail)
            if found is not None and found.granted is None:
                found.waiting.append(answer)
                return None
            if found is not None and time.monotonic() < found.until_at:
                return found.granted
            claim_id = f"{request.transaction}:{self._process}{next(self._numbers):04x}"
            live = LiveClaim(claim_id, request, home, time.monotonic() + timeout_s, waiting=[answer])
            self._live[request.permit_id] = live
        if found is not None:
            self._over(found)
        return live

    def grant(self, live: LiveClaim, code: ClaimCode, use: int) -> ClaimAnswer | None:
        """Grant a live claim; None where it has died."""
        with self._lock:
            if self._live.get(live.request.permit_id) is not live or live.granted is not None:
                return None
            live.until_at = time.monotonic() + self._hold_s
            live.granted = ClaimAnswer(code, use, hold_until_at=live.until_at)
            waiting, live.waiting = live.waiting, []
        _answer_waiting(waiting, live.granted)
        return live.granted

    def end(self, live: LiveClaim, claim_answer: ClaimAnswer | None = None) -> bool:
        """End a claim, with this answer to all who still wait; returns whether it was alive."""
        with self._lock:
            if self._live.get(live.request.permit_id) is not live:
                return False
            del self._live[live.request.permit_id]
            waiting, live.waiting = live.waiting, []
        if claim_answer is not None:
            _answer_waiting(waiting, claim_answer)
        self._over(live)
        return True

    # ------------------------------------------------------------------------------------------------------ questions

    def find(self, permit_id: bytes, claim_id: str) -> LiveClaim | None:
        """The live claim of this id."""
        with self._lock:
            found = self._live.get(permit_id)
        return found if found is not None and found.id == claim_id else None

    def made(self, claim_id: str) -> bool:
        """Whether a claim is of this process.

        What it reserved is in the ledger, and what it did not use is not reserved.
        """
        return claim_id.rpartition(":")[2].startswith(self._process)

    def overdue(self, now_at: float) -> list[LiveClaim]:
        """The claims whose time is over."""
        with self._lock:
            return [live for live in self._live.values() if now_at >= live.until_at]

    def next_end_at(self) -> float | None:
        """When the next claim dies, in monotonic seconds."""
        with self._lock:
            return min((live.until_at for live in self._live.values()), default=None)

    def alive(self) -> list[LiveClaim]:
        """All of them."""
        with self._lock:
            return list(self._live.values())

    def of_home(self, home: str) -> list[LiveClaim]:
        """The claims that were asked of this gate."""
        with self._lock:
            return [live for live in self._live.values() if live.home == home]

    def of_vehicle(self, vehicle: str) -> list[LiveClaim]:
        """The claims for a vehicle (VIN)."""
        with self._lock:
            return [live for live in self._live.values() if live.request.vehicle == vehicle]

    # ------------------------------------------------------------------------------------------------------ reserving

    @contextmanager
    def reserving(self, events: Sequence[Draft], ledger: Sequence[LedgerChange]) -> Iterator[None]:
        """Hold what these changes reserve while they are recorded: no claim among them dies meanwhile.

        Raises LedgerConflictError where a permit would open without a live, granted claim for just this use and
        transaction. What an officer opens needs none.
        """
        by_permit = any(isinstance(draft.event, AccessGranted) and draft.event.by == "permit" for draft in events)
        reserved = [change for change in ledger if by_permit and change.state is LedgerState.RESERVED]
        if not reserved:
            yield
            return
        with self._lock:
            for change in reserved:
                self._check(change)
            yield
            used = [self._live.pop(change.permit_id) for change in reserved]
        for live in used:
            self._over(live)

    def _check(self, change: LedgerChange) -> None:
        live = self._live.get(change.permit_id)
        granted = live.granted if live is not None and live.request.transaction == change.transaction else None
        if granted is None or granted.use != change.use:
            raise LedgerConflictError(
                Text(
                    "use {use} of permit {permit_id} cannot become {state}: no gate of the site has "
                    "granted it to transaction {transaction}, or the grant has expired",
                    use=change.use,
                    permit_id=change.permit_id.hex(),
                    state=change.state,
                    transaction=change.transaction,
                )
            )


def _answer_waiting(waiting: Sequence[Callable[[ClaimAnswer], None]], claim_answer: ClaimAnswer) -> None:
    for answer in waiting:
        answer(claim_answer)
