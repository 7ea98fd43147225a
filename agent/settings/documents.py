"""Reading the configuration file and those it includes into one tree, with the place of every key."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from agent.service.redaction import MASK, masked_urls
from agent.settings.places import Place, places
from agent.settings.problems import Problem, Spot
from agent.settings.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path as FilePath

    from agent.settings.places import Path

_BARE = re.compile(r"[A-Za-z0-9_-]+")


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
    data, problems = parse(str(path), text)
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


def _masked(raw: bytes, begin: int, end: int, spans: list[tuple[int, int]]) -> str:
    """The text from `begin` to `end` with the spans masked, and URL passwords too."""
    text, at = "", begin
    for start, stop in sorted(spans):
        if stop <= at or start >= end:
            continue
        text += raw[at : max(at, start)].decode(errors="replace") + MASK
        at = min(stop, end)
    return masked_urls(text + raw[at:end].decode(errors="replace"))
