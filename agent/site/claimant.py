"""The claiming side of a gate.

Asks the home gate of a permit's vehicle, and says what became of what it was granted.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.site import Alive, Claim, ClaimAnswer, ClaimCode, ClaimRow, Over, PartitionPolicy
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.site import ClaimReply as AnswerWord
    from agent.core.site import ClaimRequest, Membership, Query
    from agent.site.claim_grants import ClaimCoordinator
    from agent.site.own_claims import LiveClaim, OwnClaims
    from agent.site.ports import Answer, SharedLedger, Speak, Uses

log = logging.getLogger(__name__)

NO_LINK = Text("there is no connection to the broker of the site")


@dataclass(frozen=True, slots=True)
class SiteRules:
    """How a gate behaves at its site. `claim_timeout_s`: to wait for another gate's word.

    `hold_s`: how long that is good.
    """

    policy: PartitionPolicy = PartitionPolicy.HOME_GATE
    claim_timeout_s: float = 1.0
    hold_s: float = 5.0


class _Once:
    """Keeps the word on a claim for whoever asks as long as it asks, and calls it afterwards."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._asking = True
        self._word: ClaimAnswer | None = None

    def __call__(self, word: ClaimAnswer) -> None:
        with self._lock:
            if self._asking:
                self._word = word
                return
        self._answer(word)

    def leave(self) -> ClaimAnswer | None:
        """The word, where it has come; else it will be called."""
        with self._lock:
            self._asking = False
            return self._word


class Claimant:
    """Claim uses for the lanes of this gate. Safe to use from any thread.

    `alone`: why this gate may not have the last word on its own vehicles now, empty where it may. `lost`: why it may
    not ask others either. `complete`: whether its ledger knows all that this gate ever did. What may raise JournalError
    says so.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        rules: SiteRules,
        own: OwnClaims,
        home: ClaimCoordinator,
        ledger: SharedLedger,
        *,
        uses: Uses,
        speak: Speak,
        alone: Callable[[], str],
        lost: Callable[[], str],
        complete: Callable[[], bool],
    ) -> None:
        self._membership = membership
        self._rules = rules
        self._own = own
        self._home = home
        self._ledger = ledger
        self._uses = uses
        self._speak = speak
        self._alone = alone
        self._lost = lost
        self._complete = complete

    # ---------------------------------------------------------------------------------------------------- for a lane

    def claim(self, request: ClaimRequest, answer: Answer) -> ClaimAnswer | None:
        """The word on a claim, or None, and `answer` hears it. May raise JournalError: then nothing is claimed."""
        once = _Once(answer)
        live = self._own.begin(request, self._membership.home(request.vehicle), once, self._rules.claim_timeout_s)
        if isinstance(live, ClaimAnswer):
            return live
        if live is not None:
            try:
                self._ask(live)
            except JournalError:
                self._own.end(live)
                raise
        return once.leave()

    def _ask(self, live: LiveClaim) -> None:
        request = live.request
        if why := self._lost() if live.home != self._membership.own else self._alone():
            self._unasked(live, why)
        elif live.home != self._membership.own:
            if not self._speak(live.home, _claim(live)):
                self._unasked(live, NO_LINK)
        else:
            row = ClaimRow(
                request.permit_id,
                request.vehicle,
                request.direction,
                request.max_uses,
                request.transaction,
                self._membership.own,
                request.already_exited_s,
            )
            self._home.judge(row, lambda word: self._answered(live, word))

    def _answered(self, live: LiveClaim, word: ClaimAnswer) -> None:
        if word.code is ClaimCode.GRANTED and word.use:
            self._own.grant(live, word.code, word.use)
        elif word.code is ClaimCode.LEDGER_UNREACHABLE or word.passes:
            self._unasked(live, word.detail or Text("{home} gives no word that can be gone by", home=live.home))
        else:
            self._own.end(live, word)

    def _unasked(self, live: LiveClaim, why: str) -> None:
        """Do what the policy says where the home gate gives no word."""
        request = live.request
        if self._rules.policy is PartitionPolicy.ALLOW_AND_FLAG:
            use = self._uses.use_state(request.permit_id, request.transaction).next_use
            if use <= request.max_uses:
                log.warning("permit %s may pass unasked: %s", request.permit_id.hex(), why)
                self._own.grant(live, ClaimCode.FLAGGED, use)
                return
        self._own.end(live, ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=live.home, detail=why))

    # --------------------------------------------------------------------------------------------- for the words inbox

    def answered(self, gate: str, word: AnswerWord) -> None:
        """Take a home gate's word. One that comes too late is answered that the claim is over.

        May raise JournalError.
        """
        live = self._own.find(bytes.fromhex(word.permit), word.id)
        if live is not None and live.granted is None:
            if live.home == gate:
                self._answered(live, ClaimAnswer(word.code, word.use, word.by, Text(word.detail)))
        elif live is None and word.code is ClaimCode.GRANTED and self._complete():
            self._tell_over(gate, word.id, word.permit)

    def asked(self, gate: str, word: Query) -> None:
        """Tell a home gate what became of a claim, where this gate can know. May raise JournalError."""
        if self._own.find(bytes.fromhex(word.permit), word.id) is not None:
            self._speak(gate, Alive(id=word.id, permit=word.permit))
        elif self._complete():
            self._tell_over(gate, word.id, word.permit)

    def over(self, live: LiveClaim) -> None:
        """Tell the home gate that a claim has died or was used. May raise JournalError."""
        if live.home != self._membership.own:
            self._tell_over(live.home, live.id, live.request.permit_id.hex())

    def _tell_over(self, gate: str, claim_id: str, permit: str) -> None:
        # Read after the claim was found dead: whatever it did stands in the row log by now.
        self._speak(gate, Over(id=claim_id, permit=permit, stream=self._uses.stream, seq=self._ledger.head()))

    def tick(self) -> float | None:
        """Let die what was not answered or not used in time; when the next one is due. May raise JournalError."""
        for live in self._own.overdue(time.monotonic()):
            if live.granted is None:
                self._unasked(
                    live,
                    Text(
                        "{home} did not answer within {claim_timeout_s} s",
                        home=live.home,
                        claim_timeout_s=f"{self._rules.claim_timeout_s:g}",
                    ),
                )
            else:
                self._own.end(live)
        return self._own.next_end_at()


def _claim(live: LiveClaim) -> Claim:
    request = live.request
    return Claim(
        id=live.id,
        permit=request.permit_id.hex(),
        vehicle=request.vehicle,
        direction=request.direction,
        max_uses=request.max_uses,
        already_exited_s=request.already_exited_s,
    )
