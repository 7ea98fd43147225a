"""What the gate says of itself on the broker: its birth with the inventory, and its status."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.core.events import TYPES
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.link.uplink_view import UplinkView
    from agent.service.clock import Clock
    from agent.store.journal import Journal

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this gate is, for as long as it runs. `lanes`: lane id to what is there."""

    gate: str
    site: int
    version: str
    boot: str
    configuration: str
    lanes: Mapping[str, Mapping[str, Any]]


class GatePresence:
    """Make the payloads of `birth` and `status`. Called on the network thread.

    `uplink` and `devices` say what is true at that time: the uplink's view, and the state of every device by name.
    """

    def __init__(
        self,
        identity: Identity,
        journal: Journal,
        clock: Clock,
        uplink: Callable[[], UplinkView],
        devices: Callable[[], Mapping[str, str]],
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._uplink = uplink
        self._devices = devices
        self._started_at = time.monotonic()

    def birth(self) -> bytes:
        """Everything that does not change while the gate runs, and which events it still keeps."""
        identity = self._identity
        return _json(
            {
                "schema": SCHEMA,
                "gate": identity.gate,
                "site": identity.site,
                "version": identity.version,
                "boot": identity.boot,
                "configuration": identity.configuration,
                "stream": self._journal.stream,
                "events": [event.TYPE for event in TYPES],
                "lanes": identity.lanes,
                **self._kept(),
            }
        )

    def status(self, state: str, broker: int) -> bytes:
        """How the gate is now; as the last will it says how it was when it connected."""
        uplink = self._uplink()
        clock = self._clock.synchronisation()
        return _json(
            {
                "schema": SCHEMA,
                "state": state,
                "boot": self._identity.boot,
                "stream": self._journal.stream,
                "version": self._identity.version,
                "time": round(self._clock.now().utc, 3),
                "uptime_s": round(time.monotonic() - self._started_at),
                "clock": {"synced": clock.synchronised, "error_ms": clock.error_ms},
                "ack_mode": uplink.ack_mode.value,
                "ack": uplink.ack.value,
                "trouble": uplink.trouble,
                "broker": broker,
                "devices": self._devices(),
                **self._depth(),
            }
        )

    def _kept(self) -> dict[str, Any]:
        try:
            return {"first_kept": self._journal.tail + 1, "seq_head": self._journal.head}
        except JournalError as error:
            return {"journal": str(error)}

    def _depth(self) -> dict[str, Any]:
        try:
            depth, acked = self._journal.depth(), self._journal.watermark
        except JournalError as error:
            return {"journal": str(error)}
        return {
            "seq_head": self._journal.head,
            "seq_acked": acked,
            "depth": {"events": depth.events, "bytes": depth.bytes},
        }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
