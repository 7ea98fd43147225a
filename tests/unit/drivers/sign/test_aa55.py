from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceUnavailableError, SignColour, SignLine, SignPage
from drivers.contracts.sign import display_of
from drivers.contracts.sign_faults import FIRST, SHOWN, SignFaults
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from tests.support.waiting import REPLY_MS, eventually, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign, SignFault


class Aa55Sign(SignFaults):
    kind = "aa55"
    proves = False
    heard = "recording 12"
    options: ClassVar = {"recordings": ["12 请等待"]}

    def emulator(self, link: Path | None, clock: VirtualClock) -> EmulatedSign:
        return Aa55Emulator(link, now=clock)


class TestAa55Serial(Aa55Sign):
    pass


class TestAa55Tcp(Aa55Sign):
    over_tcp = True
    options: ClassVar = {"scrolls": True}


@pytest.mark.long
class TestAa55ThatAcknowledges(Aa55Sign):
    """The first answer of a page is no answer to the question that follows it."""

    options: ClassVar = {"check": "whole"}

    def due(self, fault: SignFault, place: str) -> set[str]:
        return super().due(fault, place) | ({SHOWN} if place == FIRST else set())

    def emulator(self, link: Path | None, clock: VirtualClock) -> EmulatedSign:
        card = Aa55Emulator(link, now=clock)
        card.whole = card.acknowledges = True
        return card


class TestAa55WithoutAnswers(Aa55Sign):
    answers = False
    options: ClassVar = {"answers": False}


@pytest.mark.usefixtures("no_leaks")
def test_the_card_is_named_with_its_version(link: Path) -> None:
    with Aa55Emulator(link) as card:
        sign = registry.sign("aa55", {"port": str(link), "timeout_ms": REPLY_MS})
        assert sign.open() == f"AA 55 card of 4 lines with 8 columns, address 100, {link}, version V2.1"
        sign.close()
        card.version = b"\x02\x01"
        assert sign.open().endswith(", version 02 01")
        sign.close()


@pytest.mark.usefixtures("no_leaks")
def test_a_card_with_the_other_check_is_explained(link: Path) -> None:
    with Aa55Emulator(link) as card:
        card.whole = True
        table = {"port": str(link), "timeout_ms": scaled_ms(50)}
        with pytest.raises(DeviceUnavailableError, match='the speed and check = "whole"; where it cannot answer'):
            registry.sign("aa55", table).open()
        sign = registry.sign("aa55", table | {"check": "whole", "timeout_ms": REPLY_MS})
        assert sign.open()
        sign.close()


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("local_echo", [False, True])
def test_an_adapter_that_hears_itself_is_no_card_and_a_card_behind_one_is_heard(link: Path, local_echo: bool) -> None:
    with Aa55Emulator(link, address=7) as card:
        card.local_echo = True
        table: dict[str, object] = {"port": str(link), "local_echo": local_echo, "timeout_ms": scaled_ms(50)}
        with pytest.raises(DeviceUnavailableError, match="does not answer"):
            registry.sign("aa55", table).open()
        sign = registry.sign("aa55", table | {"address": 7, "timeout_ms": REPLY_MS})
        assert sign.open().endswith("version V2.1")
        sign.close()


@pytest.mark.usefixtures("no_leaks")
def test_no_two_frames_in_a_row_have_one_number_and_no_text_is_for_ever(link: Path) -> None:
    with Aa55Emulator(link, now=VirtualClock()) as card:
        sign = registry.sign("aa55", {"port": str(link), "timeout_ms": REPLY_MS})
        sign.open()
        for seconds in (1, 255):
            sign.show(SignPage(tuple(SignLine(str(n), SignColour.RED) for n in range(4)), seconds))
        eventually(lambda: display_of(card)[3] == ("3", "red"))
        sign.close()
        frames = card.line.received().split(b"\xaa\x55")[1:]
        numbers = [frame[0] for frame in frames]
        assert all(one != other for one, other in pairwise(numbers))
        assert {frame[7] for frame in frames if frame[3] == 0x27} == {1, 255}


@pytest.mark.parametrize("recording", ["0 a", "256 a", "12", "12  a", "a 12", "12 "])
def test_a_recording_without_a_number_or_words_is_refused(recording: str) -> None:
    with pytest.raises(ValidationError, match="expected a number of 1 to 255, a blank and its words"):
        registry.sign("aa55", {"port": "/dev/none", "recordings": [recording]})
