"""Gather what the sources say to people into the template and the catalogues of agent/i18n, and name what is missing.

Run `make texts` after a text was changed. A message that is new, or whose English changed, stands in each catalogue
without a translation, or fuzzy with that of the English it most resembles: write or check it, and take `fuzzy` away.
A translation that takes other values than its message is named as well: nobody is shown it.
"""

from __future__ import annotations

import ast
import copy
import re
import string
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from agent.console.configuration_form import schema
from agent.core.events import ChainFault
from agent.core.lane import CommandKind, LaneState
from agent.core.model import DeclarationStatus, ListKind, Subject
from agent.core.permit import KeyStatus
from agent.core.software import UpdateStage
from agent.i18n import Language
from agent.i18n.po import entries, plural_forms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("agent", "central", "drivers", "sim")
VOCABULARIES: Final[tuple[type[StrEnum], ...]] = (
    CommandKind,
    DeclarationStatus,
    ChainFault,
    KeyStatus,
    ListKind,
    LaneState,
    Subject,
    UpdateStage,
)
"""Codes that are words in what is said: they are translated where they are a value of a text."""
DOMAIN: Final = ROOT / "agent" / "i18n"
TEMPLATE: Final = DOMAIN / "messages.pot"
OTHERS: Final = tuple(language for language in Language if language is not Language.EN)
WIDTH: Final = 110
_OF_NOBODY: Final = re.compile(
    '"(?:POT-Creation|PO-Revision|Report-Msgid|Last-Tran|Language-Team|Generated|MIME|Project-Id)'
)
_LETTERS: Final = re.compile(r"[^\W\d_]")


class Message(NamedTuple):
    """What is said in one place. `place`: its file; `message`: the English, or that of one thing and of many."""

    place: str
    context: str
    message: str | tuple[str, str]


def messages() -> Iterator[Message]:
    """All that the sources say."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "from drivers.text import" in source or path.name == "text.py":
                yield from _said(_python(source), path)
        for path in sorted((ROOT / package).rglob("*.html")):
            yield from _said(_template(path.read_text(encoding="utf-8")), path)
    for description in descriptions():
        yield Message("agent/settings", "", description)
    for code in (one for vocabulary in VOCABULARIES for one in vocabulary if one is not Subject.VIN):
        yield Message(f"{type(code).__module__.replace('.', '/')}.py", "", code.value)


def descriptions() -> Iterator[str]:
    """What is said of every key and every table of the configuration, those of the drivers too."""
    root = schema()
    tables = [table for table in root["$defs"].values() if "enum" not in table]
    yield from (table["description"] for table in tables)
    for form in (form for table in [root, *tables] for form in [table, *table.get("oneOf", [])]):
        yield from (key["description"] for key in form.get("properties", {}).values() if "description" in key)


def _said(found: Iterator[tuple[str, tuple[str, ...]]], path: Path) -> Iterator[Message]:
    place = path.relative_to(ROOT).as_posix()
    for function, texts in found:
        match function, texts:
            case "pgettext", (context, text):
                yield Message(place, context, text)
            case "ngettext", (one, many):
                yield Message(place, "", (one, many))
            case _, (text,) if has_words(text):
                yield Message(place, "", text)


def has_words(text: str) -> bool:
    """Whether there is anything to translate beside the values."""
    try:
        return any(_LETTERS.search(words) for words, *_ in string.Formatter().parse(text))
    except ValueError:  # braces that belong to no value
        return True


_TAKEN: Final = {"Text": 1, "_": 1, "pgettext": 2, "ngettext": 2}
"""How many of a function's first arguments are the message."""


def _python(source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every message that is written as a literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            given = [one.value for one in node.args[: _TAKEN.get(name, 0)] if isinstance(one, ast.Constant)]
            if given and len(given) == _TAKEN[name]:
                yield name, tuple(given)


def _template(source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        given = [one.value for one in node.args[: _TAKEN.get(name, 0)] if isinstance(one, nodes.Const)]
        if given and len(given) == _TAKEN[name]:
            yield name, tuple(given)


def template() -> Catalog:
    """The messages of the sources as a catalogue without translations."""
    catalog = Catalog(project="gate-agent", charset="utf-8")
    for one in messages():
        catalog.add(one.message, locations=[(one.place, 0)], context=one.context or None)
    return catalog


def catalogue(language: Language) -> Catalog:
    """The catalogue of a language as it lies there."""
    with (DOMAIN / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language.value, ignore_obsolete=True, abort_invalid=True)


def write(path: Path, catalog: Catalog) -> None:
    """Write a template or a catalogue. Lines and dates stay out of it: they change with everything."""
    for one in catalog:
        one.locations = sorted({(place, None) for place, _ in one.locations})
    catalog.fuzzy = False
    catalog.header_comment = f"# {path.name}: written by `make texts`; the translations are written by hand."
    with BytesIO() as file:
        write_po(file, catalog, width=WIDTH, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
        lines = file.getvalue().decode().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not _OF_NOBODY.match(line)), encoding="utf-8")


def wrong(path: Path) -> Iterator[str]:
    """Every message of a catalogue that has no good translation: file and line, what is wrong, and the message."""
    with path.open(encoding="utf-8") as lines:
        header, *found = entries(lines)
    count, _ = plural_forms(header)
    for one in found:
        if one.fuzzy:
            yield f"{path}:{one.line}: fuzzy: {one.message!r}"
        elif not one.is_whole(count):
            yield f"{path}:{one.line}: missing: {one.message!r}"
        elif not one.has_same_values:
            yield f"{path}:{one.line}: other values than in the English: {one.message!r}"


def main() -> int:
    """Gather, update, and name what has no good translation; 1: something has none."""
    gathered = template()
    write(TEMPLATE, gathered)
    count = 0
    for language in OTHERS:
        path = DOMAIN / f"{language}.po"
        catalog = catalogue(language)
        before = {(one.context, one.id) for one in catalog if one.id}
        catalog.update(copy.deepcopy(gathered))  # an update keeps the messages that it is given
        write(path, catalog)
        told = list(wrong(path))
        gone = before - {(one.context, one.id) for one in catalog}
        for line in told:
            print(line, file=sys.stderr)
        print(
            f"{path.name}: {len(catalog)} messages, {len(told)} without a good translation, {len(gone)} unused left out"
        )
        count += len(told)
    return 1 if count else 0


if __name__ == "__main__":
    raise SystemExit(main())
