"""The way to the broker of the site, through which the gates of a site speak with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles
from agent.mqtt import BrokerLinkView, ClientSettings, MqttClient, Outgoing, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.broker import BrokerAddress
    from agent.mqtt import Incoming, LinkDown, LinkUp, Receipt
    from agent.service.worker import Worker

CLIENT_SUFFIX: Final = ".site"
EXPIRY_S: Final = 30
"""A message between gates is of no use after that time: the gate that waited for it has given up, and asks again."""


class SiteTopics:
    """The topics of one site: `to` a gate, and the `rows` that a gate tells everybody."""

    def __init__(self, site: int) -> None:
        self._base = f"site/v1/{site}"

    def to(self, gate: str) -> str:
        """What is said to a gate."""
        return f"{self._base}/to/{gate}"

    def rows(self, gate: str) -> str:
        """The changes of a gate's ledger."""
        return f"{self._base}/rows/{gate}"


def site_settings(
    gate: str,
    brokers: tuple[BrokerAddress, ...],
    tls: TlsFiles | None = None,
    user: str | None = None,
    password: str | None = None,
) -> ClientSettings:
    """How a gate meets the broker of its site: near by, few clients, and vehicles wait for it.

    So it is quick to come back.
    """
    return ClientSettings(
        gate=gate,
        brokers=brokers,
        tls=tls or TlsFiles(),
        user=user,
        password=password,
        keepalive_s=5,
        connect_timeout_s=3.0,
        answer_timeout_s=5.0,
        first_retry_s=0.2,
        retry_cap_s=3.0,
        start_spread_s=0.0,
        will_delay_s=0,
        session_expiry_s=0,
        client_id=f"{gate}{CLIENT_SUFFIX}",
    )


class SiteLink:
    """A client that publishes on the topics of the site and hears what is there for this gate.

    Says nothing of itself.
    """

    def __init__(
        self,
        settings: ClientSettings,
        site: int,
        peers: Sequence[str],
        observe: Callable[[BrokerLinkView], None] = lambda _view: None,
    ) -> None:
        """Make the client, and start nothing. `observe` hears of its changes, as that of MqttClient does."""
        self._topics = SiteTopics(site)
        self._gate = settings.gate
        self._peers = tuple(peers)
        self._client = MqttClient(settings, None, observe=observe)

    @property
    def view(self) -> BrokerLinkView:
        """The state of the link."""
        return self._client.view

    @property
    def client(self) -> MqttClient:
        """The connection itself."""
        return self._client

    @property
    def worker(self) -> Worker:
        """The thread that keeps the client alive."""
        return self._client.worker

    def subscribe(self, said: Callable[[Incoming], None], rows: Callable[[Incoming], None]) -> None:
        """Take what is said to this gate, and what the others tell of their rows; both must only enqueue.

        Before `start`.
        """
        self._client.subscribe(Subscription(self._topics.to(self._gate), said, qos=1))
        for peer in self._peers:
            self._client.subscribe(Subscription(self._topics.rows(peer), rows, qos=1))

    def listen(self, listener: Callable[[LinkUp | LinkDown], None]) -> None:
        """Hear of every connection and its end; must only enqueue. Before `start`."""
        self._client.listen(listener)

    def start(self) -> None:
        """Begin to connect."""
        self._client.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop within `timeout_s`; whether all threads have ended by then."""
        return self._client.stop(timeout_s)

    def send_to_gate(self, to: str, text: bytes, done: Callable[[Receipt], None] | None = None) -> bool:
        """Send a text to a gate; False when the link is not up or as much as the broker takes is under way."""
        return self._publish(self._topics.to(to), text, done)

    def broadcast_rows(self, text: bytes, done: Callable[[Receipt], None] | None = None) -> bool:
        """Send rows to all; as `send_to_gate` does."""
        return self._publish(self._topics.rows(self._gate), text, done)

    def _publish(self, topic: str, text: bytes, done: Callable[[Receipt], None] | None) -> bool:
        return self._client.publish(Outgoing(topic, text, expiry_s=EXPIRY_S), done)
