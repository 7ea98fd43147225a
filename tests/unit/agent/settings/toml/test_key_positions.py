"""The places of keys agree with what tomllib reads, in every way of writing TOML."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings.toml.key_positions import places

SCALARS = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        '"text = 1"',
        "'[x]'",
        '"""\nkey = 3\n[table]\n"""',
        "'''a = \"\"\"\n'''",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        '"# no comment"',
        "0x1F",
        '"通道"',
    ]
)
NAMES = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True), st.sampled_from(["a.b", "c d", "通", 'q"', "=", "", "#"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=3),
        st.lists(st.dictionaries(NAMES, inner, max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=12,
)


def key(name: str, draw: st.DataObject) -> str:
    plain = name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
    if plain and draw.draw(st.booleans()):
        return name
    return json.dumps(name) if '"' in name or draw.draw(st.booleans()) else f"'{name}'"


def inline(value: object, draw: st.DataObject) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(name, draw)} = {inline(inner, draw)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", # note\n ".join(inline(inner, draw) for inner in value) + "\n]"
    return str(value)


def block(table: dict[str, object], header: str, draw: st.DataObject) -> str:
    """A table's body: plain pairs first, then dotted keys, then tables and arrays of tables under headers."""
    pairs, later = "", ""
    for name, value in table.items():
        path = f"{header}.{key(name, draw)}" if header else key(name, draw)
        style = draw.draw(st.sampled_from(["inline", "dotted", "header"]))
        tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        if isinstance(value, dict) and style == "header":
            later += f"[{path}] # a table\n{block(value, path, draw)}"
        elif isinstance(value, dict) and value and style == "dotted":
            pairs += "".join(
                f"{key(name, draw)} . {key(inner, draw)} = {inline(item, draw)}\n" for inner, item in value.items()
            )
        elif tables and style == "header":
            later += "".join(f"[[ {path} ]]\n{block(item, path, draw)}" for item in value)
        else:
            pairs += f"  {key(name, draw)}={inline(value, draw)} # note\n"
    return pairs + later


def paths(value: object, at: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {at} if at else set()
    if isinstance(value, dict):
        found.update(*(paths(inner, (*at, name)) for name, inner in value.items()))
    elif isinstance(value, list):
        found.update(*(paths(inner, (*at, number)) for number, inner in enumerate(value)))
    return found


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.data(), st.sampled_from(["\n", "\r\n"]))
def test_every_key_that_tomllib_reads_has_a_place_and_no_other_has(tree, data, line_end):
    text = block(tree, "", data).replace("\n", line_end)
    assert set(places(text)) == paths(tomllib.loads(text))


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.data())
def test_the_place_of_a_key_holds_the_key(tree, data):
    text = block(tree, "", data)
    raw = text.encode()
    for path, place in places(text).items():
        if isinstance(path[-1], str):
            written = raw[place.start : place.end].decode()
            names = list(_names(tomllib.loads(f"{written} = 0")))
            assert path[-1] in names
        assert raw[: place.start].count(b"\n") == place.row


def _names(table):
    for name, inner in table.items():
        yield name
        if isinstance(inner, dict):
            yield from _names(inner)


@pytest.mark.parametrize(
    ("text", "path", "row"),
    [
        ("a.b.c = 1", ("a", "b"), 0),
        ("[x]\n[[x.y]]\n[[x.y]]\nz = 1", ("x", "y", 1, "z"), 3),
        ("[[x]]\n[x.y]\nz = 1\n[[x]]\n[x.y]\nz = 2", ("x", 1, "y", "z"), 5),
        ('t = """\nk = 1\n"""\nk = 2', ("k",), 3),
        ("a = [1,\n 2,\n {k = 3}]", ("a", 2, "k"), 2),
        ("\"a b\".'c.d' = 1", ("a b", "c.d"), 0),
    ],
)
def test_a_key_is_found_on_its_line(text, path, row):
    assert places(text)[path].row == row
