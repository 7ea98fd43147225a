"""The topics of fleet documents, below `site/v1/{site}/lists/fleet`, all retained: one for each kind and audience.

The document of now lies under the audience, one that is rolled out beside it under `next`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.fleet import Audience, DocumentKind, DocumentPlace, Scope
from agent.lists import ListTopics

if TYPE_CHECKING:
    from collections.abc import Iterable

NEXT = "next"
CONTENT_TYPE = "application/jose"
_KINDS = {kind.value: kind for kind in DocumentKind}


@dataclass(frozen=True, slots=True)
class FleetTopics:
    """The topics of one site. Raises ValueError for a site that is no number of one."""

    site: int

    @property
    def root(self) -> str:
        """What all of them begin with."""
        return f"{ListTopics(self.site).root}/fleet"

    def topic(self, kind: DocumentKind, audience: Audience, *, staged: bool) -> str:
        """Where a document lies."""
        levels = [audience.scope.value] if audience.scope is Scope.ALL else [audience.scope.value, audience.name]
        return "/".join([self.root, kind.value, *levels, *([NEXT] if staged else [])])

    def of_gate(self, gate: str, groups: Iterable[str]) -> list[str]:
        """All topics that are for a gate of these groups. None has a wildcard: some brokers keep nothing for those."""
        audiences = [
            Audience(Scope.ALL),
            *(Audience(Scope.GROUP, group) for group in groups),
            Audience(Scope.GATE, gate),
        ]
        return [
            self.topic(kind, audience, staged=staged)
            for kind in DocumentKind
            for audience in audiences
            for staged in (False, True)
        ]

    def parse(self, topic: str) -> DocumentPlace | None:
        """What lies at a topic; None where it is none of this site's documents."""
        if not topic.startswith(f"{self.root}/"):
            return None
        levels = topic.removeprefix(f"{self.root}/").split("/")
        kind, rest = _KINDS.get(levels[0]), levels[1:]
        # A group or a gate may be called so itself: then it stands where its name does.
        staged = rest[-1:] == [NEXT] and len(rest) > (1 if rest[0] == Scope.ALL else len((Scope.GROUP, "its name")))
        rest = rest[:-1] if staged else rest
        try:
            audience = Audience.parse(":".join(rest))
        except ValueError:
            return None
        return None if kind is None else DocumentPlace(kind, audience, staged)
