"""Reading the configuration file and those it includes into one tree, with the place of every key."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from agent.service.redaction import MASK, masked_urls, sounds_secret
from agent.settings.places import Place, places
from agent.settings.problems import Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path as FilePath

    from agent.settings.places import Path

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
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


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file of the configuration: its path, its text and where its keys stand."""

    path: FilePath
    text: str
    places: Mapping[Path, Place] = field(default_factory=dict)

    def spot(self, place: Place, hidden: Callable[[Path], bool]) -> Spot:
        """The position of a place. Values whose path is `hidden` are masked in the excerpt, as are URL passwords."""
        raw = self.text.encode()
        begin = raw.rfind(b"\n", 0, place.start) + 1
        end = raw.find(b"\n", place.start)
        end = len(raw) if end < 0 else end
        spans = [
            (other.value_start, other.value_end)
            for path, other in self.places.items()
            if other.value_start < end and other.value_end > begin and hidden(path)
        ]
        before = _masked(raw, begin, place.start, spans)
        rest = _masked(raw, place.start, end, spans).rstrip("\r")
        column = len(raw[begin : place.start].decode()) + 1
        return Spot(place.row + 1, column, before + rest, len(before))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: `place` in `file`, or, for variables and credentials, just their name."""

    name: str
    file: TomlFile | None = None
    place: Place | None = None

    def spot(self, hidden: Callable[[Path], bool]) -> Spot | None:
        """The position in the file, None without one."""
        return self.file.spot(self.place, hidden) if self.file and self.place else None

    @override
    def __str__(self) -> str:
        """The name, with the line for a file."""
        return f"{self.name}:{self.place.row + 1}" if self.place else self.name


@dataclass(slots=True)
class Document:
    """The configuration as read: the tree of values, and the origin of every path in it."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: list[TomlFile] = field(default_factory=list)

    def origin(self, path: Path) -> Origin:
        """Where the value at the path, or the nearest table around it, comes from."""
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        first = self.files[0]
        return Origin(str(first.path), first, Place(0, 0, 0, 0, 0))


def read(path: FilePath) -> Document:
    """Read a file and all it includes. What is wrong is in the document's problems."""
    document = Document()
    _add(document, path, None, ())
    return document


def _add(document: Document, path: FilePath, origin: Origin | None, above: tuple[FilePath, ...]) -> None:
    complain = _complainer(document, path, origin)
    if path.resolve() in above or any(file.path.resolve() == path.resolve() for file in document.files):
        complain("is included twice")
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        complain(f"cannot be read: {error.strerror or error}")
        return
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        document.problems.append(Problem(str(path), "", "expected UTF-8 text", Spot(line, 1)))
        return
    data, problems = _parse(str(path), text)
    file = TomlFile(path, text, {} if problems else places(text))
    document.files.append(file)
    document.problems.extend(problems)
    if problems:
        return
    _merge(document, file, data)
    _include(document, file, data, (*above, path.resolve()))


def _complainer(document: Document, path: FilePath, origin: Origin | None) -> Callable[[str], None]:
    def complain(message: str) -> None:
        if origin is None or origin.file is None:
            document.problems.append(Problem(str(path), "", message))
        else:
            text = f"{path} {message}"
            document.problems.append(Problem(origin.name, "include", text, origin.spot(lambda _path: False)))

    return complain


def _include(document: Document, file: TomlFile, data: Mapping[str, Any], above: tuple[FilePath, ...]) -> None:
    listed = data.get("include", [])
    if not isinstance(listed, list):
        return  # the model says what was expected
    for number, name in enumerate(listed):
        if isinstance(name, str):
            origin = Origin(str(file.path), file, file.places.get(("include", number)))
            _add(document, file.path.parent / name, origin, above)


def _merge(document: Document, file: TomlFile, data: Mapping[str, Any]) -> None:
    inner = len(document.files) > 1
    if inner:
        data = {key: value for key, value in data.items() if key != "include"}
    _merge_table(document, file, document.data, data, ())


def _merge_table(document: Document, file: TomlFile, into: dict[str, Any], data: Mapping[str, Any], at: Path) -> None:
    for key, value in data.items():
        path = (*at, key)
        if isinstance(value, dict) and isinstance(into.get(key, {}), dict):
            document.origins.setdefault(path, Origin(str(file.path), file, file.places[path]))
            _merge_table(document, file, into.setdefault(key, {}), value, path)
        elif key in into:
            spot = file.spot(file.places[path], lambda _path: True)
            message = f"is already set at {document.origin(path)}"
            document.problems.append(Problem(str(file.path), dotted(path), message, spot))
        else:
            into[key] = value
            for inner, place in file.places.items():
                if inner[: len(path)] == path:
                    document.origins[inner] = Origin(str(file.path), file, place)


def dotted(path: Path) -> str:
    """The path as it is written in error messages: `lanes.export.cameras[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part if _BARE.fullmatch(part) else json.dumps(part)}"
    return text.removeprefix(".")


# ------------------------------------------------------------------------------------------------- syntax


def _parse(name: str, text: str) -> tuple[dict[str, Any], list[Problem]]:
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


def _masked(raw: bytes, begin: int, end: int, spans: list[tuple[int, int]]) -> str:
    """The text from `begin` to `end` with the spans masked, and URL passwords too."""
    text, at = "", begin
    for start, stop in sorted(spans):
        if stop <= at or start >= end:
            continue
        text += raw[at : max(at, start)].decode(errors="replace") + MASK
        at = min(stop, end)
    return masked_urls(text + raw[at:end].decode(errors="replace"))
