"""The answers of a set-up so far, and the one place that judges an answer, in plain words."""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from agent.settings import Schema, Settings, device_tables, dotted, driver_models, expected
from agent.settings.configuration_loading import models
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import Path

_LANE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SCHEMES: Final = ("rtsp://", "rtsps://", "http://", "https://")


class AnswerError(ValueError):
    """The answer does not fit. `text`: what is expected instead, for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


def judged_answer(schema: Schema, path: Path, text: str) -> Any:
    """The value that a text is for the key at this path, as a file holds it; a list where commas are allowed.

    Raises:
        AnswerError: it does not fit.
        KeyError: there is no such key.
    """
    field = schema.field(path)
    if field is None:
        raise KeyError(dotted(path))
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    wanted = expected(field)
    value: Any = [part.strip() for part in text.split(",")] if "list" in wanted else text
    try:
        judged = adapter.validate_python(value)
    except ValidationError as error:
        raise AnswerError(_words(error, wanted)) from None
    if str(path[-1]) == "url" and "cameras" in path:
        check_camera_address(str(judged))
    return adapter.dump_python(judged, mode="json")


def check_camera_address(url: str) -> None:
    """See that a text is the address of a network camera or a device of this computer. Raises AnswerError."""
    if not url.startswith((*_SCHEMES, "/dev/")):
        raise AnswerError(
            Text("Enter the address of a network camera. It starts with rtsp://, rtsps://, http:// or https://.")
        )


def checked_lane_name(text: str) -> str:
    """A name for a lane. Raises AnswerError."""
    if not _LANE_NAME.fullmatch(text):
        raise AnswerError(Text("Use letters, digits, - and _ only."))
    return text


def _words(error: ValidationError, wanted: Text) -> Text:
    """What is wrong: a rule's own words where it has some, else what is expected."""
    found = error.errors(include_url=False, include_input=False)[0]
    own = found.get("ctx", {}).get("error")
    if found["type"] == "value_error" and own is not None:
        return Text("{why} (expected: {expected})", why=Text.of(str(own)), expected=_bare(wanted))
    return Text("Enter {expected}.", expected=_bare(wanted))


def _bare(words: Text) -> Text:
    """The words without the quotes that only a file needs."""
    if words.pattern == "a text in quotes":
        return Text("a text")
    values = {name: _bare(value) if isinstance(value, Text) else value for name, value in words.values.items()}
    return Text.of_parts(words.pattern, values, words.context, words.plural, words.number)


class AnswerSheet:
    """The values so far, as a tree.

    `before`: those of the configuration that is there, the defaults of what is asked.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        self._before = copy.deepcopy(dict(before))
        self._proposed = copy.deepcopy(self._before)
        self._decided: set[Path] = set()
        self.values: dict[str, Any] = {}

    @property
    def schema(self) -> Schema:
        """What may stand where, by the drivers that are chosen so far."""
        return Schema(Settings, driver_models(list(device_tables(self.values)), models)[0])

    def saved(self) -> AnswerSheet:
        """A copy of the sheet as it is, to come back to."""
        return copy.deepcopy(self)

    def go_back(self, saved: AnswerSheet) -> None:
        """Be as an earlier copy was. What was answered since is proposed again."""
        self._proposed = _merged(saved._proposed, self.values)
        self.values, self._decided = copy.deepcopy(saved.values), set(saved._decided)

    def set_value(self, path: Path, value: Any) -> None:
        """Set a value; None takes it away. A list grows by its next number."""
        self._decided.add(path)
        table: Any = self.values
        for part, following in pairwise(path):
            empty: Any = [] if isinstance(following, int) else {}
            if isinstance(part, int) and part == len(table):
                table.append(empty)
            table = table[part] if isinstance(part, int) else table.setdefault(part, empty)
        last = path[-1]
        if isinstance(table, list) and isinstance(last, int):
            table[last : last + 1] = [value]
        elif value is None:
            table.pop(last, None)
        else:
            table[last] = value

    def keep(self, path: Path) -> None:
        """Take over the keys that the table at the path had, but for those that were decided."""
        for key, value in dict(self.original(path) or {}).items():
            if (*path, key) not in self._decided:
                self.set_value((*path, key), value)

    def forget(self, path: Path) -> None:
        """Take away a value that the configuration had, so that it is neither proposed nor kept."""
        for table in (self.original(path[:-1]), self.before(path[:-1])):
            if isinstance(table, dict):
                table.pop(path[-1], None)

    def before(self, path: Path) -> Any:
        """The value to propose: the last answer, else what the configuration had; None without one."""
        return _at(self._proposed, path)

    def original(self, path: Path) -> Any:
        """The value that the configuration had; None without one."""
        return _at(self._before, path)


def _at(tree: Mapping[str, Any], path: Path) -> Any:
    table: Any = tree
    for part in path:
        try:
            table = table[part]
        except (KeyError, IndexError, TypeError):
            return None
    return table


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The values of both; of those that both have, those that lie over the others."""
    found = copy.deepcopy(dict(under))
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else copy.deepcopy(value)
    return found
