"""The acknowledgement of central: `{"stream": ..., "seq": ...}`, the watermark.

Which ones are taken, and who is told of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from pydantic import ValidationError

from agent.core.events import Ack, AcknowledgementRefused
from agent.core.model import FloodFolder, OnceEvery
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.mqtt.messages import Incoming

BYTES_LIMIT = 1_024
EVENT_EVERY_S = 600.0
BEHIND_S = 10.0


class AckFault(StrEnum):
    """Why an acknowledgement is not taken."""

    MALFORMED = "malformed"
    FOREIGN_STREAM = "foreign_stream"
    BEYOND_HEAD = "beyond_head"
    BEYOND_SENT = "beyond_sent"
    BEHIND = "behind"


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


def read_ack(
    payload: bytes, *, stream: str, head: int, handed: int | None = None, watermark: int = 0
) -> int | AckFault:
    """The watermark in a payload, or why it is not taken. Never raises, whatever the bytes.

    `handed`: the last event that a broker may ever have been given, where that is less than `head`. `watermark`: what
    was acknowledged before; less than that means that central has lost what it had stored.
    """
    ack = _parsed(payload)
    if ack is None:
        return AckFault.MALFORMED
    if ack.stream != stream:
        return AckFault.FOREIGN_STREAM
    if ack.seq > head:
        return AckFault.BEYOND_HEAD
    if handed is not None and ack.seq > handed:
        return AckFault.BEYOND_SENT
    return AckFault.BEHIND if ack.seq < watermark else ack.seq


def _parsed(payload: bytes) -> Ack | None:
    if len(payload) > BYTES_LIMIT:
        return None
    try:
        return Ack.model_validate_json(payload)
    except ValidationError:
        return None


class Acknowledgements:
    """Takes acknowledgements, counts them, and says which refusals are worth an event. Times are monotonic seconds.

    Two kinds of refusal are common and no sign of trouble, so they make an event only when more speaks for it:

    * foreign_stream: after the journal was replaced, the broker still holds the acknowledgement of the stream before.
      Worth an event after one of this stream came on the same connection, or when central has been silent for long.
    * behind: several consumers at central overtake one another, and a broker may hold an old one. Worth an event when
      nothing better came for `BEHIND_S`, not counting what a broker had stored from before.
    """

    def __init__(self) -> None:
        self._counts = dict.fromkeys(("taken", *(fault.value for fault in AckFault)), 0)
        self._refused: FloodFolder[AckFault, bytes] = FloodFolder(OnceEvery(EVENT_EVERY_S))
        self._heard = self._heard_now = False
        self._behind_from: float | None = None
        self._trouble = ""

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
        """In words, when central has lost what it had acknowledged; empty when it has not."""
        return self._trouble

    def connected(self) -> None:
        """A new connection: what the broker has stored comes first."""
        self._heard_now = False

    def accept(self, message: Incoming, sending: Sending, now: float) -> int | None:
        """The watermark in a message, None when it is not taken."""
        answer = read_ack(
            message.payload,
            stream=sending.stream,
            head=sending.head,
            handed=sending.handed,
            watermark=sending.watermark,
        )
        if not isinstance(answer, AckFault):
            self._counts["taken"] += 1
            self._heard = self._heard_now = True
            self._behind_from = None
            self._trouble = ""
            return answer
        self._counts[answer.value] += 1
        if self._matters(answer, message, sending, now):
            self._refused.add(answer, message.payload)
        return None

    def _matters(self, fault: AckFault, message: Incoming, sending: Sending, now: float) -> bool:
        match fault:
            case AckFault.FOREIGN_STREAM:
                return self._heard_now or sending.silent
            case AckFault.BEHIND:
                return not (message.retained and not sending.sent_now) and self._stays_behind(message, now)
            case AckFault.MALFORMED | AckFault.BEYOND_HEAD | AckFault.BEYOND_SENT:
                return True
            case _:
                assert_never(fault)

    def _stays_behind(self, message: Incoming, now: float) -> bool:
        if self._behind_from is None:
            self._behind_from = now
        ack = _parsed(message.payload)
        if ack is None or now - self._behind_from < BEHIND_S:
            return False
        self._trouble = Text(
            "central acknowledges only up to {seq}, less than before: was it restored from a backup? It must have the "
            "events after {seq} replayed",
            seq=ack.seq,
        )
        return True

    def due(self, now: float) -> list[AcknowledgementRefused]:
        """The events to record now.

        Of each kind the first at once, then one in `EVENT_EVERY_S` with the number since.
        """
        events = []
        for folded in self._refused.due(now):
            said = _parsed(folded.newest)
            stream, seq = (None, None) if said is None else (said.stream, said.seq)
            events.append(AcknowledgementRefused(code=folded.key.value, stream=stream, seq=seq, count=folded.count))
        return events
