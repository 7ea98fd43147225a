"""The base of all event types."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Base of all event types."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]
