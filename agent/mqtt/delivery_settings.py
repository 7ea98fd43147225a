"""How the gate delivers its events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WINDOW_LIMIT = 100


class AckMode(StrEnum):
    """What counts as delivered.

    WATERMARK: what central says that it has stored. PUBACK: what the broker has taken; for brokers without such a
    consumer, and no proof that anybody has the event.
    """

    WATERMARK = "watermark"
    PUBACK = "puback"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How to send.

    `resend_s`: how long the watermark may stand still before the oldest event is sent again, until it is measured how
    long central takes; from then on the measured time counts, from `resend_min_s` to `resend_max_s`. A `resend_s`
    beyond one of these bounds moves it. `settle_s`: the shortest such time while it is in doubt whether the broker kept
    what it took. `ask_s`: between questions whether central is there again, when the broker had nobody to give an event
    to. `ahead_limit`: how many events may be sent beyond the watermark, so that the broker's queues have an end.
    `window_limit`: how many the broker may owe an answer. `puback_timeout_s`: for how long it may owe one before the
    connection counts as broken; in a fleet that reconnects at once, answers can take many seconds. `stall_s`: for how
    long events may not get through over a standing link before an alarm says so. `silent_s`: for how long central may
    stay silent before the gate reconnects, in case its subscription is lost.
    """

    ack_mode: AckMode = AckMode.WATERMARK
    resend_s: float = 30.0
    resend_min_s: float = 10.0
    resend_max_s: float = 300.0
    settle_s: float = 1.0
    ask_s: float = 5.0
    ahead_limit: int = 5_000
    window_limit: int = WINDOW_LIMIT
    puback_timeout_s: float = 30.0
    stall_s: float = 600.0
    silent_s: float = 90.0
