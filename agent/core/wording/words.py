"""What each language must have words for, and which reasons a driver hears of in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from agent.core.decision import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.camera_view import View
    from agent.core.decision import Verdict
    from agent.core.events import Alarm, Outcome
    from agent.core.lane_state import State
    from agent.core.quality import Flaw


class Language(StrEnum):
    """A language by its ISO 639-1 code: English, simplified Chinese, Russian, Kazakh in Cyrillic letters."""

    EN = "en"
    ZH = "zh"
    RU = "ru"
    KK = "kk"


class Phrase(StrEnum):
    """What a driver is told. Many reasons share one: who tries a code must not learn what exactly stands against it."""

    PASS = "pass"  # noqa: S105
    SHOW_CODE = "show_code"
    HOLD_STILL = "hold_still"
    NOT_VALID = "not_valid"
    TOO_EARLY = "too_early"
    EXPIRED = "expired"
    OTHER_LANE = "other_lane"
    WAIT = "wait"
    LANE_BUSY = "lane_busy"
    LANE_CLOSED = "lane_closed"


NO_ORACLE: Final = frozenset(
    {
        Reason.DECLARATION_NOT_RELEASED,
        Reason.DECLARATION_MISMATCH,
        Reason.PLATE_UNREADABLE,
        Reason.PLATE_UNSURE,
        Reason.PLATE_MISMATCH,
        Reason.PLATE_OTHER_PERMIT,
        Reason.VIN_CHECKSUM,
        Reason.VIN_ALREADY_EXITED,
        Reason.VEHICLE_CLASS_MISMATCH,
        Reason.ALREADY_USED,
        Reason.USED_AT_OTHER_GATE,
        Reason.RESERVED_ELSEWHERE,
        Reason.LEDGER_UNREACHABLE,
        Reason.PASSBACK,
        Reason.RATE_LIMITED,
        Reason.WATCHLIST_HOLD,
        Reason.SAMPLED,
    }
)
"""Reasons that a driver cannot tell apart: which binding failed, whether anybody looks for the vehicle, or mere chance."""

_SPOKEN: Final[Mapping[Reason, Phrase]] = {
    Reason.OK: Phrase.PASS,
    Reason.QR_NONE: Phrase.SHOW_CODE,
    Reason.QR_UNSTABLE: Phrase.HOLD_STILL,
    Reason.NOT_YET_VALID: Phrase.TOO_EARLY,
    Reason.EXPIRED: Phrase.EXPIRED,
    Reason.WRONG_LANE: Phrase.OTHER_LANE,
    Reason.INTERLOCKED: Phrase.LANE_BUSY,
    Reason.LANE_LOCKED: Phrase.LANE_CLOSED,
}
_REFUSED_CODES: Final = frozenset(
    {
        Reason.PAYLOAD_TOO_LARGE,
        Reason.NOT_A_PERMIT,
        Reason.VERSION_UNSUPPORTED,
        Reason.ENCODING_INVALID,
        Reason.STRUCTURE_INVALID,
        Reason.ALG_NOT_ALLOWED,
        Reason.KEY_UNKNOWN,
        Reason.KEY_EXPIRED,
        Reason.KEY_REVOKED,
        Reason.SIGNATURE_INVALID,
        Reason.CLAIMS_INVALID,
        Reason.WRONG_SITE,
        Reason.WRONG_DIRECTION,
        Reason.PERMIT_REVOKED,
        Reason.DECLARATION_UNKNOWN,
    }
)


def phrase_for(reason: Reason) -> Phrase:
    """What a driver is told of a reason; to wait for an officer, where nothing else is said on purpose."""
    return Phrase.NOT_VALID if reason in _REFUSED_CODES else _SPOKEN.get(reason, Phrase.WAIT)


class Advice(NamedTuple):
    """What an officer or a technician is told. `what`: what the gate found. `act`: what is to be done about it."""

    what: str
    act: str


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one language. `states`: what the sign says in each state of a lane."""

    officer: Mapping[Reason, Advice]
    driver: Mapping[Phrase, str]
    states: Mapping[State, str]
    verdicts: Mapping[Verdict, str]
    outcomes: Mapping[Outcome, str]
    alarms: Mapping[Alarm, str]
    views: Mapping[View, Advice]
    flaws: Mapping[Flaw, Advice]
