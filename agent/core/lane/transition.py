"""One transition of a lane: collects the changes and effects of a step, and puts the `Record` first.

A Transition exists only inside one call of `agent.core.lane.lane_state_machine.step`, so the step is pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from agent.core.events import AccessGranted, Alarm, AlarmRaised, Draft, Event, TransactionClosed, VehiclePresent
from agent.core.lane.copies import changed
from agent.core.lane.driver_messages import message_for_reason, message_shown
from agent.core.lane.effects import (
    Close,
    Decide,
    Effect,
    Hold,
    KeepPictures,
    Lamp,
    OrderAnswered,
    Raise,
    Record,
    Show,
    in_order,
)
from agent.core.lane.event_drafts import (
    decision_event,
    driver_message_records,
    evidence_pictures,
    permit_of,
    presentation_event,
    transaction_id,
    with_message,
)
from agent.core.lane.handled_vehicles import with_handled
from agent.core.lane.own_plate import plate_code_of, plate_of
from agent.core.lane.permit_use import settlement, went_under
from agent.core.lane.seen_vins import told_as, untold_vins, vin_of, with_vin
from agent.core.lane.state import (
    STANDING,
    Lane,
    LaneState,
    Pulse,
    PulseDelivery,
    Transaction,
    sign_word,
)
from agent.core.model import (
    DriverMessage,
    LedgerChange,
    LedgerState,
    Outcome,
    Presentation,
    Reading,
    Reason,
    VinReading,
)

if TYPE_CHECKING:
    from agent.core.decision import Decision
    from agent.core.lane.step_inputs import OfficerCommand
    from agent.core.model import Instant

_READY = frozenset({LaneState.IDLE, LaneState.OUT_OF_SERVICE})
_GREEN = frozenset({LaneState.OPENING, LaneState.OPEN, LaneState.HELD_OPEN})
_PRESENTATIONS = 16
_READINGS = 32
_PAYLOADS = 8
_NAMED_PICTURES = 3
_PASSAGES = frozenset({Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION, Outcome.OVERRIDDEN})
_TO_OTHERS = frozenset({DriverMessage.WELCOME, DriverMessage.STOP_BARRIER_CLOSES})
"""What is said at the end of a passage, to those who come next."""


class Transition:
    """The step being made: `lane` is the state so far, `now` its instant.

    `observed`: the evidence that it brought. `key_turned`: it brought a turn of the officer's key.
    """

    __slots__ = (
        "_acts",
        "_answered",
        "_closed",
        "_decide",
        "_events",
        "_keep",
        "_ledger",
        "_show",
        "key_turned",
        "lane",
        "now",
        "observed",
    )

    def __init__(self, lane: Lane, now: Instant) -> None:
        self.lane = lane
        self.now = now
        self.observed: Presentation | Reading | VinReading | None = None
        self.key_turned = False
        self._events: list[Draft] = []
        self._ledger: list[LedgerChange] = []
        self._acts: list[Effect] = []
        self._answered: OrderAnswered | None = None
        self._closed: Transaction | None = None
        self._show: Show | None = None
        self._keep: tuple[str, ...] = ()
        self._decide: Decide | None = None

    @property
    def transaction(self) -> Transaction:
        """The open transaction. Raises ValueError without one, which is a bug of the table."""
        if self.lane.transaction is None:
            raise ValueError(f"no transaction in state {self.lane.state}")
        return self.lane.transaction

    def waited_s(self) -> float:
        """Return how long the lane has been in its state."""
        return self.now.at - self.lane.since

    def set(self, **changes: Any) -> None:
        """Change fields of the lane."""
        self.lane = changed(self.lane, **changes)

    def set_transaction(self, **changes: Any) -> None:
        """Change fields of the open transaction."""
        self.set(transaction=changed(self.transaction, **changes))

    # ------------------------------------------------------------------------------------------------ what is ordered

    def effects(self) -> tuple[Effect, ...]:
        """Return the effects in the order in which they must happen."""
        recorded = Record(tuple(self._events), tuple(self._ledger)) if self._events or self._ledger else None
        keep = KeepPictures(self._keep) if self._keep else None
        return in_order(recorded, self._acts, self._show, keep, self._answered, self._decide)

    def record(self, event: Event, transaction: str | None = None) -> None:
        """Record an event, of the open transaction unless another is named."""
        if transaction is None and self.lane.transaction is not None:
            transaction = self.lane.transaction.id
        self._events.append(Draft(event, self.lane.rules.lane, transaction, self.now.utc))

    def alarm(self, alarm: Alarm, detail: str = "", transaction: str | None = None) -> None:
        """Raise an alarm."""
        self.record(AlarmRaised(alarm=alarm, detail=detail), transaction)

    def alarm_once(self, alarm: Alarm, detail: str = "") -> None:
        """Raise an alarm unless it was raised since the lane was last idle."""
        if alarm not in self.lane.raised_alarms:
            self.set(raised_alarms=(*self.lane.raised_alarms, alarm))
            self.alarm(alarm, detail)

    def allow_alarm_again(self, alarm: Alarm) -> None:
        """Let an alarm be raised again: what it was about is over."""
        self.set(raised_alarms=tuple(one for one in self.lane.raised_alarms if one is not alarm))

    def enter_state(self, state: LaneState, message: str | None = None) -> None:
        """Enter a state and show it, or the given message."""
        raised = () if state in _READY else self.lane.raised_alarms
        if state is not LaneState.CLOSING:
            self._release_use(down=state in _READY)
        text = self.lane.central_text if state in STANDING else None
        self.set(state=state, since=self.now.at, closing_pulse=None, close_orders=0, raised_alarms=raised)
        self.set(central_text=text)
        self.show(message or sign_word(self.lane))

    def come_to_rest(self) -> None:
        """Become idle, or out of service where that was ordered; there nothing counts that was seen before."""
        if self.lane.lockout.out_of_service_by:
            self.set(early=())
            self.enter_state(LaneState.OUT_OF_SERVICE)
        else:
            self.enter_state(LaneState.IDLE)

    def show(self, message: str) -> None:
        """Show a message with the lamp of the state, where it is not there already; a text of central goes before."""
        texts = () if self.lane.central_text is None else self.lane.central_text.texts
        sign = Show(Lamp.GREEN if self.lane.state in _GREEN else Lamp.RED, str(message), texts)
        if sign != self.lane.sign:
            self.set(sign=sign)
            self._show = sign
            self._note_told(sign)

    def show_again(self) -> None:
        """Show what the lane says after what central says has changed."""
        self.show(sign_word(self.lane) if self.lane.sign is None else self.lane.sign.message)

    def answer_order(self, order: str, *, done: bool, detail: str) -> None:
        """Answer an order; one without an id waits for no answer."""
        if order:
            self._answered = OrderAnswered(order, done, detail)

    def hold(self, *, on: bool, override: bool = False) -> None:
        """Hold the barrier open, or let go."""
        self._acts.append(Hold(on=on, override=override))

    def lower(self, *, once: bool = False) -> None:
        """Order the close pulse. It must start while the inputs that allow it are fresh.

        `once`: whatever becomes of it, it is not given again.
        """
        # Reports do not say of which close pulse they are: beside another, nothing is known for sure of this one.
        unsure = once or self.lane.closes_unreported > 0
        self.set(
            closing_pulse=PulseDelivery.UNKNOWN if unsure else PulseDelivery.WAITING,
            close_orders=self.lane.close_orders + 1,
            lowered_at=self.now.at,
            closes_unreported=self.lane.closes_unreported + 1,
        )
        self._acts.append(Close(self.lane.input_state.known_at + self.lane.rules.stale_s))

    # -------------------------------------------------------------------------------------------------- a transaction

    def open_transaction(self, seen_by: Literal["inputs", "eye", "operator"], *, arrived: bool) -> None:
        """Open a transaction."""
        opened = Transaction(self._next_id(), self.now.at, arrived)
        self.set(transaction=opened, served=opened.id, central_text=None)
        self.record(VehiclePresent(seen_by=seen_by, direction=self.lane.rules.direction or None))

    def add_evidence(self, observation: Presentation | Reading | VinReading) -> bool:
        """Add evidence to the transaction; record a payload that is new to it. Return whether anything is new."""
        transaction = self.transaction
        if isinstance(observation, VinReading):
            vins = with_vin(transaction.vins, observation)
            self.set_transaction(vins=vins)
            return vins is not transaction.vins
        if isinstance(observation, Reading):
            if observation in transaction.readings:
                return False
            self.set_transaction(readings=(*transaction.readings, observation)[-_READINGS:])
            return True
        if observation in transaction.presentations:
            return False
        if observation.payload not in transaction.payloads:
            if len(transaction.payloads) == _PAYLOADS:
                return False  # no driver has so many permits: a screen that cycles must not fill the journal
            named = observation.picture is not None and len(transaction.pictures) < _NAMED_PICTURES
            picture = observation.picture if named else None
            self.record(presentation_event(observation, picture))
            self.set_transaction(
                payloads=(*transaction.payloads, observation.payload),
                pictures=transaction.pictures if picture is None else (*transaction.pictures, picture),
            )
            self._keep_pictures(self.transaction.pictures)
        self.set_transaction(presentations=(*transaction.presentations, observation)[-_PRESENTATIONS:])
        return True

    def request_decision(self, *, final: bool) -> None:
        """Ask for a decision on the evidence so far."""
        self.set_transaction(asked=True, final=final)
        transaction = self.transaction
        self._decide = Decide(
            transaction.id,
            transaction.presentations,
            transaction.readings,
            final,
            vins=transaction.vins,
            arrived_at=transaction.began_at,
        )

    def record_decision(self, decision: Decision) -> None:
        """Record a decision and keep its pictures."""
        self._record_vins(decision)
        self.set_transaction(asked=False, decision=decision)
        found = evidence_pictures(self.transaction)
        self.record(decision_event(decision, found))
        self._keep_pictures(found)

    def record_retry(self, decision: Decision) -> None:
        """Note that more is needed; record the first answer for each reason."""
        self._record_vins(decision)
        transaction = self.transaction
        if decision.reason not in transaction.retried:
            found = evidence_pictures(changed(transaction, decision=decision))
            self.record(decision_event(decision, found))
            self._keep_pictures(found)
            transaction = changed(self.transaction, retried=(*transaction.retried, decision.reason))
        self.set(transaction=changed(transaction, asked=False, decision=decision))
        # Nobody has called an officer yet: most vehicles lack something for a moment and then pass.
        waits = message_for_reason(decision.reason) is DriverMessage.WAIT_FOR_OFFICER
        self.show(sign_word(self.lane) if waits else decision.reason)

    def grant(
        self,
        by: Literal["permit", "operator"],
        operator: str | None = None,
        cause: str | None = None,
        reserve: LedgerChange | None = None,
        cause_code: str | None = None,
    ) -> None:
        """Record a grant of the open transaction and order its one pulse."""
        transaction = self.transaction
        grant = f"{transaction.id}-{transaction.grants + 1}"
        taken = self.lane.input_state.taken
        seen_under = taken or (transaction.grants > 0 and transaction.seen_under)
        self.set_transaction(by=by, grant=grant, grants=transaction.grants + 1, pulse=PulseDelivery.WAITING)
        self.set_transaction(seen_under=seen_under, unblocked=not taken)
        if reserve is not None:
            self.set_transaction(reserved=reserve)
            self._ledger.append(reserve)
        permit = permit_of(transaction)
        self.record(
            AccessGranted(grant=grant, by=by, permit=permit, operator=operator, cause=cause, cause_code=cause_code)
        )
        self._raise(grant, transaction.id)

    def grant_safety(self) -> None:
        """Record a grant that belongs to no transaction, for an arm on its way down, and order its one pulse."""
        grant = f"{self._next_id()}-1"
        self.record(AccessGranted(grant=grant, by="safety"))
        self._raise(grant, None, override=True)

    def turn_away(self) -> None:
        """Close the transaction of a vehicle that went away before the arm.

        Its use is given back once the arm is down.
        """
        reserved = self.transaction.reserved
        self.set_transaction(reserved=None)
        self.close_transaction(Outcome.NOT_TAKEN)
        self.set(turned_away=reserved)

    def close_transaction(
        self,
        outcome: Outcome,
        reason: Reason | None = None,
        *,
        passed: bool = False,
        assumed: bool = False,
        refused: OfficerCommand | None = None,
    ) -> None:
        """Close the transaction with its one outcome, and settle the use of its permit.

        `passed`: the vehicle went through; `assumed`: as far as the inputs can tell. `refused`: the order by which an
        officer turned it away.
        """
        transaction = self.transaction
        taken = went_under(self.lane, transaction, outcome, self.now.at, passed=passed)
        permit = None if transaction.decision is None else transaction.decision.permit
        if reason is None:
            reason = transaction.decision.reason if transaction.decision is not None else Reason.QR_NONE
        self.record(
            TransactionClosed(
                outcome=outcome,
                reason=reason,
                assumed=assumed or (outcome in _PASSAGES and not transaction.entered),
                duration_s=round(self.now.at - transaction.began_at, 3),
                permit=permit_of(transaction),
                plate=plate_of(transaction),
                violations=transaction.violations,
                pictures=evidence_pictures(transaction),
                direction=self.lane.rules.direction or None,
                declaration=None if permit is None else permit.declaration_number,
                vin=None if permit is None else permit.vin,
                granted=transaction.grants > 0,
                taken=taken,
                driver_messages=driver_message_records(transaction),
                vin_read=vin_of(transaction),
                plate_code=plate_code_of(transaction),
                operator=None if refused is None else refused.operator,
                cause=None if refused is None else refused.cause,
                cause_code=None if refused is None else refused.subject.cause_code or None,
            )
        )
        self._closed = transaction
        if transaction.reserved is not None:
            state = settlement(self.lane, transaction, taken, passed=passed)
            if state is not LedgerState.RESERVED:
                self._ledger.append(replace(transaction.reserved, state=state))
        self._keep_pictures(evidence_pictures(transaction))
        self.remember_vehicle(passed=passed)
        self.set(transaction=None)

    def remember_vehicle(self, *, passed: bool) -> None:
        """Remember what identified the vehicle, so that it does not count again while it stays in view."""
        self.set(handled=with_handled(self.lane, self.transaction, self.now.at, passed=passed))

    # --------------------------------------------------------------------------------------------------------- private

    def _note_told(self, sign: Show) -> None:
        """Note what the driver is told: of an open transaction, or of the one that this step has closed."""
        message = message_shown(sign)
        if self.lane.transaction is not None:
            self.set(transaction=with_message(self.lane.transaction, message, self.now.at))
        elif self._closed is not None and message not in _TO_OTHERS:
            self._closed = with_message(self._closed, message, self.now.at)
            told = driver_message_records(self._closed)
            self._events = [
                replace(draft, event=draft.event.model_copy(update={"driver_messages": told}))
                if isinstance(draft.event, TransactionClosed)
                else draft
                for draft in self._events
            ]

    def _record_vins(self, decision: Decision) -> None:
        """Tell of each VIN that this decision compared with the permit's, once, and keep its picture."""
        events = untold_vins(self.transaction, decision)
        for event in events:
            self.record(event)
        told = (*self.transaction.told_vins, *(told_as(event.vin, event.source) for event in events))
        self.set_transaction(told_vins=told)
        self._keep_pictures(tuple(event.picture for event in events if event.picture is not None))

    def _release_use(self, *, down: bool) -> None:
        """Give back the use of the vehicle that went away where the arm came down behind it; else it stays in doubt."""
        use = self.lane.turned_away
        if use is not None:
            self.set(turned_away=None)
            if down:
                self._ledger.append(replace(use, state=LedgerState.RELEASED))

    def _next_id(self) -> str:
        serial = self.lane.serial
        self.set(serial=serial + 1)
        return transaction_id(self.now.utc, self.lane.rules.lane_number, serial)

    def _raise(self, grant: str, transaction: str | None, *, override: bool = False) -> None:
        if not override:
            self.allow_alarm_again(Alarm.JOURNAL_FAILED)  # this step stands only if its record was written
        deadline = self.now.at + self.lane.rules.grant_s
        self.set(pulses=(*self.lane.pulses, Pulse(grant, transaction, deadline)))
        self._acts.append(Raise(grant, deadline, override))

    def _keep_pictures(self, found: tuple[str, ...]) -> None:
        transaction = self.transaction
        new = tuple(picture for picture in found if picture not in transaction.kept)
        if new:
            self._keep = (*self._keep, *new)
            self.set_transaction(kept=(*transaction.kept, *new))

    def quiet_s(self, *since: float) -> float:
        """Return how long all of these have held in this state; negative infinity when one does not hold."""
        return self.now.at - max(self.lane.since, *since)
