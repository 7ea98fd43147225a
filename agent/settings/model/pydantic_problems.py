"""Turning what pydantic found into problems that a technician can fix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.service.redaction import masked, masked_urls
from agent.settings.model.key_lookup import choices, expected, fits
from agent.settings.toml.includes import dotted
from agent.settings.toml.problems import Problem, nearest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from agent.settings.model.key_lookup import Schema
    from agent.settings.toml.includes import Document
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Spot

_LONGEST = 60


class PydanticProblems:
    """Makes problems about a document: it knows the place of every key and hides every secret."""

    def __init__(self, document: Document, schema: Schema) -> None:
        self._document = document
        self._schema = schema

    def about(self, path: Path, message: Text, *, hint: str = "", warning: bool = False) -> Problem:
        """A problem of the key at the path."""
        origin = self._document.origin(path)
        return Problem(
            origin.name, dotted(path), message, self._spot(path), hint, severity="warning" if warning else "error"
        )

    def in_file(self, path: Path, message: Text) -> Problem:
        """A problem of the file that the key at the path names."""
        return replace(self.about(path, message), beside=True)

    def wrong_types(self) -> list[Problem]:
        """A problem for each value of a file whose type is another than its key's, where pydantic would convert it."""
        found = []
        for path, origin in self._document.origins.items():
            field, value = self._schema.field(path), self.value(path)
            item = isinstance(path[-1], int)
            if origin.file is not None and field is not None and not fits(field, value, item=item):
                found.append(self.about(path, self._with_value(path, _expecting(field, item=item))))
        return found

    def from_pydantic(self, errors: Iterable[ErrorDetails], base: Path = ()) -> list[Problem]:
        """A problem for each error; `base` is the path of the validated part."""
        located = [(error, _path(error, base)) for error in errors]
        paths = [path for _, path in located]
        return [
            self._translated(error, path)
            for error, path in located
            # A list with a wrong item is not also too short.
            if not (error["type"] == "too_short" and any(path == other[: len(path)] != other for other in paths))
        ]

    def value(self, path: Path) -> Any:
        """What stands at the path; None when nothing does."""
        value: Any = self._document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _spot(self, path: Path) -> Spot | None:
        return self._document.origin(path).spot(self._hidden)

    def _hidden(self, path: Path) -> bool:
        return self._schema.hides(path, self.value(path))

    def _translated(self, error: ErrorDetails, path: Path) -> Problem:
        match error["type"]:
            case "missing":
                return self._missing(path)
            case "extra_forbidden":
                return self._unknown(path)
            case "value_error":
                message = self._own_words(path, error)
                if not isinstance(self.value(path), dict):
                    message = self._with_value(path, message)
            case _:
                message = self._with_value(path, self._expected(path, error))
        return self.about(path, message, hint=self._choice(path))

    def _missing(self, path: Path) -> Problem:
        field = self._schema.field(path)
        if field is None or not field.description:
            return self.about(path, Text("is required"))
        return self.about(path, Text("is required: {description:clause}", description=Text(field.description)))

    def _unknown(self, path: Path) -> Problem:
        names = self._schema.names(path[:-1])
        hint = nearest(str(path[-1]), names)
        message = Text("there is no such key here")
        if not hint and names:
            message = Text("{message}; expected one of {names}", message=message, names=", ".join(names))
        meant = (*path[:-1], hint)
        absent = hint and self.value(meant) is None
        return replace(self.about(path, message, hint=hint), meant=dotted(meant) if absent else "")

    def _expected(self, path: Path, error: ErrorDetails) -> Text:
        field = self._schema.field(path)
        if field is None:
            return Text.of(masked_urls(error["msg"]))
        return _expecting(field, item=bool(path) and isinstance(path[-1], int))

    def _own_words(self, path: Path, error: ErrorDetails) -> Text:
        """The message of a validator, without the value where that is to be hidden."""
        value = self.value(path)
        hidden = [value] if isinstance(value, str) and self._hidden(path) else []
        words = Text.of(str(error.get("ctx", {}).get("error", error["msg"])))
        return words.with_values(lambda said: masked(said, hidden) if isinstance(said, str) else said)

    def _choice(self, path: Path) -> str:
        field, value = self._schema.field(path), self.value(path)
        return nearest(value, choices(field)) if field is not None and isinstance(value, str) else ""

    def _with_value(self, path: Path, message: Text) -> Text:
        """The message and what stands there, where something does."""
        got = self._got(path)
        return message if got is None else Text("{message}; got {value}", message=message, value=got)

    def _got(self, path: Path) -> str | None:
        value = self.value(path)
        match value:
            case None:
                return None
            case dict():
                return Text("a table")
            case list():
                return Text("a list of {count}", count=len(value))
            case str() if self._hidden(path):
                return Text("a text")
            case int() | float() if self._hidden(path):
                return Text("a number")
            case str():
                text = json.dumps(masked_urls(value), ensure_ascii=False)
            case bool():
                text = str(value).lower()
            case _:
                text = str(value)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _expecting(field: FieldInfo, *, item: bool) -> Text:
    return Text("expected {kind}", kind=expected(field, item=item))


def _path(error: ErrorDetails, base: Path) -> Path:
    """The path that an error is about: an error of a table's key is about what stands under that key."""
    path = (*base, *error["loc"])
    return path[:-1] if path and path[-1] == "[key]" else path
