"""One value is changed in the text of a file and nothing else; keys as people write them."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.settings.toml.change import ChangeError, with_value
from agent.settings.toml.includes import dotted, leaves
from agent.settings.toml.keypath import key_path
from agent.settings.toml.plain_value import toml
from tests.support.gate.config_files import GOOD


def changed(text, key, value):
    return with_value(text, key_path(key), value)


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("[a]\nb = 1  # why\n", "a.b", "2", "[a]\nb = 2  # why\n"),
        ("[a]\r\n\tb   =  'x'\r\n", "a.b", '"y"', '[a]\r\n\tb   =  "y"\r\n'),
        ('[a]\nb = """x\nc = 1\n"""\nc = 2\n', "a.c", "3", '[a]\nb = """x\nc = 1\n"""\nc = 3\n'),
        ("a = { b = 1, c = 2 }\n", "a.c", "3", "a = { b = 1, c = 3 }\n"),
        ("a = { b = 1 }  # why\n", "a.c", "3", "a = { b = 1, c = 3 }  # why\n"),
        ("a = {}\n", "a.c", "3", "a = { c = 3 }\n"),
        ('a."x.y".c = 1\n', 'a."x.y".c', "3", 'a."x.y".c = 3\n'),
        ("a = [\n  1,  # one\n  2,\n]\n", "a[1]", "3", "a = [\n  1,  # one\n  3,\n]\n"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n", "a[1].b", "3", "[[a]]\nb = 1\n[[a]]\nb = 3\n"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n", "a[0].c", "3", "[[a]]\nb = 1\nc = 3\n[[a]]\nb = 2\n"),
        # After the comment that shows its default; what follows belongs to the next table and stays there.
        (
            "[a]\n# How long.\n#b = 1\n# How far.\n#c = 2\n\n# Another.\n[d]\n",
            "a.b",
            "5",
            "[a]\n# How long.\n#b = 1\nb = 5\n# How far.\n#c = 2\n\n# Another.\n[d]\n",
        ),
        (
            "[a]\nx = 1  # one\n\n# Another.\n[d]\ny = 2\n",
            "a.b",
            "5",
            "[a]\nx = 1  # one\nb = 5\n\n# Another.\n[d]\ny = 2\n",
        ),
        ("[a]\nx = '''\n#b = 1\n'''\n", "a.b", "5", "[a]\nx = '''\n#b = 1\n'''\nb = 5\n"),
        ("[a]\n  x = 1\n", "a.b", "5", "[a]\n  x = 1\n  b = 5\n"),
        ("[a]  # a\n\n[d]\n", "a.b", "5", "[a]  # a\nb = 5\n\n[d]\n"),
        ("[a]\nx.y = 1\nz = 2\n", "a.x.b", "5", "[a]\nx.y = 1\nx.b = 5\nz = 2\n"),
        ("[a.b.c]\nx = 1\n[a]\ny = 2\n", "a.b.d", "5", "[a.b.c]\nx = 1\n[a]\ny = 2\nb.d = 5\n"),
        ("v = 1\n[a]\nx = 1\n", "b.c", "5", "v = 1\n[a]\nx = 1\n\n[b]\nc = 5\n"),
        ("v = 1\r\n[a]\r\nx = 1\r\n", "b.c", "5", "v = 1\r\n[a]\r\nx = 1\r\n\r\n[b]\r\nc = 5\r\n"),
        ("# first\n\n[a]\nx = 1", "v", "5", "v = 5\n# first\n\n[a]\nx = 1"),
        ("#v = 1\n[a]\nx = 1", "a.b", "5", "#v = 1\n[a]\nx = 1\nb = 5\n"),
        ("", "a.b", "5", "\n[a]\nb = 5\n"),
    ],
)
def test_only_the_value_changes_and_a_new_key_comes_where_it_belongs(before, key, value, after):
    assert changed(before, key, value) == after


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[a]\nb = 1\n", "a", "a is a table: set one of its keys"),
        ("[[a]]\nb = 1\n", "a", "a is a table"),
        ("a = [{ b = 1 }]\n", "a", "a is a table"),
        ("[[a]]\nb = 1\n", "a[1].b", r"there is no a\[1\]"),
        ("a = [1]\n", "a[1]", r"there is no a\[1\]"),
        ("a = 1\n", "a.b", r"there is no a\.b"),
        ("a = 1\n", "a.b.c", r"there is no a\.b"),
    ],
)
def test_what_cannot_be_set_is_refused_in_words(text, key, words):
    with pytest.raises(ChangeError, match=words):
        changed(text, key, "5")


KEYS = st.sampled_from([path for path, _ in leaves(tomllib.loads(GOOD)) if path[-1] != "cameras"])


@settings(deadline=None)
@given(KEYS, st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.lists(st.text())))
def test_any_value_is_written_so_that_it_is_read_again_and_all_others_stay(path, value):
    written = toml(value)
    data = tomllib.loads(with_value(GOOD, path, written))
    found = dict(leaves(data))
    assert repr(found.pop(path)) == repr(value)
    others = dict(leaves(tomllib.loads(GOOD)))
    del others[path]
    assert found == others


NAMES = st.one_of(st.text(min_size=1), st.sampled_from(["a", "b-1", "c_2", "d.e", '"', "'", "[0]"]))


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1), st.lists(st.integers(0, 9999), max_size=2))
def test_a_key_is_read_as_it_is_told_in_errors(names, numbers):
    path = (*names, *numbers)
    assert key_path(dotted(path)) == path


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a b", "[0]", "a[x]", "a[-1]", 'a."b', "a[0]b", "a = 1", "a\n"]
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a key|is not a quoted part"):
        key_path(text)


def test_a_value_is_shown_as_toml():
    for value in ("a\x7fb", True, 1.5, float("inf"), [1, "通"], {"a b": 1}, {}):
        assert tomllib.loads(f"x = {toml(value)}")["x"] == value
    assert json.loads(toml("通")) == "通"
