"""The status of the gate: its inventory, its health, and the line that the service manager shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from agent.core.events import key_fingerprint
from agent.core.lane import LaneLockout
from agent.devices import WORKING_STATES
from agent.service.machine import machine
from agent.settings.configuration_loading import drivers_from_outside
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.anchors import AnchorFollower
    from agent.assembly.lanes import GateLanes
    from agent.assembly.records import GateRecords
    from agent.clock import ClockMonitor
    from agent.core.events import ConfigurationRefused
    from agent.devices import DeviceStatusTable
    from agent.fleet import FleetService
    from agent.lists import ListService
    from agent.settings import Settings
    from agent.site import SiteService, StandaloneSite

DETAIL_LIMIT: Final = 120


@dataclass(frozen=True, slots=True)
class StatusSources:
    """Whose states are told. `groups`: those that the gate belongs to."""

    lanes: GateLanes
    devices: DeviceStatusTable
    clock: ClockMonitor
    lists: ListService
    site: SiteService | StandaloneSite
    records: GateRecords
    anchors: AnchorFollower
    fleet: FleetService
    groups: tuple[str, ...] = ()


class GateStatus:
    """For all threads. `refused`: why the configuration on the disk is not the one that is in force; None: it is."""

    def __init__(
        self, settings: Settings, digest: str, refused: ConfigurationRefused | None, sources: StatusSources
    ) -> None:
        """`digest`: of the configuration in force."""
        self.refused = refused
        self._settings, self._digest, self._sources = settings, digest, sources
        self._groups = sources.groups
        self._fingerprints = _fingerprints(settings)

    def inventory(self) -> Mapping[str, object]:
        """What the gate is made of, for its birth message."""
        return {
            "site": self._settings.gate.site,
            "groups": list(self._groups),
            "machine": {**machine(), "agent": version("gate-agent")},
            "configuration": self._digest,
            "drivers": drivers_from_outside(self._settings),
            "lanes": {
                name: {
                    "number": lane.number,
                    "direction": lane.direction,
                    "mode": lane.mode,
                    "relay": lane.relay.kind,
                    "inputs": None if lane.inputs is None else lane.inputs.kind,
                    "cameras": {camera.id: camera.kind for camera in lane.cameras},
                    "scanners": {scanner.id: scanner.kind for scanner in lane.scanners},
                    "signs": {sign.id: sign.kind for sign in lane.signs},
                    "voice": None if lane.voice is None else lane.voice.kind,
                }
                for name, lane in self._settings.lanes.items()
            },
        }

    def devices(self) -> list[Mapping[str, object]]:
        """Every device that was seen since the start, for the birth message.

        `identity`: what its driver found there, such as the board's kind and its firmware; empty while it is away.
        """
        return [
            {
                "lane": state.lane,
                "kind": state.family,
                "id": name.rpartition("/")[2],
                "state": state.state,
                "identity": shortened(state.detail, DETAIL_LIMIT) if state.state in WORKING_STATES else "",
            }
            for name, state in sorted(self._sources.devices.known.items())
        ]

    def health(self) -> Mapping[str, object]:
        """What birth and status say beside the link's own fields."""
        sources = self._sources
        return {
            "configuration_problem": "" if self.refused is None else self.refused.detail,
            "devices": sources.devices.states,
            "lanes": {lane.name: None if lane.view is None else lane.view.state for lane in sources.lanes.units},
            "driver_messages": {
                lane.name: lane.view.driver_message
                for lane in sources.lanes.units
                if lane.view is not None and lane.view.driver_message is not None
            },
            "dry_run": [lane.name for lane in sources.lanes.units if lane.is_dry_run],
            "driver_outputs": {
                name: output.model_dump(mode="json")
                for lane in sources.lanes.units
                for name, output in lane.driver_outputs.items()
            },
            "orders": self._standing_orders(),
            "clock_state": sources.clock.trust().state.value,
            "lists": sources.lists.status(),
            "site": sources.site.status(),
            "anchors": sources.anchors.status(),
            "fleet": sources.fleet.report(),
            "journal_failing": sources.records.recorder.failing,
            "fingerprints": self._fingerprints,
            "key": sources.records.checkpointer.public_key,
            "trust_state": sources.records.trust.status(),
            "head": sources.records.trust.heads.record(),
            "checkpoint": sources.records.checkpointer.head_checkpoint(),
        }

    def summary(self) -> str:
        """The gate in one line."""
        lanes = self._sources.lanes
        problem = "" if self.refused is None else f"; the configuration on the disk is refused: {self.refused.detail}"
        dry = [lane.name for lane in lanes.units if lane.is_dry_run]
        dry_run = f"; DRY RUN, nothing moves: {', '.join(dry)}" if dry else ""
        return f"{len(lanes.units)} lanes, {len(lanes.cameras)} cameras{dry_run}{problem}"

    def _standing_orders(self) -> Mapping[str, object]:
        standing = {lane.name: lane.view.lockout for lane in self._sources.lanes.units if lane.view is not None}
        return {name: asdict(orders) for name, orders in standing.items() if orders != LaneLockout()}


def _fingerprints(settings: Settings) -> Mapping[str, object]:
    """The keys that the gate trusts, as `KeyFingerprints`."""
    return {
        "root_keys": [key_fingerprint(bytes.fromhex(key)) for key in settings.permits.root_keys],
        "command_keys": {key.id: key_fingerprint(bytes.fromhex(key.public_key)) for key in settings.commands.keys},
    }
