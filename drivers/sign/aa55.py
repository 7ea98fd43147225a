"""Display and voice cards whose frames begin with AA 55: temporary texts with their own time, recordings by number.

A page goes line by line. Where the card answers, it is asked for its version after a page: that shows that the line and
the card were there then, not what the sign shows.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from drivers.api import DeviceError, SignCapabilities, SignLine, SignPage, SignProof, SignTimer
from drivers.serial.shared_port import NoReplyError
from drivers.sign import aa55_codec as codec
from drivers.sign.card_line import CardLine
from drivers.sign.gbk import encoded
from drivers.sign.page_check import check_page
from drivers.sign.settings import CardSettings
from drivers.text import Text

_RECORDING = re.compile(r"(?P<number>[1-9]\d{0,2}) (?P<text>\S(?:.*\S)?)")
_HIGHEST = 255


def _recordings(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        found = _RECORDING.fullmatch(value)
        if found is None or int(found["number"]) > _HIGHEST:
            raise ValueError(Text('expected a number of 1 to 255, a blank and its words, such as "12 请稍候"'))
    return values


class Aa55Settings(CardSettings):
    """Configuration of a card with AA 55."""

    tcp_port: int = Field(default=5000, ge=1, le=65535, description="TCP port of a serial converter on the network.")
    address: int = Field(
        default=100, ge=0, le=255, description="Address of the card on its line; 100 from the factory."
    )
    check: codec.Check = Field(
        default=codec.Check.PADDED,
        description="How frames are checked: padded, or whole if the card does not answer with padded.",
    )
    answers: bool = Field(
        default=True,
        description="Whether the card answers a query for its version. false: its transmit wires are not connected.",
    )
    scrolls: bool = Field(
        default=False,
        description="Whether the card scrolls a text that is longer than its line. Try it: with true, sign test "
        "shows such a text.",
    )
    recordings: Annotated[tuple[str, ...], AfterValidator(_recordings)] = Field(
        default=(),
        max_length=255,
        description="The card's recordings that may be used, each as its number and its words: "
        '["12 请稍候"]. The numbers are in the card\'s manual.',
    )


class Aa55Sign:
    """A card with AA 55."""

    Settings: ClassVar[type[Aa55Settings]] = Aa55Settings

    def __init__(self, settings: Aa55Settings) -> None:
        self._settings = settings
        self._framing = codec.Framing(settings.address, settings.check)
        self._numbers = {
            found["text"]: int(found["number"]) for found in map(_RECORDING.fullmatch, settings.recordings) if found
        }
        self._sequence = 0
        self._line = CardLine(settings, "aa55")

    @property
    def capabilities(self) -> SignCapabilities:
        """What this sign can show."""
        return SignCapabilities(
            self._settings.lines,
            self._settings.columns,
            scrolls=self._settings.scrolls,
            speaks=bool(self._numbers),
            timer=SignTimer.DOCUMENTED,
            longest_s=codec.LONGEST_S,
            proof=SignProof.LINE if self._settings.answers else SignProof.NOTHING,
        )

    def can_show(self, text: str) -> bool:
        """Whether the font has the text, and the line room for it where it does not move."""
        data = self._encoded(text)
        room = codec.TEXT_LIMIT if self._settings.scrolls else self._settings.columns
        return data is not None and len(data) <= room

    def can_speak(self, text: str) -> bool:
        """Whether there is a recording of just these words."""
        return text in self._numbers

    def open(self) -> str:
        """Connect and, where the card answers, ask for its version."""
        self._line.open()
        version = b""
        try:
            if self._settings.answers:
                version = self._version()
        except DeviceError:
            self.close()
            raise
        card = Text(
            "AA 55 card of {lines} lines with {columns} columns, address {address}, {place}",
            lines=self._settings.lines,
            columns=self._settings.columns,
            address=self._settings.address,
            place=self._line.place,
        )
        words = version.decode("ascii", "ignore").strip()
        if not words.isprintable() or not words:
            words = version.hex(" ").upper()
        return Text("{card}, version {version}", card=card, version=words) if words else card

    def close(self) -> None:
        """Let the line go."""
        self._line.close()

    def show(self, page: SignPage) -> None:
        """Take off the lines that are to be dark, show the others, and look that the card is there."""
        check_page(self, page)
        shown = {number: line for number, line in enumerate(page.lines, 1) if line.text}
        dark = [number for number in range(1, self._settings.lines + 1) if number not in shown]
        if dark:
            self._line.send(self._framing.end(self._next(), dark))
        for number, line in shown.items():
            self._line.send(self._text(number, line, page.dark_after_s))
        if page.spoken:
            self._line.send(self._framing.voice(self._next(), self._numbers[page.spoken]))
        if self._settings.answers:
            self._version()

    def _text(self, number: int, line: SignLine, seconds: int) -> bytes:
        colour = self._settings.colour(line.colour)
        return self._framing.text(self._next(), number, seconds, colour, self._encoded(line.text) or b"")

    def _version(self) -> bytes:
        """What the card says of itself, among whatever else it answers."""
        request = self._framing.version(self._next())
        try:
            received = self._line.ask(request, lambda got: bool(self._versions(got)))
        except NoReplyError as error:
            if not self._line.is_usable:
                raise
            message = Text(
                "the card on {place} does not answer ({heard}): check its power, wires A and B, its address, the speed "
                'and check = "{other}"; where it cannot answer, set answers = false',
                place=self._line.place,
                heard=error.received.hex(" ").upper() or Text("silence"),
                other="whole" if self._settings.check is codec.Check.PADDED else "padded",
            )
            raise NoReplyError(message, error.received) from error
        return self._versions(received)[-1].data

    def _versions(self, received: bytes) -> list[codec.Answer]:
        """The answers that tell a version. The question itself tells none: an adapter may hear its own sending."""
        return [one for one in self._framing.answers(received) if one.command == codec.Command.VERSION and one.data]

    def _next(self) -> int:
        """The number of the next frame. Cards drop one that is numbered as the one before."""
        self._sequence = (self._sequence + 1) % 256
        return self._sequence

    def _encoded(self, text: str) -> bytes | None:
        return encoded(text, self._settings.character_set)
