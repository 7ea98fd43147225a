"""Write docs/reasons.md from the reasons, their words in four languages, and what is said here of their outcome.

Run `python tools/reasons_page.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from agent.core.lane import NO_ORACLE, LaneState, message_for_reason, message_for_state
from agent.core.model import DriverMessage, Reason, Verdict
from agent.i18n import Language, translate
from agent.i18n.alarms import ALARMS
from agent.i18n.driver_texts import sentence
from agent.i18n.reasons import REASONS, officer_text
from agent.i18n.verdicts import OUTCOMES, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drivers.text import Text

C = TypeVar("C", bound=StrEnum)
PAGE = Path(__file__).parents[1] / "docs" / "reasons.md"
OTHERS: Final = tuple(language for language in Language if language is not Language.EN)

PASS, DENY, MANUAL, RETRY = Verdict
REFUSED: Final = ((DENY, DENY),)
OFFICER: Final = ((MANUAL, MANUAL),)
AGAIN_REFUSED: Final = ((RETRY, DENY),)
AGAIN_OFFICER: Final = ((RETRY, MANUAL),)

LEADS_TO: Final[Mapping[Reason, tuple[tuple[Verdict, Verdict], ...]]] = {
    Reason.OK: ((PASS, PASS),),
    Reason.QR_NONE: AGAIN_REFUSED,
    Reason.QR_MULTIPLE: OFFICER,
    Reason.QR_UNSTABLE: AGAIN_REFUSED,
    Reason.PAYLOAD_TOO_LARGE: AGAIN_REFUSED,
    Reason.NOT_A_PERMIT: AGAIN_REFUSED,
    Reason.VERSION_UNSUPPORTED: AGAIN_REFUSED,
    Reason.ENCODING_INVALID: AGAIN_REFUSED,
    Reason.STRUCTURE_INVALID: AGAIN_REFUSED,
    Reason.ALG_NOT_ALLOWED: REFUSED,
    Reason.KEY_UNKNOWN: REFUSED,
    Reason.KEY_EXPIRED: REFUSED,
    Reason.KEY_REVOKED: REFUSED,
    Reason.SIGNATURE_INVALID: REFUSED,
    Reason.CLAIMS_INVALID: REFUSED,
    Reason.CLOCK_UNTRUSTED: OFFICER,
    Reason.NOT_YET_VALID: REFUSED,
    Reason.EXPIRED: REFUSED,
    Reason.WRONG_SITE: REFUSED,
    Reason.WRONG_LANE: REFUSED,
    Reason.WRONG_DIRECTION: REFUSED,
    Reason.PERMIT_REVOKED: REFUSED,
    Reason.DECLARATION_UNKNOWN: REFUSED + OFFICER,
    Reason.DECLARATION_NOT_RELEASED: REFUSED + OFFICER,
    Reason.DECLARATION_MISMATCH: REFUSED,
    Reason.DATA_TOO_OLD: OFFICER,
    Reason.PLATE_UNREADABLE: AGAIN_OFFICER + OFFICER,
    Reason.PLATE_DISPUTED: OFFICER,
    Reason.PLATE_UNSURE: AGAIN_OFFICER,
    Reason.PLATE_MISMATCH: REFUSED + OFFICER,
    Reason.PLATE_OTHER_PERMIT: AGAIN_OFFICER,
    Reason.VIN_UNREADABLE: AGAIN_OFFICER,
    Reason.VIN_UNSURE: AGAIN_OFFICER,
    Reason.VIN_MISMATCH: AGAIN_OFFICER,
    Reason.VIN_CHECKSUM: OFFICER,
    Reason.VIN_ALREADY_EXITED: OFFICER,
    Reason.VEHICLE_CLASS_MISMATCH: OFFICER,
    Reason.ALREADY_USED: REFUSED + OFFICER,
    Reason.USED_AT_OTHER_GATE: REFUSED,
    Reason.RESERVED_ELSEWHERE: OFFICER,
    Reason.LEDGER_UNREACHABLE: OFFICER,
    Reason.STATE_NOT_WHOLE: OFFICER,
    Reason.PASSBACK: REFUSED,
    Reason.RATE_LIMITED: OFFICER,
    Reason.WATCHLIST_HOLD: OFFICER,
    Reason.SAMPLED: OFFICER,
    Reason.PICTURE_MISMATCH: OFFICER,
    Reason.PICTURE_UNCONFIRMED: AGAIN_OFFICER + OFFICER,
    Reason.INTERLOCKED: ((RETRY, RETRY),),
    Reason.LANE_LOCKED: ((RETRY, RETRY),),
    Reason.GATE_FAULT: OFFICER,
    Reason.INTERNAL_ERROR: OFFICER,
}
"""The verdict while more may be shown, and the one once nothing more will come."""

TRUST: Final = ("permits.root_keys", "permits.trust_list")
CLAIMS: Final = ("site.gates", "site.partition_policy", "site.claim_timeout_s")
AGES: Final = ("lists.require", "lists.fresh_s", "lists.stale_ok_s", "lists.known_only_s")
SETTINGS: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.QR_NONE: ("lanes.*.timing.read_s", "lanes.*.rules.require"),
    Reason.PAYLOAD_TOO_LARGE: ("permits.max_text",),
    Reason.VERSION_UNSUPPORTED: ("permits.forms",),
    Reason.KEY_UNKNOWN: TRUST,
    Reason.KEY_EXPIRED: (*TRUST, "permits.clock_skew_s"),
    Reason.KEY_REVOKED: TRUST,
    Reason.CLOCK_UNTRUSTED: (
        "clock.require_synchronised",
        "clock.max_error_s",
        "clock.drift_ppm",
        "clock.rtc_holdover_hours",
    ),
    Reason.NOT_YET_VALID: ("permits.clock_skew_s",),
    Reason.EXPIRED: ("permits.clock_skew_s",),
    Reason.WRONG_SITE: ("gate.site",),
    Reason.WRONG_LANE: ("lanes.*.number",),
    Reason.WRONG_DIRECTION: ("lanes.*.direction",),
    Reason.DECLARATION_UNKNOWN: ("lanes.*.rules.declaration", "lanes.*.rules.require", *AGES),
    Reason.DATA_TOO_OLD: AGES,
    Reason.PLATE_UNREADABLE: (
        "lanes.*.rules.require",
        "lanes.*.rules.second_factor",
        "lanes.*.rules.require_two_cameras",
        "lanes.*.rules.without_plate",
        "lanes.*.timing.decide_s",
    ),
    Reason.PLATE_DISPUTED: ("lanes.*.witnesses", "lanes.*.rules.second_factor"),
    Reason.PLATE_UNSURE: ("lanes.*.rules.require", "lanes.*.timing.decide_s"),
    Reason.PLATE_MISMATCH: ("lanes.*.rules.require",),
    Reason.PLATE_OTHER_PERMIT: ("lanes.*.rules.require",),
    Reason.VIN_UNREADABLE: (
        "lanes.*.rules.second_factor",
        "lanes.*.rules.without_plate",
        "lanes.*.rules.require_two_cameras",
        "lanes.*.timing.read_s",
    ),
    Reason.VIN_UNSURE: ("lanes.*.rules.second_factor", "lanes.*.rules.without_plate", "lanes.*.timing.read_s"),
    Reason.VIN_MISMATCH: ("lanes.*.rules.second_factor", "lanes.*.rules.without_plate", "lanes.*.timing.read_s"),
    Reason.VIN_CHECKSUM: ("lanes.*.rules.wrong_check_digit",),
    Reason.VIN_ALREADY_EXITED: ("lanes.*.rules.already_exited_days",),
    Reason.VEHICLE_CLASS_MISMATCH: ("lanes.*.rules.other_class",),
    Reason.ALREADY_USED: ("privacy.keep_uses_days",),
    Reason.USED_AT_OTHER_GATE: CLAIMS,
    Reason.RESERVED_ELSEWHERE: CLAIMS,
    Reason.LEDGER_UNREACHABLE: CLAIMS,
    Reason.STATE_NOT_WHOLE: ("state.head_file", "privacy.keep_uses_days"),
    Reason.PASSBACK: ("lanes.*.anti_passback_s",),
    Reason.SAMPLED: ("lanes.*.rules.sample_percent",),
    Reason.INTERLOCKED: ("lanes.*.interlock", "lanes.*.shares_arm"),
}
"""The settings that decide whether, or when, a reason comes up."""

INTRODUCTION: Final = """# Reasons

Why a vehicle passes or does not. This page is written by `python tools/reasons_page.py`; the words are in
`agent/i18n/`, and their translations in its catalogues.

The checks run in the order of this table, and the first that fails decides. A check that is switched off, or has
nothing to check, is skipped. The event [`access.decided`](events.md#accessdecided) lists every check that ran.
`RETRY` means that the gate keeps reading and decides again; "at last" is the answer if the time for that runs out.
A vehicle that waits for a clear way, or for a locked lane, is checked again when the way is clear or the lane unlocked.
`QR_UNSTABLE` is reserved for readers that must see a code twice; today one frame proves a signed permit, and the reason
is not used.
"""


def page() -> str:
    """The whole page."""
    return (
        "\n\n".join(
            [
                INTRODUCTION.strip(),
                "## In their order",
                table(
                    ("", "reason", "leads to", "what the gate found", "what an officer does", "settings"), in_order()
                ),
                "## What an officer reads",
                table(("reason", *(one.own_name for one in OTHERS)), officer_rows()),
                "## What a driver reads",
                said_less(),
                table((*(one.own_name for one in Language), "for"), driver_rows()),
                "## What a driver reads in each state of a lane",
                "How a message is shown on signs of each size, said aloud and drawn, is in [driver.md](driver.md).",
                table(("state", *(one.own_name for one in Language)), state_rows()),
                "## Alarms",
                table(("alarm", *(one.own_name for one in Language)), in_languages(ALARMS)),
                "## Verdicts and outcomes",
                table(
                    ("verdict", *(one.own_name for one in Language)),
                    in_languages(VERDICTS),
                ),
                table(
                    ("outcome", *(one.own_name for one in Language)),
                    in_languages(OUTCOMES),
                ),
                "",
            ]
        ).rstrip()
        + "\n"
    )


def said_less() -> str:
    """Why many reasons have one text."""
    wait, not_valid = (
        sentence(message, Language.EN) for message in (DriverMessage.WAIT_FOR_OFFICER, DriverMessage.CODE_NOT_VALID)
    )
    return (
        f"A driver learns less. {len(NO_ORACLE)} reasons share the one text “{wait}” on purpose: plate, vehicle, use,"
        " watch list and chance must look the same to someone who tries codes. A code that is refused for itself"
        f" gets “{not_valid}”, whatever is wrong with it."
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def in_order() -> Iterable[tuple[str, ...]]:
    """The reasons in the order of their checks."""
    for number, reason in enumerate(Reason):
        advice = REASONS[reason]
        settings = ", ".join(f"`{name}`" for name in SETTINGS.get(reason, ())) or "-"
        yield str(number or ""), f"`{reason}`", verdicts(reason), advice.what, advice.act, settings


def verdicts(reason: Reason) -> str:
    """What a reason leads to, in words."""
    ways = (str(final) if early is final else f"{early}, at last {final}" for early, final in LEADS_TO[reason])
    return " or ".join(ways)


def officer_rows() -> Iterable[tuple[str, ...]]:
    """The officer's words beside those in English."""
    for reason in Reason:
        yield f"`{reason}`", *(officer_text(reason, language) for language in OTHERS)


def driver_rows() -> Iterable[tuple[str, ...]]:
    """The messages to drivers that say something of a reason, each with the reasons that share it."""
    for message in DriverMessage:
        reasons = ", ".join(f"`{reason}`" for reason in Reason if message_for_reason(reason) is message)
        if reasons:
            yield *(sentence(message, language) for language in Language), reasons


def state_rows() -> Iterable[tuple[str, ...]]:
    """What a driver reads in each state, where no reason says more."""
    for state in LaneState:
        yield f"`{state}`", *(sentence(message_for_state(state), language) for language in Language)


def in_languages(texts: Mapping[C, Text]) -> Iterable[tuple[str, ...]]:
    """One row a code, with its words in every language."""
    for code, text in texts.items():
        yield f"`{code}`", *(translate(text, language) for language in Language)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
