"""Syntax errors of a TOML text: all of them, with what to fix, and without secrets."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.service.redaction import MASK, masked_urls, sounds_secret
from agent.settings.toml.key_positions import MOST_NESTED, statements, too_deep
from agent.settings.toml.problems import Problem, Spot
from agent.settings.toml.unclosed import closing, opening
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings.toml.key_positions import Statement

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_KEY = re.compile(r"^\s*(?P<key>[A-Za-z0-9_.\"' -]+?)\s*=")
_MOST_SYNTAX_ERRORS = 20
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{4299,}")
_SET_BEFORE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline table key")
_INLINE_KEY = re.compile(r"Duplicate inline table key '(?P<key>.*)'")
_STATEMENT = re.compile(r"[ \t]*(?:\[\[?[^\[\],]+\]\]?[ \t]*(?:#.*)?$|[\w\"'. -]+=)", re.MULTILINE)
_NO_KEY = re.compile(r"[ \t]*(?:#|\n|\})")
_UNCLOSED = ("Unclosed", "Unterminated")
_HINTS: Mapping[str, Text] = {
    "Invalid value": Text("expected a value: texts in quotes, numbers and true or false without"),
    "Illegal character '\\n'": Text("the text has no closing quote"),
    "Unterminated string": Text("the text has no closing quote"),
    "Expected newline or end of document after a statement": Text("expected the end of the line after the value"),
    "Expected '=' after a key in a key/value pair": Text('expected "=" after the key'),
    "Invalid initial character for a key part": Text("expected a key, a [table] or a comment"),
    "Invalid statement": Text("expected a key, a [table] or a comment"),
    "Unescaped '\\' in a string": Text(
        "write a backslash twice in a text in double quotes, or put the text in single quotes"
    ),
}
_READER: Mapping[str, Text] = {
    text: text
    for text in (
        Text("Escaped character is not a Unicode scalar value"),
        Text("Expected ']' at the end of a table declaration"),
        Text("Expected ']]' at the end of an array declaration"),
        Text("Invalid date or datetime"),
        Text("Invalid hex value"),
    )
}
"""What tomllib says that needs no other words."""
_ILLEGAL = "Illegal character "
_SIGN = re.compile(r"Expected (?P<sign>['\"]\S+)")


@dataclass(frozen=True, slots=True)
class _Fault:
    """A place (line and column from 1) and what is wrong there; the lines to put aside before the rest is read."""

    line: int
    column: int
    message: Text
    aside: range


def parse(name: str, text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values, or every syntax error: a line that cannot be read is put aside and the rest read again.

    Where there are errors, the values are those that could be read.
    """
    problems: list[Problem] = []
    lines = text.replace("\r\n", "\n").split("\n")
    deep = _too_deep("\n".join(lines))
    if deep is not None:
        return {}, [_syntax_problem(name, text, deep)]
    while len(problems) < _MOST_SYNTAX_ERRORS:
        try:
            data = tomllib.loads("\n".join(lines))
        except ValueError as error:
            fault = _fault(error, lines)
            problem = _syntax_problem(name, text, fault)
            if problem in problems:
                break
            problems.append(problem)
            if not any(lines[number - 1].strip() for number in fault.aside):
                break  # an open bracket or text further up: what follows would be guesswork
            for number in fault.aside:
                is_header = lines[number - 1].lstrip().startswith("[") and number == fault.aside[0]
                lines[number - 1] = f"[unreadable-{number}]" if is_header else ""
        else:
            return data, problems
    return {}, problems


def _too_deep(text: str) -> _Fault | None:
    """What would take readers that call themselves beyond their depth."""
    start = too_deep(text)
    if start is None:
        return None
    offset = len(text.encode()[:start].decode())
    return _at(text, offset, Text("is nested too deeply: expected at most {most} levels", most=MOST_NESTED))


def _fault(error: ValueError, lines: list[str]) -> _Fault:
    """Where the mistake is: tomllib says where it gave up."""
    text = "\n".join(lines)
    if not isinstance(error, tomllib.TOMLDecodeError):  # of int(), which refuses to read for hours
        found = _LONG_NUMBER.search(text)
        return _at(text, found.start() if found else 0, Text("expected a number with fewer digits"))
    match = _TOML_PLACE.search(str(error))
    message = str(error)[: match.start()] if match else str(error)
    gave_up = len(text)
    if match is not None and match["line"] is not None:
        before = sum(len(line) + 1 for line in lines[: int(match["line"]) - 1])
        gave_up = min(before + int(match["column"]) - 1, len(text))
    if message.startswith(_SET_BEFORE):
        return _twice(text, gave_up, message)
    return _never_closed(text, gave_up, message) or _one_line(text, gave_up) or _strange(text, gave_up, message)


def _never_closed(text: str, gave_up: int, message: str) -> _Fault | None:
    """A bracket or a text that is still open where the next statement stands, or the file ends."""
    line = text.rfind("\n", 0, gave_up) + 1
    if gave_up == len(text) or message.startswith(_UNCLOSED):
        opened = opening(text, gave_up)
    elif _STATEMENT.match(text, line):
        opened = opening(text, line)
    else:
        opened = None
    return None if opened is None else _at(text, *opened, until=text.rfind("\n", 0, gave_up))


def _one_line(text: str, gave_up: int) -> _Fault | None:
    """An inline table that goes on in the next line, or ends in a comma."""
    opened = opening(text, gave_up)
    if opened is None or text[opened[0]] != "{" or not _NO_KEY.match(text, gave_up):
        return None
    until = closing(text, opened[0]) - 1
    return _at(text, gave_up, Text("a table in { } must be on one line, without a comma at its end"), until=until)


def _strange(text: str, gave_up: int, message: str) -> _Fault:
    """Any other mistake; what looks like a space or a quote and is none is named."""
    if gave_up >= len(text):
        return _at(text, len(text.rstrip()), Text("{message} before the end of the file", message=_words(message)))
    character = text[gave_up]
    if not character.isascii():
        name = unicodedata.name(character, "without a name")
        words = Text("the character U+{code:04X} ({name}) is not allowed here", code=ord(character), name=name)
        return _at(text, gave_up, words)
    return _at(text, gave_up, _words(message))


def _words(message: str) -> Text:
    """What tomllib says, as a text with translations where it is known."""
    if message.startswith(_ILLEGAL):
        return Text("Illegal character {character}", character=message.removeprefix(_ILLEGAL))
    if found := _SIGN.fullmatch(message):
        return Text("Expected {sign}", sign=found["sign"])
    return _READER.get(message) or Text.of(message)


def _at(text: str, offset: int, message: Text, *, until: int | None = None) -> _Fault:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    last = line if until is None else max(line, text.count("\n", 0, max(until, 0)) + 1)
    return _Fault(line, column, message, range(line, last + 1))


def _twice(text: str, gave_up: int, message: str) -> _Fault:
    """A key or a table that is there already: where the second one begins, and the line of the first."""
    inline = _INLINE_KEY.search(message)
    if inline:
        return _at(
            text, max(text.rfind(inline["key"], 0, gave_up), 0), Text("this key was set before, in the same table")
        )
    found = list(statements(text))
    end = len(text[:gave_up].encode())
    second = next((one for one in reversed(found) if one.place.start < end), None)
    if second is None:
        return _at(text, gave_up, _words(message))
    first = next((one for one in found if one is not second and _collide(one, second)), None)
    start, until = (len(text.encode()[:at].decode()) for at in (second.place.start, second.place.value_end))
    return _at(text, start, _set_before(second, first), until=until)


def _set_before(second: Statement, first: Statement | None) -> Text:
    line = None if first is None else first.place.row + 1
    if second.value is None:
        return (
            Text("this table was set before")
            if line is None
            else Text("this table was set before, in line {line}", line=line)
        )
    return (
        Text("this key was set before") if line is None else Text("this key was set before, in line {line}", line=line)
    )


def _collide(one: Statement, other: Statement) -> bool:
    """Whether the two set the same, or one of them makes a table of what the other sets."""
    length = min(len(one.path), len(other.path))
    return one.path[:length] == other.path[:length] and (one.path == other.path or one.value is not None)


def _syntax_problem(name: str, text: str, fault: _Fault) -> Problem:
    lines = text.replace("\r\n", "\n").split("\n")
    excerpt, caret = _excerpt(lines, fault.line, min(fault.column - 1, len(lines[fault.line - 1])))
    words = next((words for start, words in _HINTS.items() if fault.message.startswith(start)), fault.message)
    return Problem(name, "", words, Spot(fault.line, fault.column, excerpt, caret))


def _excerpt(lines: list[str], number: int, offset: int) -> tuple[str, int]:
    """The line for display, where no tree says which part is a secret: cut after the key that sounds like one."""
    line = lines[number - 1]
    match = _KEY.match(line)
    if _inside_secret(lines, number):
        return MASK, 0
    if match and sounds_secret(match["key"]):
        shown = f"{line[: match.end()]} {MASK}"
        return shown, min(offset, len(shown))
    inner = next((at for at in re.finditer(r"[A-Za-z0-9_-]+", line) if sounds_secret(at[0])), None)
    if inner and line[inner.end() :].strip():
        shown = f"{line[: inner.end()]} {MASK}"
        return shown, min(offset, len(shown))
    before, rest = masked_urls(line[:offset]), masked_urls(line[offset:])
    return (before + rest, len(before)) if masked_urls(line) == line else (masked_urls(line), 0)


def _inside_secret(lines: list[str], number: int) -> bool:
    """Say whether the line may belong to a text of several lines whose key sounds secret."""
    for above in range(number - 1, 0, -1):
        match = _KEY.match(lines[above - 1])
        if match and sounds_secret(match["key"]):
            between = "\n".join(lines[above - 1 : number - 1])
            return any(between.count(quotes) % 2 for quotes in ('"""', "'''"))
    return False
