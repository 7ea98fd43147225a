"""A way to a broker, as the consumer sees it: batches come in; once they are stored they are settled and answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BATCH: Final = 200
BATCH_S: Final = 0.05
"""For how long a batch gathers, once it has a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """What came. `topic`: with slashes, whatever the broker; `tag`: by what its connection settles it.

    `properties`: MQTT user properties, at RabbitMQ headers; of a name that comes several times all values.
    """

    topic: str
    payload: bytes
    tag: int = 0
    properties: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to publish: QoS 1, retained where the broker can."""

    topic: str
    payload: bytes


class Source(Protocol):
    """One connection to one broker. Whatever it raises, close it and make another: nothing that came is lost."""

    def next_batch(self, wait_s: float) -> list[Message]:
        """At most `BATCH` messages; none where none came within `wait_s`. Raises OSError."""

    def settle(self, batch: Sequence[Message], answers: Sequence[Answer]) -> None:
        """Tell the broker that these messages are stored, then publish the answers. Raises OSError."""

    def close(self) -> None:
        """Part from the broker. Never raises."""
