"""The claiming side of a gate.

It asks the home gate of a permit's vehicle for a use, and reports what happened to each granted use.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.site import Claim, ClaimActive, ClaimAnswer, ClaimCode, ClaimEnded, ClaimRow, PartitionPolicy
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from agent.core.site import ClaimQuery, ClaimRequest, Membership, SiteMessage
    from agent.core.site import ClaimReply as AnswerMessage
    from agent.site.claim_coordinator import ClaimCoordinator
    from agent.site.own_claims import LiveClaim, OwnClaims
    from agent.store.journal import Journal, SiteLedger

log = logging.getLogger(__name__)

NO_LINK = Text("there is no connection to the broker of the site")


@dataclass(frozen=True, slots=True)
class SiteRules:
    """How a gate behaves at its site. `claim_timeout_s`: to wait for another gate's answer.

    `hold_s`: how long that is good.
    """

    policy: PartitionPolicy = PartitionPolicy.HOME_GATE
    claim_timeout_s: float = 1.0
    hold_s: float = 5.0


class _Once:
    """Keeps the answer to a claim for the asking thread while it asks, and calls it afterwards."""

    def __init__(self, answer: Callable[[ClaimAnswer], None]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._asking = True
        self._kept: ClaimAnswer | None = None

    def __call__(self, answer: ClaimAnswer) -> None:
        with self._lock:
            if self._asking:
                self._kept = answer
                return
        self._answer(answer)

    def leave(self) -> ClaimAnswer | None:
        """The answer, where it has come; else it will be called."""
        with self._lock:
            self._asking = False
            return self._kept


class Claimant:
    """Claim uses for the lanes of this gate. Safe to use from any thread.

    `alone`: why this gate may not decide on its own vehicles alone now, empty where it may. `lost`: why it may
    not ask others either. `missing`: the gates that have not told everything yet, so that its ledger may not know all
    that this gate ever did. `connected`: whether it has the broker of the site. What may raise JournalError says so.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        rules: SiteRules,
        own: OwnClaims,
        home: ClaimCoordinator,
        ledger: SiteLedger,
        *,
        uses: Journal,
        send_message: Callable[[str, SiteMessage], bool],
        alone: Callable[[], str],
        lost: Callable[[], str],
        missing: Callable[[], Collection[str]],
        connected: Callable[[], bool],
    ) -> None:
        self._membership = membership
        self._rules = rules
        self._own = own
        self._home = home
        self._ledger = ledger
        self._uses = uses
        self._send_message = send_message
        self._alone = alone
        self._lost = lost
        self._missing = missing
        self._connected = connected

    # ---------------------------------------------------------------------------------------------------- for a lane

    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer | None:
        """The answer to a claim, or None, and `answer` hears it. May raise JournalError: then nothing is claimed."""
        once = _Once(answer)
        live = self._own.begin(request, self._membership.home(request.vehicle), once, self._rules.claim_timeout_s)
        if isinstance(live, ClaimAnswer):
            return live
        if live is not None:
            try:
                self._send_claim(live)
            except JournalError:
                self._own.end(live)
                raise
        return once.leave()

    def _send_claim(self, live: LiveClaim) -> None:
        request = live.request
        if why := self._lost() if live.home != self._membership.own else self._alone():
            self._unasked(live, why)
        elif live.home != self._membership.own:
            # A home gate that is not met yet may be met while the claim waits: `claim_again` says it then.
            if not self._send_message(live.home, _claim(live)) and not self._connected():
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
            self._home.judge_claim(row, lambda answer: self._answered(live, answer))

    def _answered(self, live: LiveClaim, answer: ClaimAnswer) -> None:
        if answer.code is ClaimCode.GRANTED and answer.use:
            self._own.grant(live, answer.code, answer.use)
        elif answer.code is ClaimCode.LEDGER_UNREACHABLE or answer.passes:
            self._unasked(live, answer.detail or Text("{home} gave no usable answer", home=live.home))
        else:
            self._own.end(live, answer)

    def _unasked(self, live: LiveClaim, why: str) -> None:
        """Do what the policy says where the home gate gives no answer."""
        request = live.request
        if self._rules.policy.passes_unasked:
            use = self._uses.use_state(request.permit_id, request.transaction).next_use
            if use <= request.max_uses:
                log.warning("permit %s may pass without asking the other gates: %s", request.permit_id.hex(), why)
                self._own.grant(live, ClaimCode.FLAGGED, use)
                return
        self._own.end(live, ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=live.home, detail=why))

    # ----------------------------------------------------------------------------------------- for the queue of claims

    def accept_answer(self, gate: str, message: AnswerMessage) -> None:
        """Take a home gate's answer. One that comes too late is answered that the claim is over.

        A grant counts once that gate has told everything: it leaves it to this one which of its own transactions has
        the use, and a ledger that is new does not know of the one that had it before. May raise JournalError.
        """
        live = self._own.find(bytes.fromhex(message.permit), message.id)
        if live is not None and live.granted is None:
            early = message.code is ClaimCode.GRANTED and gate in self._missing()
            if live.home == gate and not early:
                self._answered(live, ClaimAnswer(message.code, message.use, message.by, Text(message.detail)))
        elif live is None and message.code is ClaimCode.GRANTED and not self._missing():
            self._send_over(gate, message.id, message.permit)

    def claim_again(self, gate: str) -> None:
        """Claim once more what waits for a gate that was met just now, or has told everything just now.

        A claim that comes twice is one claim.
        """
        for live in self._own.of_home(gate):
            if live.granted is None:
                self._send_message(gate, _claim(live))

    def answer_query(self, gate: str, query: ClaimQuery) -> None:
        """Tell a home gate what became of a claim, where this gate can know. May raise JournalError."""
        if self._own.find(bytes.fromhex(query.permit), query.id) is not None:
            self._send_message(gate, ClaimActive(id=query.id, permit=query.permit))
        elif not self._missing():
            self._send_over(gate, query.id, query.permit)

    def report_end(self, live: LiveClaim) -> None:
        """Tell the home gate that a claim has died or was used. May raise JournalError."""
        if live.home != self._membership.own:
            self._send_over(live.home, live.id, live.request.permit_id.hex())

    def _send_over(self, gate: str, claim_id: str, permit: str) -> None:
        # Read after the claim was found dead: whatever it did stands in the row log by now.
        self._send_message(
            gate, ClaimEnded(id=claim_id, permit=permit, stream=self._uses.stream, seq=self._ledger.head())
        )

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
