"""What a driver is told, in one language: on a page, aloud, and on signs of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage, DriverReceipt
from agent.i18n.driver_wording import WORDS
from agent.i18n.language import Language
from agent.i18n.lookup import translate
from agent.i18n.sign_columns import columns as columns_of
from agent.i18n.sign_columns import laid_out
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_RECEIPTS: Final[Mapping[DriverReceipt, Text]] = {
    DriverReceipt.CONFIRMED: Text("confirmed by the device"),
    DriverReceipt.SENT: Text("sent; the device confirms nothing"),
    DriverReceipt.LOST: Text("did not reach the driver"),
}
_LARGE = 32
"""A sign of more columns than this, over all its lines, has room for a sentence."""


def sentence(message: DriverMessage, language: Language) -> str:
    """The message as a driver page shows it."""
    return translate(WORDS[message].sentence, language)


def spoken(message: DriverMessage, language: Language) -> str:
    """The message as it is said aloud."""
    return translate(WORDS[message].spoken, language)


def told(message: str, after_s: float, language: Language) -> str:
    """What an event says that a driver was told, and when; the code of a message that is not known here, as it is."""
    said = WORDS[DriverMessage(message)].sentence if message in set(DriverMessage) else message
    return translate(Text("after {seconds} s: {said}", seconds=f"{after_s:.0f}", said=said), language)


def shown_on(device: str, message: str, receipt: str, language: Language) -> str:
    """What an event says became of a message on one device; codes that are not known here, as they are."""
    said = WORDS[DriverMessage(message)].sentence if message in set(DriverMessage) else message
    became = _RECEIPTS[DriverReceipt(receipt)] if receipt in set(DriverReceipt) else receipt
    return translate(Text("{device}: {said} ({became})", device=device, said=said, became=became), language)


def sign_lines(message: DriverMessage, language: Language, columns: int, lines: int) -> tuple[str, ...] | None:
    """The fullest words of the message that a sign of so many lines of so many columns has room for.

    None: not even the shortest fit, so they are to move through (`moving_line`), or another language is to be shown.
    """
    if lines > 1:
        whole = _said(message, language, "two_lines")
        if all(columns_of(line) <= columns for line in whole) and columns * lines <= _LARGE:
            return whole
    for text in _fullest_first(message, language, room=columns * lines):
        laid = laid_out(text, columns, lines)
        if laid is not None:
            return laid
    return None


def moving_line(message: DriverMessage, language: Language) -> str:
    """The shortest words of the message, to move through a line that is too narrow for them."""
    return " ".join(_said(message, language, "short"))


def choose_language(
    message: DriverMessage, languages: Iterable[Language], can_show: Callable[[str], bool]
) -> Language | None:
    """The first language all of whose words of this message the sign can show; None: it can show none of them.

    `can_show`: whether the sign has every character of a text. A GBK card lacks Kazakh letters, for example.
    """
    return next((one for one in languages if all(map(can_show, _on_signs(message, one)))), None)


def of_central(texts: Sequence[tuple[str, str]], languages: Iterable[Language]) -> tuple[tuple[Language, str], ...]:
    """What central says in those of its languages that are spoken to the driver, in their order.

    `texts`: each after its language's code. Where none is in one of `languages`, all of them as central sent them.
    """
    sent = {Language(code): text for code, text in texts}
    wanted = [language for language in languages if language in sent]
    return tuple((language, sent[language]) for language in wanted or sent)


def _on_signs(message: DriverMessage, language: Language) -> Iterable[str]:
    return [*_fullest_first(message, language, room=_LARGE), moving_line(message, language)]


def _fullest_first(message: DriverMessage, language: Language, *, room: int) -> Iterable[str]:
    """What to try, as words without line breaks. `room`: in columns, over all lines."""
    if room > _LARGE:
        yield sentence(message, language)
    joint = "" if language is Language.ZH else " "
    for form in ("two_lines", "line", "short"):
        yield joint.join(_said(message, language, form))


def _said(message: DriverMessage, language: Language, form: str) -> tuple[str, ...]:
    return tuple(translate(getattr(WORDS[message], form), language).split("\n"))
