"""What a channel is given, what it answers with, and how it is seen from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.text import Text


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it is sent. `id`: the same at each attempt. `utc`: when it was made, Unix seconds.

    `subject`, `text`: for people, in the language of the configuration. `data`: for programs.
    """

    id: str
    utc: float
    subject: str
    text: str
    data: Mapping[str, Any]


class DeliveryError(Exception):
    """It did not arrive, or nobody knows; says why, without secrets.

    `after_s`: so long the other side asks to be left alone. `for_good`: no other attempt can help.
    """

    def __init__(self, detail: Text, *, after_s: float = 0.0, for_good: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.after_s = after_s
        self.for_good = for_good


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """Its section of the configuration."""
        ...

    @property
    def place(self) -> str:
        """Where it leads, for people; without secrets."""
        ...

    def send(self, message: Rendered, utc: float) -> None:
        """Deliver it; waits a bounded time. `utc`: now, Unix seconds. Raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How a channel does. Times are Unix seconds; None: never.

    `trouble`: why the last attempt failed, since `since_utc`; "": it did not. `waiting`: notices that are not sent yet.
    `results`: how many attempts ended so, since the start. `dropped`: notices that were given up.
    """

    name: str
    place: str
    trouble: str = ""
    since_utc: float | None = None
    sent_utc: float | None = None
    waiting: int = 0
    dropped: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
