"""The loop of one lane: one thread that calls the pure step function and carries out the effects.

Many parts put items into the inbox, and only this thread decides. It carries out effects in order, so a record is on
disk before anything moves. Overrides are the exception: they move first. If a binding record fails, the loop discards
the step that requested it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from agent.core.events import BarrierTested, LaneOrdered
from agent.core.lane import (
    HOLD_CONTACT,
    Close,
    Decide,
    Decided,
    Hold,
    InterlockChanged,
    KeepPictures,
    Lane,
    OrderAnswered,
    PlateRead,
    Presented,
    Pulsed,
    Raise,
    ReadersChanged,
    Record,
    RecordFailed,
    RelayChanged,
    Sampled,
    Show,
    Ticked,
    VinRead,
    at_rest,
    occupies,
    plate_shown,
    pulse_obstacle,
    waits_to_lower,
    waits_until,
)
from agent.core.lane.lane_state_machine import step
from agent.core.model import OnceEvery, Reason
from agent.core.plates import Bystanders
from agent.devices import PortState
from agent.lane.held_pictures import HeldPictures
from agent.lane.lane_view import LaneView
from agent.service.worker import OnFailure, Worker
from agent.store.errors import JournalError, LedgerConflictError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.barrier import Barrier, PulseReport
    from agent.core.lane import Effect, Input
    from agent.core.model import Instant, Presentation, Reading, Signals, VinReading
    from agent.lane.dry_run import DryRunRecorder, DryRunWatch
    from agent.lane.pause import LanePause
    from agent.lane.shared_interlock import LaneInterlock
    from agent.recording import Recorder

log = logging.getLogger(__name__)

TICK_S = 0.05
STOP_TIMEOUT_S = 5.0
LIMIT_S = 5.0
"""How long one round may take: a lane that stands still lets nobody through, and nobody sees why."""
MOST_WAITING: Final = 256
SHARE_BYTES: Final = 256 * 1024
"""So much of what cameras saw waits at most: a detection counts as one, and as one more for each so many bytes of its
pictures. A vision worker that was taken over could fill the memory else, and keep orders waiting behind its words."""
TELL_EVERY_S: Final = 60.0
LOOKS: Final = 3
"""So often samples are looked at before what waits behind them: a slow disk takes long, and others come meanwhile.

No more: on a machine that samples come to faster than it looks at them an order would wait for ever.
"""


@dataclass(frozen=True, slots=True)
class LaneDetection:
    """What a camera saw in one frame, with the pictures that it names by SHA-256."""

    presentations: tuple[Presentation, ...]
    readings: tuple[Reading, ...]
    pictures: Mapping[str, bytes]
    vins: tuple[VinReading, ...] = ()


@dataclass(frozen=True, slots=True)
class LaneDependencies:
    """What the loop works with.

    `decide` answers a Decide effect at once, or returns None and passes the answer in later; `keep` takes pictures
    (SHA-256 to JPEG) and must not block; `observe` gets what the lane looks like, about 20 times a second, and at once
    where the driver is told something else. `answered` gets what became of each order that has an id, and must not
    block. `interlock`: None for a lane without neighbours.
    `dry_run`: follows the vehicles of a lane that moves nothing, whose `recorder` and `barrier` are those of a dry run.
    """

    barrier: Barrier
    recorder: Recorder | DryRunRecorder
    now: Callable[[], Instant]
    decide: Callable[[Decide, Instant, Callable[[Decided], None]], Decided | None]
    keep: Callable[[Mapping[str, bytes]], None]
    observe: Callable[[LaneView], None]
    answered: Callable[[OrderAnswered], None]
    interlock: LaneInterlock | None = None
    dry_run: DryRunWatch | None = None


@dataclass(frozen=True, slots=True)
class _Report:
    """What became of a pulse: taken in also while the loop winds down."""

    report: PulseReport


class LaneLoop:
    """Run one lane until stopped."""

    def __init__(self, lane: Lane, dependencies: LaneDependencies) -> None:
        self._lane = lane
        self._barrier = dependencies.barrier
        self._recorder = dependencies.recorder
        self._now = dependencies.now
        self._decide = dependencies.decide
        self._keep = dependencies.keep
        self._observe = dependencies.observe
        self._answered = dependencies.answered
        self._interlock = dependencies.interlock
        self._dry_run = dependencies.dry_run
        self._inbox: queue.SimpleQueue[Callable[[Instant], None] | _Report | None] = queue.SimpleQueue()
        self._observed: deque[Sampled | InterlockChanged] = deque()
        self._counting = threading.Lock()
        self._waiting = 0
        self._may_tell = OnceEvery(TELL_EVERY_S)
        rules = lane.rules
        self._pictures = HeldPictures(rules.lane, rules.gone_s + rules.read_s + 2 * rules.decide_s)
        self._bystanders = Bystanders()
        self._lamp = ""
        self._message = ""
        self._is_shown_anew = False
        self._texts: tuple[tuple[str, str], ...] = ()
        self._fed_at = self._ticked_at = dependencies.now().at
        self._winding_down = self._stopping = False
        # After a fault nothing is known any more, so nothing moves: the process ends, and is started again.
        self.worker = Worker(f"lane-{lane.rules.lane}", self._run, limit_s=LIMIT_S, on_failure=OnFailure.END)
        if self._interlock is not None:
            self._interlock.listen(self._interlock_changed)

    # ------------------------------------------------------------------------------------------------- for all threads

    @property
    def runs(self) -> bool:
        """Whether the loop goes round; where not, nothing that waits will be looked at."""
        return self.worker.runs

    def start(self) -> None:
        """Start to decide."""
        self.worker.start()

    def wind_down(self) -> None:
        """Look at nothing any more, after the item in hand, but reports of pulses; what else waits stays undone."""
        self._winding_down = True

    def pause(self, pause: LanePause) -> None:
        """Ask whether the lane is at rest, between two of the things that it looks at, and hold it still if so."""
        self._inbox.put(lambda _: pause.hold(at_rest=at_rest(self._lane)))

    def stop(self) -> bool:
        """Stop once the reports of pulses that are there have been recorded, within a bounded time; whether it has."""
        self.wind_down()
        self._inbox.put(None)
        return self.worker.join(STOP_TIMEOUT_S)

    def detected(self, detection: LaneDetection, *, shown_again: bool = False) -> None:
        """Hand in what a camera or a scanner saw.

        `shown_again`: a camera shows it with its next frame too, so it is lost where too much of that waits already.
        """
        weight = _weight(detection) if shown_again else 0
        if self._has_room(weight):
            self._inbox.put(lambda now: self._take_detection(detection, weight, now))

    def sampled(self, signals: Signals) -> None:
        """Hand in a debounced sample of the inputs: it is looked at before all else that waits."""
        self._observed.append(Sampled(self._now(), signals))
        self._inbox.put(lambda _: None)

    def pulsed(self, report: PulseReport) -> None:
        """Hand in what became of a pulse."""
        self._inbox.put(_Report(report))

    def relay_changed(self, state: PortState) -> None:
        """Hand in whether the relay board can be reached."""
        self._inbox.put(lambda now: self._feed(RelayChanged(now, up=state is PortState.UP)))

    def readers_changed(self, *, up: bool) -> None:
        """Hand in whether any reader of the lane works."""
        self._inbox.put(lambda now: self._feed(ReadersChanged(now, up=up)))

    def commanded(self, make: Callable[[Instant], Input]) -> None:
        """Hand in a verified order, of an officer or of central."""
        self._inbox.put(lambda now: self._feed(make(now)))

    def decided(self, answer: Decided) -> None:
        """Hand in an answer that was not there at once. The lane ignores it where it waits for none."""
        self._inbox.put(lambda now: self._feed(replace(answer, now=now)))

    def _interlock_changed(self, free: bool, arm_in_use: bool) -> None:
        """Take in among the samples, in its place: who uses an arm is known before that is seen to move."""
        self._observed.append(InterlockChanged(self._now(), free, arm_in_use))
        self._inbox.put(lambda _: None)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._stopping:
            self._run_once()

    def _run_once(self) -> None:
        try:
            item = self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            if not self._winding_down:
                self._tick()
            return
        self._feed_observed()
        match item:
            case None:
                self._stopping = True
            case _Report(report=report):
                self._feed(Pulsed(self._now(), report.grant, report.action, report.delivery.value))
            case _:
                if not self._winding_down:
                    item(self._now())
        if not self._winding_down:
            self._look_round()

    def _look_round(self) -> None:
        """After an item: tick, if it is time; else have it observed at once where the driver is told something else."""
        if self._now().at - self._ticked_at >= TICK_S:
            self._tick()
        elif self._is_shown_anew:
            self._tell()

    def _tick(self) -> None:
        if self._recorder.failing:
            self._recorder.retry()
        observed, now = self._waiting_observed(), self._now()
        self._feed(*observed, Ticked(now))
        self._ticked_at = now.at
        self.worker.touch()
        self._tell()

    def _tell(self) -> None:
        """Have it observed what the lane looks like now."""
        self._is_shown_anew = False
        self._observe(
            LaneView(
                self._lane.state.value,
                self._lane.transaction_id,
                self._lamp,
                self._message,
                self._ticked_at,
                self._lane.lockout,
                self._lane.input_state,
                self._lane.relay_up is True,
                self._lane.ordered_hold or (HOLD_CONTACT if self._lane.contact_hold else ""),
                pulse_obstacle(self._lane, self._now().at),
                self._lane.arm_in_use,
                texts=self._texts,
                plate=plate_shown(self._lane),
                waits_until=waits_until(self._lane),
                dry_run=None if self._dry_run is None else self._dry_run.counts,
            )
        )

    def _feed_observed(self) -> None:
        """Look at the samples and changes of the interlock that wait, and at those that came while that took long."""
        for _ in range(LOOKS):
            if not (observed := self._waiting_observed()):
                return
            self._feed(*observed)

    def _waiting_observed(self) -> list[Sampled | InterlockChanged]:
        """Take the samples and the changes of the interlock that came meanwhile, each with the time at which it came.

        So a disk or a decision that holds the loop up is no gap in what the inputs saw, and no loss of them.
        """
        taken: list[Sampled | InterlockChanged] = []
        last_at = self._fed_at
        while self._observed and not self._winding_down:
            item = self._observed.popleft()
            if item.now.at < last_at:  # it came while something later was looked at
                item = replace(item, now=self._now())
            last_at = item.now.at
            if isinstance(item, Sampled):
                self._bystanders = self._bystanders.with_vehicle(item.signals.presence, item.now.at)
            taken.append(item)
        return taken

    def _has_room(self, weight: int) -> bool:
        """Whether so much more may wait; it counts then."""
        with self._counting:
            fits = not weight or self._waiting + weight <= MOST_WAITING
            self._waiting += weight if fits else 0
            tells = not fits and self._may_tell(MOST_WAITING, self._now().at)
        if tells:
            log.warning(
                "lane %s: its cameras report more than the lane can process; some reports are lost",
                self._lane.rules.lane,
            )
        return fits

    def _take_detection(self, detection: LaneDetection, weight: int, now: Instant) -> None:
        with self._counting:
            self._waiting -= weight
        self._note_detection(detection, now)

    def _note_detection(self, detection: LaneDetection, now: Instant) -> None:
        counting = self._bystanders.with_readings(detection.readings)[1]
        codes = {presentation.picture for presentation in detection.presentations}
        plates = {reading.picture for reading in counting} | {reading.picture for reading in detection.vins}
        self._pictures.add(detection.pictures, now.at, codes=codes, plates=plates)
        vins = (VinRead(now, reading) for reading in detection.vins)
        self._feed(*vins, *(Presented(now, presentation) for presentation in detection.presentations))
        # The answer to a code may have taken in samples of the loop, which the bystanders go by.
        self._bystanders, counting = self._bystanders.with_readings(detection.readings)
        self._feed(*(PlateRead(now, reading) for reading in counting))

    def _feed(self, *items: Input) -> None:
        """Step, and go on stepping while an answer asks for a decision.

        What one picture shows is known before anything is decided on it: two permits are never judged as the first.
        """
        waiting, question = list(items), None
        while waiting or question is not None:
            if not waiting and question is not None:
                waiting, question = self._answer_to(question), None
                continue
            before, item = self._lane, waiting.pop(0)
            self._fed_at = item.now.at
            after, effects = step(before, item)
            self._move_at_once(effects)
            failed = self._refused(effects) or self._record(effects)
            while failed is not None:
                # An order may be carried out without the permit's use; that is to be recorded and claimed too.
                decision = item.decision if isinstance(item, Decided) else None
                # At the time of that step: by now the samples that `before` knows may be old, because of the disk.
                after, effects = step(before, RecordFailed(item.now, failed, decision, item))
                failed = self._refused(effects) or self._record(effects)
            self._lane = after
            if self._interlock is not None:
                self._interlock.note_occupied(occupied=occupies(after), lowering=waits_to_lower(after))
            if self._dry_run is not None:
                self._dry_run.follow(after, effects, item.now)
            question = self._carry_out(effects) or question

    def _move_at_once(self, effects: tuple[Effect, ...]) -> None:
        """Move what waits for no disk: the hold contact is a fire, and an arm that the agent lowered has met a car."""
        for effect in effects:
            if isinstance(effect, Raise | Hold) and effect.override:
                self._move(effect)

    def _refused(self, effects: tuple[Effect, ...]) -> Reason | None:
        """Claim the interlock before the barrier opens; the reason where a neighbour keeps it from opening."""
        if self._interlock is None or not _opens(effects) or self._interlock.claim():
            return None
        return Reason.INTERLOCKED

    def _record(self, effects: tuple[Effect, ...]) -> Reason | None:
        """Write the batch's record; the reason when it is binding and could not be written."""
        # Closing and letting go are the secure direction, and what overrides has moved: no record keeps them back.
        binding = _binding(effects)
        for effect in effects:
            if not isinstance(effect, Record):
                continue
            if not binding:
                self._recorder.note(effect.events, effect.ledger)
                continue
            try:
                self._recorder.bind(effect.events, effect.ledger)
            except LedgerConflictError:
                return Reason.ALREADY_USED
            except JournalError:
                log.exception("the journal cannot be written: the barrier stays closed, and no command is accepted")
                return Reason.GATE_FAULT
        return None

    def _answer_to(self, question: Decide) -> list[Input]:
        """The answer, where it is there at once."""
        now = self._now()
        pictures = [shown.picture for shown in question.presentations]
        pictures += [reading.picture for reading in question.readings]
        pictures += [reading.picture for reading in question.vins]
        asked = replace(question, set_aside=self._bystanders.set_aside(now.at), pictures=self._pictures.held(pictures))
        answer = self._decide(asked, now, self.decided)
        if answer is None:
            return []
        # It opens at the time that it is by now, and by what the inputs saw meanwhile.
        return [*self._waiting_observed(), replace(answer, now=self._now())]

    def _carry_out(self, effects: tuple[Effect, ...]) -> Decide | None:
        """Do what the effects say, in their order, but for a decision that is asked for: that is returned.

        Records are written already.
        """
        question = None
        for effect in effects:
            match effect:
                case Decide():
                    question = effect
                case Raise(override=True) | Hold(override=True):
                    pass  # done: `_move_at_once`
                case Raise() | Close() | Hold() | Show():
                    self._move(effect)
                case KeepPictures(pictures=names):
                    self._keep(self._pictures.named(names))
                case OrderAnswered():
                    self._answer_order(effect, effects)
                case Record():
                    pass
                case _:
                    assert_never(effect)
        return question

    def _answer_order(self, answer: OrderAnswered, effects: tuple[Effect, ...]) -> None:
        """Pass the answer to an order on; it says so where its record still waits, as that of a release may."""
        recorded = any(isinstance(one, Record) for one in effects)
        if answer.done and recorded and not _binding(effects) and self._recorder.failing:
            detail = Text(
                "{detail}; {said}", detail=answer.detail, said=Text("the journal cannot be written; the record waits")
            )
            answer = replace(answer, detail=detail)
        self._answered(answer)

    def _move(self, effect: Raise | Close | Hold | Show) -> None:
        match effect:
            case Raise(grant=grant, deadline=deadline):
                self._barrier.pulse("open", grant, deadline)
            case Close(deadline=deadline):
                self._barrier.pulse("close", None, deadline)
            case Hold(on=on):
                self._barrier.hold(on=on)
            case Show(lamp=lamp, message=message, texts=texts):
                self._lamp, self._message, self._texts = lamp.value, message, texts
                self._is_shown_anew = True
                self._barrier.show(lamp)
            case _:
                assert_never(effect)


def _weight(detection: LaneDetection) -> int:
    """What a detection counts for while it waits."""
    return 1 + sum(map(len, detection.pictures.values())) // SHARE_BYTES


def _opens(effects: tuple[Effect, ...]) -> bool:
    """Whether the barrier is to open by a grant or an order, which may be refused; what overrides may not."""
    opening = (one for one in effects if isinstance(one, Raise) or (isinstance(one, Hold) and one.on))
    return any(not one.override for one in opening)


def _binding(effects: tuple[Effect, ...]) -> bool:
    """Whether nothing may happen unless it is recorded: what opens, a test, and what is to stand over restarts."""
    drafts = (draft for one in effects if isinstance(one, Record) for draft in one.events)
    return _opens(effects) or any(isinstance(draft.event, BarrierTested | LaneOrdered) for draft in drafts)
