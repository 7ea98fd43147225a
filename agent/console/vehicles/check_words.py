"""The checks of a decision in plain words: the failed ones first, dates as dates, lanes as lanes, short figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from agent.console.live.vehicle_texts import SET_ASIDE_TEXT
from agent.console.times import EARLIEST, zone
from agent.core.decision import SET_ASIDE
from agent.core.model import Reason
from agent.i18n import Language, translate
from agent.i18n.checks import CHECKS
from agent.i18n.reasons import REASONS
from agent.i18n.recorded import recorded_detail
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MASK: Final = re.compile(r"0x[0-9a-f]+")
_SECONDS: Final = re.compile(r"(?<![\w.])\d{9,10}(?![\w.])")
_LONG_FIGURE: Final = re.compile(r"(-?\d+\.\d{2})\d+")
_DATED: Final = frozenset(
    {Reason.KEY_EXPIRED, Reason.NOT_YET_VALID, Reason.EXPIRED, Reason.CLAIMS_INVALID, Reason.VIN_ALREADY_EXITED}
)
"""Checks whose details name moments, in Unix seconds."""
_LANES: Final = 64


@dataclass(frozen=True, slots=True)
class CheckWords:
    """One check. `finding`, `advice`: what is wrong and what to do, empty where it held. `detail`: what it saw."""

    code: str
    ok: bool
    name: str
    finding: str
    advice: str
    detail: str | Markup


def check_words(records: Iterable[Mapping[str, Any]], language: Language) -> list[CheckWords]:
    """The checks of a decision, the failed ones first."""
    return sorted((_check(record, language) for record in records), key=attrgetter("ok"))


def _check(record: Mapping[str, Any], language: Language) -> CheckWords:
    code, ok = str(record.get("reason", "")), record.get("ok") is True
    known = Reason(code) if code in set(Reason) else None
    return CheckWords(
        code,
        ok,
        code if known is None else translate(CHECKS[known], language),
        "" if ok else (code if known is None else translate(REASONS[known].what, language)),
        "" if ok or known is None else translate(REASONS[known].act, language),
        _detail(record, known, language),
    )


def _detail(record: Mapping[str, Any], reason: Reason | None, language: Language) -> str | Markup:
    said = recorded_detail(record)
    if not said:
        return ""
    told = plain(translate(said, language), reason, language)
    if SET_ASIDE in said and record.get("ok") is not True:
        return f"{told}. {translate(SET_ASIDE_TEXT, language)}"
    if language is Language.EN or isinstance(said, Text):
        return told
    return Markup('<span lang="en">{}</span>').format(told)  # of an earlier agent: it stays as it is, and is marked


def plain(told: str, reason: Reason | None, language: Language) -> str:
    """A detail without what only a program reads: moments as dates, a mask of lanes as lanes, figures cut short."""
    if reason is Reason.WRONG_LANE and (mask := _MASK.search(told)):
        return _lanes(int(mask[0], 16), language)
    if reason in _DATED:
        told = _SECONDS.sub(lambda found: date_text(int(found[0])), told)
    return _LONG_FIGURE.sub(r"\1", told)


def _lanes(mask: int, language: Language) -> str:
    """For which lanes a permit is."""
    lanes = [str(number) for number in range(1, _LANES + 1) if mask >> (number - 1) & 1]
    said = Text("for lanes {lanes}", lanes=", ".join(lanes)) if lanes else Text("for all lanes")
    return translate(said, language)


def date_text(utc: float) -> str:
    """A moment of Unix seconds as people read it, in the gate's zone; the figure itself where it is no moment."""
    try:
        moment = datetime.fromtimestamp(utc, UTC)
    except (ValueError, OverflowError, OSError):
        return str(utc)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S} {zone(moment)}" if moment >= EARLIEST else str(utc)


def as_text(value: str | Markup) -> str:
    """Markup as plain text, for what is no page."""
    return value.striptags() if isinstance(value, Markup) else str(value)
