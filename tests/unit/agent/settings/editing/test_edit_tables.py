"""Keys, tables and items are taken out of the text of a file, and tables added, and nothing else changes."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.settings.editing.edit_tables import with_table, without
from agent.settings.toml.change import ChangeError
from agent.settings.toml.includes import leaves
from agent.settings.toml.keypath import key_path
from tests.support.gate.config_files import GOOD


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("[a]\nb = 1  # why\nc = 2\n", "a.b", "[a]\nc = 2\n"),
        ("[a]\r\nb = 1\r\nc = 2\r\n", "a.c", "[a]\r\nb = 1\r\n"),
        ("[a]\nb = [\n  1,\n  2,\n]\nc = 2\n", "a.b", "[a]\nc = 2\n"),
        ("[a]\nb = [\n  1,\n  2,\n]\n", "a.b[0]", "[a]\nb = [\n  2,\n]\n"),
        ("a = [1, 2, 3]\n", "a[2]", "a = [1, 2]\n"),
        ("a = [1]\n", "a[0]", "a = []\n"),
        ("a = { b = 1, c = 2 }\n", "a.b", "a = { c = 2 }\n"),
        ("a = { b = 1, c = 2 }\n", "a.c", "a = { b = 1 }\n"),
        ("[a]\nx.y = 1\nx.z = 2\n", "a.x", "[a]\n"),
        ("# top\n\n# One.\n[a]\nb = 1\n\n# Two.\n[c]\nd = 1\n", "a", "# top\n\n# Two.\n[c]\nd = 1\n"),
        ("[a]\nb = 1\n[a.c]\nd = 1\n[e]\nf = 1\n[a.g]\nh = 1\n", "a", "[e]\nf = 1\n"),
        ("[[a]]\nb = 1\n\n# Two.\n[[a]]\nb = 2\n\n[[a]]\nb = 3\n", "a[1]", "[[a]]\nb = 1\n\n[[a]]\nb = 3\n"),
        ("[[a]]\nb = 1\n[a.c]\nd = 1\n[[a]]\nb = 2\n", "a[0]", "[[a]]\nb = 2\n"),
    ],
)
def test_what_is_taken_out_takes_its_lines_along_and_no_others(before, key, after):
    assert without(before, key_path(key)) == after


@pytest.mark.parametrize(
    ("before", "key", "values", "after"),
    [
        ("[a]\nb = 1\n", "c", {"d": 1, "e": "x"}, '[a]\nb = 1\n\n[c]\nd = 1\ne = "x"\n'),
        ("[[a]]\nb = 1\n\n# More.\n[c]\n", "a[1]", {"b": 2}, "[[a]]\nb = 1\n\n[[a]]\nb = 2\n\n# More.\n[c]\n"),
        ("[l.x]\nn = 1\n\n[m]\n", "l.x.c[0]", {"i": "f"}, '[l.x]\nn = 1\n\n[[l.x.c]]\ni = "f"\n\n[m]\n'),
        ("[l.x]\nn = 1\n", "l.y", {"n": 2, "r": {"k": "s"}}, '[l.x]\nn = 1\n\n[l.y]\nn = 2\n\n[l.y.r]\nk = "s"\n'),
        ("a = [{ b = 1 }]\n", "a[1]", {"b": 2}, "a = [{ b = 1 }, { b = 2 }]\n"),
        ("a = []\n", "a[0]", {"b": 2}, "a = [{ b = 2 }]\n"),
        ("a = { b = 1 }\n", "a.c", {"d": 2}, "a = { b = 1, c = { d = 2 } }\n"),
        ("", "a", {"b": 2}, "[a]\nb = 2\n"),
        ("x = 1", "a", {"b": 2}, "x = 1\n\n[a]\nb = 2\n"),
        ("[a]\r\nb = 1\r\n", "c", {"d": 1}, "[a]\r\nb = 1\r\n\r\n[c]\r\nd = 1\r\n"),
    ],
)
def test_a_table_is_added_beside_its_kin(before, key, values, after):
    assert with_table(before, key_path(key), values) == after


@pytest.mark.parametrize(
    ("key", "words"),
    [("a.x", "a.x is not set"), ("a.b.c", "is not set"), ("l[3]", "is not set"), ("none", "is not set")],
)
def test_what_is_not_there_is_not_taken_out(key, words):
    with pytest.raises(ChangeError, match=words):
        without("l = [1]\n[a]\nb = 1\n", key_path(key))


@pytest.mark.parametrize(
    ("key", "words"),
    [("a", "is there already"), ("l[0]", "is there already"), ("l[2]", "there is no"), ("a.b.c", "there is no")],
)
def test_what_is_there_or_has_no_place_is_not_added(key, words):
    with pytest.raises(ChangeError, match=words):
        with_table("l = [1]\n[a]\nb = 1\n", key_path(key), {"x": 1})


PATHS = [path for path, _ in leaves(tomllib.loads(GOOD))]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.integers(1, 4))
def test_whatever_is_taken_out_all_else_stays_and_can_be_added_again(path, length):
    path = path[:length]
    if path in {("version",), ("include",)} or isinstance(path[-1], int):
        return
    before = tomllib.loads(GOOD)
    text = without(GOOD, path)
    after = tomllib.loads(text)
    gone = {leaf for leaf, _ in leaves(before)} - {leaf for leaf, value in leaves(after) if value != {}}
    assert all(leaf[: len(path)] == path for leaf in gone)
    table = before
    for part in path:
        table = table[part]
    if isinstance(table, dict) and not any(isinstance(value, list) for value in table.values()):
        again = tomllib.loads(with_table(text, path, table))
        assert {leaf: str(value) for leaf, value in leaves(again)} == {
            leaf: str(value) for leaf, value in leaves(before)
        }
