"""FK sign cards: two to four lines in red, green and yellow, with Chinese speech.

The card is told and not asked: whether it has shown a page, or is there at all, cannot be known. What is known is that
the bytes left, and that each text was sent with its time.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from drivers.api import DeviceMisconfiguredError, SignCapabilities, SignLine, SignPage, SignProof, SignTimer
from drivers.sign import fk_codec as codec
from drivers.sign.card_line import CardLine
from drivers.sign.gbk import encoded, screens
from drivers.sign.page_check import check_page
from drivers.sign.settings import CardSettings
from drivers.text import Text

BLANK = b" "
_CHINESE_SPEECH = re.compile(r"[\u3001\u3002\u3007\u4e00-\u9fff\uff01\uff0c\uff1a\uff1b\uff1f0-9A-Z ,.!?]+")
"""Chinese with its marks, and digits and capitals, which are spelt: the cards have no other voice."""


class Frames(StrEnum):
    """Which command shows a page: one for all its lines, or one a line."""

    PAGE = "page"
    LINES = "lines"


class FkSettings(CardSettings):
    """Configuration of an FK sign card."""

    address: int = Field(default=0, ge=0, le=255, description="Address of the card on its line; 0 from the factory.")
    frames: Frames = Field(
        default=Frames.PAGE,
        description="How a page is sent: page (one frame, command 6E), or lines (a frame per line, command 62), for "
        "cards that know only lines.",
    )
    part_s: int = Field(
        default=2,
        ge=1,
        le=60,
        description="How long each part of a text that is longer than its line is shown, in seconds.",
    )
    speaks: bool = Field(default=False, description="Whether the card has a loudspeaker.")


class FkSign:
    """An FK sign card."""

    Settings: ClassVar[type[FkSettings]] = FkSettings

    def __init__(self, settings: FkSettings) -> None:
        self._settings = settings
        self._line = CardLine(settings, "fk")

    @property
    def capabilities(self) -> SignCapabilities:
        """What this sign can show."""
        return SignCapabilities(
            self._settings.lines,
            self._settings.columns,
            scrolls=True,
            speaks=self._settings.speaks,
            timer=SignTimer.INFERRED,
            longest_s=codec.LONGEST_S,
            proof=SignProof.NOTHING,
        )

    def can_show(self, text: str) -> bool:
        """Whether the font has the text and a frame has room for it."""
        data = self._encoded(text)
        return data is not None and len(data) <= codec.TEXT_LIMIT

    def can_speak(self, text: str) -> bool:
        """Whether the text is Chinese, or letters and digits to be spelt."""
        data = self._encoded(text)
        fits = data is not None and 0 < len(data) <= codec.SPEECH_LIMIT
        return self._settings.speaks and fits and _CHINESE_SPEECH.fullmatch(text) is not None

    def open(self) -> str:
        """Open the line or connect. The card is not asked: it is not known to answer anything."""
        self._line.open()
        return Text(
            "FK sign card of {lines} lines with {columns} columns, {place}",
            lines=self._settings.lines,
            columns=self._settings.columns,
            place=self._line.place,
        )

    def close(self) -> None:
        """Let the line go."""
        self._line.close()

    def show(self, page: SignPage) -> None:
        """Send all lines, also those that are to be dark, and what is to be said."""
        check_page(self, page)
        frames = self._frames(page)
        for frame in frames:
            self._line.send(frame)

    def _frames(self, page: SignPage) -> list[bytes]:
        """The frames of a page: one where one holds it all."""
        address = self._settings.address
        lines = (*page.lines, *[SignLine("")] * (self._settings.lines - len(page.lines)))
        texts = [self._text(number, line, page.dark_after_s) for number, line in enumerate(lines)]
        spoken = self._encoded(page.spoken) or b""
        speech = [codec.speak(address, spoken)] if spoken else []
        if self._settings.frames is Frames.PAGE:
            whole = codec.page(address, texts, spoken)
            if whole is not None:
                return [whole]
            silent = codec.page(address, texts)
            if silent is not None:
                return [silent, *speech]
        return [*(codec.line(address, text) for text in texts), *speech]

    def _text(self, number: int, line: SignLine, dark_after_s: int) -> codec.FkText:
        """A line with its time. One that is to be dark is a blank: what stood there before must go."""
        data = self._encoded(line.text) or BLANK
        duration = codec.duration(screens(data, self._settings.columns), dark_after_s, self._settings.part_s)
        if duration is None:
            raise DeviceMisconfiguredError(
                Text("{text!r} does not pass within {seconds} s: shorten it", text=line.text, seconds=dark_after_s)
            )
        return codec.FkText(number, data, self._settings.colour(line.colour), *duration)

    def _encoded(self, text: str) -> bytes | None:
        return encoded(text, self._settings.character_set)
