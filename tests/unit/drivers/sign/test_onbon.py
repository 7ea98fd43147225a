from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers import registry
from drivers.api import DeviceUnavailableError, SignColour, SignLine, SignPage, SignTimer
from drivers.contracts.sign import display_of
from drivers.contracts.sign_faults import SignFaults
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.onbon import OnbonEmulator
from tests.support.waiting import REPLY_MS, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign


class OnbonSign(SignFaults):
    kind = "onbon"

    def emulator(self, link: Path | None, clock: VirtualClock) -> EmulatedSign:
        return OnbonEmulator(link, now=clock)


class TestOnbonSerial(OnbonSign):
    options: ClassVar = {"speaks": True}


@pytest.mark.long
class TestOnbonWithEcho(OnbonSign):
    local_echo = True


class TestOnbonTcp(OnbonSign):
    over_tcp = True


@pytest.mark.usefixtures("no_leaks")
def test_a_card_that_does_not_answer_is_explained(link: Path) -> None:
    with OnbonEmulator(link, address=2):
        sign = registry.sign("onbon", {"port": str(link), "timeout_ms": scaled_ms(50)})
        with pytest.raises(DeviceUnavailableError, match="does not answer: check its power, wires A and B"):
            sign.open()


@pytest.mark.usefixtures("no_leaks")
def test_an_adapter_that_hears_itself_is_no_card(link: Path) -> None:
    with OnbonEmulator(link, address=2) as card:
        card.local_echo = True
        table: dict[str, object] = {"port": str(link), "timeout_ms": scaled_ms(50)}
        with pytest.raises(DeviceUnavailableError, match="Then set local_echo = true"):
            registry.sign("onbon", table).open()
        with pytest.raises(DeviceUnavailableError, match="does not answer"):
            registry.sign("onbon", table | {"local_echo": True}).open()


@pytest.mark.usefixtures("no_leaks")
def test_a_page_that_the_card_refuses_is_not_taken_for_shown(link: Path) -> None:
    with OnbonEmulator(link, lines=2, now=VirtualClock()) as card:
        sign = registry.sign("onbon", {"port": str(link), "lines": 4, "timeout_ms": REPLY_MS})
        sign.open()
        with pytest.raises(DeviceUnavailableError, match="refuses the page, error 1: check its size and model"):
            sign.show(SignPage((SignLine("A"), SignLine("B"), SignLine("C")), 10))
        sign.close()
        assert all(text in {"", "A", "B"} for text, _ in display_of(card))


@pytest.mark.usefixtures("no_leaks")
def test_a_page_of_the_longest_texts_is_one_frame(link: Path) -> None:
    with OnbonEmulator(link, now=VirtualClock()) as card:
        sign = registry.sign("onbon", {"port": str(link), "speaks": True, "timeout_ms": REPLY_MS})
        sign.open()
        longest = "等" * 80
        assert sign.can_show(longest)
        assert not sign.can_show(longest + "A")
        sign.show(SignPage(tuple(SignLine(longest) for _ in range(4)), 10, spoken=longest))
        sign.close()
        assert display_of(card) == ((longest, "yellow"),) * 4
        assert card.display.spoken == (longest,)


def test_a_text_that_the_card_would_take_for_an_order_to_its_font_cannot_be_shown() -> None:
    sign = registry.sign("onbon", {"port": "/dev/none", "character_set": "gbk"})
    assert not sign.can_show(r"\C1")
    hidden = next(text for code in range(0x4E00, 0x9FFF) if (text := chr(code)).encode("gbk", "ignore")[1:] == b"\\")
    assert not sign.can_show(hidden)
    assert sign.can_show("請")
    assert not registry.sign("onbon", {"port": "/dev/none"}).can_show("請")


def test_its_areas_vanish_as_its_protocol_says() -> None:
    assert registry.sign("onbon", {"port": "/dev/none"}).capabilities.timer is SignTimer.DOCUMENTED


@pytest.mark.usefixtures("no_leaks")
def test_a_longer_text_is_one_that_moves(link: Path) -> None:
    with OnbonEmulator(link, now=VirtualClock()) as card:
        sign = registry.sign("onbon", {"port": str(link), "speed": 9, "timeout_ms": REPLY_MS})
        sign.open()
        sign.show(SignPage((SignLine("等" * 5, SignColour.RED), SignLine("等" * 4, SignColour.RED)), 10))
        sign.close()
        wire = card.line.received()
        assert bytes.fromhex("01 01 03 00 09 05 0D 00 00 00") in wire
        assert bytes.fromhex("01 01 01 00 01 05 0B 00 00 00") in wire
