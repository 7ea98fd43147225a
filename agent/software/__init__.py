"""Updates the gate's own software as central orders: the agent downloads it, and a helper installs it.

The agent downloads into the state directory while the gate works, and reports when no vehicle is in a lane. The helper
runs as root and trusts only signatures. It may run dpkg and write one folder that belongs to root.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.software.fetching import SPOOL, Fetching
    from agent.software.helper_client import SOCKET, SoftwareHelperError, ask_software_helper
    from agent.software.machine import VERSIONS, installed_version, this_machine
    from agent.software.repository_source import RepositorySource
    from agent.software.service import SoftwareDependencies, SoftwareService
    from agent.software.update_files import UpdateFilesError, is_pending, last_outcome, pending_update
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "SOCKET",
    "SPOOL",
    "VERSIONS",
    "Fetching",
    "RepositorySource",
    "SoftwareDependencies",
    "SoftwareHelperError",
    "SoftwareService",
    "UpdateFilesError",
    "ask_software_helper",
    "installed_version",
    "is_pending",
    "last_outcome",
    "pending_update",
    "this_machine",
]
