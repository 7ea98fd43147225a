"""Which plates are worth looking up beside the declared one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.observations import Reading
from agent.core.plates.formats import normalise
from agent.core.plates.lookalike_plates import MOST_RIVALS, rivals, series
from agent.core.plates.vote import PlateVote, vote


def seen(text: str, **doubts: tuple[str, float]) -> PlateVote:
    """A vote over one frame that reads `text`; `at3=("B", 0.2)`: at place 3 there may be a B instead."""
    positions = []
    for place, character in enumerate(text):
        other, share = doubts.get(f"at{place}", ("", 0.0))
        positions.append(((character, 0.99 - share), (other, share)) if other else ((character, 0.99),))
    voted = vote([Reading(text, tuple(positions), "civil", 0.9, "front", 1, 0.1)])
    assert voted is not None
    return voted


@pytest.mark.parametrize(
    ("plate", "neighbours"),
    [
        ("京A12345", ["京A12346", "京A12344", "京A12347", "京A12343", "京A12348", "京A12342"]),
        ("京A12349", ["京A12350", "京A12348", "京A12351", "京A12347", "京A12352", "京A12346"]),
        ("京A1234B", ["京A1234C", "京A1234A", "京A1234D", "京A1234E"]),
        ("京A1234H", ["京A1234J", "京A1234G", "京A1234K", "京A1234F", "京A1234L", "京A1234E"]),
        ("渝B3587学", ["渝B3588学", "渝B3586学", "渝B3589学", "渝B3585学", "渝B3590学", "渝B3584学"]),
        ("京A12345D", ["京A12346D", "京A12344D", "京A12347D", "京A12343D", "京A12348D", "京A12342D"]),
        ("498VDZ08", ["499VDZ08", "497VDZ08", "500VDZ08", "496VDZ08", "501VDZ08", "495VDZ08"]),
        ("01A123BC", ["01A124BC", "01A122BC", "01A125BC", "01A121BC", "01A126BC", "01A120BC"]),
        ("01123ABC", ["01124ABC", "01122ABC", "01125ABC", "01121ABC", "01126ABC", "01120ABC"]),
        ("A999BC777", ["A000BC777", "A998BC777", "A001BC777", "A997BC777", "A002BC777", "A996BC777"]),
        ("1234AB7", ["1235AB7", "1233AB7", "1236AB7", "1232AB7", "1237AB7", "1231AB7"]),
        ("MI12345", ["MI12355", "MI12335", "MI12365", "MI12325", "MI12375", "MI12315"]),
    ],
)
def test_the_series_counts_where_the_plate_counts(plate: str, neighbours: list[str]) -> None:
    assert list(series(plate)) == neighbours


def test_a_text_without_a_number_has_no_series() -> None:
    assert list(series("")) == []


def test_neighbours_come_first_and_the_declared_plate_never() -> None:
    found = rivals(seen("京A12345"), "京A·12345")

    assert found[:2] == ("京A12346", "京A12344")
    assert "京A12345" not in found


def test_what_was_read_and_what_may_stand_there_instead_are_looked_up() -> None:
    found = rivals(seen("京A82345", at2=("B", 0.3), at6=("S", 0.01)), "京A12345")

    assert {"京A82345", "京AB2345", "京A8234S"} <= set(found)
    assert found.index("京A82345") < found.index("京AB2345") < found.index("京A8234S")


def test_without_a_vote_or_a_declared_plate_there_is_nothing_to_look_up() -> None:
    assert rivals(None, "京A12345") == ()
    assert rivals(seen("京A12345"), "") == ()


texts = st.text(alphabet="京沪A0123456789BCDEFGHJK", min_size=5, max_size=8)


@given(texts, texts, st.data())
def test_rivals_are_bounded_and_never_the_declared_plate(read: str, declared: str, data: st.DataObject) -> None:
    everything = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    count = data.draw(st.integers(1, 16))
    positions = tuple(tuple((character, 1 / count) for character in everything[:count]) for _ in read)
    found = rivals(vote([Reading(read, positions, "civil", 0.1, "front", 1, 0.1)]), declared)

    assert len(found) == len(set(found)) <= MOST_RIVALS
    assert normalise(declared) not in found
    assert set(found) == set(map(normalise, found))


def test_the_declared_plate_is_no_rival_in_another_spelling() -> None:
    found = rivals(seen("498VDZ08", at6=("O", 0.4), at7=("B", 0.3)), "498 VDZ 08")

    assert "498VDZ0B" in found
    assert not {"498VDZ08", "498VDZO8"} & set(found)


def test_a_plate_that_only_a_twin_parts_from_the_declared_one_is_a_rival() -> None:
    """A 000 OA is a Kazakh number, and A 0000 A a Kyrgyz one."""
    assert "A000OA" in rivals(seen("A0000A"), "A0000A")
    assert "W0B1234" in rivals(seen("WOB1234"), "WOB1234")
