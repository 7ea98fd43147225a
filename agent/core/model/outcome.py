"""How transactions end."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a transaction ended. Every transaction has exactly one outcome."""

    PASSED = "passed"
    PASSED_WITH_VIOLATION = "passed_with_violation"
    NOT_TAKEN = "not_taken"
    BACKED_OUT = "backed_out"
    ABANDONED = "abandoned"
    DENIED = "denied"
    FAULT = "fault"
    OVERRIDDEN = "overridden"
