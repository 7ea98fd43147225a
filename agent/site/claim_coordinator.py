"""The home gate's side: what other gates claim here, and this gate itself.

A grant to another gate stays in the ledger until that gate says that the claim is over, and its row log is known here
as far as it stood then: what became of the claim is known then, whatever got lost, or came twice, or came late.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from agent.core.site import ClaimAnswer, ClaimCode, ClaimQuery, ClaimRefusal, ClaimRow
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.site import ClaimEnded, ClaimVerdict, Consent, Cursor, SiteMessage
    from agent.site.own_claims import OwnClaims
    from agent.store.journal import SiteLedger

log = logging.getLogger(__name__)

T = TypeVar("T")

QUERIES_A_CLAIM = 4
DOUBT_AFTER_S = 10.0
DOUBTS_AT_ONCE = 20
CONSENTS_READ = 10_000
ALL_AGES_S = -1e9
KEPT = 10_000
CODES = {
    ClaimRefusal.USED: ClaimCode.USED_AT_OTHER_GATE,
    ClaimRefusal.RESERVED: ClaimCode.RESERVED_ELSEWHERE,
    ClaimRefusal.EXITED: ClaimCode.VIN_ALREADY_EXITED,
}


@dataclass(slots=True)
class _Case:
    """A claim that is being judged.

    It may wait for what another gate says of an `older` grant, whose claim is `doubt`; or, where that is empty, for
    what others say of this gate's own ledger.
    """

    row: ClaimRow
    done: Callable[[ClaimAnswer], None]
    until_at: float
    doubt: str = ""
    older: Consent | None = None
    asked: set[str] = field(default_factory=set)
    answer: ClaimAnswer | None = None


class ClaimCoordinator:
    """Judge claims by the ledger of this gate. Safe to use from any thread.

    `query_s`: how long to wait for another gate's answer about an older grant.
    `why_not`: why this gate does not know of all
    uses, so that it grants nothing; empty where it does. `unsure`: whether others may still show that it does not; a
    claim waits `unsure_s` for that.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        gate: str,
        ledger: SiteLedger,
        own: OwnClaims,
        send_message: Callable[[str, SiteMessage], bool],
        query_s: float,
        *,
        why_not: Callable[[], str],
        unsure: Callable[[], bool],
        unsure_s: float,
    ) -> None:
        self._gate = gate
        self._ledger = ledger
        self._own = own
        self._send_message = send_message
        self._query_s = query_s
        self._why_not = why_not
        self._unsure = unsure
        self._unsure_s = unsure_s
        self._lock = threading.RLock()
        self._waiting: list[_Case] = []
        self._over: dict[str, tuple[str, ClaimEnded]] = {}
        self._granted: dict[str, Cursor] = {}
        self._doubts_at = 0.0

    def judge_claim(self, row: ClaimRow, done: Callable[[ClaimAnswer], None]) -> None:
        """Answer a claim of a gate, at once or within `unsure_s` and `query_s`.

        May raise JournalError; then there is no answer.
        """
        with self._lock:
            case = _Case(row, done, time.monotonic() + self._unsure_s)
            self._waiting.append(case)
            if not self._unsure():
                self._begin(case)

    def end_claim(self, gate: str, message: ClaimEnded) -> None:
        """Note that a claim is over, as its gate says. May raise JournalError."""
        with self._lock:
            if self._is_older(gate, message):
                return
            _keep(self._over, message.id, (gate, message))
            self._revoke_ended_grants(gate)

    def caught_up(self, gate: str) -> None:
        """Hear that rows of a gate were taken over, or that it has nothing against this one's.

        May raise JournalError.
        """
        with self._lock:
            self._revoke_ended_grants(gate)
            stream = self._ledger.cursor(gate).stream
            # What was said by another stream was lost with it, or is asked again.
            self._over = {
                claim_id: (whose, message)
                for claim_id, (whose, message) in self._over.items()
                if whose != gate or message.stream == stream
            }
            if not self._unsure():
                for case in self._in_doubt_of(""):
                    self._begin(case)

    def note_alive(self, claim_id: str) -> None:
        """Note that a claim is not over yet, as its gate says."""
        with self._lock:
            for case in self._in_doubt_of(claim_id):
                self._finish(case)

    def met(self, gate: str) -> None:
        """Ask a gate that was met just now once more what a claim waits for."""
        with self._lock:
            for case in self._waiting:
                if case.older is not None and case.older.gate == gate:
                    self._query(case.older)

    def tick(self) -> None:
        """Give up on what was asked in vain, and ask after old grants. May raise JournalError."""
        now_at = time.monotonic()
        with self._lock:
            for case in [case for case in self._waiting if now_at >= case.until_at]:
                if case.doubt:
                    self._finish(case)
                else:
                    self._begin(case)
            if now_at >= self._doubts_at:
                self._doubts_at = now_at + DOUBT_AFTER_S
                for consent in self._ledger.unconfirmed(DOUBT_AFTER_S, DOUBTS_AT_ONCE):
                    self._query(consent)

    def next_at(self) -> float | None:
        """When `tick` has something to do for a claim that waits, in monotonic seconds."""
        with self._lock:
            return min((case.until_at for case in self._waiting), default=None)

    # -------------------------------------------------------------------------------------------------- one claim

    def _begin(self, case: _Case) -> None:
        """Judge a claim that waited for nothing but this gate's own ledger."""
        self._waiting.remove(case)
        case.until_at = time.monotonic() + self._query_s
        self._go_on(case)

    def _go_on(self, case: _Case) -> None:
        if why := self._why_not():
            case.done(ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate=self._gate, detail=why))
            return
        if self._stands_here(case.row):
            detail = Text("a vehicle with it is at that gate now")
            case.done(ClaimAnswer(ClaimCode.RESERVED_ELSEWHERE, gate=self._gate, detail=detail))
            return
        verdict = self._ledger.claim(case.row)
        if verdict.refusal is None:
            if case.row.gate != self._gate:
                _keep(self._granted, case.row.transaction, self._ledger.cursor(case.row.gate))
            case.done(ClaimAnswer(ClaimCode.GRANTED, verdict.use))
            return
        case.answer = _refused(verdict, verdict.refusal)
        doubtful = self._consent(verdict)
        may_ask = len(case.asked) < QUERIES_A_CLAIM and time.monotonic() < case.until_at
        if doubtful is None or doubtful.transaction in case.asked or not may_ask:
            self._finish(case)
            return
        case.doubt, case.older = doubtful.transaction, doubtful
        case.asked.add(case.doubt)
        self._waiting.append(case)
        self._query(doubtful)  # where it does not go, the gate may be met before the case's time is over

    def _query(self, consent: Consent) -> None:
        self._send_message(consent.gate, ClaimQuery(id=consent.transaction, permit=consent.permit_id.hex()))

    def _stands_here(self, row: ClaimRow) -> bool:
        """Whether a lane of this gate is about to reserve what another claim is for.

        The ledger does not know it yet.
        """
        permits = {live.request.permit_id for live in self._own.of_vehicle(row.vehicle)}
        if row.gate != self._gate and row.permit_id in permits:
            return True
        return bool(row.window_s and permits - {row.permit_id})

    def _consent(self, verdict: ClaimVerdict) -> Consent | None:
        """The grant of this gate that stands behind a refusal; None where it is what a gate says of its own act."""
        consents = self._ledger.unconfirmed(ALL_AGES_S, CONSENTS_READ)
        names = (verdict.gate, verdict.transaction)
        return next((one for one in consents if (one.gate, one.transaction) == names), None)

    def _finish(self, case: _Case) -> None:
        if case in self._waiting:
            self._waiting.remove(case)
        if case.answer is not None:
            case.done(case.answer)

    def _in_doubt_of(self, claim_id: str) -> list[_Case]:
        return [case for case in self._waiting if case.doubt == claim_id]

    # ------------------------------------------------------------------------------------------ what others have done

    def _is_older(self, gate: str, message: ClaimEnded) -> bool:
        """Whether a message names a place that was known before its claim was granted.

        What the claim did stands behind that. It comes late, or the journal of its gate is an older copy, which gives
        places a second time.
        """
        known = self._granted.get(message.id) or self._ledger.cursor(gate)
        return message.stream == known.stream and message.seq < known.seq

    def _revoke_ended_grants(self, gate: str) -> None:
        """Take back the grants of claims that are over and whose fate is known here by now."""
        messages = [message for whose, message in self._over.values() if whose == gate]
        if not messages:
            return
        cursor = self._ledger.cursor(gate)
        known = {
            message.id
            for message in messages
            if message.seq == 0 or (message.stream == cursor.stream and message.seq <= cursor.seq)
        }
        for consent in self._ledger.unconfirmed(ALL_AGES_S, CONSENTS_READ) if known else ():
            if consent.gate == gate and consent.transaction in known:
                self._ledger.release_claim(gate, consent.permit_id, consent.use, consent.transaction)
        for claim_id in known:
            del self._over[claim_id]
            self._granted.pop(claim_id, None)
            for case in self._in_doubt_of(claim_id):
                self._waiting.remove(case)
                self._go_on(case)


def _keep(kept: dict[str, T], claim_id: str, what: T) -> None:
    """Keep something of a claim, in place of what is oldest where there is too much."""
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[claim_id] = what


def _refused(verdict: ClaimVerdict, refusal: ClaimRefusal) -> ClaimAnswer:
    detail = (
        "" if refusal is not ClaimRefusal.EXITED else Text("by permit {permit_id}", permit_id=verdict.permit_id.hex())
    )
    return ClaimAnswer(CODES[refusal], gate=verdict.gate, detail=detail)
