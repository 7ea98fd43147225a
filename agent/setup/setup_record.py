"""What a set-up has seen to happen, what was left out, and what is still being put together: one small file.

A new start of the gate, which each change of the configuration brings, forgets nothing of it.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from agent.settings import replace_file
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "setup.json"
MOST: Final = 1000
_VERSION: Final = 1


class SetupRecordError(Exception):
    """The file cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing: `by` whom, "" for the gate itself, and when (Unix seconds). `value`: what goes with it."""

    by: str
    utc: float
    value: Any = None


class SetupRecord:
    """The file of a gate, in its state directory. For all threads."""

    def __init__(self, state: Path) -> None:
        self._path = state / NAME
        self._lock = threading.Lock()

    def notes(self) -> dict[str, Note]:
        """All notes by their keys. Raises SetupRecordError."""
        with self._lock:
            return self._read()

    def put(self, key: str, note: Note) -> None:
        """Write one down; what had this key is replaced. Raises SetupRecordError."""
        with self._lock:
            found = self._read()
            if key not in found and len(found) >= MOST:
                raise SetupRecordError(Text("{path} already contains {most} notes", path=str(self._path), most=MOST))
            self._write(found | {key: note})

    def see(self, key: str, note: Note) -> bool:
        """Write down what was seen, unless it was before; whether it is new. Raises SetupRecordError."""
        with self._lock:
            found = self._read()
            if key in found:
                return False
            self._write(found | {key: note})
            return True

    def drop(self, prefix: str) -> None:
        """Forget all notes whose keys begin so. Raises SetupRecordError."""
        with self._lock:
            found = self._read()
            kept = {key: note for key, note in found.items() if not key.startswith(prefix)}
            if kept != found:
                self._write(kept)

    def _read(self) -> dict[str, Note]:
        try:
            data = json.loads(self._path.read_bytes())
            return {key: replace(Note("", 0.0), **note) for key, note in data["notes"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SetupRecordError(Text("{path} cannot be read: {why}", path=str(self._path), why=error)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SetupRecordError(
                Text("{path} is damaged: delete it to start the set-up again", path=str(self._path))
            ) from error

    def _write(self, notes: dict[str, Note]) -> None:
        data = {"version": _VERSION, "notes": {key: asdict(note) for key, note in notes.items()}}
        try:
            replace_file(self._path, json.dumps(data, ensure_ascii=False, indent=1).encode(), None)
        except OSError as error:
            raise SetupRecordError(Text("{path} cannot be written: {why}", path=str(self._path), why=error)) from error
