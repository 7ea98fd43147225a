"""One vehicle's stop, collected from its events, and the numbers that it adds to its hour."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self

from agent.core.model import Outcome, Reason, Verdict
from agent.core.numbers.tally import Subject, Tally, add, named
from agent.core.numbers.time_buckets import bucket_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_TRY: Final = "first_try"
IN_THE_END: Final = "in_the_end"
ASKED: Final = "asked"

_CODE_TROUBLE: Final = frozenset({Reason.QR_NONE, Reason.QR_MULTIPLE, Reason.QR_UNSTABLE})
_PLATE_TROUBLE: Final = frozenset({Reason.PLATE_UNREADABLE, Reason.PLATE_UNSURE, Reason.PLATE_DISPUTED})
_PLATE_READ: Final = frozenset({"MATCH", "MISMATCH"})
_PASSAGES: Final = frozenset({Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION, Outcome.OVERRIDDEN})
_CAMERAS_LIMIT: Final = 8


@dataclass(slots=True)
class OpenVehicle:
    """A vehicle whose transaction is open; times are Unix milliseconds, None: has not happened.

    `by_order`: an officer's order began it. `code_ms`: its first code was seen. `answered_ms`: the gate answered, also
    that an officer must decide. `settled_ms`: it may go, or is refused. `called_ms`: an officer was called, for the
    reason `called_for`. `acted_ms`: an officer let it go, or refused it. `retries`: reasons for which something was
    asked for again.
    """

    lane: str
    began_ms: int
    by_order: bool = False
    tested: bool = False
    dry_run: bool = False
    code_ms: int | None = None
    answered_ms: int | None = None
    settled_ms: int | None = None
    called_ms: int | None = None
    called_for: str = ""
    acted_ms: int | None = None
    judged: bool = False
    by_plate: bool = False
    plate_asked: bool = False
    code_missed: bool = False
    plate_missed: bool = False
    code_read: bool = False
    plate_read: bool = False
    retries: list[str] = field(default_factory=list)
    code_by: list[str] = field(default_factory=list)
    plate_by: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """What is kept of it over a restart."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What was kept. Raises TypeError or ValueError for what cannot have been."""
        known = {one.name for one in fields(cls)}
        found = cls(**{name: kept for name, kept in value.items() if name in known})
        if not (isinstance(value.get("lane"), str) and isinstance(value.get("began_ms"), int)):
            raise ValueError("expected a lane and a time of a vehicle")  # noqa: TRY004 - bad data
        return found

    def see_code(self, data: Mapping[str, Any], utc_ms: int) -> None:
        """A code was seen."""
        self.code_ms = utc_ms if self.code_ms is None else self.code_ms
        _note(self.code_by, data.get("camera"))

    def judge(self, data: Mapping[str, Any], utc_ms: int) -> None:
        """The gate decided, or asked for more."""
        verdict, reason = data.get("verdict"), str(data.get("reason", ""))
        self.judged = True
        permit, plate, facts = (_record(data, name) for name in ("permit", "plate", "facts"))
        self.by_plate = self.by_plate or permit.get("form") == "plate"
        self.plate_asked = self.plate_asked or bool(plate) or reason in _PLATE_TROUBLE
        self.code_missed = self.code_missed or reason in _CODE_TROUBLE
        self.plate_missed = self.plate_missed or reason in _PLATE_TROUBLE
        self.code_read = reason not in _CODE_TROUBLE and self.code_ms is not None
        self.plate_read = reason not in _PLATE_TROUBLE and plate.get("verdict") in _PLATE_READ
        cameras = facts.get("plate_by")
        for camera in cameras if isinstance(cameras, list) else ():
            _note(self.plate_by, camera)
        if verdict == Verdict.RETRY:
            _note(self.retries, reason)
            return
        self.answered_ms = utc_ms if self.answered_ms is None else self.answered_ms
        if verdict == Verdict.DENY:
            self.settled_ms = utc_ms if self.settled_ms is None else self.settled_ms
        elif verdict == Verdict.MANUAL and self.called_ms is None:
            self.called_ms, self.called_for = utc_ms, reason

    def grant(self, data: Mapping[str, Any], utc_ms: int) -> None:
        """The barrier was told to open for it."""
        self.settled_ms = utc_ms if self.settled_ms is None else self.settled_ms
        if data.get("by") == "operator" and self.acted_ms is None:
            self.acted_ms = utc_ms

    def close(self, data: Mapping[str, Any], utc_ms: int) -> Tally:
        """What it adds to its hour, by the data of its outcome; empty: no vehicle was there.

        An outcome that names an officer is that officer's refusal.
        """
        outcome, tally = str(data.get("outcome", "")), Tally()
        if outcome == Outcome.DENIED and data.get("operator"):
            self.acted_ms = utc_ms if self.acted_ms is None else self.acted_ms
            self.settled_ms = utc_ms if self.settled_ms is None else self.settled_ms
        if self.tested or (self.by_order and outcome not in _PASSAGES):
            return tally
        if self.dry_run:
            add(tally, named(Subject.DRY_RUN))
            return tally
        add(tally, named(Subject.OUTCOME, outcome))
        if outcome == Outcome.DENIED:
            add(tally, named(Subject.REFUSED, str(data.get("reason", ""))))
        for reason in self.retries:
            add(tally, named(Subject.RETRY, reason))
        self._add_officer(tally)
        self._add_times(tally)
        self._add_reads(tally)
        return tally

    def _add_officer(self, tally: Tally) -> None:
        if self.called_ms is not None:
            add(tally, named(Subject.OFFICER_CALLED, self.called_for))
        if self.acted_ms is not None:
            add(tally, named(Subject.OFFICER_ACTED))
        if self.called_ms is not None or self.acted_ms is not None:
            add(tally, named(Subject.TO_OFFICER))
        _add_time(tally, Subject.OFFICER_TIME, self.called_ms, self.acted_ms)

    def _add_times(self, tally: Tally) -> None:
        if self.by_order:
            return
        _add_time(tally, Subject.WAITING, self.began_ms, self.settled_ms)
        begun_ms = self.began_ms if self.code_ms is None and self.by_plate else self.code_ms
        _add_time(tally, Subject.DECIDING, begun_ms, self.answered_ms)

    def _add_reads(self, tally: Tally) -> None:
        if not self.judged:
            return
        if not self.by_plate:
            _add_reading(tally, Subject.CODES, missed=self.code_missed, read=self.code_read)
            for camera in self.code_by:
                add(tally, named(Subject.CODE_BY, camera))
        if self.plate_asked:
            _add_reading(tally, Subject.PLATES, missed=self.plate_missed, read=self.plate_read)
            for camera in self.plate_by:
                add(tally, named(Subject.PLATE_BY, camera))


def _add_reading(tally: Tally, subject: Subject, *, missed: bool, read: bool) -> None:
    add(tally, named(subject, ASKED))
    if read:
        add(tally, named(subject, IN_THE_END))
        if not missed:
            add(tally, named(subject, FIRST_TRY))


def _add_time(tally: Tally, subject: Subject, begun_ms: int | None, ended_ms: int | None) -> None:
    if begun_ms is not None and ended_ms is not None and ended_ms >= begun_ms:
        add(tally, named(subject, str(bucket_of((ended_ms - begun_ms) / 1000))))


def _note(found: list[str], name: object) -> None:
    if isinstance(name, str) and name not in found and len(found) < _CAMERAS_LIMIT:
        found.append(name)


def _record(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}
