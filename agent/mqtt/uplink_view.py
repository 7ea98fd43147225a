"""What others may know of the uplink."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.mqtt.delivery_settings import AckMode


class AckState(StrEnum):
    """What is heard of acknowledgements. SILENT: central owes one. NONE: nobody is asked (ack mode puback)."""

    WAITING = "waiting"
    HEARD = "heard"
    SILENT = "silent"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class UplinkView:
    """What others may know of the uplink.

    `trouble`: why events do not get through, in words; empty when they do. `refused`: the broker's refusals, counted.
    `sent`: all up to this event were handed to a broker. `resent`: events sent again because they were in doubt.
    `answer_s`: how long central takes for an event, smoothed; None: not measured yet. `resend_after_s`: how long it may
    take before the gate sends the oldest event again. `acks`: acknowledgements by what became of them. `acks_signed`:
    whether only those are taken that central signed; None: nobody is asked. `replays`: ranges that wait to be sent to
    their end; `replayed`: events sent for them.
    """

    ack_mode: AckMode
    ack: AckState
    sent: int
    under_way: int
    refused: int
    resent: int
    answer_s: float | None
    resend_after_s: float
    quarantine: tuple[int, ...]
    trouble: str
    acks: Mapping[str, int]
    acks_signed: bool | None
    replays: int
    replayed: int
