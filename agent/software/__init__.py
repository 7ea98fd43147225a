"""The gate's own software, as central orders it: fetched beside running work, and installed by root's helper.

The agent's half fetches into the state directory and says when no vehicle is under way. The helper's half runs as root:
it believes signatures alone, and may run dpkg and write one folder of root's.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

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
