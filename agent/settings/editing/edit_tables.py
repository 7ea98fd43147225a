"""Taking a key, a table or an item of a list out of a TOML text, and adding a table.

The lines concerned and nothing else. As with changes of a value, every result is read again and compared: all else must
be what it was.
"""

from __future__ import annotations

import copy
import itertools
import tomllib
from typing import TYPE_CHECKING, Any

from agent.settings.toml.change import ChangeError, first_right, inline_candidates, spliced
from agent.settings.toml.includes import dotted
from agent.settings.toml.key_positions import comments, places, statements
from agent.settings.toml.plain_value import toml
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings.toml.key_positions import Path, Place, Statement

_BLANK = b" \t"


def without(text: str, path: Path) -> str:
    """The text without what stands at the path, be it a value, a table or an item of a list. Raises ChangeError."""
    wanted = _less(tomllib.loads(text), path)
    candidates = [one for one in (_without_lines(text, path), _without_part(text, path)) if one is not None]
    refusal = Text(
        "{key} cannot be removed from this file without changing its form: edit the file yourself", key=dotted(path)
    )
    return first_right(candidates, wanted, refusal)


def with_table(text: str, path: Path, values: Mapping[str, Any]) -> str:
    """The text with a table more: a new one of that name, or the next item of a list. Raises ChangeError."""
    wanted = _more(tomllib.loads(text), path, dict(values))
    refusal = Text(
        "{key} cannot be added to this file without changing its form: edit the file yourself", key=dotted(path)
    )
    return first_right(_additions(text, path, values), [wanted], refusal)


# ------------------------------------------------------------------------------------------------------------- wanted


def _less(data: dict[str, Any], path: Path) -> list[Any]:
    """What the text may say after the removal: tables and lists that it leaves empty may stay or go."""
    kept = copy.deepcopy(data)
    parents: list[tuple[Any, Any]] = []
    table: Any = kept
    for part in path:
        if not _holds(table, part):
            raise ChangeError(Text("{key} is not set", key=dotted(path)))
        parents.append((table, part))
        table = table[part]
    results = []
    while parents:
        table, part = parents.pop()
        del table[part]
        results.append(copy.deepcopy(kept))
        if table:
            break
    return results


def _more(data: dict[str, Any], path: Path, values: dict[str, Any]) -> Any:
    """What the text must say after the addition."""
    wanted = copy.deepcopy(data)
    table: Any = wanted
    for part, following in itertools.pairwise(path):
        if isinstance(table, dict) and isinstance(part, str):
            table = table.setdefault(part, [] if isinstance(following, int) else {})
        elif _holds(table, part):
            table = table[part]
        else:
            raise ChangeError(Text("there is no {key}", key=dotted(path[:-1])))
    last = path[-1]
    if isinstance(table, list) and last == len(table):
        table.append(values)
    elif isinstance(table, dict) and isinstance(last, str) and last not in table:
        table[last] = values
    else:
        there, key = _holds(table, last), dotted(path)
        raise ChangeError(Text("{key} is there already", key=key) if there else Text("there is no {key}", key=key))
    return wanted


def _holds(table: Any, part: str | int) -> bool:
    if isinstance(table, dict):
        return part in table
    return isinstance(table, list) and isinstance(part, int) and 0 <= part < len(table)


# -------------------------------------------------------------------------------------------------------------- remove


def _without_lines(text: str, path: Path) -> str | None:
    """Without the lines of every header and every key that is at the path or below it."""
    raw, found = text.encode(), list(statements(text))
    spans = [_table_lines(text, raw, found, one) for one in found if one.value is None and _is_below(one.path, path)]
    spans += [_lines(raw, one.place) for one in found if one.value is not None and _is_below(one.path, path)]
    if not spans:
        return None
    kept, at = b"", 0
    for start, end in sorted(spans):
        kept += raw[at : max(at, start)]
        at = max(at, end)
    return (kept + raw[at:]).decode()


def _is_below(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


def _lines(raw: bytes, place: Place) -> tuple[int, int]:
    """From the begin of the first line of a key to the end of its last."""
    end = raw.find(b"\n", place.value_end)
    return raw.rfind(b"\n", 0, place.start) + 1, len(raw) if end < 0 else end + 1


def _table_lines(text: str, raw: bytes, found: list[Statement], header: Statement) -> tuple[int, int]:
    """The lines of a table: the comment right above it, its header, its keys, and the empty lines after them."""
    start = _with_comment_above(text, raw, raw.rfind(b"\n", 0, header.place.start) + 1)
    return start, _end_of_table(text, raw, found, header)


def _end_of_table(text: str, raw: bytes, found: list[Statement], header: Statement) -> int:
    """Where the next table begins, or the comment right above it; the end of the text for the last one."""
    after = (one for one in found if one.value is None and one.place.start > header.place.start)
    following = next(after, None)
    if following is None:
        return len(raw)
    return _with_comment_above(text, raw, raw.rfind(b"\n", 0, following.place.start) + 1)


def _with_comment_above(text: str, raw: bytes, line: int) -> int:
    """The begin of the lines of comment that end right above a line, else the line itself."""
    begins = {raw.rfind(b"\n", 0, start) + 1 for start, _ in comments(text) if _opens_line(raw, start)}
    while line > 0:
        above = raw.rfind(b"\n", 0, line - 1) + 1
        if above not in begins:
            break
        line = above
    return line


def _opens_line(raw: bytes, at: int) -> bool:
    return not raw[raw.rfind(b"\n", 0, at) + 1 : at].strip(_BLANK)


def _without_part(text: str, path: Path) -> str | None:
    """Without a key of an inline table, or an item of a list in brackets, and one comma beside it."""
    place = places(text).get(path)
    if place is None:
        return None
    raw = text.encode()
    start, end = place.start, place.value_end
    after = end + len(raw[end:]) - len(raw[end:].lstrip())
    if raw[after : after + 1] == b",":
        end = after + 1
        end += len(raw[end:]) - len(raw[end:].lstrip(_BLANK))
    else:
        before = raw[:start].rstrip()
        start = len(before) - 1 if before.endswith(b",") else start
    line, line_end = raw.rfind(b"\n", 0, start) + 1, raw.find(b"\n", end)
    if line_end >= 0 and not raw[line:start].strip(_BLANK) and not raw[end:line_end].strip():
        start, end = line, line_end + 1  # it had its lines to itself
    return spliced(raw, start, end, "")


# ----------------------------------------------------------------------------------------------------------------- add


def _additions(text: str, path: Path, values: Mapping[str, Any]) -> Iterator[str]:
    """Ways to write it, the best first; not all of them are valid in every text."""
    raw, found = text.encode(), list(statements(text))
    listed = next((one for one in found if one.value is not None and one.path == path[:-1]), None)
    if listed is not None and isinstance(path[-1], int):
        start, end = listed.place.value_start, listed.place.value_end
        body = raw[start : end - 1].rstrip().removesuffix(b",").decode()
        comma = "" if body == "[" else ", "
        yield spliced(raw, start, end, f"{body}{comma}{toml(dict(values))}]")
    yield from inline_candidates(raw, found, path, toml(dict(values)))
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = newline.join(_written(path, values))
    for at in _ends(text, raw, found, path):
        before, after = raw[:at].decode(), raw[at:].decode()
        gap = "" if not before else newline if before.endswith("\n") else newline * 2
        if before.endswith((newline * 2, "\n\n")):
            gap = ""
        yield f"{before}{gap}{lines}{newline}{newline if after.strip() else ''}{after}"


def _ends(text: str, raw: bytes, found: list[Statement], path: Path) -> Iterator[int]:
    """Where the new lines may stand: behind those of the nearest kin, else at the end."""
    headers = [one for one in found if one.value is None]
    for length in range(len(path) - 1, 0, -1):
        kin = [one for one in headers if _is_below(one.path, path[:length])]
        if kin:
            yield _end_of_table(text, raw, found, kin[-1])
    yield len(raw)


def _written(path: Path, values: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table and of the tables in it."""
    names = dotted(tuple(part for part in path if isinstance(part, str)))
    yield f"[[{names}]]" if isinstance(path[-1], int) else f"[{names}]"
    inner = {key: value for key, value in values.items() if isinstance(value, dict)}
    yield from (f"{dotted((key,))} = {toml(value)}" for key, value in values.items() if key not in inner)
    for key, value in inner.items():
        yield ""
        yield from _written((*path, key), value)
