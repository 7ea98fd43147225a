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
driver page, as a short text on an LED sign, and as speech. `python tools/driver_page.py` writes this page. The words
are in `agent/i18n/driver_wording.py` and its catalogues, the pictograms in `agent/console/static/pictograms/`.
"""

WHEN: Final = """A message says what to do. It depends on the lane's state. If a reason has its own message, that
message is given instead, from the answer until the lane continues. `drive_on` comes when the arm is up, not when the
gate lets the vehicle pass: until then the message is `barrier_opens`."""

RECORDED: Final = """The outcome of a transaction, [`transaction.closed`](events.md#transactionclosed), names the
messages to the driver in `driver_messages`, each with the seconds since the vehicle came. It has at most 16: of more,
the first 15 and the last. These are the messages that the lane gave. What the signs and the loudspeaker did with them
is in [`driver.shown`](events.md#drivershown). A text from central is recorded word for word, as
[`driver.told`](events.md#drivertold)."""


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
        f"""{len(NO_ORACLE)} reasons share the message “{wait}” on purpose. Someone who tries codes must not learn
        whether the plate, the vehicle, an earlier use, the watch list or chance was the reason, and drivers do not need
        to know what is wrong with the gate. If the code itself is refused, the message is “{not_valid}”, for each of
        {len(REFUSED_CODES)} reasons. [reasons.md](reasons.md) has what an officer reads for each reason."""
    )


def of_language(language: Language) -> tuple[str, str]:
    """The words of one language: its title, and a table of every form."""
    head = ("message", "driver page", "8 columns", "16 columns", "2 x 16 columns", "spoken")
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
        f"""The languages of the plate's country come first, then those of the lane in its order. A driver page shows at
        most {AT_ONCE} at one time. A sign shows its own languages in turn, those of the plate's country first. Speech
        uses the first language only. If a camera names the country of the plate, in two letters, these languages come
        first: {countries}. Otherwise the kind of the plate decides:"""
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
        f"""The width of a sign is counted in columns: a Latin letter takes one, a Chinese or Cyrillic letter takes two,
        as in GBK. So a line of 8 columns has four Russian or Kazakh letters, and a line of 16 has eight. A sign shows
        the longest form that fits on its lines. A sign with more than 32 columns in total shows the sentence of the
        driver page. {MOVES} marks a text that moves through a sign of 8 columns. A sign that cannot move text shows
        another language of the lane."""
    )
    letters = paragraph(
        f"""A font card with GBK has no Kazakh letters: it cannot show {len(unshown)} of {len(DriverMessage)} messages
        in Kazakh. Such a card shows the next language of the vehicle and the lane that it has all letters for. It never
        shows question marks. It can always show Russian, Chinese and English."""
    )
    return f"{room}\n\n{letters}"


def of_central() -> str:
    """What the command `display` does."""
    return paragraph(
        f"""By the signed command [`display`](commands.md#a-text-for-one-driver) central shows a text to one driver,
        in up to four languages, each up to {DISPLAY_TEXT_LIMIT} characters, for up to {DISPLAY_FOR_LIMIT_S} s. It
        replaces the lane's message while the vehicle waits and the barrier does not move. It ends when the barrier
        moves or the vehicle leaves. The voice says that there is a message, but does not read it."""
    )


def paragraph(text: str) -> str:
    """The text over lines as long as those of the sources."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
