"""The trust anchors of the gate on the disk: the store that root alone writes, its helper, and what the agent sees.

May write the folder of the anchors as root, and speak over the helper's socket. Whether a change may be made is judged
in `agent.core.anchors`.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from agent.anchors.follower import AnchorFollower, AnchorFollowerDependencies
    from agent.anchors.helper_client import SOCKET, HelperUnreachableError, ask_helper
    from agent.anchors.rehearsal import check_usable
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
