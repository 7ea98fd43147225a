"""Looking a key's path up in the models: is it known, is it secret, what may stand there."""

from __future__ import annotations

from enum import Enum
from functools import reduce
from pathlib import Path as FilePath
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, SecretBytes, SecretStr

from agent.service.redaction import sounds_secret
from drivers.text import Text, either

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

    from agent.settings.toml.key_positions import Path


class Schema:
    """The models of the configuration: `root`, and for each device's path the model of its driver."""

    def __init__(self, root: type[BaseModel], drivers: Mapping[Path, type[BaseModel]]) -> None:
        self._root = root
        self._drivers = drivers

    def field(self, path: Path) -> FieldInfo | None:
        """The field at the path; for an item or an entry, the field of its container. None for an unknown key."""
        return self._walk(path)[0]

    def names(self, path: Path) -> list[str]:
        """The keys that a table may have, those of its driver included. Empty where any name will do."""
        model = self._walk(path)[1]
        if not _is_model(model):
            return []
        driver = self._drivers.get(path)
        return [*model.model_fields, *(driver.model_fields if driver else ())]

    def is_secret(self, path: Path) -> bool:
        """Say whether the value at the path is declared as a secret."""
        field = self.field(path)
        return field is not None and any(
            _container(kind) in (SecretStr, SecretBytes) for kind in _members(field.annotation)
        )

    def is_file(self, path: Path) -> bool:
        """Say whether the value at the path is the path of a file."""
        field = self.field(path)
        return field is not None and any(_container(kind) is FilePath for kind in _members(field.annotation))

    def hides(self, path: Path, value: object) -> bool:
        """Say whether a value must not be shown.

        A secret, something unknown, or a text whose key sounds like a secret.
        """
        field = self.field(path)
        if field is None or self.is_secret(path):
            return True
        sounds = sounds_secret(str(path[-1])) and not str(path[-1]).endswith(("_file", "_keys"))
        return sounds and not isinstance(value, int | float)

    def _walk(self, path: Path) -> tuple[FieldInfo | None, Any]:
        """The field at the path and the type of what stands there."""
        field: FieldInfo | None = None
        kind: Any = self._root
        for depth, part in enumerate(path):
            if _is_model(kind):
                field = kind.model_fields.get(str(part)) or self._driver_field(path[:depth], str(part))
                if field is None:
                    return None, None
                kind = _container(field.annotation)
            else:
                kind = _container(_item(kind))
        return field, kind

    def _driver_field(self, path: Path, name: str) -> FieldInfo | None:
        driver = self._drivers.get(path)
        return driver.model_fields.get(name) if driver else None


def choices(field: FieldInfo) -> list[str]:
    """The texts that may stand in a field of fixed choices; empty for any other."""
    found: list[str] = []
    for kind in _members(field.annotation):
        if get_origin(kind) is Literal:
            found.extend(str(choice) for choice in get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found.extend(str(choice.value) for choice in kind)
    return found


def expected(field: FieldInfo, *, item: bool = False) -> Text:
    """Say in words what may stand in a field, or in one item of a list field."""
    kinds = [kind for kind in _members(field.annotation, item=item) if kind is not NoneType]
    limits = list(field.metadata) if not item else []
    for kind in kinds:
        limits.extend(getattr(kind, "__metadata__", ()))
    fixed = choices(field)
    if fixed and (item or not _is_list(field.annotation)):
        words = ", ".join(choice if choice.isdigit() else f'"{choice}"' for choice in fixed)
        return Text("one of {words}", words=words) if len(fixed) > 1 else Text("{words}", words=words)
    if not item and _is_list(field.annotation):
        return _list(limits)
    if any(get_origin(kind) is dict for kind in kinds):
        return Text("a table")
    bounded = _bounded(either(dict.fromkeys(_kind(kind) for kind in kinds)), limits)
    pattern = _limit(limits, object, "pattern")
    return Text("{kind} of the form {pattern}", kind=bounded, pattern=pattern) if pattern else bounded


def is_text(field: FieldInfo, *, item: bool = False) -> bool:
    """Say whether a field, or an item of a list field, takes texts and nothing else."""
    if _is_list(field.annotation) and not item:
        return False
    kinds = {_container(kind) for kind in _members(field.annotation, item=item)} - {NoneType}
    return not kinds & {int, float, bool} and not any(_is_model(kind) or get_origin(kind) is dict for kind in kinds)


def lists_values(field: FieldInfo) -> bool:
    """Say whether a field takes a list of texts or numbers, and not one of tables or lists."""
    kinds = [_container(kind) for kind in _members(field.annotation, item=True)]
    held = any(_is_model(kind) or _is_list(kind) or get_origin(kind) is dict for kind in kinds)
    return _is_list(field.annotation) and not held


def fits(field: FieldInfo, value: object, *, item: bool = False) -> bool:
    """Say whether a value of a file has a type that the field takes as it is.

    Pydantic also takes true for 1 and "5" for 5, which texts of variables need; in a file it is a mistake.
    """
    kinds = {_container(kind) for kind in _members(field.annotation, item=item)} - {NoneType}
    match value:
        case bool():
            return not kinds <= {int, float, str}
        case str():
            return not kinds <= {int, float, bool}
        case int() | float():
            return kinds != {bool}
        case _:
            return True


def _kind(kind: Any) -> Text:
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if kind is bool:
        return Text("true or false")
    if kind is int:
        return Text("a whole number")
    if kind is float:
        return Text("a number")
    if _is_model(kind) or get_origin(kind) is dict:
        return Text("a table")
    if _is_list(kind):
        return Text("a list")
    return Text("a text in quotes")


def _both(one: Text, other: Text) -> Text:
    return Text("{one} and {other}", one=one, other=other)


def _bounded(kind: Text, limits: list[Any]) -> Text:
    """The kind with its limits, or where it has none with those of its length."""
    low, over = _limit(limits, Ge, "ge"), _limit(limits, Gt, "gt")
    high, under = _limit(limits, Le, "le"), _limit(limits, Lt, "lt")
    if low is not None and high is not None:
        return Text("{kind} from {low} to {high}", kind=kind, low=low, high=high)
    bounds = [
        *([] if low is None else [Text("at least {low}", low=low)]),
        *([] if over is None else [Text("more than {low}", low=over)]),
        *([] if high is None else [Text("at most {high}", high=high)]),
        *([] if under is None else [Text("less than {high}", high=under)]),
    ]
    if bounds:
        return Text("{kind} {bounds}", kind=kind, bounds=reduce(_both, bounds))
    least, most = _lengths(limits)
    if least is not None and most is not None:
        return Text("{kind} of {least} to {most} characters", kind=kind, least=least, most=most)
    if least is not None:
        return Text("{kind} of at least {least} characters", kind=kind, least=least)
    return kind if most is None else Text("{kind} of at most {most} characters", kind=kind, most=most)


def _list(limits: list[Any]) -> Text:
    least, most = _lengths(limits)
    if least is not None and most is not None:
        return Text("a list of {least} to {most} items", least=least, most=most)
    if least is not None:
        return Text("a list of at least {least} items", least=least)
    return Text("a list") if most is None else Text("a list of at most {most} items", most=most)


def _lengths(limits: list[Any]) -> tuple[int | None, int | None]:
    return _limit(limits, MinLen, "min_length"), _limit(limits, MaxLen, "max_length")


def _limit(limits: list[Any], kind: type, name: str) -> Any:
    for limit in limits:
        for found in (limit, *getattr(limit, "metadata", ())):  # a FieldInfo in Annotated keeps its own list
            if isinstance(found, kind) and hasattr(found, name):
                return getattr(found, name)
    return None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_list(kind: Any) -> bool:
    return get_origin(_container(kind)) in (list, tuple, set, frozenset)


def _members(kind: Any, *, item: bool = False) -> list[Any]:
    """The types that a field takes, unions taken apart; those of the items for a list where `item` is asked."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return [member for part in get_args(kind) for member in _members(part, item=item)]
    if origin in (list, tuple, set, frozenset):
        return _members(get_args(kind)[0]) if item else [kind, *_members(get_args(kind)[0])]
    return [kind]


def _container(kind: Any) -> Any:
    """The type without Annotated and without None."""
    if get_origin(kind) is Annotated:
        return _container(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        members = [member for member in get_args(kind) if member is not NoneType]
        return _container(members[0])
    return kind


def _item(kind: Any) -> Any:
    """The type of the items of a list or the values of a table."""
    arguments = get_args(kind)
    if not arguments:
        return None
    return arguments[1] if get_origin(kind) is dict else arguments[0]
