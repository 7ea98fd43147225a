"""The gates that a fleet document is for: all gates, a group, or one, and which of them a roll-out has reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

WHOLE: Final = 1_000_000
"""A share of all gates, in millionths."""
LONGEST_NAME: Final = 64
_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")


class Scope(StrEnum):
    """How wide a document reaches, the widest first. A narrower one wins over a wider one."""

    ALL = "all"
    GROUP = "group"
    GATE = "gate"


SCOPES: Final = tuple(Scope)


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a document is. `name`: of the group or the gate; "" for all."""

    scope: Scope
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Audience:
        """The audience of `all`, `group:NAME` or `gate:ID`. Raises ValueError."""
        scope, _, name = text.partition(":")
        named = scope in {Scope.GROUP, Scope.GATE} and len(name) <= LONGEST_NAME and _NAME.fullmatch(name)
        if text != Scope.ALL and not named:
            raise ValueError(Text('expected "all", "group:NAME" or "gate:ID"'))
        return cls(Scope(scope), name)

    @property
    def text(self) -> str:
        """As a document writes it."""
        return self.scope.value if self.scope is Scope.ALL else f"{self.scope}:{self.name}"

    def includes(self, gate: str, groups: Iterable[str]) -> bool:
        """Whether a gate of these groups is meant."""
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.GROUP:
                return self.name in groups
            case Scope.GATE:
                return self.name == gate


class Stage(BaseModel):
    """Who of the audience has a document already, while it is rolled out. A gate is in it by any of the three.

    `share`: of all gates, in millionths, by a number that each gate makes of its id and `seed`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    seed: str = Field(min_length=1, max_length=LONGEST_NAME)
    share: int = Field(default=0, ge=0, le=WHOLE)
    groups: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)], ...] = Field(default=(), max_length=64)
    gates: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)], ...] = Field(default=(), max_length=256)

    def includes(self, gate: str, groups: Iterable[str]) -> bool:
        """Whether a gate of these groups has the document already."""
        return gate in self.gates or not set(self.groups).isdisjoint(groups) or place_of(self.seed, gate) < self.share


def place_of(seed: str, gate: str) -> int:
    """The place of a gate in a roll-out, 0 to WHOLE - 1: those below the share of a stage have the document."""
    return int.from_bytes(sha256(f"{seed}\n{gate}".encode()).digest()[:8], "big") % WHOLE
