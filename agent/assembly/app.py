"""The gate as a whole: starts its parts in order, and stops them in reverse order."""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from agent.assembly.part_factory import GateParts
from agent.core.events import ConfigurationApplied, GateStopping, OwnCause, parts_of
from agent.lane import LaneService
from agent.lane import pause as lane_pause
from agent.service.cleanup import on_failure
from agent.service.lifecycle import Lifecycle, Part, Phase
from agent.settings import recorded_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.assembly.part_factory import ConfigurationSource
    from agent.clock import Clock
    from agent.console import ConsoleServer
    from agent.core.events import ConfigurationRefused
    from agent.lane import LanePause
    from agent.service.parallel import Job
    from agent.service.systemd_notify import Notifier
    from agent.service.worker import Worker
    from agent.settings import LoadedSettings

STOP_S = {
    "watch": 0.5,
    "senses": 4.5,
    "lanes": 2.5,
    "stores": 3.0,
    "record": 2.0,
    "link": 3.0,
    "trust": 1.5,
    "journal": 1.5,
    "boards": 1.0,
}
"""How long each phase of a stop may take, whatever its parts do.
Together less than TimeoutStopSec of the service's unit."""


class App:
    """The gate. `start` brings every part up without waiting for any device; `stop` takes at most the sum of STOP_S."""

    def __init__(
        self,
        loaded: LoadedSettings,
        clock: Clock,
        notifier: Notifier,
        on_damage: Callable[[str], None],
        source: ConfigurationSource | None = None,
    ) -> None:
        """Make every part.

        Raises JournalError when the journal cannot be opened, RegistryError for the lists, EvidenceError for the
        pictures, WrongGateKeyError where the site knows this gate by another key, OSError for the rest.

        `on_damage` is called, from a thread, when the journal turns out to be damaged while the gate runs: only a
        restart fixes it. `source`: where the settings came from; None: they are never reloaded.
        """
        self.parts = GateParts(loaded, clock, notifier, on_damage, source)
        self._stop_cause: str = OwnCause.NOT_STARTED.value
        with on_failure(self.parts.close):
            self._lifecycle = Lifecycle(self._phases())

    @property
    def lanes(self) -> tuple[LaneService, ...]:
        """The lanes, in the order of the configuration."""
        return tuple(self.parts.lanes.units)

    @property
    def console(self) -> ConsoleServer:
        """The technician's page."""
        return self.parts.console

    @property
    def is_starting(self) -> bool:
        """Whether a part is still on its way up that cannot be stopped before it is there; bounded."""
        return self.parts.console.loads

    def start(self, releases: Mapping[str, Job[Any]] = MappingProxyType({})) -> None:
        """Release every relay, record the start and what the last one left open, then start all else.

        `releases`: of boards, under way, by where the boards are: such a board is connected once that has ended.

        Waits for no device. Where a part cannot be started, all is stopped and closed. Raises what the part raises, as
        JournalError and OSError.
        """
        for name, release in releases.items():
            if (board := self.parts.lanes.boards.get(name)) is not None:
                board.connect_after(release)
        self.parts.workers.watch(self._lifecycle.workers)
        with on_failure(self.parts.close):
            self._lifecycle.start()

    def refuse(self, refused: ConfigurationRefused) -> None:
        """Tell that a new configuration cannot be used and this one runs on."""
        self.parts.status.refused = refused
        self.parts.note(refused)
        self.parts.notifier.status(self.parts.status.summary())

    def note_configuration(self, before: LoadedSettings | None, person: str, said: str) -> None:
        """Record every key in which the configuration differs from the one with which the gate ran last.

        `before`: None where none is known. `person`, `said`: who made it and how, as far as that is known.
        """
        parts = self.parts
        changes = recorded_changes(before, parts.loaded, parts.fingerprint_key)
        if not changes:
            return
        shared = parts_of(changes)
        for number, part in enumerate(shared, 1):
            parts.note(
                ConfigurationApplied(
                    configuration=parts.loaded.digest,
                    before="" if before is None else before.digest,
                    person=person,
                    detail=said,
                    changes=part,
                    part=number,
                    parts=len(shared),
                )
            )

    def wind_down_at_rest(self) -> tuple[str, ...]:
        """Where no vehicle is under way in any lane, look at nothing any more, so that `stop` disturbs nobody.

        Returns the lanes that are not at rest, or do not answer in time; all lanes go on then.
        """
        until_at = time.monotonic() + lane_pause.ANSWER_S
        pauses: dict[str, LanePause] = {}
        with ExitStack() as held:
            for lane in self.parts.lanes.units:
                pauses[lane.name] = lane.pause()
                held.callback(pauses[lane.name].end)
            busy = tuple(name for name, pause in pauses.items() if not pause.at_rest(until_at))
            if not busy:
                for lane in self.parts.lanes.units:
                    lane.wind_down()
        return busy

    def hand_over(self) -> bool:
        """Once the lanes are wound down: tell root's helper where an update waits for that.

        Whether the helper is about to stop the agent.
        """
        return self.parts.software.hand_over()

    def stop(self, cause: str, *, again: bool = False) -> bool:
        """Stop deciding, release every relay, record the stop, send what can be sent in a moment, and close.

        `again`: another one is to take over in this process, so that the service manager has nothing to do. Returns
        whether every part has ended; one that has not is in the log, and may still hold a device or a file.
        """
        # While the parts end they make no progress. Who starts the agent over feeds the manager's watchdog meanwhile.
        self._stop_cause = cause
        if again:
            self.parts.notifier.reloading(cause)
        else:
            self.parts.notifier.stopping(cause)
        return self._lifecycle.stop()

    def _phases(self) -> Sequence[Phase]:
        """All parts, in the order in which they start, each with its threads."""
        parts = self.parts
        lanes, records, central = parts.lanes, parts.records, parts.central
        boards, runs = lanes.boards.items(), parts.simulated_runs.items()
        # Before the disk is asked: the last run may have left a relay energised.
        opened = [_part(f"the relay board {name}", board) for name, board in boards]
        journal = [Part("the journal", self._note_start, self._close_files)]
        # It writes the last head of the journal to the head file, so it stops while that is still open.
        trust = [_part("the trust state", parts.trust)]
        link = [] if central is None else [Part("the link to central", stop=central.stop)]
        record = [
            Part("the record of the stop", self._begin_record, self._record_stop, [records.checkpointer.worker]),
        ]
        stores = [
            _part("the clock", parts.clock_monitor),
            Part("the lists", parts.lists.start, parts.lists.stop, parts.lists.workers),
            _part("the devices", parts.devices),
            _part("the renewal of certificates", parts.renewal),
            _part("the evidence", parts.evidence_writer),
            _part("the retention", records.retention),
            _part("the notifications", parts.notifications),
        ]
        taking = (
            []
            if central is None
            else [Part("what comes from central", central.start, central.stop_taking, central.workers)]
        )
        senses = [
            # A pulse that the stop cuts short is reported to its lane: so boards stop before lanes.
            *(Part(f"the barriers at the relay board {name}", stop=board.stop) for name, board in boards),
            Part("the site", parts.site.start, parts.site.stop, parts.site.workers),
            _part("the second readers", parts.second_reading),
            *(_part(f"the camera {camera.name}", camera) for camera in lanes.cameras),
            *(_part(f"the witness {witness.name}", witness) for witness in lanes.witnesses),
            *taking,
            _part("the log level", parts.log_level),
            _part("the trust anchors", parts.anchors),
            _part("the fleet documents", parts.fleet),
            _part("the software", parts.software),
            _part("the numbers", parts.numbers),
            _part("the index of vehicles", parts.vehicle_index),
            *(Part(f"the simulated vehicle of the lane {name}", stop=run.stop) for name, run in runs),
            # Open before anybody hears that the gate is ready: who comes before there are answers waits for them.
            Part("the console's own socket", parts.console.listen),
            Part("the service manager", lambda: parts.notifier.ready(parts.status.summary())),
            Part("the doctor", parts.diagnostics.start, parts.diagnostics.stop, parts.diagnostics.workers),
            _part("the console", parts.console),
        ]
        watch = [
            # First of all: once the barriers stop, no lane may decide to open one.
            *(Part(f"the decisions of the lane {lane.name}", stop=lane.wind_down) for lane in lanes.units),
            Part("the watchdog", parts.watchdog.start, parts.watchdog.stop),
        ]
        phases = {
            "boards": opened,
            "journal": journal,
            "trust": trust,
            "link": link,
            "record": record,
            "stores": stores,
            "lanes": [Part(f"the lane {lane.name}", lane.start, lane.stop, lane.workers) for lane in lanes.units],
            "senses": senses,
            "watch": watch,
        }
        return [Phase(name, STOP_S[name], found) for name, found in phases.items()]

    def _note_start(self) -> None:
        self.parts.records.note_start(version("gate-agent"), self.parts.loaded.digest)
        if self.parts.status.refused is not None:
            self.parts.note(self.parts.status.refused)

    def _close_files(self) -> bool:
        self.parts.close()
        return True

    def _begin_record(self) -> None:
        self.parts.workers.start()
        self.parts.records.checkpointer.start()

    def _record_stop(self) -> bool:
        told = self.parts.workers.stop()
        self.parts.note(GateStopping(cause=self._stop_cause))
        return self.parts.records.checkpointer.stop() and told


class _Started(Protocol):
    """What runs on one thread."""

    @property
    def worker(self) -> Worker: ...

    def start(self) -> object: ...

    def stop(self) -> bool: ...


def _part(name: str, started: _Started) -> Part:
    return Part(name, started.start, started.stop, [started.worker])
