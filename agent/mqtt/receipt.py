"""What became of a message that was published with QoS 1: taken, refused or lost."""

from __future__ import annotations

from dataclasses import dataclass

from agent.mqtt import reason_codes
from drivers.text import Text


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a QoS 1 message: the broker's reason code, or None when the connection ended before it came.

    A receipt says what the broker did, never that anybody has the message.
    """

    code: int | None

    @property
    def lost(self) -> bool:
        """Whether nothing is known: the message may or may not be at the broker."""
        return self.code is None

    @property
    def taken(self) -> bool:
        """Whether the broker took the message and had somebody to give it to, as far as it says."""
        return (
            self.code is not None and not reason_codes.refused(self.code) and self.code != reason_codes.NO_SUBSCRIBERS
        )

    @property
    def refused(self) -> bool:
        """Whether the broker refused the message."""
        return self.code is not None and reason_codes.refused(self.code)

    @property
    def words(self) -> str:
        """The reason in words."""
        return (
            Text("the connection ended before the broker answered")
            if self.code is None
            else reason_codes.words(self.code)
        )
