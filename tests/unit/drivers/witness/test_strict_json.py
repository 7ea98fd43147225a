"""JSON of cameras: an object, read strictly."""

from __future__ import annotations

import pytest

from drivers.untrusted_text import DocumentError
from drivers.witness.strict_json import MOST_CHARACTERS, read_json_object


def test_an_object_may_be_as_deep_as_it_may_have_brackets():
    assert read_json_object('{"a": ' + "[" * 399 + "]" * 399 + "}")["a"]


def test_an_object_is_read_with_its_fractions():
    assert read_json_object('{\n "PTS" : 42949485818.5, "n": -1, "t": "沪", "l": [null, true]}') == {
        "PTS": 42949485818.5,
        "n": -1,
        "t": "沪",
        "l": [None, True],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"a": 1} {', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": "\x01"}', "not JSON"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": {"b": 1, "b": 1}}', "twice"),
        ('{"a": NaN}', "an invalid number"),
        ('{"a": -Infinity}', "an invalid number"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ('{"a": ' + "[" * 50_000 + "]" * 10 + "}", "too many objects and lists"),
        ('{"a": ' + "[" * 399 + "]" * 398 + "}", "not JSON"),
        ('{"a": [' + "{}," * 400 + "{}]}", "too many objects and lists"),
        ('{"a": "' + "x" * MOST_CHARACTERS + '"}', "more than 65536"),
    ],
)
def test_anything_else_is_refused(text, words):
    with pytest.raises(DocumentError, match=words):
        read_json_object(text)
