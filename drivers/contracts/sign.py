"""What every sign driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import itertools
import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError
from typing_extensions import override

from drivers import registry
from drivers.api import (
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    SignColour,
    SignLine,
    SignPage,
    SignTimer,
)
from drivers.contracts.virtual_clock import VirtualClock
from drivers.contracts.waiting import PATIENCE_S, REPLY_MS, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from drivers.api import SignPort
    from drivers.emulators.sign import EmulatedSign

Shown = tuple[tuple[str, str], ...]
"""The lines of a sign from the top: text and colour, both empty where it is dark."""

DRIVE_ON = SignPage((SignLine("请通行", SignColour.GREEN), SignLine("GO", SignColour.GREEN)), dark_after_s=10)
WAIT = SignPage((SignLine("请等待", SignColour.RED),), dark_after_s=10)
KAZAKH = "Күт"
QUIET_S = 0.05


class Rig:
    """A sign that a test can look at, and the table that configures its driver.

    `go` lets so many seconds pass at the sign. `sent`: how many bytes came to it, or pages; it need not be exact.
    """

    def __init__(  # noqa: PLR0917 - each is what a test can do
        self,
        table: dict[str, object],
        shown: Callable[[], Shown],
        spoken: Callable[[], tuple[str, ...]],
        go: Callable[[float], None],
        unplug: Callable[[], None],
        plug: Callable[[], None],
        sent: Callable[[], int],
    ) -> None:
        self.table = table
        self.shown = shown
        self.spoken = spoken
        self.go = go
        self.unplug = unplug
        self.plug = plug
        self.sent = sent

    def shows(self, page: SignPage | None, lines: int) -> None:
        """Wait until the sign shows this page, and nothing else; None: it is dark."""
        wanted = as_shown(page, lines)
        eventually(lambda: self.shown() == wanted, what=f"a sign with {wanted}; it has {self.shown()}")


def as_shown(page: SignPage | None, lines: int) -> Shown:
    """What a sign with all colours shows of a page."""
    texts = [(line.text, str(line.colour)) if line.text else ("", "") for line in page.lines] if page else []
    return tuple(texts + [("", "")] * (lines - len(texts)))


def display_of(sign: EmulatedSign) -> Shown:
    """What an emulated sign shows, whole also where a part of a text is in sight."""
    return tuple((one.text, one.colour) for one in sign.display.lines)


@pytest.mark.usefixtures("no_leaks")
class SignContract:
    """The contract. A subclass names its kind and makes the rig, of a sign with all colours.

    `shows_kazakh`: its font has the Kazakh letters. `sentence`: one that it can say where it speaks; `heard`: what is
    heard then.
    """

    kind: ClassVar[str]
    lines: ClassVar[int] = 4
    shows_kazakh: ClassVar[bool] = False
    sentence: ClassVar[str] = "请等待"
    heard: ClassVar[str] = "请等待"

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def sign(self, rig: Rig) -> Iterator[SignPort]:
        sign = registry.sign(self.kind, rig.table)
        yield sign
        sign.close()

    def shows(self, rig: Rig, page: SignPage | None) -> None:
        rig.shows(page, self.lines)

    @staticmethod
    def _sent_in_all(rig: Rig) -> int:
        """How much has come to the sign, once a moment has passed without more."""
        pause, before = threading.Event(), -1
        while (sent := rig.sent()) != before:
            before = sent
            pause.wait(QUIET_S)
        return sent

    @staticmethod
    def _has_heard(wanted: int, rig: Rig) -> bool:
        return rig.sent() >= wanted

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        model = registry.settings_model(registry.SIGNS, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_opening_names_the_sign_and_changes_nothing_on_it(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        sign.show(DRIVE_ON)
        self.shows(rig, DRIVE_ON)
        sign.close()
        assert sign.open()
        assert rig.shown() == as_shown(DRIVE_ON, self.lines)
        assert sign.capabilities.lines == self.lines

    def test_a_page_takes_the_place_of_the_one_before_with_its_colours_and_no_line_of_that_stays(
        self, rig: Rig, sign: SignPort
    ) -> None:
        sign.open()
        colours = itertools.cycle(SignColour)
        full = SignPage(tuple(SignLine(f"{number}号", next(colours)) for number in range(1, self.lines + 1)), 10)
        for page in (full, DRIVE_ON, WAIT, full):
            sign.show(page)
            self.shows(rig, page)

    def test_a_line_without_a_text_is_dark_between_others(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        sign.show(SignPage((SignLine("A"), SignLine("B"), SignLine("C")), 10))
        page = SignPage((SignLine("A"), SignLine(""), SignLine("C")), 10)
        sign.show(page)
        self.shows(rig, page)

    @pytest.mark.parametrize("lines", [(), (SignLine(""),)])
    def test_an_empty_page_makes_it_dark(self, rig: Rig, sign: SignPort, lines: tuple[SignLine, ...]) -> None:
        sign.open()
        sign.show(DRIVE_ON)
        self.shows(rig, DRIVE_ON)
        sign.show(SignPage(lines, 10))
        self.shows(rig, None)

    @pytest.mark.parametrize("seconds", [1, 2, 7, 60, 255])
    def test_a_page_is_shown_for_its_time_and_then_gone_without_the_computer(
        self, rig: Rig, sign: SignPort, seconds: int
    ) -> None:
        assert sign.capabilities.timer is not SignTimer.NONE
        sign.open()
        page = SignPage(DRIVE_ON.lines, seconds)
        sign.show(page)
        self.shows(rig, page)
        sign.close()
        rig.go(seconds - 0.5)
        assert rig.shown() == as_shown(page, self.lines)
        rig.go(0.5)
        assert rig.shown() == as_shown(None, self.lines)

    def test_a_page_of_the_longest_time_goes_too(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        page = SignPage(WAIT.lines, sign.capabilities.longest_s)
        sign.show(page)
        self.shows(rig, page)
        rig.go(page.dark_after_s)
        assert rig.shown() == as_shown(None, self.lines)

    def test_a_page_that_is_shown_again_in_time_stays(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        begun = self._sent_in_all(rig)
        sign.show(WAIT)
        self.shows(rig, WAIT)
        page_bytes = self._sent_in_all(rig) - begun
        for _ in range(3):
            rig.go(WAIT.dark_after_s - 1)
            wanted = self._sent_in_all(rig) + page_bytes
            sign.show(WAIT)
            eventually(partial(self._has_heard, wanted, rig))
        rig.go(WAIT.dark_after_s - 1)
        assert rig.shown() == as_shown(WAIT, self.lines)

    def test_texts_are_shown_in_the_languages_that_the_font_has_and_never_with_other_signs(
        self, rig: Rig, sign: SignPort
    ) -> None:
        sign.open()
        can = {text: sign.can_show(text) for text in ("请出示", "OPEN", "Жди")}
        assert can == dict.fromkeys(can, True)
        assert sign.can_show(KAZAKH) is self.shows_kazakh
        page = SignPage((SignLine("请出示"), SignLine("Ждёт")), 10)
        sign.show(page)
        self.shows(rig, page)
        assert not any(sign.can_show(f"a{hidden}b") for hidden in "\n\r\0\t\x1b\x7f")

    def test_what_it_cannot_show_or_say_is_refused_and_nothing_of_the_page_is_sent(
        self, rig: Rig, sign: SignPort
    ) -> None:
        sign.open()
        sign.show(WAIT)
        self.shows(rig, WAIT)
        before = rig.sent()
        longest = sign.capabilities.longest_s
        for page in (
            SignPage((SignLine("请通行"), SignLine("a\nb")), 10),
            SignPage((SignLine("x" * 2000),), 10),
            SignPage((SignLine("A"),) * (self.lines + 1), 10),
            SignPage((SignLine("A"),), 0),
            SignPage((SignLine("A"),), -1),
            SignPage((SignLine("A"),), longest + 1),
            SignPage((SignLine("A"),), 10, spoken="a\nb"),
        ):
            with pytest.raises(DeviceMisconfiguredError):
                sign.show(page)
        assert rig.sent() == before
        assert rig.shown() == as_shown(WAIT, self.lines)

    def test_a_text_that_is_longer_than_its_line_moves_or_cannot_be_shown(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        text = "请到二号通道等待工作人员"
        assert len(text) * 2 > sign.capabilities.columns
        assert sign.can_show(text) is sign.capabilities.scrolls
        page = SignPage((SignLine(text, SignColour.RED),), 30)
        if sign.capabilities.scrolls:
            sign.show(page)
            self.shows(rig, page)
            rig.go(30)
            assert rig.shown() == as_shown(None, self.lines)
        else:
            with pytest.raises(DeviceMisconfiguredError):
                sign.show(page)

    def test_what_is_to_be_said_is_said_once_or_cannot_be(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        assert sign.can_speak(self.sentence) is sign.capabilities.speaks
        if not sign.capabilities.speaks:
            with pytest.raises(DeviceMisconfiguredError):
                sign.show(SignPage(WAIT.lines, 10, spoken=self.sentence))
            return
        sign.show(SignPage(WAIT.lines, 10, spoken=self.sentence))
        eventually(lambda: rig.spoken() == (self.heard,))
        sign.show(WAIT)
        self.shows(rig, WAIT)
        sign.show(SignPage((), 10, spoken=self.sentence))
        eventually(lambda: rig.spoken() == (self.heard,) * 2)
        self.shows(rig, None)

    def test_before_open_and_after_close_nothing_is_shown(self, rig: Rig, sign: SignPort) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                sign.show(DRIVE_ON)
            assert rig.shown() == as_shown(None, self.lines)
            sign.open()
            sign.close()
            sign.close()

    def test_an_unplugged_sign_is_unavailable_goes_dark_by_itself_and_comes_back(
        self, rig: Rig, sign: SignPort
    ) -> None:
        sign.open()
        for _ in range(3):
            sign.show(DRIVE_ON)
            self.shows(rig, DRIVE_ON)
            rig.unplug()
            with pytest.raises(DeviceUnavailableError):
                sign.show(WAIT)
            rig.go(DRIVE_ON.dark_after_s)
            assert rig.shown() == as_shown(None, self.lines)
            sign.close()
            with pytest.raises(DeviceUnavailableError):
                sign.open()
            rig.plug()
            sign.open()

    def test_it_may_be_opened_in_one_thread_and_used_in_another(self, rig: Rig, sign: SignPort) -> None:
        sign.open()
        thread = threading.Thread(target=lambda: sign.show(WAIT))
        thread.start()
        thread.join(PATIENCE_S)
        self.shows(rig, WAIT)


class EmulatedSignContract(SignContract):
    """The contract of a card on an emulated line, and with it that no frame was sent that a gate must never send.

    `options`: keys of the driver. `over_tcp`: the card is on the network. `local_echo`: the adapter hears its own
    sending.
    """

    options: ClassVar[Mapping[str, object]] = {}
    over_tcp: ClassVar[bool] = False
    local_echo: ClassVar[bool] = False

    def emulator(self, link: Path | None, clock: VirtualClock) -> EmulatedSign:
        """The card itself, not yet plugged in."""
        raise NotImplementedError

    def table(self, card: EmulatedSign) -> dict[str, object]:
        """The keys that configure the driver for a card."""
        host, _, port = str(card.line.link).rpartition(":")
        place = {"host": host, "tcp_port": int(port)} if self.over_tcp else {"port": str(card.line.link)}
        echo = {"local_echo": True} if self.local_echo else {}
        return {**place, "timeout_ms": REPLY_MS, **echo, **self.options}

    @pytest.fixture
    def card(self, link: Path) -> Iterator[EmulatedSign]:
        with self.emulator(None if self.over_tcp else link, VirtualClock()) as card:
            card.local_echo = self.local_echo
            yield card
        assert card.strange == []
        assert card.flash_writes == 0

    @override
    @pytest.fixture
    def rig(self, card: EmulatedSign) -> Rig:
        clock = card.display.now
        assert isinstance(clock, VirtualClock)
        return Rig(
            self.table(card),
            lambda: display_of(card),
            lambda: card.display.spoken,
            clock.go,
            card.unplug,
            card.plug,
            lambda: card.heard,
        )
