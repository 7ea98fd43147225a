"""The gate's MQTT client: connects to one of its brokers, and keeps trying without limit."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from agent.broker import shuffled
from agent.devices import PortState
from agent.mqtt.broker_link_view import BrokerLinkView
from agent.mqtt.broker_selector import BrokerSelector
from agent.mqtt.connection_loop import ConnectionLoop
from agent.mqtt.messages import LinkDown, LinkUp
from agent.mqtt.presence import PresenceMessages
from agent.mqtt.subscriptions import Subscriptions
from agent.service.listeners import notify_listeners
from agent.service.worker import Worker
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.mqtt.client_settings import ClientSettings
    from agent.mqtt.messages import BrokerLimits, Outgoing, Subscription
    from agent.mqtt.presence import GatePresence
    from agent.mqtt.receipt import Receipt

log = logging.getLogger(__name__)

STOP_S = 5.0
LIMIT_S = 60.0
WATCH_EVERY_S = 5.0
PROBLEMS_KEPT = 8


class MqttClient:
    """Stays connected until stopped. All methods may be called from any thread.

    `presence`: what it tells of the gate; None: nothing, and no will. `observe` hears, on the network thread, of every
    change of state and of every new detail within a state; it must not block. Raises ValueError for a gate id that
    cannot be a level of a topic.
    """

    def __init__(
        self,
        settings: ClientSettings,
        presence: GatePresence | None,
        *,
        observe: Callable[[BrokerLinkView], None] = lambda _view: None,
        random: Random | None = None,
    ) -> None:
        self._settings = settings
        self._presence = PresenceMessages(presence, settings.gate, settings.status_every_s)
        self._observe = observe
        self._random = Random() if random is None else random  # noqa: S311 - jitter, no secret
        brokers = shuffled(settings.brokers, self._random)
        self._broker_selector = BrokerSelector(brokers, settings.first_retry_s, settings.retry_cap_s)
        self._subscriptions = Subscriptions()
        self._listeners: list[Callable[[LinkUp | LinkDown], None]] = []
        self._lock = threading.RLock()
        self._up = False
        self._attempts = 0
        self._problems: list[str] = []
        self._view = BrokerLinkView(PortState.CONNECTING, "", 0, brokers[0].url, 0, time.monotonic())
        self._network = self._make_network()
        self.worker = Worker(f"link-{settings.client_id or settings.gate}", self._watch, limit_s=LIMIT_S)

    @property
    def view(self) -> BrokerLinkView:
        """The state of the link."""
        return self._view

    @property
    def attempts(self) -> int:
        """How many attempts to connect have begun; each reads the files of TLS after that."""
        return self._attempts

    def subscribe(self, *subscriptions: Subscription) -> None:
        """Subscribe on every connect from now on, and on the connection of now at once.

        To a filter that was subscribed to before, this subscribes again: what is stored there comes again.
        """
        for each in subscriptions:
            self._subscriptions.add(each)
        self._network.subscribe(subscriptions)

    def unsubscribe(self, *topic_filters: str) -> None:
        """Want nothing of these filters any more; what is under way of them is dropped."""
        gone = [each for each in topic_filters if self._subscriptions.remove(each)]
        if gone:
            self._network.unsubscribe(gone)

    def listen(self, listener: Callable[[LinkUp | LinkDown], None]) -> None:
        """Hear of every connection and its end; must only enqueue. To be called before `start`."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to connect."""
        self._network = self._make_network()
        self.worker.adopt(self._network.worker)
        self._network.worker.start()
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Part from the broker in order and stop, within `timeout_s`; whether all threads have ended by then."""
        deadline = time.monotonic() + timeout_s
        if not self.worker.runs:
            return True
        watch_ended = self.worker.stop(timeout_s)
        self._network.worker.ask_to_stop()
        ended = self._network.worker.ended(deadline - time.monotonic())
        if not ended:
            log.warning("the network thread still waits for the network; the agent stops without it")
        return ended and watch_ended

    def publish(
        self, message: Outgoing, done: Callable[[Receipt], None] | None = None, *, connection: int | None = None
    ) -> bool:
        """Publish now; False when the link is not up or as much as the broker takes is under way.

        `done` hears once, on the network thread, what became of a QoS 1 message; of one that is larger than the broker
        takes at once, on the caller's. `connection`: publish only on the connection of this number.
        """
        with self._lock:
            if not self._up or (connection is not None and connection != self._view.connections):
                return False
            standing = self._network.connection
        return standing is not None and standing.publish(message, done)

    def announce(self, *, birth: bool = False) -> None:
        """Publish the status soon, because something in it has changed; with `birth` also what the gate is."""
        self._network.announce(birth=birth)

    def reconnect(self, cause: str) -> None:
        """End the connection of now, for this cause, and go on to the next broker."""
        connection = self._network.connection
        if connection is not None:
            connection.end(cause)

    # --------------------------------------------------------------------------------- what the network thread tells

    def _begins(self, network: ConnectionLoop) -> None:
        with self._lock:
            if network is self._network:
                self._attempts += 1

    def _went_up(self, network: ConnectionLoop, limits: BrokerLimits) -> None:
        with self._lock:
            if network is not self._network:
                return
            self._up = True
            self._problems = []
            self._view = BrokerLinkView(
                PortState.UP,
                "",
                self._broker_selector.index,
                self._broker_selector.address.url,
                self._view.connections + 1,
                time.monotonic(),
                self._attempts,
            )
            event = LinkUp(self._view.connections, limits)
        log.info("connected to %s", self._view.url)
        self._notify(event)
        self._show()

    def _went_down(self, network: ConnectionLoop, cause: str) -> None:
        with self._lock:
            if network is not self._network:
                return
            was_up, self._up = self._up, False
            changed = self._view.state is not PortState.LOST
            if changed:
                self._problems = []
            new = cause not in self._problems
            self._problems = [*self._problems[-PROBLEMS_KEPT:], *([cause] if new else [])]
            self._view = replace(
                self._view,
                state=PortState.LOST,
                detail=cause,
                broker=self._broker_selector.index,
                url=self._broker_selector.address.url,
                since_at=time.monotonic() if changed else self._view.since_at,
            )
            event = LinkDown(self._view.connections)
        if was_up:
            self._notify(event)
        # An orderly stop is no change of the device's health: the caller who stops the client knows.
        if (changed or new) and not self.worker.stopping:
            log.warning("not connected: %s", cause)
            self._show()

    def _refused(self, network: ConnectionLoop, problem: str) -> None:
        with self._lock:
            if network is not self._network or problem in self._problems:
                return
            self._problems = [*self._problems[-PROBLEMS_KEPT:], problem]
            self._view = replace(self._view, detail=joined(self._problems, "; "))
        log.error("the broker refuses: %s", problem)
        self._show()

    def _notify(self, event: LinkUp | LinkDown) -> None:
        notify_listeners(self._listeners, event, "a listener of the link failed")

    def _show(self) -> None:
        notify_listeners([self._observe], self._view, "the observer of the link failed")

    # ------------------------------------------------------------------------------------------------- the watchdog

    def _make_network(self) -> ConnectionLoop:
        return ConnectionLoop(
            self._settings,
            self._broker_selector,
            self._presence,
            self._subscriptions,
            self._random.random,
            begins=self._begins,
            went_up=self._went_up,
            went_down=self._went_down,
            refused=self._refused,
        )

    def _watch(self) -> None:
        while not self.worker.wait(min(WATCH_EVERY_S, self._settings.stall_s / 4)):
            network = self._network
            stalled_s = time.monotonic() - network.worker.progress_at()
            if network.worker.runs and stalled_s < self._settings.stall_s:
                continue
            cause = (
                Text("the network thread hung for {stalled_s} s", stalled_s=f"{stalled_s:.0f}")
                if network.worker.runs
                else Text("the network thread failed")
            )
            log.critical("%s; starting another", cause)
            network.worker.ask_to_stop()
            with self._lock:
                self._network = replacement = self._make_network()
            self.worker.adopt(replacement.worker)
            self._went_down(replacement, cause)
            replacement.worker.start()
