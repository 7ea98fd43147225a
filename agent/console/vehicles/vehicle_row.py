"""A vehicle of the index in the language of a reader: its row in the list, its plate, and how it went with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from agent.console.times import utc_text, zone
from agent.console.vehicles.record import Result
from agent.core.model import Outcome, Reason, Verdict
from agent.core.plates import PlateColour
from agent.i18n import Language, translate
from agent.i18n.event_text import ERASED, value_text
from agent.i18n.reasons import REASONS
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from agent.console.vehicles.record import VehicleRecord

RESULTS: Final[Mapping[Result, Text]] = {
    Result.PASSED: pgettext("vehicle", "Passed"),
    Result.OFFICER: pgettext("vehicle", "Officer"),
    Result.REFUSED: pgettext("vehicle", "Refused"),
    Result.LEFT: pgettext("vehicle", "Did not enter"),
    Result.HERE: pgettext("vehicle", "Here now"),
}
"""What the filters are called."""
RESULT_TONES: Final[Mapping[Result, str]] = {
    Result.PASSED: "passed",
    Result.OFFICER: "officer",
    Result.REFUSED: "refused",
    Result.LEFT: "unknown",
    Result.HERE: "busy",
}
_OUTCOMES: Final[Mapping[str, tuple[Text, str]]] = {
    Outcome.PASSED: (pgettext("vehicle", "Passed"), "passed"),
    Outcome.PASSED_WITH_VIOLATION: (pgettext("vehicle", "Passed, with an alarm"), "warning"),
    Outcome.OVERRIDDEN: (pgettext("vehicle", "Passed by officer"), "officer"),
    Outcome.DENIED: (pgettext("vehicle", "Refused"), "refused"),
    Outcome.NOT_TAKEN: (pgettext("vehicle", "Did not drive through"), "unknown"),
    Outcome.BACKED_OUT: (pgettext("vehicle", "Backed out"), "unknown"),
    Outcome.ABANDONED: (pgettext("vehicle", "Left"), "unknown"),
    Outcome.FAULT: (pgettext("vehicle", "Interrupted"), "warning"),
}
_VERDICTS: Final[Mapping[str, tuple[Text, str]]] = {
    Verdict.PASS: (pgettext("vehicle", "May pass"), "passed"),
    Verdict.DENY: (pgettext("vehicle", "Refused"), "refused"),
    Verdict.MANUAL: (pgettext("vehicle", "Officer needed"), "officer"),
    Verdict.RETRY: (pgettext("vehicle", "Here now"), "busy"),
}
_LOOKS: Final[Mapping[str, str]] = {
    PlateColour.BLUE: "",
    PlateColour.YELLOW: "yellow",
    PlateColour.GREEN: "green",
    PlateColour.YELLOW_GREEN: "green",
}
_COMMA: Final = frozenset({Language.RU, Language.KK})
_MINUTE_S: Final = 60
_TENTHS_BELOW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Chip:
    """A word with its tone, as `elements/status.html` draws it. `solid`: somebody must act."""

    word: str
    tone: str
    solid: bool = False


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """A vehicle in a list. `plate`: as read, else as declared; empty: none. `look`: of the plate's ground."""

    transaction: str
    plate: str
    look: str
    chip: Chip
    why: str
    lane: str
    seconds: str
    time: Markup
    picture: str
    erased: bool


def row(record: VehicleRecord, language: Language, picture: str) -> VehicleRow:
    """A vehicle for a list. `picture`: the one to show, "" for none that is kept."""
    return VehicleRow(
        record.transaction,
        record.plate or record.declared,
        plate_look(record),
        chip(record, language),
        why(record, language),
        record.lane,
        "" if record.seconds is None else seconds_text(record.seconds, language),
        time_of_day(moment(record.began_ms)),
        picture,
        record.erased,
    )


def chip(record: VehicleRecord, language: Language) -> Chip:
    """How it went, in a word or two."""
    if record.outcome and not record.dry_run:
        word, tone = _OUTCOMES.get(record.outcome, (Text("{code}", code=record.outcome), "unknown"))
        return Chip(translate(word, language), tone)
    word, tone = _VERDICTS.get(record.verdict, (RESULTS[Result.HERE], "busy"))
    if record.dry_run:
        return Chip(translate(Text("Dry run: {said}", said=word), language), tone)
    waits = record.verdict == Verdict.MANUAL
    if record.verdict == Verdict.PASS:
        word, tone = RESULTS[Result.HERE], "busy"
    return Chip(translate(word, language), tone, solid=waits)


def why(record: VehicleRecord, language: Language) -> str:
    """Why it went so, in one sentence or two."""
    said = [finding(record.reason, language)] if record.reason else []
    if record.outcome == Outcome.OVERRIDDEN and record.operator:
        officer = value_text("operator", {"operator": record.operator}, language)
        said.append(translate(Text("{officer} let the vehicle pass.", officer=officer), language))
    if not said and not record.outcome:
        said.append(translate(Text("Waiting for its QR code."), language))
    return ("" if language is Language.ZH else " ").join(said)


def finding(reason: str, language: Language) -> str:
    """What the gate found, without what to do about it; the code of a reason that is not known here."""
    return translate(REASONS[Reason(reason)].what, language) if reason in set(Reason) else reason


def plate_look(record: VehicleRecord) -> str:
    """The kind of plate that `elements/status.html` draws.

    Where its colour is not known, a Chinese one is blue, and others are white.
    """
    plate = record.plate or record.declared
    if record.colour in _LOOKS:
        return _LOOKS[record.colour]
    is_latin = plate.isascii() or not _is_han(plate[:1])
    return "white" if record.colour or is_latin else ""


def seconds_text(seconds: float, language: Language) -> str:
    """How long something took: tenths of a second below a minute, then minutes and seconds."""
    if round(seconds, 1) < _TENTHS_BELOW_S:
        figure = f"{seconds:.1f}"
        return translate(
            Text("{seconds} s", seconds=figure.replace(".", ",") if language in _COMMA else figure), language
        )
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return f"{minutes}:{rest:02}"


def moment(utc_ms: int) -> datetime:
    """The moment of Unix milliseconds."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC)


def time_of_day(at: datetime) -> Markup:
    """The time of day at the gate; date, zone and UTC on hover."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
        f"{at.astimezone():%Y-%m-%d %H:%M:%S} {zone(at)} ({utc_text(at)})",
        f"{at.astimezone():%H:%M:%S}",
    )


def day_of(at: datetime) -> date:
    """The day at the gate."""
    return at.astimezone().date()


def day_text(day: date, today: date, language: Language) -> str:
    """A day as a heading: today and yesterday by their names."""
    near = {0: Text("Today"), 1: Text("Yesterday")}.get((today - day).days)
    return f"{translate(near, language)}, {day:%Y-%m-%d}" if near else f"{day:%Y-%m-%d}"


def or_erased(value: str, language: Language, *, erased: bool) -> str:
    """A value, or where it is missing that it was erased."""
    return value or (translate(ERASED, language) if erased else "")


def _is_han(letter: str) -> bool:
    return "\u4e00" <= letter <= "\u9fff"
