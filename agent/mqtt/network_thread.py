"""The network thread: goes round the brokers, lives one connection after the other, until it is asked to stop."""

from __future__ import annotations

import json
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from agent.broker import TlsFilesError, Topics, explain
from agent.mqtt.connection import Connection, ConnectOptions
from agent.mqtt.connection_session import ConnectionSession
from agent.mqtt.messages import Outgoing
from agent.service.worker import OnFailure, Worker
from drivers.text import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.mqtt.broker_selector import BrokerSelector
    from agent.mqtt.messages import Limits
    from agent.mqtt.setup import Presence, SessionSettings
    from agent.mqtt.subscriptions import Subscriptions

log = logging.getLogger(__name__)

JSON_TYPE = "application/json"
STATUS_LIFE_FACTOR = 3


class NetworkListener(Protocol):
    """Whom the network thread tells (agent.mqtt.client.Session)."""

    def went_up(self, network: Network, limits: Limits) -> None:
        """A connection stands."""
        ...

    def went_down(self, network: Network, cause: str) -> None:
        """A connection or an attempt ended."""
        ...

    def complained(self, network: Network, problem: str) -> None:
        """The broker refuses something."""
        ...


class Network:
    """One network thread. The session's watchdog puts another in its place when it hangs or dies."""

    def __init__(
        self,
        settings: SessionSettings,
        broker_selector: BrokerSelector,
        front: NetworkListener,
        presence: Presence | None,
        subscriptions: Subscriptions,
        draw: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._broker_selector = broker_selector
        self._front = front
        self._presence = presence
        self._subscriptions = subscriptions
        self._draw = draw
        self._topics = Topics(settings.gate)
        self._connection_session: ConnectionSession | None = None
        # Not watched for progress here: the session looks at it, and puts another in its place.
        self.worker = Worker("link-network", self._run, limit_s=None, on_failure=OnFailure.GIVE_UP)

    # ------------------------------------------------------------------------------------------------ for all threads

    @property
    def connection_session(self) -> ConnectionSession | None:
        """The connection of now."""
        return self._connection_session

    def start(self) -> None:
        """Begin."""
        self.worker.start()

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        self._pause(self._draw() * self._settings.start_spread_s)
        while not self.worker.stopping:
            cause, lasted = self._attempt()
            self._front.went_down(self, cause)
            self._pause(self._broker_selector.ended(lasted=lasted, draw=self._draw()))

    def _pause(self, pause_s: float) -> None:
        until = time.monotonic() + pause_s
        while self.worked() and (left_s := until - time.monotonic()) > 0:
            self.worker.wait(min(left_s, 1.0))

    def _attempt(self) -> tuple[str, bool]:
        """Connect to the broker whose turn it is and live there; why it ended, and whether it had lasted."""
        address = self._broker_selector.address
        connection_session: ConnectionSession | None = None
        try:
            connection = Connection(address, self._options())
            try:
                connection.open()
                connection_session = self._connection_session = ConnectionSession(
                    connection,
                    self,
                    self._subscriptions,
                    timeout_s=self._settings.answer_timeout_s,
                    status_every_s=self._settings.status_every_s,
                )
                cause: str = joined([address.url, connection_session.run()], ": ")
            finally:
                connection.close()
        except (OSError, UnicodeError, TlsFilesError) as error:
            cause = explain(error, address)
        except Exception as error:
            # Whatever goes wrong with one connection, the gate tries the next.
            log.exception("the connection to %s broke in an unforeseen way", address.url)
            cause = explain(error, address)
        self._connection_session = None
        return cause, self._lasted(connection_session)

    def _lasted(self, connection_session: ConnectionSession | None) -> bool:
        if connection_session is None or connection_session.stood_at is None:
            return False
        return time.monotonic() - connection_session.stood_at >= self._settings.stable_after_s

    def _options(self) -> ConnectOptions:
        settings = self._settings
        return ConnectOptions(
            client_id=settings.client_id or settings.gate,
            user=settings.user,
            password=settings.password,
            tls=settings.tls,
            keepalive_s=settings.keepalive_s,
            connect_timeout_s=settings.connect_timeout_s,
            session_expiry_s=settings.session_expiry_s,
            will=next(iter(self._status_messages("lost", expiry_s=None)), None),
            will_delay_s=settings.will_delay_s,
            packet_bytes=settings.packet_bytes,
        )

    # ------------------------------------------------------------------------------------------- what a lifetime asks

    def greet(self) -> Sequence[Outgoing]:
        """Birth and status: on every connect, because a broker that was restarted may have forgotten both."""
        birth = None if self._presence is None else _made("birth", self._presence.birth)
        told = [] if birth is None else [Outgoing(self._topics.birth, birth, retain=True, content_type=JSON_TYPE)]
        return [*told, *self.status()]

    def status(self) -> Sequence[Outgoing]:
        """The status of now. It expires, so that it does not outlive a gate and a broker that die together."""
        return self._status_messages("online", expiry_s=int(self._settings.status_every_s * STATUS_LIFE_FACTOR) or 1)

    def farewell(self) -> Sequence[Outgoing]:
        """The status after an orderly stop; it stays."""
        return self._status_messages("offline", expiry_s=None)

    def stood(self, limits: Limits) -> None:
        """Pass on that the connection stands."""
        self._front.went_up(self, limits)

    def worked(self) -> bool:
        """Note the progress; whether to go on."""
        self.worker.touch()
        return not self.worker.stopping

    def complain(self, problem: str) -> None:
        """Pass on what the broker refuses."""
        self._front.complained(self, problem)

    def _status_messages(self, state: str, expiry_s: int | None) -> list[Outgoing]:
        """The status, if this session tells any."""
        if self._presence is None:
            return []
        payload = _made("status", partial(self._presence.status, state, self._broker_selector.index))
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
