"""The acknowledgement of central: `{"stream": ..., "seq": ...}`, the watermark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent.core.messages import Ack

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES_LIMIT = 1_024


class AckFault(StrEnum):
    """Why an acknowledgement is not taken."""

    MALFORMED = "malformed"
    FOREIGN_STREAM = "foreign_stream"
    BEYOND_HEAD = "beyond_head"


def read_ack(payload: bytes, *, stream: str, head: int) -> int | AckFault:
    """The watermark in a payload, or why it is not taken. Never raises, whatever the bytes."""
    if len(payload) > BYTES_LIMIT:
        return AckFault.MALFORMED
    try:
        ack = Ack.model_validate_json(payload)
    except ValidationError:
        return AckFault.MALFORMED
    if ack.stream != stream:
        return AckFault.FOREIGN_STREAM
    return AckFault.BEYOND_HEAD if ack.seq > head else ack.seq


@dataclass(slots=True)
class AckCounts:
    """How many acknowledgements came, and how many were not taken, by reason."""

    taken: int = 0
    malformed: int = 0
    foreign_stream: int = 0
    beyond_head: int = 0

    def count(self, fault: AckFault | None) -> None:
        """Count one."""
        name = "taken" if fault is None else fault.value
        setattr(self, name, getattr(self, name) + 1)

    def as_mapping(self) -> Mapping[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}
