"""Combines fleet documents with the configuration of a gate: which value applies for each key.

The layers are trees of plain values, as TOML gives them. `lanes."*"` means every lane of the gate. Tables of devices
are matched by their `id`. If the device exists, its keys are overridden. If not, the device is added.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from agent.core.fleet.key_owners import KeyOwner, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.core.fleet.document_kinds import KindRules

Path: TypeAlias = "tuple[str | int, ...]"

EVERY: Final = "*"
LANES: Final = "lanes"
DEVICE_LISTS: Final = frozenset({"cameras", "scanners", "signs", "witnesses"})
_ABSENT: Final = object()
_LANE_DEPTH: Final = 3
"""Parts of the path of a list of devices: `lanes`, the lane, the list."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one document sets, and what its kind may set."""

    data: Mapping[str, Any]
    rules: KindRules


@dataclass(frozen=True, slots=True)
class Source:
    """Which layer a value comes from, and its path there."""

    layer: int
    at: Path


@dataclass(frozen=True, slots=True)
class Difference:
    """A key that the gate sets otherwise than the documents. `wins`: what the gate says counts, else the documents'."""

    path: Path
    local: Any
    wanted: Any
    layer: int
    wins: bool


@dataclass(frozen=True, slots=True)
class ForbiddenKey:
    """A key that a document may not set, and whose it is."""

    source: Source
    owner: KeyOwner


@dataclass(slots=True)
class Layered:
    """The tree that counts; the source of each value in it that a document has set; what differs; what may not be."""

    tree: dict[str, Any]
    sources: dict[Path, Source] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    forbidden: list[ForbiddenKey] = field(default_factory=list)


def layered(local: Mapping[str, Any], layers: Sequence[Layer]) -> Layered:
    """Lay the documents over what the gate says, in their order; the later one wins, a technician's key never loses."""
    found = Layered(deepcopy(dict(local)))
    wanted: dict[Path, tuple[Any, int]] = {}
    for number, layer in enumerate(layers):
        for path, at, value in _targets(found.tree, (), (), layer.data):
            owner = owner_of(path)
            source = Source(number, at)
            if owner not in layer.rules.may_set:
                forbidden = ForbiddenKey(source, owner)
                if forbidden not in found.forbidden:
                    found.forbidden.append(forbidden)
                continue
            wanted[path] = (value, number)
            if owner is KeyOwner.TECHNICIAN and value_at(local, path) is not _ABSENT:
                continue
            _put(found.tree, path, deepcopy(value))
            for known in [known for known in found.sources if known[: len(path)] == path]:
                del found.sources[known]
            found.sources[path] = source
    found.differences.extend(_differences(local, wanted))
    return found


def is_set(tree: Mapping[str, Any], path: Path) -> bool:
    """Whether a tree has a value at a path."""
    return value_at(tree, path) is not _ABSENT


def value_at(tree: Any, path: Path) -> Any:
    """The value at a path; a mark of its own where there is none."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part, _ABSENT)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return _ABSENT
    return tree


def _differences(local: Mapping[str, Any], wanted: Mapping[Path, tuple[Any, int]]) -> Iterator[Difference]:
    for path, (value, layer) in wanted.items():
        own = value_at(local, path)
        if own is not _ABSENT and own != value:
            yield Difference(path, own, value, layer, owner_of(path) is KeyOwner.TECHNICIAN)


def _targets(tree: Mapping[str, Any], path: Path, at: Path, value: Any) -> Iterator[tuple[Path, Path, Any]]:
    """Where each value of a document goes: its path at the gate, its path in the document, the value."""
    if isinstance(value, dict):
        for key in _in_order(path, value):
            for name in _meant(tree, path, key):
                yield from _targets(tree, (*path, name), (*at, key), value[key])
    elif _lists_devices(path, value):
        for number, item in enumerate(value):
            yield from _device_targets(tree, path, (*at, number), item)
    else:
        yield path, at, value


def _in_order(path: Path, table: Mapping[str, Any]) -> list[str]:
    """What is said of every lane comes first: what is said of one lane wins over it."""
    return sorted(table, key=lambda one: path != (LANES,) or one != EVERY)


def _meant(tree: Mapping[str, Any], path: Path, key: str) -> list[str]:
    """The names that a key of a document stands for at the gate."""
    if path != (LANES,) or key != EVERY:
        return [key]
    lanes = tree.get(LANES)
    return list(lanes) if isinstance(lanes, dict) else []


def _device_targets(
    tree: Mapping[str, Any], path: Path, at: Path, item: Mapping[str, Any]
) -> Iterator[tuple[Path, Path, Any]]:
    # Looked up for each item: the one before may have been added meanwhile.
    place = _device(tree, path, item["id"])
    if place is None:
        yield (*path, _count(tree, path)), at, item
        return
    for key, inner in item.items():
        if key != "id":
            yield from _targets(tree, (*path, place, key), (*at, key), inner)


def _lists_devices(path: Path, value: Any) -> bool:
    is_list = len(path) == _LANE_DEPTH and path[0] == LANES and path[-1] in DEVICE_LISTS and isinstance(value, list)
    return is_list and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in value)


def _device(tree: Mapping[str, Any], path: Path, name: str) -> int | None:
    found = value_at(tree, path)
    listed = found if isinstance(found, list) else []
    return next((n for n, item in enumerate(listed) if isinstance(item, dict) and item.get("id") == name), None)


def _count(tree: Mapping[str, Any], path: Path) -> int:
    found = value_at(tree, path)
    return len(found) if isinstance(found, list) else 0


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    table: Any = tree
    for part, following in pairwise(path):
        wanted: type = list if isinstance(following, int) else dict
        inner = table[part] if isinstance(part, int) else table.get(part)
        if not isinstance(inner, wanted):
            inner = wanted()
            table[part] = inner
        table = inner
    last = path[-1]
    if isinstance(last, int) and last == len(table):
        table.append(value)
    else:
        table[last] = value
