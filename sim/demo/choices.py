"""What a visitor of the demo can choose once all vehicles have been, and the vehicles that come then."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Final

from agent.core.model import Outcome, Reason, Verdict
from drivers.text import Text
from sim.demo.vehicles import Act

LETTERS: Final = "ABCDEFGHJKLM"
OF_EACH: Final = 12
"""So many vehicles of each kind are declared beforehand: central need not be reached when one comes."""


class Choice(StrEnum):
    """What can be chosen; the value is its key."""

    VALID = "1"
    FORGED = "2"
    NO_PLATE = "3"
    RELAY = "4"
    LINE = "5"
    END = "q"


WORDS: Final = {
    Choice.VALID: Text("valid permit"),
    Choice.FORGED: Text("forged permit"),
    Choice.NO_PLATE: Text("no plate"),
    Choice.RELAY: Text("pull the relay"),
    Choice.LINE: Text("cut the line"),
    Choice.END: Text("end the demo"),
}
BACK: Final = {
    Choice.RELAY: Text("plug the relay in"),
    Choice.LINE: Text("restore the line"),
}
"""What the same key does while that is so."""

VEHICLES: Final = (Choice.VALID, Choice.FORGED, Choice.NO_PLATE)


def visitors() -> dict[Choice, list[Act]]:
    """The vehicles that can come, with plates that nobody has seen; titles tell them apart."""
    return {choice: [_vehicle(choice, number) for number in range(1, OF_EACH + 1)] for choice in VEHICLES}


def _vehicle(choice: Choice, number: int) -> Act:
    plate = f"新{secrets.choice(LETTERS)}{secrets.randbelow(100_000):05}"
    title = f"{WORDS[choice]} {number}"
    match choice:
        case Choice.FORGED:
            return Act(title, plate, plate, "forged", Verdict.DENY, Reason.SIGNATURE_INVALID, Outcome.DENIED)
        case Choice.NO_PLATE:
            return Act(title, "", plate, "valid", Verdict.MANUAL, Reason.PLATE_UNREADABLE, Outcome.DENIED)
        case _:
            return Act(title, plate, plate, "valid", Verdict.PASS, Reason.OK, Outcome.PASSED)
