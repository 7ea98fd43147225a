"""Fleet documents at the gate: taken in over MQTT, kept, tried, and undone where the gate does not come up whole.

Writes one file in the state directory, reads the configuration as the service would, and asks for a new start; it
starts nothing itself.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from agent.fleet.service import FleetDependencies, FleetService
    from agent.fleet.store import PROCESS, FleetStore
    from agent.fleet.topics import CONTENT_TYPE, FleetTopics
    from agent.fleet.trial_start import TrialStart
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["CONTENT_TYPE", "PROCESS", "FleetDependencies", "FleetService", "FleetStore", "FleetTopics", "TrialStart"]
