"""Every key of a configuration with the value in effect, and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr

from agent.core.fleet import KeyOwner, owner_of
from agent.service.redaction import masked_urls
from agent.settings.toml.includes import dotted
from agent.settings.toml.plain_value import toml
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.loading.load import LoadedSettings
    from agent.settings.toml.includes import Origin
    from agent.settings.toml.key_positions import Path

SET = Text("set")
DEFAULT = Text("default")


@dataclass(frozen=True, slots=True)
class KeyOrigin:
    """A key, its value as plain JSON (None: none; a secret: the word "set"), and its origin; None: the default.

    `owner`: whose word counts for the key.
    """

    key: str
    value: Any
    secret: bool
    origin: Origin | None
    owner: KeyOwner

    @property
    def shown(self) -> str:
        """The value as TOML; words without quotes where there is no value, or one that is not shown."""
        if self.value is None:
            return Text("none")
        return SET if self.secret else toml(self.value)

    @property
    def source(self) -> str:
        """Where it comes from: `file:line`, a credential, a variable, or the default."""
        return DEFAULT if self.origin is None else str(self.origin)


def key_origins(loaded: LoadedSettings) -> list[KeyOrigin]:
    """All keys, those of the drivers too, in the order of the models. No secret is in any of them."""
    return [_entry(loaded, path, value) for path, value in _leaves(loaded, loaded.settings, ())]


def _entry(loaded: LoadedSettings, path: Path, value: Any) -> KeyOrigin:
    origin = loaded.document.origins.get(path)
    secret = value is not None and (isinstance(value, SecretStr) or loaded.schema.hides(path, value))
    return KeyOrigin(dotted(path), SET if secret else _plain(value), secret, origin, owner_of(path))


def _leaves(loaded: LoadedSettings, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match value:
        case BaseModel():
            for name in type(value).model_fields:
                yield from _leaves(loaded, getattr(value, name), (*path, name))
            yield from _of_driver(loaded, value, path)
        case dict() if path == ("lanes",):
            for name, inner in value.items():
                yield from _leaves(loaded, inner, (*path, name))
        case tuple() if value and all(isinstance(inner, BaseModel) for inner in value):
            for number, inner in enumerate(value):
                yield from _leaves(loaded, inner, (*path, number))
        case _:
            yield path, value


def _of_driver(loaded: LoadedSettings, table: BaseModel, path: Path) -> Iterator[tuple[Path, Any]]:
    given = table.model_extra or {}
    for name in loaded.schema.names(path):
        field = loaded.schema.field((*path, name))
        if field is not None and name not in type(table).model_fields:
            yield (*path, name), given[name] if name in given else field.get_default(call_default_factory=True)


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case str():
            return masked_urls(value)
        case PurePath():
            return str(value)
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case _:
            return value
