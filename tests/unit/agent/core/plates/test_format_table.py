"""Which formats a number has, asked of all of them at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.plates.format_table import FormatTable
from agent.core.plates.formats import FORMATS, STRICT, STRICT_TABLE
from agent.core.plates.plate_format import PlateFormat
from agent.core.plates.plate_kinds import PlateKind

SHORT = PlateFormat(PlateKind.LATIN, ("AB", "12"))
SAME = PlateFormat(PlateKind.CIVIL, ("BC", "23"))
LONG = PlateFormat(PlateKind.LATIN, ("AB", "12", "9"))
TABLE = FormatTable((SHORT, LONG, SAME))


@pytest.mark.parametrize(
    ("number", "formats"),
    [("A1", (SHORT,)), ("B2", (SHORT, SAME)), ("C3", (SAME,)), ("A3", ()), ("A19", (LONG,)), ("", ()), ("A199", ())],
)
def test_a_number_has_the_formats_that_allow_each_of_its_characters(number, formats):
    assert TABLE.fitting(number) == formats
    assert TABLE.fits_any(number) is bool(formats)


def test_of_several_characters_at_a_place_any_will_do():
    assert TABLE.fitting(["AC", "3"]) == (SAME,)
    assert TABLE.fitting(["AC", "123"]) == (SHORT, SAME)
    assert not TABLE.fits_any(["", "1"])


@given(st.data())
def test_the_table_says_the_same_as_each_format_of_its_own(data):
    plate = data.draw(st.sampled_from(FORMATS))
    number = "".join(data.draw(st.sampled_from(characters)) for characters in plate.places)
    at = data.draw(st.integers(0, len(number)))
    number = number[:at] + data.draw(st.sampled_from(["", "0", "O", "Q", "新"])) + number[at:]
    assert STRICT_TABLE.fitting(number) == tuple(one for one in STRICT if one.fits(number))
