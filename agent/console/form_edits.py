"""From what a form sends to edits of the configuration: only what differs from what was shown."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.console.configuration_form import all_fields
from agent.service.redaction import masked_urls
from agent.settings import ChangeError, Edit, restored_value
from agent.settings.toml.plain_value import toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.console.configuration_form import Field, Group
    from agent.settings import Document, Path

VALUE: Final = "f:"
"""Before the name of a field: what stands in it."""
SHOWN: Final = "w:"
"""Before the name of a field: what stood in it when it was shown."""
CLEAR: Final = "x:"
"""Before the name of a secret: take it away."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form sent: every name with its values, line ends as they are in files."""

    values: dict[str, list[str]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Any]]) -> Sent:
        """From the pairs of a form; what is no text, such as a file, is left out."""
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            if isinstance(value, str):
                values.setdefault(name, []).append(value.replace("\r\n", "\n"))
        return cls(values)

    def text(self, name: str) -> str:
        """The one value of a name; "" where there is none."""
        return self.values.get(name, [""])[0]

    def lines(self, name: str) -> str:
        """All values of a name, one a line."""
        return "\n".join(self.values.get(name, []))

    def has(self, name: str) -> bool:
        """Whether the form had such a field."""
        return name in self.values


def changes(made: Group, sent: Sent, document: Document) -> list[Edit]:
    """The edits that a form of a table asks for. Raises ChangeError for a masked value that cannot be put back."""
    return [edit for one in all_fields(made) for edit in _edits(one, sent, document)]


def table(made: Group, sent: Sent) -> dict[str, Any]:
    """The values of a table that is to be added: those that were filled in."""
    found: dict[str, Any] = {}
    for one in all_fields(made):
        text = one.value if one.kind == "fixed" else _sent(one, sent)
        if text:
            _set_value(found, one.path[len(made.path) :], _value(one, text))
    return found


def _sent(one: Field, sent: Sent) -> str:
    text = sent.lines(VALUE + one.name) if one.kind == "choices" else sent.text(VALUE + one.name)
    return text if one.kind == "secret" else text.strip()


def _edits(one: Field, sent: Sent, document: Document) -> Iterator[Edit]:
    if one.kind == "fixed" or one.is_locked or not sent.has(SHOWN + one.name):
        return
    if one.kind == "secret":
        if sent.has(CLEAR + one.name):
            yield Edit("remove", one.path)
        elif _sent(one, sent):
            yield Edit("set", one.path, toml(_sent(one, sent)))
        return
    text = _sent(one, sent)
    if text == sent.text(SHOWN + one.name).strip():
        return
    if not text:
        if one.is_set:
            yield Edit("remove", one.path)
        return
    yield Edit("set", one.path, _written(one, text, document))


def _written(one: Field, text: str, document: Document) -> str:
    """The value as TOML, or as a bare text where the loader is to say what is wrong with it."""
    before = _at(document.data, one.path)
    if one.kind in ("list", "choices"):
        old = [item for item in before if isinstance(item, str)] if isinstance(before, list) else []
        return toml([_item(one, line, old) for line in text.splitlines() if line.strip()])
    if one.kind in ("text", "choice"):
        return toml(_number_or(one, restored_value(text, before if isinstance(before, str) else "")))
    return text


def _item(one: Field, line: str, old: Sequence[str]) -> Any:
    """An item of a list, its masked password put back: that of the item which is shown so."""
    line = line.strip()
    for value in sorted(old, key=lambda value: masked_urls(value) != line):
        with suppress(ChangeError):
            if (restored := restored_value(line, value)) != line:
                return restored
    return _typed(line) if one.item in ("integer", "number") else line


def _number_or(one: Field, text: str) -> Any:
    """A choice may be a number, as the stop bits of a line are."""
    return _typed(text) if one.kind == "choice" and text.isdigit() else text


def _value(one: Field, text: str) -> Any:
    """The value of a new field. What does not fit stays a text: the loader says what was expected."""
    if one.kind in ("list", "choices"):
        return [_item(one, line, ()) for line in text.splitlines() if line.strip()]
    if one.kind in ("text", "choice", "fixed", "secret"):
        return _number_or(one, text)
    return _typed(text)


def _typed(text: str) -> Any:
    try:
        found = tomllib.loads(f"x = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return found["x"] if list(found) == ["x"] else text


def _set_value(tree: dict[str, Any], path: Path, value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(str(part), {})
    tree[str(path[-1])] = value


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
