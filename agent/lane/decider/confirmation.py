"""The second reading of one lane's pictures: requests it once, waits for it, and keeps the result while it is valid."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision import SecondReading, SecondVerdict, compared, with_fail_safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.decision import JudgementRules, PicturesShown, ToBeConfirmed
    from agent.core.lane import Decide
    from agent.lane.decider.sources import KeptPictures

log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
"""Least time between two second readings for one vehicle: each costs the start of a process."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a second reading came to, and of which pictures, by their names."""

    result: SecondReading
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a second reading is about: one vehicle with its permit and its declared plate and VIN, where each counts."""

    transaction: str
    code: bytes | None
    plate: str | None
    vin: str | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One second reading and since when it is (monotonic). `result`: None while it is awaited."""

    subject: Subject
    asked: ToBeConfirmed
    at: float
    result: SecondReading | None = None


class Confirmation:
    """For one lane. Questions come from its thread, answers from another.

    `on_result` is called, from that other thread, when a reading has come to something; of pictures that show something
    else it hears also where they were of a vehicle that is gone.
    """

    def __init__(
        self, pictures: KeptPictures, rules: JudgementRules, on_result: Callable[[Subject, Confirmed], None]
    ) -> None:
        self._pictures = pictures
        self._rules = rules
        self._on_result = on_result
        self._lock = threading.Lock()
        self._reading: _Reading | None = None

    def known(self, question: Decide, asked: ToBeConfirmed, at: float) -> Confirmed | None:
        """What is known of this now; None: the pictures are being read, and `on_result` tells what they show.

        `at`: monotonic seconds. What was confirmed for a vehicle stays so, and what was found different too. Where it
        was not clear, it is read again once there are other pictures, not at once.
        """
        subject = subject_of(question, asked)
        with self._lock:
            before = self._reading
            if before is not None and before.subject == subject:
                if before.result is None:
                    return None
                same = before.asked.pictures == asked.pictures or at - before.at < AGAIN_S
                if before.result.verdict is not SecondVerdict.UNCLEAR or same:
                    return Confirmed(before.result, before.asked.pictures)
            if asked.missing:
                # Nothing is remembered of it: the picture that is missing may come with the next frame.
                return Confirmed(SecondReading(SecondVerdict.UNCLEAR, asked.missing), asked.pictures)
            self._reading = reading = _Reading(subject, asked, at)
        held = question.pictures
        codes = () if asked.code_picture is None else (held[asked.code_picture],)
        plates = tuple(held[told.picture] for told in asked.readings if told.picture is not None)
        vins = tuple(held[told.picture] for told in asked.vins if told.picture is not None)
        self._pictures.read(codes, plates, lambda shown, why: self._answered(reading, shown, why), vins)
        return None

    def was_unclear(self, question: Decide, asked: ToBeConfirmed) -> bool:
        """Whether what was read again for the same vehicle, permit and plate was not clear."""
        with self._lock:
            before = self._reading
        if before is None or before.result is None or before.subject != subject_of(question, asked):
            return False
        return before.result.verdict is SecondVerdict.UNCLEAR

    def _answered(self, reading: _Reading, shown: PicturesShown | None, why: str) -> None:
        """Take what the pictures show; it is lost on a vehicle that is gone, or on another permit, but for a lie."""
        result = SecondReading(SecondVerdict.FAILED, why) if shown is None else self._compared(reading, shown)
        with self._lock:
            if self._reading is reading:
                self._reading = replace(reading, result=result)
            elif result.verdict is not SecondVerdict.DIFFERENT:
                return
        self._on_result(reading.subject, Confirmed(result, reading.asked.pictures))

    def _compared(self, reading: _Reading, shown: PicturesShown) -> SecondReading:
        def failed(name: str) -> SecondReading:
            log.error("the stored pictures could not be compared", exc_info=sys.exception())
            return SecondReading(SecondVerdict.FAILED, name)

        return with_fail_safe(lambda: compared(reading.asked, shown, self._rules), failed)


def subject_of(question: Decide, asked: ToBeConfirmed) -> Subject:
    """What a question that rests on these pictures is about."""
    return Subject(question.transaction, asked.code, asked.plate, asked.vin)
