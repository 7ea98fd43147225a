"""Central's acknowledgements: which ones the gate accepts, and how it reports the others.

agent.core.events.acknowledgement verifies the sender. This module compares the acknowledgement with the gate's own
journal: the stream, how far the gate recorded and sent it, and the hash of the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from agent.core.events import AckFault, AcknowledgementRefused, AckPolicy, ReadAck, RefusedAck, read_ack
from agent.core.model import FloodFolder, OnceEvery, TokenBucket
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.mqtt.messages import Incoming

EVENT_EVERY_S = 600.0
BEHIND_S = 10.0
VERIFY_PER_S: Final = 200.0
VERIFY_BURST: Final = 400
"""Signatures that are checked. Central sends an acknowledgement a batch: far fewer, also with many workers."""


class OwnEvents(Protocol):
    """The gate's own events, to hold an acknowledgement against; the journal is one."""

    def digest_at(self, seq: int) -> str | None:
        """The hash of an event of the stream, in hex; None where it is not kept. May raise JournalError."""


class HeadListener(Protocol):
    """Who is told what central's signature says of the gate's history: central is a witness of its head."""

    def on_head_witnessed(self, stream: str, seq: int, *, hash_matches: bool | None) -> None:
        """Central has signed that it holds a stream up to `seq`.

        `hash_matches`: whether its event there is the gate's own; None: the gate has none to compare, because the
        stream is another one, it ends before, or the event is not kept any more. Comes on the uplink's thread, with
        every acknowledgement whose signature holds, taken or not; must not block.
        """


@dataclass(frozen=True, slots=True)
class Sending:
    """Where the gate stands when an acknowledgement comes.

    `handed`: the last event that a broker may ever have been given. `sent_now`: an event was sent on this connection.
    `silent`: central has owed an acknowledgement for long.
    """

    stream: str
    head: int
    handed: int
    watermark: int
    sent_now: bool
    silent: bool


def judge_ack(ack: ReadAck, sending: Sending, *, hash_matches: bool | None = None) -> AckFault | None:
    """Why an acknowledgement that was read is not taken, None where it is; from FOREIGN_STREAM on.

    `hash_matches`: as HeadListener has it; None for one that is not signed.
    """
    if ack.stream != sending.stream:
        return AckFault.FOREIGN_STREAM
    if ack.seq > sending.head:
        return AckFault.BEYOND_HEAD
    # What is above the watermark is always kept: a signed hash with nothing to compare it with proves nothing there.
    unproved = ack.digest is not None and hash_matches is None and ack.seq > sending.watermark
    if hash_matches is False or unproved:
        return AckFault.WRONG_HEAD
    if ack.seq > sending.handed:
        return AckFault.BEYOND_SENT
    return AckFault.BEHIND if ack.seq < sending.watermark else None


class Acknowledgements:
    """Takes acknowledgements, counts them, and says which refusals are worth an event. Times are monotonic seconds.

    Two kinds of refusal are common and no sign of trouble, so they make an event only when more speaks for it:

    * foreign_stream: after the journal was replaced, the broker still holds the acknowledgement of the stream before.
      Worth an event after one of this stream came on the same connection, or when central has been silent for long.
    * behind: several consumers at central overtake one another, and a broker may hold an old one. Worth an event when
      nothing better came for `BEHIND_S`, not counting what a broker had stored from before.
    """

    def __init__(self, policy: AckPolicy, events: OwnEvents, witness: HeadListener | None = None) -> None:
        self._policy = policy
        self._events = events
        self._witness = witness
        self._verifying = TokenBucket(VERIFY_PER_S, VERIFY_BURST)
        self._counts = dict.fromkeys(("taken", *(fault.value for fault in AckFault)), 0)
        self._refused: FloodFolder[AckFault, RefusedAck] = FloodFolder(OnceEvery(EVENT_EVERY_S))
        self._heard = self._heard_now = False
        self._refused_from: dict[AckFault, float] = {}
        self._trouble = ""

    @property
    def signed_only(self) -> bool:
        """Whether only those are taken that central signed."""
        return self._policy.signed_only

    @property
    def any_accepted(self) -> bool:
        """Whether one was ever taken."""
        return self._heard

    @property
    def counts(self) -> Mapping[str, int]:
        """How many came, by what became of them."""
        return self._counts.copy()

    @property
    def trouble(self) -> str:
        """In words, why none of central's can be taken; empty when they are."""
        return self._trouble

    def connected(self) -> None:
        """A new connection: what the broker has stored comes first."""
        self._heard_now = False

    def accept(self, message: Incoming, sending: Sending, now: float) -> int | None:
        """The watermark in a message, None when it is not taken. May raise JournalError: then nothing was taken."""
        found = read_ack(message.payload, self._policy, lambda: self._verifying.try_acquire(now))
        if isinstance(found, ReadAck):
            matches = self._compare(found, sending)
            fault = judge_ack(found, sending, hash_matches=matches)
            if fault is None:
                self._take()
                return found.seq
            found = RefusedAck(fault, found.stream, found.seq, found.key)
        self._counts[found.fault.value] += 1
        if self._matters(found, message, sending, now):
            self._refused.add(found.fault, found)
        return None

    def _compare(self, ack: ReadAck, sending: Sending) -> bool | None:
        """Hold what central signed against the gate's own event, and tell the witness; None where it cannot be."""
        if ack.digest is None:
            return None
        own = None
        if ack.stream == sending.stream and ack.seq <= sending.head:
            own = self._events.digest_at(ack.seq)
        matches = None if own is None else own == ack.digest
        if self._witness is not None:
            self._witness.on_head_witnessed(ack.stream, ack.seq, hash_matches=matches)
        return matches

    def _take(self) -> None:
        self._counts["taken"] += 1
        self._heard = self._heard_now = True
        self._refused_from.clear()
        self._trouble = ""

    def _matters(self, refused: RefusedAck, message: Incoming, sending: Sending, now: float) -> bool:
        match refused.fault:
            case AckFault.FOREIGN_STREAM:
                return self._heard_now or sending.silent
            case AckFault.BEHIND:
                stored_before = message.retained and not sending.sent_now
                return not stored_before and self._stays(refused, now)
            case AckFault.UNSIGNED | AckFault.KEY_UNKNOWN | AckFault.SIGNATURE_INVALID | AckFault.WRONG_HEAD:
                if sending.watermark < sending.handed:  # else nothing waits for a better one
                    self._stays(refused, now)
                return True
            case (
                AckFault.MALFORMED
                | AckFault.RATE_LIMITED
                | AckFault.FOREIGN_GATE
                | AckFault.BEYOND_HEAD
                | AckFault.BEYOND_SENT
            ):
                return True
            case _:
                assert_never(refused.fault)

    def _stays(self, refused: RefusedAck, now: float) -> bool:
        """Whether this has been going on for `BEHIND_S` and nothing better came; it is a trouble from then on."""
        since = self._refused_from.setdefault(refused.fault, now)
        if now - since < BEHIND_S:
            return False
        self._trouble = _TROUBLES[refused.fault].filled(seq=refused.seq)
        return True

    def due(self, now: float) -> list[AcknowledgementRefused]:
        """The events to record now.

        Of each kind the first at once, then one in `EVENT_EVERY_S` with the number since.
        """
        return [
            AcknowledgementRefused(
                code=folded.key.value,
                stream=folded.newest.stream,
                seq=folded.newest.seq,
                key=folded.newest.key,
                count=folded.count,
            )
            for folded in self._refused.due(now)
        ]


_TROUBLES: Final[Mapping[AckFault, Text]] = {
    AckFault.UNSIGNED: Text(
        "central's acknowledgements are not signed, and the gate accepts only signed ones: give central "
        "the private key that belongs to mqtt.ack_keys"
    ),
    AckFault.KEY_UNKNOWN: Text(
        "central's acknowledgements are signed with a key that the gate does not know: "
        "compare mqtt.ack_keys with central's key"
    ),
    AckFault.SIGNATURE_INVALID: Text(
        "the signatures of central's acknowledgements are invalid: compare mqtt.ack_keys with central's key, or "
        "someone else writes to this topic"
    ),
    AckFault.WRONG_HEAD: Text(
        "central has stored another event {seq} than the gate has: was the gate restored from a backup, "
        "or does another gate have the same name?"
    ),
    AckFault.BEHIND: Text(
        "central acknowledges only up to event {seq}, less than before: was it restored from a backup? "
        "Then it must ask for the events after {seq} again"
    ),
}
