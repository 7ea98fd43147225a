"""Asks a technician for the values of a configuration, one by one.

Each is judged at once by the field that will hold it.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import typer
from pydantic import TypeAdapter, ValidationError

from agent.settings import Schema, Settings, choices, device_tables, dotted, driver_models, expected
from agent.settings.drivers import models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.settings import Path


class AnswerSheet:
    """The values so far, as a tree.

    `before`: those of the configuration that is there, the defaults of what is asked.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        self._before = copy.deepcopy(dict(before))
        self._decided: set[Path] = set()
        self.values: dict[str, Any] = {}

    @property
    def schema(self) -> Schema:
        """What may stand where, by the drivers that are chosen so far."""
        return Schema(Settings, driver_models(list(device_tables(self.values)), models)[0])

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
        for key, value in dict(self.before(path) or {}).items():
            if (*path, key) not in self._decided:
                self.set_value((*path, key), value)

    def forget(self, path: Path) -> None:
        """Take away a value that the configuration had, so that it is neither proposed nor kept."""
        table = self.before(path[:-1])
        if isinstance(table, dict):
            table.pop(path[-1], None)

    def before(self, path: Path) -> Any:
        """The value that the configuration had; None without one."""
        table: Any = self._before
        for part in path:
            try:
                table = table[part]
            except (KeyError, IndexError, TypeError):
                return None
        return table


def ask_value(
    sheet: AnswerSheet,
    path: Path,
    question: str,
    default: Any = None,
    *,
    optional: bool = False,
    refused: Callable[[Any], str] = lambda _: "",
) -> Any:
    """Ask for one value until it fits its field, and put it down. Empty where it is `optional`: it is left out, None.

    `refused`: why a value that fits its field is not one here; "" where it is.
    """
    field = sheet.schema.field(path)
    if field is None:
        raise KeyError(dotted(path))
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    proposed = sheet.before(path)
    proposed = default if proposed is None else proposed
    while True:
        shown = (
            "" if proposed is None else ", ".join(map(str, proposed)) if isinstance(proposed, list) else str(proposed)
        )
        text = str(typer.prompt(question, default=shown if proposed is not None or optional else None)).strip()
        if optional and text in {"", "-"}:
            sheet.set_value(path, None)
            return None
        value: Any = [part.strip() for part in text.split(",")] if "list" in expected(field) else text
        try:
            judged = adapter.validate_python(value)
        except ValidationError as error:
            why = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
            wanted = expected(field).replace(" in quotes", "")  # only the file has them
            typer.echo(f"  That cannot be: {why} ({dotted(path)}, {wanted}).")
            continue
        if why := refused(judged):
            typer.echo(f"  Invalid: {why} ({dotted(path)}).")
            continue
        plain = adapter.dump_python(judged, mode="json")
        sheet.set_value(path, plain)
        return plain


def ask_choice(sheet: AnswerSheet, path: Path, question: str, default: str) -> str:
    """Ask for one of the texts that the field at the path takes, and put it down."""
    field = sheet.schema.field(path)
    found = pick(question, choices(field) if field is not None else [], str(sheet.before(path) or default))
    sheet.set_value(path, found)
    return found


def pick(question: str, among: Sequence[str], default: str | None = None) -> str:
    """Ask for one of several, by its number or by itself."""
    typer.echo(question)
    for number, one in enumerate(among, 1):
        typer.echo(f"  {number}  {one}")
    start = None if default is None or default not in among else str(among.index(default) + 1)
    while True:
        text = str(typer.prompt("Which one", default=start)).strip()
        if text in among:
            return text
        if text.isdecimal() and 1 <= int(text) <= len(among):
            return among[int(text) - 1]
        typer.echo(f"  There is 1 to {len(among)}.")
