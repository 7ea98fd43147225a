"""The results of commands on their way out.

To the gate's own `res/` topics, waiting a while where the link is not up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.broker import Topics
from agent.mqtt.messages import Outgoing

if TYPE_CHECKING:
    from agent.core.events import CommandResult
    from agent.mqtt.client import MqttClient
    from agent.mqtt.messages import Incoming

EXPIRY_S: Final = 3_600
KEEP_S: Final = 60.0
WAITING_LIMIT: Final = 64
CORRELATION_LIMIT: Final = 256
TOPIC_LIMIT: Final = 256


class CommandResults:
    """Publish results. For one thread; times are monotonic seconds.

    What cannot go out within `KEEP_S` is dropped: the sender sends the command again and gets the stored answer.
    """

    def __init__(self, client: MqttClient, gate: str) -> None:
        self._client = client
        self._topics = Topics(gate)
        self._waiting: deque[tuple[float, Outgoing]] = deque(maxlen=WAITING_LIMIT)

    def publish(self, asked: Incoming, result: CommandResult, at: float) -> None:
        """Answer a command on `res/{name}`, and also where it asked to, if that is below the gate's own `res/`."""
        correlation = asked.correlation
        message = Outgoing(
            self._topics.result(result.name),
            result.model_dump_json().encode(),
            expiry_s=EXPIRY_S,
            content_type="application/json",
            correlation=None if correlation is None or len(correlation) > CORRELATION_LIMIT else correlation,
        )
        self._waiting.append((at + KEEP_S, message))
        response_topic = asked.response_topic
        if response_topic is not None and response_topic != message.topic and self._is_own(response_topic):
            self._waiting.append((at + KEEP_S, replace(message, topic=response_topic)))
        self.send_waiting(at)

    def send_waiting(self, at: float) -> None:
        """Publish what waits, in order."""
        while self._waiting:
            until, message = self._waiting[0]
            if at < until and not self._client.publish(message):
                return
            self._waiting.popleft()

    def _is_own(self, topic: str) -> bool:
        # A topic that a broker does not take would end the connection, and with it all that is under way.
        below = topic.removeprefix(self._topics.result(""))
        return (
            below != topic
            and bool(below)
            and len(topic) <= TOPIC_LIMIT
            and below.isprintable()
            and not set(below) & set("+#/$")
        )
