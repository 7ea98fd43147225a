from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceMisconfiguredError, SignColour, SignLine, SignPage, SignTimer
from drivers.contracts.sign import display_of
from drivers.contracts.sign_faults import SignFaults
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.fk import FkEmulator
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign


class FkSign(SignFaults):
    kind = "fk"
    answers = False
    options: ClassVar = {"speaks": True}

    def emulator(self, link: Path | None, clock: VirtualClock) -> EmulatedSign:
        return FkEmulator(link, now=clock)


class TestFkSerial(FkSign):
    pass


class TestFkTcp(FkSign):
    over_tcp = True


class TestFkByLines(FkSign):
    local_echo = True
    options: ClassVar = {"frames": "lines"}


@pytest.mark.usefixtures("no_leaks")
def test_a_page_that_one_frame_cannot_hold_goes_in_several(link: Path) -> None:
    clock = VirtualClock()
    with FkEmulator(link, now=clock) as card:
        sign = registry.sign("fk", {"port": str(link), "speaks": True})
        sign.open()
        long = "请到二号通道等待工作人员然后出示二维码"
        page = SignPage(tuple(SignLine(long, SignColour.RED) for _ in range(4)), 60, spoken="请" * 60)
        sign.show(page)
        eventually(lambda: display_of(card) == ((long, "red"),) * 4)
        eventually(lambda: card.display.spoken == ("请" * 60,))
        longer = SignPage(tuple(SignLine("等" * 60, SignColour.RED) for _ in range(4)), 60)
        sign.show(longer)
        eventually(lambda: display_of(card) == (("等" * 60, "red"),) * 4)
        sign.close()
        assert card.strange == []


@pytest.mark.usefixtures("no_leaks")
def test_a_longer_text_comes_part_by_part_and_is_over_in_time(link: Path) -> None:
    clock = VirtualClock()
    with FkEmulator(link, now=clock) as card:
        sign = registry.sign("fk", {"port": str(link), "part_s": 3})
        sign.open()
        sign.show(SignPage((SignLine("请到二号通道等待", SignColour.RED),), 20))
        eventually(lambda: display_of(card)[0][0] == "请到二号通道等待")
        seen = []
        for _ in range(20):
            seen.append(card.display.in_sight[0].text)
            clock.go(1)
        assert seen == (["请到二号"] * 3 + ["通道等待"] * 3) * 3 + ["", ""]
        with pytest.raises(DeviceMisconfiguredError, match="does not pass within 1 s: shorten it"):
            sign.show(SignPage((SignLine("请到二号通道等待"),), 1))
        sign.close()


@pytest.mark.usefixtures("no_leaks")
def test_a_sign_of_one_colour_shows_all_in_that(link: Path) -> None:
    with FkEmulator(link, now=VirtualClock()) as card:
        sign = registry.sign("fk", {"port": str(link), "colours": ["red"]})
        sign.open()
        sign.show(SignPage((SignLine("请通行", SignColour.GREEN), SignLine("A", SignColour.RED)), 10))
        eventually(lambda: display_of(card)[:2] == (("请通行", "red"), ("A", "red")))
        sign.close()


@pytest.mark.usefixtures("no_leaks")
def test_after_its_time_what_the_card_keeps_is_shown_again(link: Path) -> None:
    clock = VirtualClock()
    with FkEmulator(link, now=clock) as card:
        card.display.standing[0] = kept = type(card.display.standing[0])("欢迎光临", "red")
        sign = registry.sign("fk", {"port": str(link)})
        sign.open()
        sign.show(SignPage((SignLine("请通行", SignColour.GREEN),), 5))
        eventually(lambda: display_of(card)[0] == ("请通行", "green"))
        clock.go(5)
        assert card.display.lines[0] == kept
        sign.close()


@pytest.mark.usefixtures("no_leaks")
def test_two_cards_on_one_line_each_take_what_is_theirs(link: Path) -> None:
    with FkEmulator(link, now=VirtualClock(), address=2) as card:
        signs = [registry.sign("fk", {"port": str(link), "address": address}) for address in (1, 2)]
        for sign in signs:
            sign.open()
        signs[0].show(SignPage((SignLine("一"),), 10))
        signs[1].show(SignPage((SignLine("二"),), 10))
        eventually(lambda: display_of(card)[0] == ("二", "yellow"))
        for sign in signs:
            sign.close()
        assert card.strange == []


def test_it_says_chinese_and_what_is_spelt_and_nothing_else() -> None:
    sign = registry.sign("fk", {"port": "/dev/none", "speaks": True})
    assert all(sign.can_speak(text) for text in ("请通行", "新B52K18 请通行", "请等待\uff0c谢谢\uff01"))
    assert not any(sign.can_speak(text) for text in ("", "please wait", "Ждите", "Күтіңіз", "请" * 200, "請"))
    assert not registry.sign("fk", {"port": "/dev/none"}).can_speak("请通行")


def test_what_follows_the_time_of_a_text_is_only_concluded() -> None:
    assert registry.sign("fk", {"port": "/dev/none"}).capabilities.timer is SignTimer.INFERRED


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({}, "expected either port, of a serial line, or host"),
        ({"port": "/dev/x", "host": "10.0.0.9"}, "expected either port, of a serial line, or host"),
        ({"host": "sign.example"}, "expected an IP address"),
        ({"port": "COM1"}, "pattern"),
        ({"port": "/dev/x", "colours": ["red", "red"]}, "expected each colour once"),
        ({"port": "/dev/x", "colours": []}, "at least 1"),
        ({"port": "/dev/x", "columns": 7}, "expected an even number"),
    ],
)
def test_settings_that_cannot_be_are_refused(table: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        registry.sign("fk", table)
