"""What a lane answers to an order, in the languages of the console: the lane itself answers in English, for events."""

from __future__ import annotations

import re
from typing import Final

_WHO: Final = r"(?P<who>.+)"
_LATER: Final = "; the journal cannot be written, its record waits"
_FORMS: Final = tuple(
    (re.compile(form, re.DOTALL), key)
    for form, key in (
        ("the time to carry it out was over", "too_late"),
        ("a neighbour's barrier is in the way", "neighbour"),
        (rf"the lane is locked by {_WHO}", "locked_by"),
        (r"the lane is in state (?P<state>\w+)", "in_state"),
        ("the relay board is away", "relay_away"),
        (r"the open pulse is ordered, by grant (?P<grant>\S+)", "open_ordered"),
        (rf"it is held already by {_WHO}", "held_already"),
        ("it is held open once the relay board is back", "held_later"),
        ("it is held open", "held"),
        ("it is let go", "let_go"),
        ("the hold contact holds it open", "contact_holds"),
        ("the close pulse is ordered", "close_ordered"),
        ("the barrier's controller closes it; the agent gives no close pulse here", "controller_closes"),
        ("the other direction uses the arm", "arm_in_use"),
        ("the inputs do not prove it safe to close", "not_safe"),
        (rf"it is locked already, by {_WHO}", "locked_already"),
        (rf"{_WHO} holds it open: release it first", "release_first"),
        ("it is locked", "locked"),
        ("it is not locked", "not_locked"),
        ("it is unlocked", "unlocked"),
        (rf"it is out of service already, by {_WHO}", "out_already"),
        (r"it goes out of service after state (?P<state>\w+)", "out_later"),
        ("it is out of service", "out"),
        ("it is in service", "in_service"),
        ("it could not be recorded, so nothing was done", "not_recorded"),
        ("the lane does not run; nothing was done", "not_running"),
        (r"(?P<count>\d+) orders wait for the lane already; nothing was done", "many_orders"),
        ("the lane began with it and does not answer; it may have been carried out", "unknown"),
        ("the lane did not take it up in time; it is not carried out, now or later", "not_taken_up"),
        ("a pulse is under way", "pulse_under_way"),
        ("a vehicle is there, or may be", "vehicle_there"),
        ("the arm is not known to be down", "arm_unknown"),
        (
            "no reader works, so that nobody knows whether a vehicle is there: take the lane out of service first",
            "no_reader",
        ),
        ("a vehicle was seen a moment ago", "vehicle_seen"),
    )
)


class UnknownAnswerError(Exception):
    """The lane answered in words that no text is there for: a bug."""


def answer_key(detail: str) -> tuple[str, dict[str, str], bool]:
    """The key of the text for an answer, what stands in it, and whether its record still waits. Raises UnknownAnswerError."""
    waits = detail.endswith(_LATER)
    words = detail.removesuffix(_LATER)
    for form, key in _FORMS:
        found = form.fullmatch(words)
        if found:
            return f"answer.{key}", found.groupdict(), waits
    raise UnknownAnswerError(f"no text for the answer {detail!r}")


def answer_keys() -> frozenset[str]:
    """The keys of all answers, for those who check that every text is there."""
    return frozenset(f"answer.{key}" for _, key in _FORMS)
