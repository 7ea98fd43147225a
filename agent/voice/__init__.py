"""Recorded speech: the sentences that are shipped, a site's own in their place, and which file is played for a message.

May read the recordings of the package, and read and write a folder of the state directory. Plays nothing.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

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
