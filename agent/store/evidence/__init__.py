"""Evidence: pictures named by their SHA-256, support bundles, and the queue of files to send.

May use only the evidence folder.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.store.evidence.bundles import BUNDLES_LIMIT, BundleStore
    from agent.store.evidence.evidence_store import EvidenceStore
    from agent.store.evidence.picture_files import kept_picture
    from agent.store.evidence.retention import EvidenceAges
    from agent.store.evidence.upload_queue import OutgoingPictures
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BUNDLES_LIMIT",
    "BundleStore",
    "EvidenceAges",
    "EvidenceStore",
    "OutgoingPictures",
    "kept_picture",
]
