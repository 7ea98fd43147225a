"""What root's helper keeps of an update: the one that is under way, how the last one ended, and what it has seen.

Readable by all, so that the doctor can look; written by root alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from agent.core.fleet import Floor
from agent.core.software import UpdateOutcome, UpdateRecord
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from pathlib import Path

    from agent.anchors import RootFolder

log = logging.getLogger(__name__)

FOLDER: Final = "update"
"""Below the folder of versions."""
STATE: Final = "state.json"
OUTCOME: Final = "outcome.json"
SEEN: Final = "seen.json"
PACKAGE: Final = "package.deb"
KEPT: Final = "kept.deb"
STAGING: Final = "staging"
LIMIT_BYTES: Final = 1 << 20
_FLOORS: Final[TypeAdapter[dict[str, Floor]]] = TypeAdapter(dict[str, Floor])


class UpdateFilesError(OSError):
    """What is kept of an update cannot be read."""


class UpdateFiles:
    """The files in a folder of root's that is held. All methods may raise OSError."""

    def __init__(self, folder: RootFolder, path: Path) -> None:
        self.folder = folder
        self.path = path

    def record(self) -> UpdateRecord | None:
        """The update that is under way. One that cannot be read is over: what dpkg left is for somebody to look at."""
        data = self.folder.read(STATE, LIMIT_BYTES)
        try:
            return None if data is None else _record(data, self.path / STATE)
        except UpdateFilesError:
            log.critical("%s is damaged: nothing is known of an update; dpkg --audit says how it was left", STATE)
            self.clear()
            return None

    def outcome(self) -> UpdateOutcome | None:
        """How the last update ended."""
        data = self.folder.read(OUTCOME, LIMIT_BYTES)
        return None if data is None else _outcome(data, self.path / OUTCOME)

    def floors(self) -> dict[str, Floor]:
        """The newest document that was taken of each place. Damaged, it counts as a fault: nothing old is let in."""
        data = self.folder.read(SEEN, LIMIT_BYTES)
        try:
            return {} if data is None else _FLOORS.validate_json(data)
        except ValidationError:
            raise _damaged(self.path / SEEN) from None

    def keep(self, record: UpdateRecord) -> None:
        """Write down what is under way."""
        self.folder.replace(STATE, record.model_dump_json().encode())

    def keep_floors(self, floors: dict[str, Floor]) -> None:
        """Write down what has been seen."""
        self.folder.replace(SEEN, _FLOORS.dump_json(floors))

    def end(self, outcome: UpdateOutcome) -> None:
        """Write down how it ended, then that nothing is under way; then the packages go."""
        self.folder.replace(OUTCOME, outcome.model_dump_json().encode())
        self.clear()

    def clear(self) -> None:
        """Nothing is under way any more."""
        names = set(self.folder.names())
        for name in (STATE, PACKAGE, KEPT):
            if name in names:
                self.folder.remove(name)


def pending_update(versions: Path) -> UpdateRecord | None:
    """The update that is under way at a gate; None: none. Raises UpdateFilesError."""
    path = versions / FOLDER / STATE
    data = _read(path)
    return None if data is None else _record(data, path)


def is_pending(versions: Path) -> bool:
    """Whether an update is under way at a gate, also one that cannot be read."""
    return (versions / FOLDER / STATE).exists()


def last_outcome(versions: Path) -> UpdateOutcome | None:
    """How the last update of a gate ended; None: there was none. Raises UpdateFilesError."""
    path = versions / FOLDER / OUTCOME
    data = _read(path)
    return None if data is None else _outcome(data, path)


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            return file.read(LIMIT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UpdateFilesError(error.errno, Text("cannot be read: {why}", why=reason(error)), str(path)) from None


def _record(data: bytes, path: Path) -> UpdateRecord:
    try:
        return UpdateRecord.model_validate_json(data)
    except ValidationError:
        raise _damaged(path) from None


def _outcome(data: bytes, path: Path) -> UpdateOutcome:
    try:
        return UpdateOutcome.model_validate_json(data)
    except ValidationError:
        raise _damaged(path) from None


def _damaged(path: Path) -> UpdateFilesError:
    return UpdateFilesError(5, Text("is damaged"), str(path))
