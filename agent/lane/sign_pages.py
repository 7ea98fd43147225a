"""What a sign shows for a message: pages of the sign's own size, in its languages and letters. Pure.

A sign shows a text exactly or not at all. If a card lacks letters of one language, it gets the text in another.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage
from agent.devices import SignProgramme, TimedPage
from agent.i18n import Language
from agent.i18n.driver_languages import languages_for
from agent.i18n.driver_texts import moving_line, of_central, sign_lines, spoken
from agent.i18n.sign_columns import columns, laid_out
from drivers.api import SignColour, SignLine, SignPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.core.plates import PlateKind
    from drivers.api import SignPort

DARK_AFTER_S: Final = 8
"""The card takes a page off by itself after so long: an old "drive on" is gone by then."""
HOLD_S: Final = 2.5
"""A page stays for so long before the next language comes: long enough to read it, and three times in its own time."""
PART_S: Final = 2.5
"""How long each part of a moving text takes, at least: a little more than cards need as they come."""

COLOURS: Final[Mapping[DriverMessage, SignColour]] = {
    DriverMessage.WELCOME: SignColour.YELLOW,
    DriverMessage.STARTING: SignColour.YELLOW,
    DriverMessage.SHOW_CODE: SignColour.YELLOW,
    DriverMessage.HOLD_CODE_STILL: SignColour.YELLOW,
    DriverMessage.CHECKING: SignColour.YELLOW,
    DriverMessage.WAIT: SignColour.YELLOW,
    DriverMessage.WAIT_FOR_OFFICER: SignColour.YELLOW,
    DriverMessage.CODE_NOT_VALID: SignColour.RED,
    DriverMessage.CODE_TOO_EARLY: SignColour.RED,
    DriverMessage.CODE_EXPIRED: SignColour.RED,
    DriverMessage.OTHER_LANE: SignColour.RED,
    DriverMessage.LANE_BUSY: SignColour.YELLOW,
    DriverMessage.LANE_CLOSED: SignColour.RED,
    DriverMessage.TURN_BACK: SignColour.RED,
    DriverMessage.BARRIER_OPENS: SignColour.GREEN,
    DriverMessage.DRIVE_ON: SignColour.GREEN,
    DriverMessage.KEEP_DRIVING: SignColour.GREEN,
    DriverMessage.KEEP_CLEAR: SignColour.YELLOW,
    DriverMessage.STOP_BARRIER_CLOSES: SignColour.RED,
    DriverMessage.STOP_FOR_OFFICER: SignColour.RED,
    DriverMessage.STOP_OTHER_SIDE: SignColour.RED,
    DriverMessage.BARRIER_STAYS_OPEN: SignColour.GREEN,
    DriverMessage.OUT_OF_ORDER: SignColour.YELLOW,
    DriverMessage.OUT_OF_SERVICE: SignColour.RED,
    DriverMessage.FROM_CENTRAL: SignColour.YELLOW,
}


def in_order(own: Sequence[Language], origin: PlateKind | None) -> tuple[Language, ...]:
    """The languages of a sign, those of the country of the vehicle's plate first. `origin`: None: not known."""
    return tuple(dict.fromkeys((*(one for one in languages_for(origin, ()) if one in own), *own)))


def message_programme(
    sign: SignPort, message: DriverMessage, languages: Sequence[Language], *, is_spoken: bool
) -> SignProgramme:
    """The pages of a message, a language each; in English, where the sign can show it in none of them.

    `is_spoken`: whether the sign is to say it too, if it can, in the first of the languages that it can say.
    """
    shown = {language: page for language in languages if (page := _page_of(sign, message, language)) is not None}
    if not shown and (page := _page_of(sign, message, Language.EN)) is not None:
        shown = {Language.EN: page}
    pages = tuple(shown.values())
    if pages and is_spoken:
        said = next((text for one in languages if sign.can_speak(text := spoken(message, one))), "")
        pages = (replace(pages[0], page=replace(pages[0].page, spoken=said)), *pages[1:])
    return SignProgramme(pages, tuple(language.value for language in shown), is_complete=bool(pages))


def central_programme(sign: SignPort, texts: Sequence[tuple[str, str]], languages: Iterable[Language]) -> SignProgramme:
    """The pages of what central says to the driver; where the sign can show none of it, that the driver is to wait.

    `texts`: each after its language's code.
    """
    languages = tuple(languages)
    colour = COLOURS[DriverMessage.FROM_CENTRAL]
    shown = {
        language: page
        for language, text in of_central(texts, languages)
        if (page := _fitted(sign, laid_out(text, *_size(sign)), " ".join(text.split()), colour)) is not None
    }
    if shown:
        return SignProgramme(tuple(shown.values()), tuple(language.value for language in shown))
    instead = message_programme(sign, DriverMessage.WAIT, languages, is_spoken=False)
    return SignProgramme(instead.pages, instead.languages, is_complete=False)


def _page_of(sign: SignPort, message: DriverMessage, language: Language) -> TimedPage | None:
    lines = sign_lines(message, language, *_size(sign))
    return _fitted(sign, lines, moving_line(message, language), COLOURS[message])


def _size(sign: SignPort) -> tuple[int, int]:
    return sign.capabilities.columns, sign.capabilities.lines


def _fitted(sign: SignPort, lines: Sequence[str] | None, moving: str, colour: SignColour) -> TimedPage | None:
    """The lines as a page, else the text that moves through one line; None where the sign can show neither."""
    there = sign.capabilities
    if lines:
        if not all(map(sign.can_show, lines)):
            return None  # shorter words whose letters happen to be there say too little: rather another language
        return TimedPage(SignPage(tuple(_centred(lines, there.lines, colour)), _own_s(sign, DARK_AFTER_S)), HOLD_S)
    if not there.scrolls or not moving or not sign.can_show(moving):
        return None
    hold_s = PART_S * (1 + ceil(columns(moving) / there.columns))
    # Its own time holds two passages: one that begins again late is not cut off in its middle.
    page = SignPage(tuple(_centred((moving,), there.lines, colour)), _own_s(sign, ceil(2 * hold_s)))
    return TimedPage(page, hold_s)


def _own_s(sign: SignPort, wanted_s: int) -> int:
    return min(wanted_s, sign.capabilities.longest_s)


def _centred(lines: Sequence[str], count: int, colour: SignColour) -> Iterator[SignLine]:
    """The lines with dark ones above, so that they stand in the middle of the sign."""
    yield from [SignLine("", colour)] * ((count - len(lines)) // 2)
    for line in lines:
        yield SignLine(line, colour)
