"""Which VINs a text holds: what makers write around one, and what must not be taken for one."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import vins_in
from agent.core.model.vin_text import LENGTH, MOST_CHARACTERS, MOST_VINS
from agent.core.permit.vin import is_well_formed

VIN = "LSVAA49J132047371"
OTHER = "WVWZZZ1KZBW000012"
FORD = "1FTFW1ET5DFC10312"
SEARCH_S = 2.0
"""Far more than a text of any length takes: only work that grows with its square would need it."""

HOLDS_ONE = [
    VIN,
    f"I{VIN}",
    f"*{VIN}*",
    f"*I{VIN}*",
    VIN.lower(),
    f"i{VIN.lower()}",
    f"  {VIN}\r\n",
    "LSV AA49J1 32047371",
    "LSV-AA49J1-32047371",
    "I LSVAA49J132047371",
    "ILSV AA49J1 32047371",
    "L S V AA49J1 320 47371",
    f"VIN:{VIN}",
    f"VIN {VIN}",
    "VIN LSV AA49J1 32047371",
    "Vin No: LSV AA49J1 32047371",
    "VIN NO LSV AA49J1 32047371; colour white",
    f"车架号{VIN}颜色白",
    f"车辆识别代号(VIN):{VIN}",
    f"{VIN}-01",
    f"A123\x1d{VIN}\x1dB99",
    f"[)>\x1e06\x1dI{VIN}\x1dP12345\x1d1JUN043325711\x1e\x04",
    f"{VIN}\t2026-11-29\tB52",
    f"MODEL={VIN[:3]};VIN={VIN};ENGINE=EA211-0012345",
    f'{{"vin": "{VIN}", "engine": "EA211", "paint": 7}}',
    f"https://maker.example/v?c=1&vin={VIN.lower()}&lang=zh",
    f"https://maker.example/vehicles/{VIN}/label",
    f"https://maker.example/?q=vin%20{VIN}%2Ccolour%3Dwhite",
    f"https://maker.example/?q=%00{VIN}",
    f"MODEL X5 RED {VIN} 2026",
    "x" * 3000 + "," + VIN,
]


@pytest.mark.parametrize("text", HOLDS_ONE)
def test_a_vin_is_found_in_what_makers_write_around_it(text: str) -> None:
    assert vins_in(text) == (VIN,)


HOLDS_NONE = [
    "",
    "GP",
    VIN[:-1],
    VIN + "0",
    "X" + VIN,
    f"I{VIN}0",
    f"II{VIN}",
    f"I{VIN[:-1]}",
    f"VIN{VIN}",
    VIN.replace("A", "I", 1),
    VIN.replace("A", "O", 1),
    VIN.replace("A", "Q", 1),
    VIN.replace("A", "o", 1),
    VIN.replace("A", "А", 1),  # noqa: RUF001 - the Cyrillic letter is the point
    VIN.replace("1", "１", 1),  # noqa: RUF001 - the wide digit is the point
    f"{VIN}{OTHER}",
    "LSVAA49J1\n32047371",
    "LSVAA49J1,32047371",
    "LSVAA49J1_32047371",
    "LSV AA49J1 32047371 7",
    "X LSV AA49J1 32047371",
    "MEET THE TEAM TASKS",
    "A" * 3000,
    "LSV " * 1000,
    "-" * 3000,
    "I" * 18,
    "ß" * 17,
    "https://maker.example/?q=20" + VIN,
]


@pytest.mark.parametrize("text", HOLDS_NONE)
def test_what_is_no_vin_between_borders_is_none(text: str) -> None:
    assert vins_in(text) == ()


def test_a_per_cent_sign_outside_an_address_is_a_border_and_eats_nothing() -> None:
    assert vins_in(f"A7%{FORD}") == (FORD,)


def test_all_vins_are_told_once_in_their_order_and_no_more_than_four() -> None:
    many = [f"LSVAA49J13204737{digit}" for digit in range(9)]
    assert vins_in(f"{VIN};{OTHER};{VIN}") == (VIN, OTHER)
    assert vins_in(";".join(many)) == tuple(many[:MOST_VINS])


def test_words_are_joined_only_where_they_end_as_a_vin_does() -> None:
    """ISO 3779 ends a VIN in four digits; what stands as one word counts without them."""
    assert vins_in("WVWZZZ 1KZBW 00A012") == ()
    assert vins_in("WVWZZZ1KZBW00A012") == ("WVWZZZ1KZBW00A012",)


def test_what_lies_beyond_the_longest_code_is_not_looked_at() -> None:
    assert vins_in("," * MOST_CHARACTERS + VIN) == ()


@given(
    st.one_of(
        st.text(max_size=3000),
        st.text(alphabet="I ABCLSV0123456789-,%:/\x1d", max_size=3000),
        st.lists(st.sampled_from([VIN, f"I{VIN}", VIN[:8], VIN[8:], " ", "-", ",", "%1F", "vin", "é", "://"])).map(
            "".join
        ),
    )
)
def test_whatever_the_text_each_result_is_a_vin_whose_characters_stand_in_it_in_this_order(text: str) -> None:
    begun_s = time.process_time()
    found = vins_in(text)
    spent_s = time.process_time() - begun_s

    assert spent_s < SEARCH_S
    assert len(found) <= MOST_VINS
    assert len(set(found)) == len(found)
    # In an address %00 is one character, neither letter nor digit: a border.
    read = re.sub("%[0-9A-Fa-f]{2}", "\n", text) if "://" in text else text
    for vin in found:
        assert len(vin) == LENGTH
        assert is_well_formed(vin)
        apart = "[ \\t-]*".join(vin)
        assert re.search(f"(?<![0-9A-HJ-Z])I?[ \\t-]*{apart}(?![0-9A-Z])", read, re.IGNORECASE | re.ASCII)


@given(st.text(alphabet="ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=LENGTH, max_size=LENGTH), st.booleans())
def test_every_vin_is_found_alone_and_behind_its_identifier(vin: str, identified: bool) -> None:
    assert vins_in(f"I{vin}" if identified else vin) == (vin,)
