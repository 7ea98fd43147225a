"""Publishes the gate's health every minute and when a problem comes or goes, retained, while the link is up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.contract.channels import HEALTH_EXPIRY_S
from agent.devices import PortState
from agent.mqtt.messages import Outgoing
from agent.service.worker import Backoff, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.mqtt.client import MqttClient

EVERY_S: Final = 60.0
LOOK_S: Final = 1.0
STOP_TIMEOUT_S: Final = 2.0
LIMIT_S: Final = 60.0


class HealthPublisher:
    """A thread that publishes what `make` makes.

    At once after each connection and whenever `problems` gives another value than at the last time, else every
    `every_s` seconds.
    """

    def __init__(
        self,
        client: MqttClient,
        topic: str,
        make: Callable[[], bytes],
        every_s: float = EVERY_S,
        *,
        problems: Callable[[], object] = lambda: None,
    ) -> None:
        self._client = client
        self._topic = topic
        self._make = make
        self._every_s = every_s
        self._problems = problems
        self.worker = Worker("health", self._run, limit_s=LIMIT_S, backoff=Backoff(every_s, every_s))

    def start(self) -> None:
        """Begin to publish."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Publish no more, within a bounded time; whether it has stopped."""
        return self.worker.stop(timeout_s)

    def _run(self) -> None:
        told_connection, waited_s, told_problems = 0, 0.0, self._problems()
        while not self.worker.wait(LOOK_S):
            waited_s += LOOK_S
            view, problems = self._client.view, self._problems()
            fresh = waited_s < self._every_s and problems == told_problems
            if view.state is not PortState.UP or (view.connections == told_connection and fresh):
                continue
            if self._publish():
                told_connection, waited_s, told_problems = view.connections, 0.0, problems

    def _publish(self) -> bool:
        message = Outgoing(
            self._topic, self._make(), retain=True, expiry_s=HEALTH_EXPIRY_S, content_type="application/json"
        )
        return self._client.publish(message)
