"""The link to central as one part: client, presence and uplink put together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent.mqtt.client import MqttClient
from agent.mqtt.event_uplink import Uplink
from agent.mqtt.presence import GatePresence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.events import AckPolicy, ClockReading, Event
    from agent.mqtt.acknowledgements import HeadListener
    from agent.mqtt.broker_link_view import BrokerLinkView
    from agent.mqtt.client_settings import ClientSettings
    from agent.mqtt.delivery_settings import DeliverySettings
    from agent.mqtt.presence import GateIdentity
    from agent.mqtt.uplink_view import UplinkView
    from agent.store.journal import Journal

STOP_S = 6.0


class CentralLink:
    """Owns the client and the uplink.

    `clock` reads the wall clock. `extra`: more fields of birth and status. `observe_link` and `observe_uplink` hear
    of changes, on the link's threads; they must not block. `note` records an event of the link itself. `acks`: whose
    acknowledgements are taken; `witness`: hears what central's signature says of the gate's history. Raises ValueError
    for settings that cannot work.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        settings: ClientSettings,
        delivery: DeliverySettings,
        identity: GateIdentity,
        outbox: Journal,
        clock: Callable[[], ClockReading],
        *,
        acks: AckPolicy | None = None,
        witness: HeadListener | None = None,
        extra: Callable[[], Mapping[str, object]] = dict,
        observe_link: Callable[[BrokerLinkView], None] = lambda _view: None,
        observe_uplink: Callable[[UplinkView], None] = lambda _view: None,
        note: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        presence = GatePresence(identity, outbox, clock, lambda: self.uplink.view, settings.status_every_s, extra)
        self.client = MqttClient(settings, presence, observe=observe_link)
        self.uplink = Uplink(
            self.client,
            outbox,
            settings.gate,
            delivery,
            acks=acks,
            witness=witness,
            observe=observe_uplink,
            note=note,
        )

    def start(self) -> None:
        """Begin to connect and to send."""
        self.uplink.start()
        self.client.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop within `timeout_s`, whatever the broker does; whether all threads have ended by then."""
        deadline = time.monotonic() + timeout_s
        uplink_ended = self.uplink.stop(timeout_s / 2)
        return self.client.stop(max(0.1, deadline - time.monotonic())) and uplink_ended
