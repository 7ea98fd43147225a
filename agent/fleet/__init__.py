"""Fleet documents at the gate: receives them over MQTT, stores them and tries them.

If the gate does not start completely with a document, this package undoes it. Writes one file in the state directory
and reads the configuration. May request a restart, but restarts nothing itself.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.fleet.service import FleetDependencies, FleetService
    from agent.fleet.store import PROCESS, FleetStore
    from agent.fleet.topics import CONTENT_TYPE, FleetTopics
    from agent.fleet.trial_start import TrialStart
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["CONTENT_TYPE", "PROCESS", "FleetDependencies", "FleetService", "FleetStore", "FleetTopics", "TrialStart"]
