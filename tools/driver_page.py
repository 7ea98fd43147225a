"""Write docs/driver.md from the messages to drivers: when each is given, its pictogram, its words in four languages.

Run `python tools/driver_page.py`.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Final

from agent.core.commands.body import DISPLAY_FOR_LIMIT_S, DISPLAY_TEXT_LIMIT
from agent.core.lane import LaneState, message_for_reason, message_for_state
from agent.core.lane.driver_messages import NO_ORACLE, REFUSED_CODES
from agent.core.model import DriverMessage, Reason
from agent.core.plates import PlateKind
from agent.i18n import Language, translate
from agent.i18n.driver_languages import AT_ONCE, OF_COUNTRIES, languages_for
from agent.i18n.driver_texts import choose_language, moving_line, sentence, sign_lines, spoken
from agent.i18n.driver_wording import WORDS
from agent.i18n.sign_columns import fits_gbk

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "driver.md"
PICTOGRAMS: Final = "../agent/console/static/pictograms"
MOVES: Final = "⟷"
"""Marks what moves through a line that is too narrow for it."""

INTRODUCTION: Final = """# What a driver is told

Drivers stay in their cars. The gate gives them one message at a time: as a sentence with a pictogram on the
driver page, as a short text on an LED sign, and as speech. This page is written by `python tools/driver_page.py`; the
words are in `agent/i18n/driver_wording.py` and its catalogues, the pictograms in
`agent/console/static/pictograms/`.
"""

WHEN: Final = """A message says what to do. It depends on the lane's state. If a reason has its own message, that
message replaces it, from the answer until the lane continues. `drive_on` comes when the arm is up, not when the
passage is granted: until then the message is `barrier_opens`."""

RECORDED: Final = """The outcome of a transaction, [`transaction.closed`](events.md#transactionclosed), names the
messages that its driver was given, in `driver_messages`, each with the seconds since the vehicle came: at most 16, of
more the first 15 and the last. They are what the lane gave out; whether a sign or a screen was there to show them,
`device.changed` tells. A text of central is recorded word for word, as [`driver.told`](events.md#drivertold)."""


def page() -> str:
    """The whole page."""
    return (
        "\n\n".join(
            [
                INTRODUCTION.strip(),
                "## When",
                WHEN,
                table(("pictogram", "message", "in state", "for reason"), when()),
                "## What a driver does not learn",
                said_less(),
                *(part for language in Language for part in of_language(language)),
                "## Which language",
                which_language(),
                table(("plate", "languages before those of the lane"), by_plate()),
                "## On an LED sign",
                on_signs(),
                "## A text of central",
                of_central(),
                "## What is recorded",
                RECORDED,
                "",
            ]
        ).rstrip()
        + "\n"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def when() -> Iterable[tuple[str, ...]]:
    """In which states and for which reasons each message is given."""
    for message in DriverMessage:
        states = [f"`{state}`" for state in LaneState if message_for_state(state) is message]
        reasons = [f"`{reason}`" for reason in Reason if message_for_reason(reason) is message]
        if message is DriverMessage.WAIT_FOR_OFFICER:
            reasons = ["every reason that is not listed above"]
        if message is DriverMessage.FROM_CENTRAL:
            reasons = ["central says something to this driver: see [below](#a-text-of-central)"]
        yield pictogram(message), f"`{message}`", ", ".join(states), ", ".join(reasons)


def pictogram(message: DriverMessage) -> str:
    """The picture of a message, with its English words for those who do not see it."""
    words = sentence(message, Language.EN)
    return f'<img src="{PICTOGRAMS}/{message}.svg" width="48" height="48" alt="{words}">'


def said_less() -> str:
    """Why many reasons have one message."""
    wait, not_valid = (
        sentence(message, Language.EN) for message in (DriverMessage.WAIT_FOR_OFFICER, DriverMessage.CODE_NOT_VALID)
    )
    return paragraph(
        f"""{len(NO_ORACLE)} reasons share the one message “{wait}” on purpose: plate, vehicle, use, watch list and
        chance must look the same to someone who tries codes, and drivers do not need to know what is wrong with the
        gate. A code that is refused for itself is told “{not_valid}”, whichever of {len(REFUSED_CODES)} reasons it is.
        What an officer reads of each is in [reasons.md](reasons.md)."""
    )


def of_language(language: Language) -> tuple[str, str]:
    """The words of one language: its title, and a table of every form."""
    head = ("message", "driver page", "8 columns", "16 columns", "2 x 16 columns", "aloud")
    return f"## {language.own_name}", table(head, words(language))


def words(language: Language) -> Iterable[tuple[str, ...]]:
    """Every message in a language, in each of its forms."""
    for message in DriverMessage:
        short = sign_lines(message, language, 8, 1)
        forms = (getattr(WORDS[message], form) for form in ("line", "two_lines"))
        yield (
            f"`{message}`",
            sentence(message, language),
            f"{MOVES} {moving_line(message, language)}" if short is None else " ".join(short),
            *(translate(form, language).replace("\n", "<br>") for form in forms),
            spoken(message, language),
        )


def which_language() -> str:
    """How languages are chosen."""
    shared: dict[tuple[Language, ...], list[str]] = {}
    for country, languages in OF_COUNTRIES.items():
        shared.setdefault(languages, []).append(country)
    countries = "; ".join(f"{', '.join(of)}: {named(languages)}" for languages, of in shared.items())
    return paragraph(
        f"""Those of the plate's country first, then those of the lane in its order; at most {AT_ONCE} at one time on a
        driver page, the first on signs and aloud. By the country that a camera names, in two letters: {countries}.
        Where none is named, by the kind of the plate:"""
    )


def by_plate() -> Iterable[tuple[str, ...]]:
    """The languages that each kind of plate brings."""
    rows: dict[tuple[Language, ...], list[str]] = {}
    for kind in PlateKind:
        rows.setdefault(languages_for(kind, ()), []).append(f"`{kind}`")
    for languages, kinds in rows.items():
        yield ", ".join(kinds), named(languages) or "none"


def named(languages: Iterable[Language]) -> str:
    """The languages by their own names."""
    return ", then ".join(language.own_name for language in languages)


def on_signs() -> str:
    """What a sign of a given size shows."""
    unshown = [m for m in DriverMessage if choose_language(m, [Language.KK], fits_gbk) is None]
    room = paragraph(
        f"""A sign counts columns of half a square: a Latin letter takes one, a Chinese or Cyrillic one two, as in GBK.
        So Russian and Kazakh have four letters at 8 columns and eight at 16. A sign gets the fullest words that fit
        over its lines; one of more than 32 columns in all gets the sentence of the driver page. {MOVES} marks what
        moves through a sign of 8 columns; where a sign cannot move text, another language of the lane is shown."""
    )
    letters = paragraph(
        f"""A font card with GBK has no Kazakh letters: of {len(DriverMessage)} messages {len(unshown)} cannot be
        written on it in Kazakh. Such a card shows the next language of the vehicle and the lane of which it has every
        letter, and never question marks; Russian, Chinese and English it can always show."""
    )
    return f"{room}\n\n{letters}"


def of_central() -> str:
    """What the command `display` does."""
    return paragraph(
        f"""By the signed command [`display`](commands.md#a-text-for-one-driver) central says something to one driver,
        in up to four languages, each up to {DISPLAY_TEXT_LIMIT} characters, for up to {DISPLAY_FOR_LIMIT_S} s. It
        replaces the lane's words while the vehicle waits in front of a resting barrier, and ends when the barrier
        moves or the vehicle leaves. A voice says that there is a message, and does not read it."""
    )


def paragraph(text: str) -> str:
    """The text over lines as long as those of the sources."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
