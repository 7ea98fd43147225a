"""Which file is played for a message in a language: the site's own, else the one that is shipped.

Each file is compared with its checksum before it is played. One that is not what it was is never played: a damaged
recording may say anything.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from agent.core.model import ReportOnce
from agent.store.durable_files import open_regular
from agent.voice.manifest import SHIPPED, Manifest, read_manifest
from agent.voice.recording_key import RecordingError, RecordingKey, all_keys
from drivers.recording_file import LARGEST_BYTES
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.core.model import DriverMessage
    from agent.i18n import Language
    from agent.voice.imported import ImportedRecording, ImportedRecordings

log = logging.getLogger(__name__)


class Origin(StrEnum):
    """Whose recording it is."""

    SHIPPED = "shipped"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One sentence as it would be played now. Levels in dB of full scale.

    `trouble`: why the file that should count is not played; "" where it is well.
    """

    key: RecordingKey
    text: str
    origin: Origin
    duration_s: float
    level_dbfs: float
    trouble: str


class Recordings:
    """All recordings of a gate. For one thread. Reads nothing before it is asked for one."""

    def __init__(self, imported: ImportedRecordings | None = None, shipped: Path = SHIPPED) -> None:
        self._imported = imported
        self._shipped = shipped
        self._report_once = ReportOnce()

    @cached_property
    def _manifest(self) -> Manifest:
        """The manifest of the shipped ones. Raises RecordingError where it cannot be used."""
        return read_manifest(self._shipped)

    def find(self, message: DriverMessage, language: Language) -> Path:
        """The file to play, which is whole.

        Where the site's own is damaged it is told once, and the shipped one is played in its place. Raises
        RecordingError where there is none, none is whole, or the manifest of the shipped ones cannot be used.
        """
        key = RecordingKey(language, message)
        own, trouble = self._own(key)
        if own is not None:
            return own
        if trouble and self._report_once.is_new(trouble, key):
            log.error("the shipped recording of %s is played instead of the site's own: %s", key, trouble)
        if message not in self._manifest.recordings[language]:
            raise RecordingError(Text("there is no recording of {key}", key=str(key)))
        path = self._shipped / key.file
        if trouble := damage_of(path, self._manifest.of(key).sha256):
            raise RecordingError(Text("{trouble}; install the package again", trouble=trouble))
        return path

    def rows(self) -> Iterator[RecordingRow]:
        """Every sentence in every language, in their order, looked at now.

        Raises RecordingError where the manifest of the shipped ones cannot be used.
        """
        imported, trouble = self._all_imported()
        for key in all_keys():
            yield self._row(key, imported.get(key), trouble)

    def _row(self, key: RecordingKey, own: ImportedRecording | None, trouble: str) -> RecordingRow:
        shipped = self._manifest.of(key)
        if own is not None and self._imported is not None:
            trouble = damage_of(self._imported.folder / own.file, own.sha256)
            if not trouble:
                return RecordingRow(key, shipped.text, Origin.IMPORTED, own.duration_s, own.level_dbfs, "")
        trouble = damage_of(self._shipped / shipped.file, shipped.sha256) or trouble
        return RecordingRow(key, shipped.text, Origin.SHIPPED, shipped.duration_s, shipped.level_dbfs, trouble)

    def _own(self, key: RecordingKey) -> tuple[Path | None, str]:
        """The site's own file, and why it is not played although it should be."""
        trouble = ""
        for _ in range(2):  # an import between index and file has taken that file away; the new index has another
            imported, trouble = self._all_imported()
            own = imported.get(key)
            if own is None or self._imported is None:
                return None, trouble
            path = self._imported.folder / own.file
            trouble = damage_of(path, own.sha256)
            if not trouble:
                self._report_once.clear(key)
                return path, ""
        return None, trouble

    def _all_imported(self) -> tuple[Mapping[RecordingKey, ImportedRecording], str]:
        if self._imported is None:
            return {}, ""
        try:
            return self._imported.all(), ""
        except RecordingError as error:
            return {}, str(error)


def damage_of(path: Path, sha256: str) -> str:
    """Why a file is not the one with this checksum; "" where it is."""
    try:
        with open_regular(path) as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        return Text("{path}: {reason}", path=path, reason=reason(error))
    if hashlib.sha256(content).hexdigest() != sha256:
        return Text("{path} has changed: its checksum differs", path=path)
    return ""
