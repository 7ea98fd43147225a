"""Copies and canonical values of live objects, so that real parts with a memory can be explored.

`copied` makes a second object graph of the same state: bound methods and closures of the copy belong to the copy.
`frozen` makes a value of a graph that is equal for equal states. By the rule of the house a name that ends in `_at`
holds a time of the monotonic clock; it is taken relative to now, and cut where no rule reads an older one.
"""

from __future__ import annotations

import enum
import functools
import itertools
import re
import types
from collections import deque
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

_ATOMS: Final = (str, bytes, int, float, bool, type(None), enum.Enum, type, types.ModuleType, types.BuiltinFunctionType)


class Copier:
    """Copies graphs. `shared`: types whose objects are no part of the state and belong to both."""

    def __init__(self, shared: tuple[type, ...]) -> None:
        self._shared = (*_ATOMS, *shared)
        self._memo: dict[int, Any] = {}
        self._alive: list[Any] = []  # so that no id is given twice

    def copied(self, it: Any) -> Any:
        """A copy of a graph. Raises TypeError for what cannot be copied, such as a running generator."""
        if isinstance(it, self._shared) or _is_frozen(it):
            return it
        done = self._memo.get(id(it))
        if done is not None:
            return done
        self._alive.append(it)
        copy: Callable[[Any], Any] = next(way for kind, way in self._ways() if isinstance(it, kind))
        return copy(it)

    def _ways(self) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
        yield types.FunctionType, self._function
        yield types.MethodType, lambda it: types.MethodType(it.__func__, self.copied(it.__self__))
        yield (
            functools.partial,
            lambda it: functools.partial(self.copied(it.func), *map(self.copied, it.args), **it.keywords),
        )
        yield types.CellType, self._cell
        yield dict, lambda it: self._filled(it, type(it)(), lambda new: new.update(self._items(it)))
        yield deque, lambda it: self._filled(it, deque(maxlen=it.maxlen), lambda new: new.extend(map(self.copied, it)))
        yield list, lambda it: self._filled(it, [], lambda new: new.extend(map(self.copied, it)))
        yield set, lambda it: self._filled(it, set(), lambda new: new.update(map(self.copied, it)))
        yield (tuple, frozenset), lambda it: type(it)(map(self.copied, it))
        yield itertools.count, lambda it: itertools.count(_place(it))
        yield (types.GeneratorType, types.CoroutineType), _refuse
        yield object, self._object

    def _items(self, it: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
        return ((self.copied(key), self.copied(value)) for key, value in it.items())

    def _filled(self, it: Any, new: Any, fill: Callable[[Any], None]) -> Any:
        self._memo[id(it)] = new
        fill(new)
        return new

    def _cell(self, it: types.CellType) -> types.CellType:
        return self._filled(
            it, types.CellType(), lambda new: setattr(new, "cell_contents", self.copied(it.cell_contents))
        )

    def _function(self, it: types.FunctionType) -> types.FunctionType:
        if it.__closure__ is None:
            return it
        cells = tuple(self.copied(cell) for cell in it.__closure__)
        new = types.FunctionType(it.__code__, it.__globals__, it.__name__, it.__defaults__, cells)
        new.__kwdefaults__ = it.__kwdefaults__
        new.__qualname__ = it.__qualname__
        return new

    def _object(self, it: Any) -> Any:
        new = object.__new__(type(it))
        self._memo[id(it)] = new
        for name in _names(it):
            object.__setattr__(new, name, self.copied(getattr(it, name)))
        return new


class Freezer:
    """Makes values of graphs. `ignored`, `names`: types and names that are no state. `now_at`: now.

    `oldest_s`: a time of a name that ends in `_at` is like any older one from then on; `times`: other names that hold
    times, each with the same for it.
    """

    def __init__(
        self,
        ignored: tuple[type, ...],
        names: frozenset[str],
        now_at: float,
        oldest_s: float,
        times: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._ignored = ignored
        self._times = times
        self._names = names
        self._now_at = now_at
        self._oldest_s = oldest_s
        self._places: dict[int, int] = {}

    def frozen(self, it: Any, name: str = "") -> Hashable:  # noqa: PLR0911 - one a kind
        """The value of a graph. `name`: under which it is held."""
        if isinstance(it, float) and (name.endswith("_at") or name in self._times):
            return max(-self._times.get(name, self._oldest_s), round(it - self._now_at, 3))
        if isinstance(it, self._ignored):
            return type(it).__name__
        if isinstance(it, _ATOMS) or (_is_frozen(it) and not _holds_times(type(it))):
            return it
        if isinstance(it, tuple | list | deque):
            return tuple(self.frozen(one, name) for one in it)
        if isinstance(it, set | frozenset):
            return frozenset(self.frozen(one, name) for one in it)
        place = self._places.get(id(it))
        if place is not None:
            return "the same as", place
        self._places[id(it)] = len(self._places)
        return self._compound(it, name)

    def _compound(self, it: Any, name: str) -> Hashable:
        if isinstance(it, dict):  # in their order: what is oldest in it may be dropped first
            return tuple((self.frozen(key), self.frozen(value, name)) for key, value in it.items())
        if isinstance(it, types.FunctionType):
            cells = it.__closure__ or ()
            return it.__qualname__, tuple(self.frozen(cell.cell_contents) for cell in cells)
        if isinstance(it, types.MethodType):
            return it.__func__.__qualname__, self.frozen(it.__self__)
        if isinstance(it, itertools.count):
            return _place(it)
        if isinstance(it, types.GeneratorType):
            raise TypeError(f"a running generator has no value: {it}")
        return type(it).__name__, tuple(
            (one, self.frozen(getattr(it, one), one)) for one in _names(it) if one not in self._names
        )


def _is_frozen(it: Any) -> bool:
    """Whether it is a value: a frozen model, or a frozen dataclass all of whose fields are values."""
    if isinstance(it, BaseModel):
        return bool(it.model_config.get("frozen"))
    if not is_dataclass(it) or isinstance(it, type) or not type(it).__dataclass_params__.frozen:
        return False
    return all(_is_value(getattr(it, field.name)) for field in fields(it))


def _is_value(it: Any) -> bool:
    if isinstance(it, tuple | frozenset):
        return all(map(_is_value, it))
    return isinstance(it, _ATOMS) or _is_frozen(it)


@functools.cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(name for one in kind.__mro__ for name in getattr(one, "__slots__", ()) if name != "__weakref__")


@functools.cache
def _holds_times(kind: type) -> bool:
    return is_dataclass(kind) and any(field.name.endswith("_at") for field in fields(kind))


def _names(it: Any) -> list[str]:
    """The names of all that an object holds."""
    slots = [name for name in _slots(type(it)) if name != "__dict__" and hasattr(it, name)]
    return [*slots, *getattr(it, "__dict__", ())]


def _place(it: itertools.count[int]) -> int:
    """Where a counter stands, without moving it."""
    found = re.fullmatch(r"count\((\d+)\)", repr(it))
    if found is None:
        raise TypeError(f"only plain counters are copied, not {it!r}")
    return int(found[1])


def _refuse(it: Any) -> Any:
    raise TypeError(f"a running generator cannot be copied: {it}")
