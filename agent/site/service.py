"""The site service: one gate among those of its site, which let a permit pass once among them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.core.site import (
    Claim,
    ClaimActive,
    ClaimAnswer,
    ClaimCode,
    ClaimEnded,
    ClaimQuery,
    ClaimReply,
    ClaimRow,
)
from agent.devices import PortState
from agent.site.claim_coordinator import ClaimCoordinator
from agent.site.claimant import NO_LINK, Claimant, SiteRules
from agent.site.dispatcher import MessageDispatcher
from agent.site.gate_view import GateView
from agent.site.head_witness import HeadWitness
from agent.site.ledger_sync import LedgerSync
from agent.site.own_claims import OwnClaims
from agent.site.own_state_at_peers import NOTHING_LOST
from agent.site.sessions import Sessions
from agent.site.start_wait import UNSURE_SHARE
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from agent.core.crypto import SigningKey
    from agent.core.events import Draft
    from agent.core.model import LedgerChange
    from agent.core.site import ClaimRequest, Membership, OpenedMessage
    from agent.mqtt import MqttClient
    from agent.service.worker import Worker
    from agent.site.link import SiteLink
    from agent.site.own_claims import LiveClaim
    from agent.site.own_state_at_peers import OwnState
    from agent.store.journal import Journal, SiteLedger

log = logging.getLogger(__name__)

STOP_S = 5.0
QUERY_SHARE = 0.5
"""Of the time that a claim waits: for what another gate says of an older grant."""


class SiteService:
    """Claims uses of permits for the lanes, answers the claims of other gates, and keeps the ledgers of the site alike.

    All methods may be called from any thread. `claim` before a permit passes, `reserving` around the record that lets
    it. `trust`: the trust state of this gate, which hears what the others hold of it, and says whether its ledger knows
    all uses. `apart`: why this gate may not speak with the others, in words; it never connects then, and does what the
    policy says for a line that is cut. "": it may.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        key: SigningKey,
        uses: Journal,
        ledger: SiteLedger,
        link: SiteLink,
        rules: SiteRules,
        *,
        trust: OwnState = NOTHING_LOST,
        apart: str = "",
    ) -> None:
        self._trust = trust
        self._apart = apart
        self._membership = membership
        self._link = link
        self._rules = rules
        self._sessions = Sessions(membership, key, link, self._gate_met)
        self._own = OwnClaims(membership.own, rules.hold_s, self._claim_ended)
        self._home = ClaimCoordinator(
            membership.own,
            ledger,
            self._own,
            self._sessions.send,
            rules.claim_timeout_s * QUERY_SHARE,
            why_not=self._why_incomplete,
            unsure=lambda: self._exchange.start_wait.awaited,
            unsure_s=rules.claim_timeout_s * UNSURE_SHARE,
        )
        self._exchange = LedgerSync(
            membership,
            self._sessions,
            ledger,
            uses.stream,
            news=self._home.caught_up,
            whole=self._gate_told_all,
            void=self._void_claims_on,
            lost=self._void_all_claims,
            made=self._own.made,
            heads=HeadWitness(trust, ledger),
        )
        self._claimant = Claimant(
            membership,
            rules,
            self._own,
            self._home,
            ledger,
            uses=uses,
            send_message=self._sessions.send,
            alone=self._why_not_alone,
            lost=lambda: self._apart or self._exchange.witnesses.older_copy,
            missing=lambda: self._exchange.missing,
            connected=self._is_connected,
        )
        self._dispatcher = MessageDispatcher(
            membership,
            link,
            self._sessions,
            claims=self._process_message,
            claim_tick=self._tick,
            rows=self._exchange.process_message,
            row_tick=self._exchange.tick,
            link_up=self._exchange.link_up,
        )

    def start(self) -> None:
        """Begin to connect and to answer."""
        self._dispatcher.start()
        self._exchange.start()
        if self._apart:
            log.error("this gate does not join its site: %s", self._apart)
        else:
            self._link.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop within `timeout_s`, whatever the broker does; whether all threads have ended by then."""
        deadline = time.monotonic() + timeout_s
        ended = self._dispatcher.stop(timeout_s / 3)
        ended = self._exchange.stop(timeout_s / 3) and ended
        return self._link.stop(max(0.1, deadline - time.monotonic())) and ended

    @property
    def client(self) -> MqttClient | None:
        """The connection to the broker of the site; None where this gate never connects."""
        return None if self._apart else self._link.client

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads."""
        own = (self._dispatcher.claims.worker, self._dispatcher.rows.worker, self._exchange.worker)
        return own if self._apart else (*own, self._link.worker)

    # -------------------------------------------------------------------------------------------------- for the lanes

    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer | None:
        """Claim a use of a permit.

        Returns the answer at once, or None, and `answer` is called with it, within about `claim_timeout_s`. `answer` is
        called on threads of the service and must not block. May raise JournalError: then nothing is claimed.
        """
        claim_answer = self._claimant.claim(request, answer)
        if claim_answer is None:
            self._dispatcher.claims.submit(lambda: None)  # so that its time is watched
        return claim_answer

    def reserving(self, events: Sequence[Draft], ledger: Sequence[LedgerChange]) -> AbstractContextManager[None]:
        """Hold what these changes reserve while they are recorded.

        Raises LedgerConflictError where a grant is missing.
        """
        return self._own.reserving(events, ledger)

    def _claim_ended(self, live: LiveClaim) -> None:
        self._dispatcher.claims.submit(lambda: self._claimant.report_end(live))

    def _void_claims_on(self, gate: str) -> None:
        for live in self._own.of_home(gate):
            detail = Text("{gate} has lost its ledger", gate=gate)
            self._own.end(live, ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=gate, detail=detail))

    def _void_all_claims(self, why: str) -> None:
        for live in self._own.alive():
            self._own.end(live, ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=self._membership.own, detail=why))

    def _why_incomplete(self) -> str:
        missing = self._exchange.missing
        if missing:
            return Text(
                "the ledger of {own} is not complete: it lacks data of {missing}",
                own=self._membership.own,
                missing=", ".join(missing),
            )
        why = self._trust.why_ledger_open()
        if why:
            return Text("the ledger of {own} is not complete: {why}", own=self._membership.own, why=why)
        return ""

    def _why_not_alone(self) -> str:
        if self._rules.policy.decides_as_home(connected=self._is_connected()):
            return ""
        return self._apart or NO_LINK

    def _is_connected(self) -> bool:
        return self._link.view.state is PortState.UP

    def _gate_met(self, gate: str) -> None:
        """Go on with a gate that was met just now. On the thread of the claims."""
        self._dispatcher.rows.submit(lambda: self._exchange.met(gate))
        self._claimant.claim_again(gate)
        self._home.met(gate)

    def _gate_told_all(self, gate: str) -> None:
        self._dispatcher.claims.submit(lambda: self._claimant.claim_again(gate))

    # --------------------------------------------------------------------------------------------------------- status

    @property
    def gates(self) -> tuple[GateView, ...]:
        """What is known of the other gates of the site."""
        now_at = time.monotonic()
        return tuple(
            GateView(
                gate,
                None if peer.heard_at is None else now_at - peer.heard_at,
                self._sessions.has_met(gate),
                peer.behind,
                self._sessions.missed(gate),
                peer.same_list,
                self._sessions.version_of(gate),
            )
            for gate, peer in self._exchange.peers.items()
        )

    def status(self) -> dict[str, object]:
        """How this gate stands with the others, as JSON values; `missing`: whose rows it lacks before it may grant."""
        view = self._link.view
        peers = {
            gate.gate: {
                "heard_s": None if gate.heard_s is None else round(gate.heard_s, 1),
                "behind": gate.behind,
                "met": gate.met,
                "missed": gate.missed,
                "trouble": gate.trouble,
            }
            for gate in self.gates
        }
        return {
            "connected": view.state is PortState.UP,
            "detail": self._apart or view.detail,
            "policy": self._rules.policy.value,
            "missing": list(self._exchange.missing),
            "peers": peers,
            "refused": dict(self._dispatcher.refused),
        }

    # ------------------------------------------------------------------------------------------------ what others say

    def _tick(self) -> float | None:
        self._home.tick()
        times = (self._claimant.tick(), self._home.next_at(), self._sessions.tick())
        return min((at for at in times if at is not None), default=None)

    def _process_message(self, message: OpenedMessage) -> None:
        match message.said:
            case Claim():
                self._claimed(message, message.said)
            case ClaimReply():
                self._claimant.accept_answer(message.gate, message.said)
            case ClaimQuery():
                self._claimant.answer_query(message.gate, message.said)
            case ClaimEnded():
                self._home.end_claim(message.gate, message.said)
            case ClaimActive():
                self._home.note_alive(message.said.id)
            case _:
                raise AssertionError(f"{message.said.kind} is no message on a claim")

    def _claimed(self, message: OpenedMessage, claim: Claim) -> None:
        def answer(found: ClaimAnswer) -> None:
            said = ClaimReply(
                id=claim.id,
                permit=claim.permit,
                code=found.code,
                use=found.use,
                by=found.gate,
                detail=found.detail,
            )
            self._sessions.send(message.gate, said)

        why = self._why_not_for(message, claim)
        if why:
            answer(ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=self._membership.own, detail=why))
            return
        row = ClaimRow(
            bytes.fromhex(claim.permit),
            claim.vehicle,
            claim.direction,
            claim.max_uses,
            claim.id,
            message.gate,
            claim.already_exited_s,
        )
        self._home.judge_claim(row, answer)

    def _why_not_for(self, message: OpenedMessage, claim: Claim) -> str:
        """Why this gate does not answer another's claim; empty where it does."""
        if not message.same_membership:
            why = Text("its list of the site's gates differs from that of {gate}", gate=message.gate)
            self._dispatcher.refuse(
                "other_list", f"{self._membership.own}: {why}; make [site] gates the same at all of them"
            )
            return why
        if self._membership.home(claim.vehicle) != self._membership.own:
            return Text("it is not the home gate of this vehicle")
        return ""
