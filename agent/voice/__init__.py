"""Recorded speech: the recordings of the product, a site's own replacements, and which file belongs to a message.

May read the recordings of the product, and read and write one folder of the state directory. Plays nothing.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.voice.imported import (
        FOLDER_NAME,
        GivenRecordings,
        ImportedRecordings,
        ImportRefusedError,
        read_folder,
    )
    from agent.voice.manifest import Manifest, read_manifest
    from agent.voice.recording_key import RecordingError, RecordingKey, all_keys, spoken_messages
    from agent.voice.recordings import Origin, RecordingRow, Recordings
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "FOLDER_NAME",
    "GivenRecordings",
    "ImportRefusedError",
    "ImportedRecordings",
    "Manifest",
    "Origin",
    "RecordingError",
    "RecordingKey",
    "RecordingRow",
    "Recordings",
    "all_keys",
    "read_folder",
    "read_manifest",
    "spoken_messages",
]
