"""What the pages work with: the parts of the running gate, and the certificate that browsers are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from agent.console.access.roles import LOCAL
from agent.core.events import Alarm, AlarmRaised, ConsoleActed, Draft, parts_of
from agent.settings import recorded_changes
from drivers.text import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.anchors import AnchorFollower
    from agent.clock import ClockMonitor
    from agent.console.access.admin_actions import AdminAction
    from agent.console.access.roles import Person
    from agent.console.certificate import Certificate
    from agent.core.events import ConfigurationRefused, EvidenceViewed
    from agent.core.model import Instant
    from agent.devices import DeviceStatusTable
    from agent.doctor import Diagnostics
    from agent.lane import LaneService, SimulatedVehicleRun
    from agent.lists import ListService
    from agent.mqtt import BrokerLinkView
    from agent.notifications import NotificationService
    from agent.recording import Recorder, TrustMonitor
    from agent.settings import LoadedSettings
    from agent.store.evidence import EvidenceStore
    from agent.store.journal import Journal
    from agent.vision.supervisor import CameraSupervisor


@dataclass(frozen=True, slots=True)
class Gate:
    """The running gate. Everything may be called from any thread; what blocks says so.

    `configuration`: the main file. `refusal`: why what is on the disk is not what runs. `lanes`: by name. `cameras`: by
    "lane/camera". `link`: None without a broker. `health`: what birth and status say. `reload`: read the configuration
    again, as SIGHUP does; returns at once. `simulated_runs`: of the lanes on which a simulated vehicle can be played.
    `trust`: whether the gate still has what it keeps. `diagnostics`: figures, metrics and what the doctor finds.
    `fingerprint_key`: with which secrets of the configuration are hashed where an event tells that they changed.
    `anchors`: the trust anchors, and what waits to change them. `notifications`: notices on their way to people.
    """

    loaded: LoadedSettings
    configuration: Path
    refusal: Callable[[], ConfigurationRefused | None]
    lanes: Mapping[str, LaneService]
    cameras: Mapping[str, CameraSupervisor]
    journal: Journal
    lists: ListService
    evidence: EvidenceStore
    devices: DeviceStatusTable
    recorder: Recorder
    trust: TrustMonitor
    clock: ClockMonitor
    link: Callable[[], BrokerLinkView | None]
    health: Callable[[], Mapping[str, object]]
    diagnostics: Diagnostics
    reload: Callable[[], None]
    now: Callable[[], Instant]
    simulated_runs: Mapping[str, SimulatedVehicleRun]
    fingerprint_key: bytes
    anchors: AnchorFollower
    notifications: NotificationService

    def audit(self, person: Person, act: str, *, lane: str | None = None, detail: str = "", done: bool = True) -> None:
        """Record what somebody did on a page, as an event. Waits for the disk.

        `act`: what, in the form "barrier.pulsed". `detail`: on what and why; never a secret. `done`: False where it was
        refused.
        """
        event = ConsoleActed(
            person=person.name, role=person.role, address=person.address, act=act, detail=detail, done=done
        )
        self.recorder.note([Draft(event, lane, None, self.now().utc)])

    def audit_configuration(
        self, person: Person, act: str, after: LoadedSettings, *, said: str, lane: str | None = None
    ) -> None:
        """Record what somebody does to the configuration: every key in which `after` is not what runs.

        In as many events as that takes, all or none of them. `said`: how it came. Waits for the disk.
        """
        parts = parts_of(recorded_changes(self.loaded, after, self.fingerprint_key))
        events = [
            ConsoleActed(
                person=person.name,
                role=person.role,
                address=person.address,
                act=act,
                detail=joined([one for one in (said, ", ".join(change.key for change in part)) if one], "; "),
                changes=part,
                part=number,
                parts=len(parts),
            )
            for number, part in enumerate(parts, 1)
        ]
        self.recorder.note([Draft(event, lane, None, self.now().utc) for event in events])

    def audit_nobody(self, address: str, act: str, detail: str) -> None:
        """Record that somebody who is not known was refused something. Waits for the disk."""
        event = ConsoleActed(person="", role="", address=address, act=act, detail=detail, done=False)
        self.recorder.note([Draft(event, None, None, self.now().utc)])

    def tell_loss(self, what: str) -> None:
        """Raise the alarm that something which the console keeps could not be used. Waits for the disk."""
        alarm = AlarmRaised(alarm=Alarm.STATE_NOT_WHOLE, detail=what)
        self.recorder.note([Draft(alarm, None, None, self.now().utc)])

    def record_views(self, events: Sequence[EvidenceViewed]) -> None:
        """Record who looked at pictures and vehicles. Waits for the disk."""
        utc = self.now().utc
        self.recorder.note([Draft(event, None, None, utc) for event in events])

    def record_local(self, act: AdminAction) -> None:
        """Record what an administrator of the computer did from the command line. Waits for the disk."""
        event = ConsoleActed(person=act.operator, role="", address=LOCAL, act=act.act, detail=act.detail)
        self.recorder.note([Draft(event, None, None, act.utc)])


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


AtGate = Annotated[Gate, Depends(_gate)]
"""The parameter by which a route gets the gate: `def page(gate: AtGate)`."""


def _certificate(request: Request) -> Certificate | None:
    certificate: Certificate | None = request.app.state.certificate
    return certificate


AtCertificate = Annotated["Certificate | None", Depends(_certificate)]
"""The parameter by which a route gets it: `def page(certificate: AtCertificate)`. None: no door is encrypted."""
