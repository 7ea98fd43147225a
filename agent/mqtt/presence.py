"""What the gate says of itself on `birth` and `status`: the models of agent.core.events.mqtt_messages, filled."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from agent.broker import Topics
from agent.core.events import SCHEMA_VERSION, TYPES, Birth, Status
from agent.mqtt.messages import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.events import ClockReading
    from agent.mqtt.uplink_view import UplinkView
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

JSON_TYPE = "application/json"
STATUS_LIFE_FACTOR = 3
ONLY_AT_BIRTH = Birth.model_fields.keys() - Status.model_fields.keys()


@dataclass(frozen=True, slots=True)
class GateIdentity:
    """Who the gate is. `boot`: new with every start. `inventory`: lanes and devices, as JSON values, for `birth`.

    `devices`: what is known of each device now, for the inventory.
    """

    gate: str
    version: str
    boot: str
    inventory: Mapping[str, object]
    devices: Callable[[], Sequence[Mapping[str, object]]] = tuple


class GatePresence:
    """Makes the payloads, compact JSON in UTF-8.

    `status_every_s`: how often a status is sent; the status says it in whole seconds. `extra`: the fields of both that
    others know, such as the devices and the challenge of the commands; the status leaves out those that only the birth
    has. `birth` and `status` raise ValueError for a field that the contract does not have.
    """

    def __init__(
        self,
        identity: GateIdentity,
        outbox: Journal,
        clock: Callable[[], ClockReading],
        uplink: Callable[[], UplinkView],
        status_every_s: float,
        extra: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._clock = clock
        self._uplink = uplink
        self._status_every_s = ceil(status_every_s)
        self._extra = extra

    def birth(self) -> bytes:
        """What the gate is: inventory, versions, stream."""
        devices = list(self._identity.devices())
        fields = {
            **self._common(),
            "schema": SCHEMA_VERSION,
            "types": [event.TYPE for event in TYPES],
            "inventory": {**self._identity.inventory, **({"devices": devices} if devices else {})},
            "first_kept": self._outbox.tail + 1,
            **self._extra(),
        }
        return Birth.model_validate(fields).model_dump_json(by_alias=True).encode()

    def status(self, state: str, broker: int) -> bytes:
        """How the gate is: online, offline (stopped in order) or lost (the will, as of the connect)."""
        uplink = self._uplink()
        head, acked = self._outbox.head, self._outbox.watermark
        fields = {
            "state": state,
            **self._common(),
            "seq_head": head,
            "seq_acked": acked,
            "depth": head - acked,
            "ack_mode": uplink.ack_mode.value,
            "ack": uplink.ack.value,
            "trouble": uplink.trouble,
            "refused": uplink.refused,
            "acks": uplink.acks,
            "acks_signed": uplink.acks_signed,
            "broker": broker,
            "status_every_s": self._status_every_s,
            **{name: value for name, value in self._extra().items() if name not in ONLY_AT_BIRTH},
        }
        return Status.model_validate(fields).model_dump_json().encode()

    def _common(self) -> dict[str, object]:
        clock = self._clock()
        return {
            "gate": self._identity.gate,
            "version": self._identity.version,
            "boot": self._identity.boot,
            "stream": self._outbox.stream,
            "time": datetime.fromtimestamp(clock.utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "clock_synced": clock.synced,
            "clock_error_ms": None if clock.error_ms is None else ceil(clock.error_ms),
        }


class PresenceMessages:
    """The retained messages with these payloads; none where `presence` is None. `broker`: its place, from 0.

    Raises ValueError for a gate id that cannot be a level of a topic.
    """

    def __init__(self, presence: GatePresence | None, gate: str, status_every_s: float) -> None:
        self._presence = presence
        self._topics = Topics(gate)
        # The status expires, so that it does not outlive a gate and a broker that die together.
        self._expiry_s = int(status_every_s * STATUS_LIFE_FACTOR) or 1

    def greeting(self, broker: int) -> list[Outgoing]:
        """Birth and status: on every connect, because a broker that was restarted may have forgotten both."""
        birth = None if self._presence is None else _made("birth", self._presence.birth)
        told = [] if birth is None else [Outgoing(self._topics.birth, birth, retain=True, content_type=JSON_TYPE)]
        return [*told, *self.online(broker)]

    def online(self, broker: int) -> list[Outgoing]:
        """The status of now."""
        return self._status("online", broker, self._expiry_s)

    def offline(self, broker: int) -> list[Outgoing]:
        """The status after an orderly stop; it stays."""
        return self._status("offline", broker, None)

    def will(self, broker: int) -> Outgoing | None:
        """What the broker publishes when the gate is lost."""
        return next(iter(self._status("lost", broker, None)), None)

    def _status(self, state: str, broker: int, expiry_s: int | None) -> list[Outgoing]:
        if self._presence is None:
            return []
        payload = _made("status", partial(self._presence.status, state, broker))
        if payload is None:
            payload = json.dumps({"state": state}).encode()
        return [Outgoing(self._topics.status, payload, retain=True, expiry_s=expiry_s, content_type=JSON_TYPE)]


def _made(what: str, make: Callable[[], bytes]) -> bytes | None:
    """The message; None where it cannot be made: a gate that cannot say everything says at least that it is there."""
    try:
        return make()
    except Exception:
        log.exception("the %s message could not be made", what)
        return None
