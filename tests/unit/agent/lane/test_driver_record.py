"""The record of what a driver was shown: which messages it has, when it is written, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import DriverOutputRecord, DriverShown
from agent.core.model import DriverMessage, DriverReceipt, Instant
from agent.lane.driver_record import LATE_S, MOST_OUTPUTS, DriverRecord

if TYPE_CHECKING:
    from agent.core.events import Draft

CHECKING, DRIVE_ON, WELCOME = DriverMessage.CHECKING, DriverMessage.DRIVE_ON, DriverMessage.WELCOME
CONFIRMED, SENT, LOST = DriverReceipt.CONFIRMED, DriverReceipt.SENT, DriverReceipt.LOST
SIGN, VOICE = "exit/sign", "exit/voice"
UTC = 1_795_000_000.0


class Kept:
    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.record = DriverRecord("exit", self.drafts.append)

    def follow(self, transaction: str | None, at: float) -> None:
        self.record.follow(transaction, Instant(at, UTC + at))

    @property
    def written(self) -> list[tuple[str | None, list[tuple[str, str, str, float]]]]:
        return [
            (draft.transaction, [(one.device, one.message, one.receipt, one.after_s) for one in draft.event.outputs])
            for draft in self.drafts
            if isinstance(draft.event, DriverShown)
        ]


def test_the_messages_of_a_vehicle_are_one_event_a_while_after_its_transaction() -> None:
    kept = Kept()
    kept.follow("t1", 100.0)
    kept.record.begin(SIGN, CHECKING, 101.5)(("zh", "en"), CONFIRMED)
    on_sign = kept.record.begin(SIGN, DRIVE_ON, 102.0)
    kept.record.begin(VOICE, DRIVE_ON, 102.0)(("zh",), SENT)
    kept.follow(None, 110.0)
    kept.follow(None, 110.0 + LATE_S - 0.1)
    assert kept.drafts == []
    on_sign(("zh", "en"), CONFIRMED)  # it came late
    kept.follow(None, 110.0 + LATE_S)
    kept.follow(None, 120.0)
    assert kept.written == [
        (
            "t1",
            [
                (SIGN, "checking", "confirmed", 1.5),
                (SIGN, "drive_on", "confirmed", 2.0),
                (VOICE, "drive_on", "sent", 2.0),
            ],
        )
    ]
    (draft,) = kept.drafts
    assert (draft.lane, draft.utc) == ("exit", UTC + 110.0 + LATE_S)


def test_the_last_that_is_known_of_a_message_counts() -> None:
    kept = Kept()
    kept.follow("t1", 0.0)
    told = kept.record.begin(SIGN, DRIVE_ON, 0.0)
    told((), LOST)
    told(("zh",), SENT)
    kept.record.close(UTC)
    assert kept.written == [("t1", [(SIGN, "drive_on", "sent", 0.0)])]


def test_a_message_of_which_nothing_became_known_is_left_out_and_no_event_is_empty() -> None:
    kept = Kept()
    kept.follow("t1", 0.0)
    kept.record.begin(SIGN, CHECKING, 0.1)
    kept.follow("t2", 1.0)
    kept.record.begin(SIGN, DRIVE_ON, 1.1)(("zh",), LOST)
    kept.record.close(UTC)
    assert kept.written == [("t2", [(SIGN, "drive_on", "lost", 0.1)])]


def test_what_is_said_to_nobody_is_no_event_but_stands_in_the_status() -> None:
    kept = Kept()
    kept.follow(None, 0.0)
    told = kept.record.begin(SIGN, WELCOME, 0.0)
    assert dict(kept.record.latest) == {}
    told(("zh",), SENT)
    assert dict(kept.record.latest) == {
        SIGN: DriverOutputRecord(device=SIGN, message=WELCOME, languages=("zh",), receipt=SENT)
    }
    kept.record.close(UTC)
    assert kept.drafts == []


def test_of_too_many_messages_the_first_are_recorded_and_the_status_has_the_last() -> None:
    kept = Kept()
    kept.follow("t1", 0.0)
    for _ in range(MOST_OUTPUTS):
        kept.record.begin(SIGN, CHECKING, 0.0)((), SENT)
    kept.record.begin(SIGN, DRIVE_ON, 0.0)((), SENT)
    kept.record.close(UTC)
    assert {message for _, message, _, _ in kept.written[0][1]} == {"checking"}
    assert len(kept.written[0][1]) == MOST_OUTPUTS
    assert kept.record.latest[SIGN].message is DRIVE_ON


def test_two_vehicles_one_after_the_other_are_two_events() -> None:
    kept = Kept()
    for number, transaction in enumerate(("t1", "t2", None)):
        kept.follow(transaction, float(number))
        kept.record.begin(SIGN, DRIVE_ON, number + 0.5)((), SENT)
    kept.follow(None, 10.0)
    assert [transaction for transaction, _ in kept.written] == ["t1", "t2"]
