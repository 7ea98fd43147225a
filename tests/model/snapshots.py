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
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

_ATOMS: Final = (str, bytes, int, float, bool, type(None), enum.Enum, type, types.ModuleType, types.BuiltinFunctionType)


class Copier:
    """Copies graphs. `shared`: types whose objects are no part of the state and belong to both."""

    def __init__(self, shared: tuple[type, ...]) -> None:
        self._shared = (*_ATOMS, *shared)
        self._same = _kinds_of(self._shared)
        self._memo: dict[int, Any] = {}
        self._alive: list[Any] = []  # so that no id is given twice

    def copied(self, it: Any) -> Any:
        """A copy of a graph. Raises TypeError for what cannot be copied, such as a running generator."""
        kind = type(it)
        same = self._same.get(kind)
        if same is None:
            same = self._same[kind] = issubclass(kind, self._shared)
        if same or _is_frozen(it):
            return it
        done = self._memo.get(id(it))
        if done is not None:
            return done
        self._alive.append(it)
        copy: Callable[[Copier, Any], Any] = _way(kind)
        return copy(self, it)

    def method(self, it: types.MethodType) -> types.MethodType:
        return types.MethodType(it.__func__, self.copied(it.__self__))

    def partial(self, it: functools.partial[Any]) -> functools.partial[Any]:
        return functools.partial(self.copied(it.func), *map(self.copied, it.args), **it.keywords)

    def dictionary(self, it: dict[Any, Any]) -> dict[Any, Any]:
        new = self._memo[id(it)] = type(it)()
        new.update({self.copied(key): self.copied(value) for key, value in it.items()})
        return new

    def row(self, it: deque[Any]) -> deque[Any]:
        new = self._memo[id(it)] = deque[Any](maxlen=it.maxlen)
        new.extend(map(self.copied, it))
        return new

    def list(self, it: list[Any]) -> list[Any]:
        new = self._memo[id(it)] = []
        new.extend(map(self.copied, it))
        return new

    def set(self, it: set[Any]) -> set[Any]:
        new = self._memo[id(it)] = set[Any]()
        new.update(map(self.copied, it))
        return new

    def fixed(self, it: Any) -> Any:
        return type(it)(map(self.copied, it))

    def cell(self, it: types.CellType) -> types.CellType:
        new = self._memo[id(it)] = types.CellType()
        new.cell_contents = self.copied(it.cell_contents)
        return new

    def function(self, it: types.FunctionType) -> types.FunctionType:
        if it.__closure__ is None:
            return it
        cells = tuple(self.copied(cell) for cell in it.__closure__)
        new = types.FunctionType(it.__code__, it.__globals__, it.__name__, it.__defaults__, cells)
        new.__kwdefaults__ = it.__kwdefaults__
        new.__qualname__ = it.__qualname__
        return new

    def counter(self, it: itertools.count[int]) -> itertools.count[int]:
        return itertools.count(_place(it))

    def running(self, it: Any) -> NoReturn:
        raise TypeError(f"a running generator cannot be copied: {it}")

    def object(self, it: Any) -> Any:
        new = self._memo[id(it)] = _new(type(it))
        for name in _names(it):
            _set(new, name, self.copied(getattr(it, name)))
        return new


_new, _set = object.__new__, object.__setattr__
_WAYS: Final[tuple[tuple[Any, Callable[[Copier, Any], Any]], ...]] = (
    (types.FunctionType, Copier.function),
    (types.MethodType, Copier.method),
    (functools.partial, Copier.partial),
    (types.CellType, Copier.cell),
    (dict, Copier.dictionary),
    (deque, Copier.row),
    (list, Copier.list),
    (set, Copier.set),
    ((tuple, frozenset), Copier.fixed),
    (itertools.count, Copier.counter),
    ((types.GeneratorType, types.CoroutineType), Copier.running),
    (object, Copier.object),
)


@functools.cache
def _way(kind: type) -> Callable[[Copier, Any], Any]:
    """How objects of a type are copied."""
    return next(way for kinds, way in _WAYS if issubclass(kind, kinds))


@functools.cache
def _kinds_of(shared: tuple[type, ...]) -> dict[type, bool]:
    """Of the types that were met: whether objects of it belong to both, for these that do."""
    return {}


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
        self._kinds = _freezing(ignored)
        self._times = times
        self._names = names
        self._now_at = now_at
        self._oldest_s = oldest_s
        self._places: dict[int, int] = {}

    def frozen(self, it: Any, name: str = "") -> Hashable:  # noqa: C901, PLR0911 - one a kind
        """The value of a graph. `name`: under which it is held."""
        kind = type(it)
        way = self._kinds.get(kind)
        if way is None:
            way = self._kinds[kind] = _how(kind, self._ignored)
        match way:
            case _How.TIME if name.endswith("_at") or name in self._times:
                return max(-self._times.get(name, self._oldest_s), round(it - self._now_at, 3))
            case _How.IGNORED:
                return kind.__name__
            case _How.ATOM | _How.TIME:
                return it
            case _How.ROW:
                return tuple([self.frozen(one, name) for one in it])
            case _How.SET:
                return frozenset([self.frozen(one, name) for one in it])
            case _How.VALUE if _is_frozen(it):
                return it
        place = self._places.get(id(it))
        if place is not None:
            return "the same as", place
        self._places[id(it)] = len(self._places)
        return self._compound(it, name)

    def _compound(self, it: Any, name: str) -> Hashable:
        if isinstance(it, dict):  # in their order: what is oldest in it may be dropped first
            return tuple([(self.frozen(key), self.frozen(value, name)) for key, value in it.items()])
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
            [(one, self.frozen(getattr(it, one), one)) for one in _names(it) if one not in self._names]
        )


class _How(enum.Enum):
    """What objects of a type become in a value. `VALUE`: they are one, if all their fields are; else a compound."""

    TIME = enum.auto()
    IGNORED = enum.auto()
    ATOM = enum.auto()
    ROW = enum.auto()
    SET = enum.auto()
    VALUE = enum.auto()
    COMPOUND = enum.auto()


@functools.cache
def _freezing(ignored: tuple[type, ...]) -> dict[type, _How]:
    """What became of the types that were met, where these are no state."""
    return {}


def _how(kind: type, ignored: tuple[type, ...]) -> _How:
    if issubclass(kind, float):
        return _How.TIME
    if issubclass(kind, ignored):
        return _How.IGNORED
    if issubclass(kind, _ATOMS):
        return _How.ATOM
    if _value_fields(kind) is not None and not _holds_times(kind):
        return _How.VALUE
    if issubclass(kind, tuple | list | deque):
        return _How.ROW
    return _How.SET if issubclass(kind, set | frozenset) else _How.COMPOUND


@functools.cache
def _value_fields(kind: type) -> tuple[str, ...] | None:
    """What must be values in an object of a type, so that it is one: none in a frozen model; None: it never is."""
    if issubclass(kind, BaseModel):
        return () if kind.model_config.get("frozen") else None
    if not is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return None
    return tuple(field.name for field in fields(kind))


@functools.cache
def _is_atom(kind: type) -> bool:
    return issubclass(kind, _ATOMS)


def _is_frozen(it: Any) -> bool:
    """Whether it is a value: a frozen model, or a frozen dataclass all of whose fields are values."""
    names = _value_fields(type(it))
    return names is not None and all(_is_value(getattr(it, name)) for name in names)


def _is_value(it: Any) -> bool:
    kind = type(it)
    if _is_atom(kind):
        return True
    if issubclass(kind, tuple | frozenset):
        return all(map(_is_value, it))
    return _is_frozen(it)


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
