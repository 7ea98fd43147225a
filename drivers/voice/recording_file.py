"""A recording, read from its file to be played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.api import RecordingUnusableError
from drivers.text import Text, reason
from drivers.wave_file import LARGEST_BYTES, Wave, WaveFileError, parse

if TYPE_CHECKING:
    from pathlib import Path


def read_recording(path: Path) -> Wave:
    """The samples of a WAV file. Raises RecordingUnusableError for one that cannot be read or played as it is."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        return parse(content)
    except OSError as error:
        raise RecordingUnusableError(Text("{path}: {reason}", path=path, reason=reason(error))) from error
    except WaveFileError as error:
        raise RecordingUnusableError(Text("{path}: {error}", path=path, error=error)) from error
