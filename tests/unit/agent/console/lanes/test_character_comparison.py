"""Which letters of two texts an officer should compare by eye."""

from __future__ import annotations

import pytest

from agent.console.lanes.character_comparison import Letters, compared


@pytest.mark.parametrize(
    ("read", "declared", "shown"),
    [
        ("京A12345", "京A12345", Letters("京A12345", "京A12345")),
        ("京A12346", "京A12345", Letters("京A12346", "京A12345", (6,), (6,))),
        ("新B5218", "新B52K18", Letters("新B52?18", "新B52K18", (4,), (4,))),
        ("京A1234", "京A12345", Letters("京A1234?", "京A12345", (6,), (6,))),
        ("京A123455", "京A12345", Letters("京A123455", "京A12345", (7,), ())),
        ("沪B99999", "京A12345", Letters("沪B99999", "京A12345")),
        ("", "京A12345", Letters("", "京A12345")),
        ("京A12345", "", Letters("京A12345", "")),
        ("", "", Letters("", "")),
    ],
)
def test_letters_that_differ_are_marked_on_both_sides_and_a_missing_one_has_its_place(read, declared, shown):
    assert compared(read, declared) == shown


@pytest.mark.parametrize(("read", "declared"), [("京A12346", "京A12345"), ("LSGJA52U1AH12345", "LSGJA52U1AH123456")])
def test_every_place_that_is_marked_is_in_its_text(read, declared):
    found = compared(read, declared)
    assert all(place < len(found.read) for place in found.unsure_read)
    assert all(place < len(found.declared) for place in found.unsure_declared)
