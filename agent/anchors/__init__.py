"""The trust anchors on the disk: the store, the helper that changes it as root, and the agent's copy.

The helper runs as root and is the only writer of the anchors folder. The agent reads the folder and sends requests to
the helper's socket. `agent.core.anchors` decides whether a change is allowed.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.anchors.configuration_check import check_usable
    from agent.anchors.follower import AnchorFollower, AnchorFollowerDependencies
    from agent.anchors.helper_client import SOCKET, HelperUnreachableError, ask_helper
    from agent.anchors.root_folder import RootFolder, held_folder, make_folder, read_root_file
    from agent.anchors.store import AnchorChange, AnchorStore, AnchorStoreError, changed_or_refused, recorded_changes
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "SOCKET",
    "AnchorChange",
    "AnchorFollower",
    "AnchorFollowerDependencies",
    "AnchorStore",
    "AnchorStoreError",
    "HelperUnreachableError",
    "RootFolder",
    "ask_helper",
    "changed_or_refused",
    "check_usable",
    "held_folder",
    "make_folder",
    "read_root_file",
    "recorded_changes",
]
