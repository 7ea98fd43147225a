"""Syntax errors of a TOML text: all of them, in words that say what to mend, and without secrets."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from agent.service.redaction import MASK, masked_urls, sounds_secret
from agent.settings.problems import Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_KEY = re.compile(r"^\s*(?P<key>[A-Za-z0-9_.\"' -]+?)\s*=")
_MOST_SYNTAX_ERRORS = 20
_AFTERMATH = ("Cannot overwrite", "Cannot declare", "Cannot mutate")
_HINTS: Mapping[str, str] = {
    "Invalid value": "expected a value: texts stand in quotes, numbers and true or false without",
    "Illegal character '\\n'": "the text has no closing quote",
    "Unterminated string": "the text has no closing quote",
    "Expected newline or end of document after a statement": "expected the end of the line after the value",
    "Expected '=' after a key in a key/value pair": 'expected "=" after the key',
    "Invalid initial character for a key part": "expected a key, a [table] or a comment",
    "Cannot overwrite a value": "this key was set before",
}


def parse(name: str, text: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values, or every syntax error: a line that cannot be read is put aside and the rest read again."""
    problems: list[Problem] = []
    lines = text.replace("\r\n", "\n").split("\n")
    while len(problems) < _MOST_SYNTAX_ERRORS:
        try:
            data = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            number, column, message = _located(str(error), lines)
            if not (problems and message.startswith(_AFTERMATH)):
                problems.append(_syntax_problem(name, text, number, column, message))
            if not lines[number - 1].strip():
                break  # an open bracket or text further up: what follows would be guesswork
            is_header = lines[number - 1].lstrip().startswith("[")
            lines[number - 1] = f"[unreadable-{number}]" if is_header else ""
        else:
            return ({} if problems else data), problems
    return {}, problems


def _located(message: str, lines: list[str]) -> tuple[int, int, str]:
    """The line, the column (from 1) and the bare text of an error of tomllib."""
    match = _TOML_PLACE.search(message)
    bare = message[: match.start()] if match else message
    if match is None or match["line"] is None:
        last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)
        return last, len(lines[last - 1]) + 1, f"{bare} before the end of the file"
    number = min(int(match["line"]), len(lines))
    return number, int(match["column"]), bare


def _syntax_problem(name: str, text: str, number: int, column: int, message: str) -> Problem:
    line = text.replace("\r\n", "\n").split("\n")[number - 1]
    excerpt, caret = _excerpt(text.replace("\r\n", "\n").split("\n"), number, min(column - 1, len(line)))
    words = next((words for start, words in _HINTS.items() if message.startswith(start)), message)
    return Problem(name, "", words, Spot(number, column, excerpt, caret))


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
