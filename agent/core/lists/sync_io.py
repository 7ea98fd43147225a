"""The inputs and effects of keeping a list in step: values without the content of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from agent.core.lists.errors import ListFault
    from agent.core.lists.signed_list import ListHead


@dataclass(frozen=True, slots=True)
class SyncRules:
    """How patient the gate is, in seconds, and how much it keeps.

    `settle_s`: for a delta to come that makes a snapshot needless. `quiet_s`: without anything that helps, until it
    asks again; doubled each time up to `cap_s`. `retry_s`: after a failure to apply, until the next try; doubled
    likewise. `window`: chunks that are asked for one by one at a time. `held`, `held_bytes`: deltas that wait for one
    before them.
    """

    settle_s: float = 0.5
    quiet_s: float = 3.0
    cap_s: float = 300.0
    retry_s: float = 15.0
    window: int = 16
    held: int = 256
    held_bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class HeldDelta:
    """A verified delta whose content waits outside. `size`: its bytes."""

    since: int
    version: int
    size: int


@dataclass(frozen=True, slots=True)
class Connected:
    """The link stands; what the broker has stored comes now."""

    at: float


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is down."""


@dataclass(frozen=True, slots=True)
class Known:
    """What list the gate has now: said at the start, and after each try to change it. Version 0: none."""

    version: int
    issued_at: int
    at: float


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """A head came."""

    head: ListHead
    at: float


@dataclass(frozen=True, slots=True)
class DeltaSeen:
    """A delta came, and is kept outside."""

    delta: HeldDelta
    at: float


@dataclass(frozen=True, slots=True)
class ChunkSeen:
    """A chunk that the head names is there, and kept outside."""

    snapshot: int
    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The change under way did not succeed. `fault`: what is wrong with the list, None for the gate's own trouble."""

    fault: ListFault | None
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""

    at: float


SyncEvent: TypeAlias = Connected | Disconnected | Known | HeadSeen | DeltaSeen | ChunkSeen | Failed | Tick


@dataclass(frozen=True, slots=True)
class ApplyDelta:
    """Apply this delta."""

    delta: HeldDelta


@dataclass(frozen=True, slots=True)
class ApplySnapshot:
    """Apply this snapshot, all of whose chunks are there."""

    head: ListHead


@dataclass(frozen=True, slots=True)
class Refresh:
    """Note that this head calls the version in use the newest."""

    head: ListHead


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Listen for all chunks of this snapshot, and say at once which are there already."""

    head: ListHead


@dataclass(frozen=True, slots=True)
class FetchChunks:
    """Ask the broker for these chunks, one by one."""

    head: ListHead
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DropSnapshot:
    """Listen for no chunk of this snapshot any more, and let go of those that came."""

    head: ListHead


@dataclass(frozen=True, slots=True)
class FetchDeltas:
    """Ask the broker for the deltas again, above all for that to version `first`."""

    first: int


@dataclass(frozen=True, slots=True)
class RequestList:
    """Tell the publisher that the gate has version `have` and cannot find what leads on."""

    have: int


@dataclass(frozen=True, slots=True)
class Reject:
    """Tell of a head that is not accepted."""

    fault: ListFault
    detail: str


Change: TypeAlias = ApplyDelta | ApplySnapshot | Refresh
Effect: TypeAlias = Change | FetchSnapshot | FetchChunks | DropSnapshot | FetchDeltas | RequestList | Reject


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What became of a change.

    `fault`: what is wrong with the list; None beside `done` being false: the gate's own trouble.
    """

    done: bool
    fault: ListFault | None = None
