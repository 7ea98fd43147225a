"""Onbon BX-5K and BX-6K cards with a font of their own: each line is a dynamic area that vanishes by itself.

The card answers each frame; a page counts as shown when it has accepted it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drivers.api import DeviceError, SignCapabilities, SignLine, SignPage, SignProof, SignTimer
from drivers.serial.shared_port import NoReplyError
from drivers.sign import onbon_codec as codec
from drivers.sign.card_line import CardLine
from drivers.sign.gbk import encoded, screens
from drivers.sign.page_check import check_page
from drivers.sign.settings import CardSettings
from drivers.text import Text

BLANK = b" "


class OnbonSettings(CardSettings):
    """Configuration of an Onbon card."""

    tcp_port: int = Field(default=5005, ge=1, le=65535, description="TCP port of a card on the network.")
    baud: int = Field(default=57600, ge=1200, le=115200, description="Speed of the serial line in bits per second.")
    address: int = Field(default=1, ge=1, le=0xFFFD, description="Address of the screen; 1 from the factory.")
    speed: int = Field(
        default=4, ge=1, le=63, description="How fast a text that is longer than its line scrolls: 1 is the fastest."
    )
    speaks: bool = Field(default=False, description="Whether the card can speak: the models with -YY.")
    volume: int = Field(default=5, ge=0, le=10, description="How loud it speaks.")


class OnbonSign:
    """An Onbon card."""

    Settings: ClassVar[type[OnbonSettings]] = OnbonSettings

    def __init__(self, settings: OnbonSettings) -> None:
        self._settings = settings
        self._line = CardLine(settings, "onbon")

    @property
    def capabilities(self) -> SignCapabilities:
        """What this sign can show."""
        return SignCapabilities(
            self._settings.lines,
            self._settings.columns,
            scrolls=True,
            speaks=self._settings.speaks,
            timer=SignTimer.DOCUMENTED,
            longest_s=codec.LONGEST_S,
            proof=SignProof.PAGE,
        )

    def can_show(self, text: str) -> bool:
        """Whether the font has the text, and none of it would be taken for an order to the font."""
        data = self._encoded(text)
        return data is not None and codec.has_room_for(data)

    def can_speak(self, text: str) -> bool:
        """Whether the card speaks, and the text is one that it could show."""
        return self._settings.speaks and bool(text) and self.can_show(text)

    def open(self) -> str:
        """Connect, and ask whether the card is there."""
        self._line.open()
        try:
            self._ask(codec.ping(self._settings.address))
        except DeviceError:
            self.close()
            raise
        return Text(
            "Onbon card of {lines} lines with {columns} columns, address {address}, {place}",
            lines=self._settings.lines,
            columns=self._settings.columns,
            address=self._settings.address,
            place=self._line.place,
        )

    def close(self) -> None:
        """Let the line go."""
        self._line.close()

    def show(self, page: SignPage) -> None:
        """Show the lines as areas and take the others off, in one frame that the card has to accept."""
        check_page(self, page)
        shown = self._areas(page)
        numbers = {area.number for area in shown}
        dark = [number for number in range(self._settings.lines) if number not in numbers]
        codec.check_accepted(self._ask(codec.areas(self._settings.address, shown, dark)))

    def _areas(self, page: SignPage) -> list[codec.Area]:
        """The lines that have a text. What is said belongs to the first of them, or to a blank one."""
        lines = [(number, line) for number, line in enumerate(page.lines) if line.text]
        if page.spoken and not lines:
            lines = [(0, SignLine(""))]
        spoken = self._encoded(page.spoken) or b""
        return [
            self._area(number, line, page.dark_after_s, b"" if place else spoken)
            for place, (number, line) in enumerate(lines)
        ]

    def _area(self, number: int, line: SignLine, dark_after_s: int, spoken: bytes) -> codec.Area:
        columns = self._settings.columns
        data = self._encoded(line.text) or BLANK
        return codec.Area(
            number,
            data,
            self._settings.colour(line.colour),
            columns,
            dark_after_s,
            mode=codec.Mode.STILL if screens(data, columns) == 1 else codec.Mode.LEFT,
            speed=self._settings.speed,
            spoken=spoken,
            volume=self._settings.volume,
        )

    def _encoded(self, text: str) -> bytes | None:
        return encoded(text, self._settings.character_set)

    def _ask(self, frame: bytes) -> bytes:
        try:
            return codec.answer_in(self._line.ask(frame, codec.is_whole))
        except NoReplyError as error:
            if error.received or not self._line.is_usable:
                raise
            message = Text(
                "the card on {place} does not answer: check its power, wires A and B, its address and the speed",
                place=self._line.place,
            )
            raise NoReplyError(message) from error
