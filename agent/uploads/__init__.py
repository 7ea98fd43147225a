"""Uploads pictures and support bundles to object storage, with URLs that central signs for a limited time.

May connect only to the hosts that the configuration allows. Writes no URL to disk.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.uploads.object_put import PutError, put
    from agent.uploads.presigned_url import PlaceRefusedError, SignedPlace
    from agent.uploads.service import UploadDependencies, UploadRules, UploadService
    from agent.uploads.waiting_objects import Shelf, Stored, What
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "PlaceRefusedError",
    "PutError",
    "Shelf",
    "SignedPlace",
    "Stored",
    "UploadDependencies",
    "UploadRules",
    "UploadService",
    "What",
    "put",
]
