"""Reading the configuration file and those it includes into one tree, with the place of every key."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from agent.service.redaction import MASK, masked_urls
from agent.settings.toml.files import read_file
from agent.settings.toml.key_positions import Place, places
from agent.settings.toml.problems import Problem, Spot
from agent.settings.toml.syntax import parse
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path as FilePath

    from agent.settings.toml.files import FileReader
    from agent.settings.toml.key_positions import Path

SUFFIX: Final = ".toml"
OUTSIDE: Final = Text("is not a .toml file in the folder of the configuration; only such files can be included")
NUL, NUL_SHOWN = "\0", "\N{SYMBOL FOR NULL}"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class TomlFile:
    """A file of the configuration: its path, its text and where its keys stand."""

    def __init__(self, path: FilePath, text: str, places: Mapping[Path, Place]) -> None:
        self.path = path
        self.text = text
        self.places = places
        self._raw = text.encode()
        self._rows: dict[int, list[tuple[Path, Place]]] = {}

    def _on_row(self, row: int) -> list[tuple[Path, Place]]:
        """The places whose values stand in a row, or in part."""
        if not self._rows:
            for path, place in self.places.items():
                if place.value_start == place.value_end:
                    continue
                rows = self._raw.count(b"\n", place.start, place.value_end)
                for one in range(place.row, place.row + rows + 1):
                    self._rows.setdefault(one, []).append((path, place))
        return self._rows.get(row, [])

    def spot(self, place: Place, hidden: Callable[[Path], bool]) -> Spot:
        """The position of a place. Values whose path is `hidden` are masked in the excerpt, as are URL passwords."""
        raw = self._raw
        begin = raw.rfind(b"\n", 0, place.start) + 1
        end = raw.find(b"\n", place.start)
        end = len(raw) if end < 0 else end
        spans = [
            (other.value_start, other.value_end)
            for path, other in self._on_row(place.row)
            if other.value_start < end and other.value_end > begin and hidden(path)
        ]
        before = _masked(raw, begin, place.start, spans)
        rest = _masked(raw, place.start, end, spans).rstrip("\r")
        column = len(raw[begin : place.start].decode()) + 1
        return Spot(place.row + 1, column, before + rest, len(before))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: `place` in `file`, or, for variables and credentials, just their name.

    `is_laid`: the file is no file of the gate's but a fleet document, which is laid over them.
    """

    name: str
    file: TomlFile | None = None
    place: Place | None = None
    is_laid: bool = False

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


def read(path: FilePath, reader: FileReader = read_file) -> Document:
    """Read a file and all it includes. What is wrong is in the document's problems."""
    document = Document()
    _Reading(document, reader, _real(path.absolute().parent)).add(path, None)
    return document


class _Reading:
    """Reads a file after the other into a document.

    Only .toml files in the folder of the first are included, wherever links lead: a person who may change the
    configuration must not read by it what else the service may read.
    """

    def __init__(self, document: Document, reader: FileReader, folder: str) -> None:
        self._document = document
        self._reader = reader
        self._folder = folder

    def add(self, path: FilePath, origin: Origin | None) -> None:
        document = self._document
        complain = _problem_reader(document, path, origin)
        if any(_real(file.path) == _real(path) for file in document.files):
            complain(Text("is included twice"))
            return
        text = self._text(path, complain)
        if text is None:
            return
        data, problems = parse(str(path), text)
        file = TomlFile(path, text, {} if problems else places(text))
        document.files.append(file)
        document.problems.extend(problems)
        if not problems:
            _merge(document, file, data)
            self._include(file, data)

    def _text(self, path: FilePath, complain: Callable[[Text], None]) -> str | None:
        try:
            raw = self._reader(path)
        except OSError as error:
            complain(Text("cannot be read: {why}", why=reason(error)))
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            line = before[before.rfind(b"\n") + 1 :].decode("utf-8-sig")
            spot = Spot(before.count(b"\n") + 1, len(line) + 1)
            self._document.problems.append(Problem(str(path), "", Text("expected UTF-8 text"), spot))
            return None

    def _include(self, file: TomlFile, data: Mapping[str, Any]) -> None:
        listed = data.get("include", [])
        if not isinstance(listed, list):
            return  # the model says what was expected
        for number, name in enumerate(listed):
            if isinstance(name, str):
                origin = Origin(str(file.path), file, file.places.get(("include", number)))
                path = file.path.parent / name.replace(NUL, NUL_SHOWN)
                if self._belongs(path):
                    self.add(path, origin)
                else:
                    _problem_reader(self._document, path, origin)(OUTSIDE)

    def _belongs(self, path: FilePath) -> bool:
        real = PurePath(_real(path))
        return real.suffix == SUFFIX and real.is_relative_to(self._folder)


def _real(path: FilePath) -> str:
    """What the path leads to: two names may be of one file."""
    return os.path.realpath(path)


def _problem_reader(document: Document, path: FilePath, origin: Origin | None) -> Callable[[Text], None]:
    def complain(message: Text) -> None:
        if origin is None or origin.file is None:
            document.problems.append(Problem(str(path), "", message))
        else:
            text = Text("{path} {message}", path=path, message=message)
            document.problems.append(Problem(origin.name, "include", text, origin.spot(lambda _path: False)))

    return complain


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
            message = Text("is already set at {place}", place=document.origin(path))
            document.problems.append(Problem(str(file.path), dotted(path), message, spot))
        else:
            into[key] = value
            for inner in inner_paths(value, path):
                document.origins[inner] = Origin(str(file.path), file, file.places[inner])


def inner_paths(value: Any, path: Path) -> Iterator[Path]:
    """The path of the value and of everything in it."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from inner_paths(inner, (*path, key))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of the tree that is no table, and every table without keys, with its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def dotted(path: Path) -> str:
    """The path as it is written in error messages: `lanes.export.cameras[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part if _BARE.fullmatch(part) else quoted(part)}"
    return text.removeprefix(".")


def quoted(text: str) -> str:
    """The text as TOML: it takes JSON's escapes, and wants one for DEL too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _masked(raw: bytes, begin: int, end: int, spans: list[tuple[int, int]]) -> str:
    """The text from `begin` to `end` with the spans masked, and URL passwords too."""
    text, at = "", begin
    for start, stop in sorted(spans):
        if stop <= at or start >= end:
            continue
        text += raw[at : max(at, start)].decode(errors="replace") + MASK
        at = min(stop, end)
    return masked_urls(text + raw[at:end].decode(errors="replace"))
