"""What a lane answers to an order, in the languages of the console: the lane itself answers in English, for events."""

from __future__ import annotations

import re
from typing import Final

from drivers.text import Text

_WHO: Final = r"(?P<who>.+)"
_LATER: Final = "; the journal cannot be written, its record waits"
_FORMS: Final = tuple(
    (re.compile(form, re.DOTALL), text)
    for form, text in (
        ("the time to carry it out was over", Text("The time to carry it out was over.")),
        ("a neighbour's barrier is in the way", Text("A neighbour's barrier is in the way.")),
        (rf"the lane is locked by {_WHO}", Text("The lane is locked by {who}.")),
        (r"the lane is in state (?P<state>\w+)", Text("The lane does not allow it now; current state: {state}")),
        ("the relay board is away", Text("The relay board is away.")),
        (r"the open pulse is ordered, by grant (?P<grant>\S+)", Text("The open pulse is ordered, by grant {grant}.")),
        (rf"it is held already by {_WHO}", Text("It is held already by {who}.")),
        ("it is held open once the relay board is back", Text("It is held open once the relay board is back.")),
        ("it is held open", Text("It is held open.")),
        ("it is let go", Text("It is let go.")),
        ("the hold contact holds it open", Text("The hold contact holds it open.")),
        ("the close pulse is ordered", Text("The close pulse is ordered.")),
        (
            "the barrier's controller closes it; the agent gives no close pulse here",
            Text("The barrier's controller closes it; the agent gives no close pulse here."),
        ),
        ("the other direction uses the arm", Text("The other direction uses the arm.")),
        ("the inputs do not prove it safe to close", Text("The inputs do not prove it safe to close.")),
        (rf"it is locked already, by {_WHO}", Text("It is locked already, by {who}.")),
        (rf"{_WHO} holds it open: release it first", Text("{who} holds it open: let go first.")),
        ("it is locked", Text("It is locked.")),
        ("it is not locked", Text("It is not locked.")),
        ("it is unlocked", Text("It is unlocked.")),
        (rf"it is out of service already, by {_WHO}", Text("It is out of service already, by {who}.")),
        (
            r"it goes out of service after state (?P<state>\w+)",
            Text("It goes out of service once the current vehicle is done; current state: {state}"),
        ),
        ("it is out of service", Text("It is out of service.")),
        ("it is in service", Text("It is in service.")),
        (
            "it could not be recorded, so nothing was done",
            Text("It could not be recorded, so nothing was done. Look at the disk."),
        ),
        ("the lane does not run; nothing was done", Text("The lane does not run; nothing was done.")),
        (
            r"(?P<count>\d+) orders wait for the lane already; nothing was done",
            Text("{count} orders wait for the lane already; nothing was done."),
        ),
        (
            "the lane began with it and does not answer; it may have been carried out",
            Text("The lane began with it and does not answer; it may have been carried out. Look at the barrier."),
        ),
        (
            "the lane did not take it up in time; it is not carried out, now or later",
            Text("The lane did not take it up in time; it is not carried out, now or later."),
        ),
        ("a pulse is under way", Text("A pulse is under way.")),
        ("a vehicle is there, or may be", Text("A vehicle is there, or may be.")),
        ("the arm is not known to be down", Text("The arm is not known to be down.")),
        (
            "no reader works, so that nobody knows whether a vehicle is there: take the lane out of service first",
            Text(
                "No reader works, so that nobody knows whether a vehicle is there: take the lane out of service first."
            ),
        ),
        ("a vehicle was seen a moment ago", Text("A vehicle was seen a moment ago.")),
    )
)


class UnknownAnswerError(Exception):
    """The lane answered in words that no text is there for: a bug."""


def answer_text(detail: str) -> tuple[Text, dict[str, str], bool]:
    """The text for an answer, what stands in it, and whether its record still waits. Raises UnknownAnswerError."""
    waits = detail.endswith(_LATER)
    words = detail.removesuffix(_LATER)
    for form, text in _FORMS:
        found = form.fullmatch(words)
        if found:
            return text, found.groupdict(), waits
    raise UnknownAnswerError(f"no text for the answer {detail!r}")
