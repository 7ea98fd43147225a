"""What the gate says of itself on `birth` and `status`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.core.chain import SCHEMA_VERSION
from agent.core.events import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.chain import ClockReading
    from agent.link.outbox import Outbox
    from agent.link.uplink_view import UplinkView


@dataclass(frozen=True, slots=True)
class GateIdentity:
    """Who the gate is. `boot`: new with every start. `inventory`: lanes and devices, as JSON values, for `birth`."""

    gate: str
    version: str
    boot: str
    inventory: Mapping[str, object]


class GatePresence:
    """Makes the payloads, compact JSON in UTF-8.

    `extra`: more fields for both, such as the challenge of the commands; a field of the same name is replaced.
    """

    def __init__(
        self,
        identity: GateIdentity,
        outbox: Outbox,
        clock: Callable[[], ClockReading],
        uplink: Callable[[], UplinkView],
        extra: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._clock = clock
        self._uplink = uplink
        self._extra = extra

    def birth(self) -> bytes:
        """What the gate is: inventory, versions, stream."""
        return _compact(
            {
                **self._common(),
                "schema": SCHEMA_VERSION,
                "types": [event.TYPE for event in TYPES],
                "inventory": dict(self._identity.inventory),
                **self._extra(),
            }
        )

    def status(self, state: str, broker: int) -> bytes:
        """How the gate is: online, offline (stopped in order) or lost (the will, as of the connect)."""
        uplink = self._uplink()
        head, acked = self._outbox.head, self._outbox.watermark
        return _compact(
            {
                "state": state,
                **self._common(),
                "seq_head": head,
                "seq_acked": acked,
                "depth": head - acked,
                "ack_mode": uplink.ack_mode.value,
                "ack": uplink.ack.value,
                "trouble": uplink.trouble,
                "refused": uplink.refused,
                "acks": dict(uplink.acks),
                "broker": broker,
                **self._extra(),
            }
        )

    def _common(self) -> dict[str, object]:
        clock = self._clock()
        return {
            "gate": self._identity.gate,
            "version": self._identity.version,
            "boot": self._identity.boot,
            "stream": self._outbox.stream,
            "time": datetime.fromtimestamp(clock.utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "clock_synced": clock.synced,
        }


def _compact(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
