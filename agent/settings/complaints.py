"""Turning what pydantic found into problems that a technician can mend."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.service.redaction import masked, masked_urls
from agent.settings.documents import dotted
from agent.settings.problems import Problem, nearest
from agent.settings.schema import choices, expected, fits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from agent.settings.documents import Document
    from agent.settings.places import Path
    from agent.settings.problems import Spot
    from agent.settings.schema import Schema

_LONGEST = 60


class Complaints:
    """Makes problems about a document: it knows the place of every key and hides every secret."""

    def __init__(self, document: Document, schema: Schema) -> None:
        self._document = document
        self._schema = schema

    def about(self, path: Path, message: str, *, hint: str = "", warning: bool = False) -> Problem:
        """A problem of the key at the path."""
        origin = self._document.origin(path)
        return Problem(
            origin.name, dotted(path), message, self._spot(path), hint, severity="warning" if warning else "error"
        )

    def wrong_types(self) -> list[Problem]:
        """A problem for each value of a file whose type is another than its key's, where pydantic would convert it."""
        found = []
        for path, origin in self._document.origins.items():
            field, value = self._schema.field(path), self.value(path)
            item = isinstance(path[-1], int)
            if origin.file is not None and field is not None and not fits(field, value, item=item):
                found.append(self.about(path, f"expected {expected(field, item=item)}{self._got(path)}"))
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
            case _:
                message = self._expected(path, error)
        got = "" if error["type"] == "value_error" and isinstance(self.value(path), dict) else self._got(path)
        return self.about(path, f"{message}{got}", hint=self._choice(path))

    def _missing(self, path: Path) -> Problem:
        field = self._schema.field(path)
        words = f": {field.description.rstrip('.')}" if field is not None and field.description else ""
        return self.about(path, f"is required{words}")

    def _unknown(self, path: Path) -> Problem:
        names = self._schema.names(path[:-1])
        hint = nearest(str(path[-1]), names)
        message = "there is no such key here"
        if not hint and names:
            message += f"; there is {', '.join(names)}"
        meant = (*path[:-1], hint)
        absent = hint and self.value(meant) is None
        return replace(self.about(path, message, hint=hint), meant=dotted(meant) if absent else "")

    def _expected(self, path: Path, error: ErrorDetails) -> str:
        field = self._schema.field(path)
        if field is None:
            return masked_urls(error["msg"])
        return f"expected {expected(field, item=bool(path) and isinstance(path[-1], int))}"

    def _own_words(self, path: Path, error: ErrorDetails) -> str:
        """The message of a validator, without the value where that is to be hidden."""
        value = self.value(path)
        hidden = [value] if isinstance(value, str) and self._hidden(path) else []
        return masked(str(error.get("ctx", {}).get("error", error["msg"])), hidden)

    def _choice(self, path: Path) -> str:
        field, value = self._schema.field(path), self.value(path)
        return nearest(value, choices(field)) if field is not None and isinstance(value, str) else ""

    def _got(self, path: Path) -> str:
        value = self.value(path)
        match value:
            case None:
                return ""
            case dict():
                return "; got a table"
            case list():
                return f"; got a list of {len(value)}"
            case str() if self._hidden(path):
                return "; got a text"
            case int() | float() if self._hidden(path):
                return "; got a number"
            case str():
                text = json.dumps(masked_urls(value), ensure_ascii=False)
            case bool():
                text = str(value).lower()
            case _:
                text = str(value)
        return f"; got {text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}"


def _path(error: ErrorDetails, base: Path) -> Path:
    """The path that an error is about: an error of a table's key is about what stands under that key."""
    path = (*base, *error["loc"])
    return path[:-1] if path and path[-1] == "[key]" else path
