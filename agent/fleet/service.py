"""The fleet documents of a running gate: taken in, checked, tried, and undone by the gate itself.

One thread. What it decides it writes first, and does then; the configuration is read again by the command that starts
the agent (agent.cli.run), once no vehicle is under way.
"""

from __future__ import annotations

import logging
import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import FleetDrifted
from agent.core.fleet import (
    KINDS,
    DocumentRefusedError,
    all_told,
    applied,
    candidate,
    fleet_report,
    in_layer_order,
    judged_trial,
    proven,
    put_on_trial,
    refused_by_check,
    undone,
)
from agent.core.model import ReportOnce
from agent.fleet.drift import digest_of, drift_of
from agent.fleet.intake import DocumentIntake
from agent.fleet.outcome_events import event_of, problems_of
from agent.fleet.topics import FleetTopics
from agent.mqtt import Subscription
from agent.service.worker import Worker
from agent.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.events import Event
    from agent.core.fleet import (
        FleetReport,
        FleetRules,
        HeldFleet,
        SignedDocument,
        TrialView,
    )
    from agent.core.model import Instant
    from agent.fleet.store import FleetStore
    from agent.mqtt import Incoming, MqttClient
    from agent.settings import History, LoadedSettings

log = logging.getLogger(__name__)

LOOK_S: Final = 0.5
LIMIT_S: Final = 120.0
STOP_S: Final = 2.0
INBOX_LIMIT: Final = 256
DRIFT_IN_EVENT: Final = 50


@dataclass(frozen=True, slots=True)
class FleetDependencies:
    """What the documents stand on. `rules`: whose documents are taken. `running`: what the agent runs with.

    `load` reads the configuration with other documents, as the service would; raises SettingsError. `reload` has the
    agent start with what is on the disk, once it may. `view`: how the gate is. `note` records an event. `trusted_utc`:
    Unix seconds; None: the clock is not trusted.
    """

    store: FleetStore
    site: int
    rules: FleetRules
    running: LoadedSettings
    load: Callable[[Sequence[str]], LoadedSettings]
    history: History
    reload: Callable[[], None]
    view: Callable[[], TrialView]
    now: Callable[[], Instant]
    trusted_utc: Callable[[], float | None]
    note: Callable[[Event], None]


class FleetService:
    """Takes in what `subscribe` brings, from `start` to `stop`."""

    def __init__(self, dependencies: FleetDependencies) -> None:
        self._dependencies = dependencies
        self._store = dependencies.store
        self._topics = FleetTopics(dependencies.site)
        self._intake = DocumentIntake(
            self._store,
            self._topics,
            dependencies.rules,
            dependencies.now,
            dependencies.trusted_utc,
            dependencies.note,
        )
        self._inbox: queue.Queue[Incoming] = queue.Queue(INBOX_LIMIT)
        self._client: MqttClient | None = None
        self._overflowed = False
        self._steady_since: float | None = None
        self._asked = False
        self._drift = drift_of(dependencies.running.fleet.differences, dependencies.history)
        self._report = self._reported_of(self._store.held())
        self._reported = ReportOnce()
        self.worker = Worker("fleet-documents", self._run, limit_s=LIMIT_S)

    def subscribe(self, client: MqttClient) -> None:
        """Have the documents of this gate come over a client that has not started yet.

        Where no key may sign them none is asked for.
        """
        self._client = client
        if self._dependencies.rules.keys:
            client.subscribe(*self._subscriptions())

    def start(self) -> None:
        """Begin."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has."""
        return self.worker.stop(STOP_S)

    def report(self) -> FleetReport:
        """What birth and health say of the documents. For all threads."""
        return self._report

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self.worker.touch()
            try:
                message = self._inbox.get(timeout=LOOK_S)
            except queue.Empty:
                self.look()
            else:
                self._intake.take(message.topic, message.payload)

    def look(self) -> None:
        """Go on with what is held."""
        try:
            self._look()
        except OSError as error:
            if self._reported.is_new(str(error)):
                log.error("the fleet documents cannot be stored: %s", error)  # noqa: TRY400 - told, not a bug
        else:
            self._reported.clear()
        self._intake.flush()
        if self._overflowed and self._client is not None:
            self._overflowed = False
            self._client.subscribe(*self._subscriptions())

    def _look(self) -> None:
        held = self._tell(self._store.held())
        if held.trial is None:
            self._try_next(held)
        elif held.trial.begun:
            # Not by the agent of before, which is stopping: it never ran with the document.
            if held.trial.texts == self._dependencies.running.fleet.texts:
                self._judge(held)
        elif not self._asked:  # it was put on trial while the agent was starting
            self._asked = True
            self._dependencies.reload()
        held = self._tell(self._store.held())
        self._tell_drift(held)
        self._report = self._reported_of(held)

    def _judge(self, held: HeldFleet) -> None:
        dependencies = self._dependencies
        assert held.trial is not None  # noqa: S101 - asked for with one only
        moment = dependencies.now()
        verdict = judged_trial(held.trial, dependencies.view(), self._steady_since, moment.at)
        self._steady_since = verdict.steady_since
        code = verdict.code
        if verdict.good:
            self._store.change(lambda before: applied(before, moment.utc))
        elif code is not None:
            log.warning("the fleet document on trial is undone (%s): %s", code, verdict.detail)
            self._store.change(lambda before: undone(before, code, verdict.detail, moment.utc))
            dependencies.reload()

    def _try_next(self, held: HeldFleet) -> None:
        """Check the first document that waits; where it is usable, have the agent start with it."""
        dependencies, utc = self._dependencies, self._dependencies.now().utc
        found = self._first_waiting(held)
        if found is None:
            return
        try:
            loaded = dependencies.load(candidate(held, found))
        except SettingsError as error:
            problems = problems_of(error.problems)
            log.warning("fleet document %s is refused: %s", found.document.place, error.problems[0].head)
            self._store.change(lambda before: refused_by_check(before, found, problems, utc))
            return
        view = dependencies.view()
        self._steady_since = None

        def on_trial(before: HeldFleet) -> HeldFleet:
            return put_on_trial(before, found, view.up, was_whole=view.whole)

        if loaded.digest == dependencies.running.digest:
            # Nothing of what runs would be another: there is nothing to try.
            self._store.change(lambda before: applied(on_trial(before), utc))
        else:
            self._store.change(on_trial)
            self._asked = True
            dependencies.reload()

    def _first_waiting(self, held: HeldFleet) -> SignedDocument | None:
        rules, good = self._dependencies.rules, []
        for text in held.waiting:
            try:
                found = proven(text, rules)
                if KINDS[found.document.kind].is_layer:  # software is for agent.software
                    good.append(found)
            except DocumentRefusedError as error:
                if self._reported.is_new(str(error), text):
                    log.warning("a waiting fleet document is no longer valid: %s", error)
        return next(iter(in_layer_order(good, rules.groups)), None)

    # -------------------------------------------------------------------------------------------------- what is told

    def _tell(self, held: HeldFleet) -> HeldFleet:
        """Make an event of each outcome that has none. After a crash in between there are two, never none."""
        new = [one for one in held.outcomes if not one.told]
        for one in new:
            self._dependencies.note(event_of(one))
        return self._store.change(lambda before: all_told(before, new)) if new else held

    def _tell_drift(self, held: HeldFleet) -> None:
        digest = digest_of(self._drift)
        if digest != held.drift:
            self._dependencies.note(FleetDrifted(keys=self._drift[:DRIFT_IN_EVENT], count=len(self._drift)))
            self._store.change(lambda before: before.model_copy(update={"drift": digest}))

    def _reported_of(self, held: HeldFleet) -> FleetReport:
        running = self._dependencies.running.fleet
        return fleet_report(held, running.documents, running.groups, self._drift)

    def _subscriptions(self) -> list[Subscription]:
        rules = self._dependencies.rules
        return [
            Subscription(topic, self._enqueue, qos=1, stored=True)
            for topic in self._topics.of_gate(rules.gate, rules.groups)
        ]

    def _enqueue(self, message: Incoming) -> None:
        """On the network's thread: what has no room is asked for again."""
        try:
            self._inbox.put_nowait(message)
        except queue.Full:
            self._overflowed = True
