"""The states that the configuration has been in, and the last one with which the agent ran.

They lie in a folder of the state directory, one JSON file a state, since the agent may write there and not beside the
configuration. The files may hold passwords, so folder and files are readable by their owner alone, who is the owner of
the state directory: a technician's command that runs as root leaves nothing that the agent could not read.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from errno import ENOENT
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.service.privileges import acting_as, owner_for_root
from agent.settings.toml.files import FileReader, read_file, replace_file
from agent.settings.toml.includes import dotted, leaves, read
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

FOLDER: Final = "configuration"
GOOD: Final = "good.json"
LOCK: Final = "lock"
KEPT: Final = 20
LARGEST_STATE_BYTES: Final = 1 << 26
"""Of a state as it is kept: many files of the configuration, each byte of them written as up to six."""
LONGEST_WAIT_S: Final = 5.0
_TRY_AGAIN_S: Final = 0.05
_FORMAT: Final = 1


class HistoryError(Exception):
    """The history cannot be read or kept; the message says why."""


@dataclass(frozen=True, slots=True)
class ConfigurationFiles:
    """The files of a configuration, by their absolute paths; `main` is the first. Bytes of any encoding are kept."""

    main: str
    files: Mapping[str, bytes]

    def reader(self) -> FileReader:
        """Gives these files in place of those on the disk."""

        def give(path: Path) -> bytes:
            found = self.files.get(os.path.realpath(path))
            if found is None:
                raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path))
            return found

        return give


@dataclass(frozen=True, slots=True)
class Generation:
    """A state with its number, when (Unix seconds), by whom and how it came, and the keys that it changed.

    `of`: the number of the state that it brings back; None for a new one.
    """

    number: int
    utc: float
    who: str
    what: str
    changed: tuple[str, ...]
    state: ConfigurationFiles
    of: int | None = None


@dataclass(frozen=True, slots=True)
class EditStep:
    """Who makes a change, how, and when (Unix seconds)."""

    who: str
    what: str
    utc: float


def present_files(main: Path) -> ConfigurationFiles:
    """The files that are on the disk now, as far as they can be read; a broken one too.

    Raises OSError for the first.
    """
    main = Path(os.path.realpath(main))
    files: dict[str, bytes] = {str(main): read_file(main)}

    def keep(path: Path) -> bytes:
        found = files[os.path.realpath(path)] = read_file(path)
        return found

    read(main, keep)
    return ConfigurationFiles(str(main), files)


def changed_keys(before: ConfigurationFiles, after: ConfigurationFiles) -> tuple[str, ...]:
    """The keys whose values differ; none where one of the two cannot be read."""
    documents = [read(Path(state.main), state.reader()) for state in (before, after)]
    if any(document.problems for document in documents):
        return ()
    old, new = ({path: one for path, one in leaves(document.data) if one != {}} for document in documents)
    missing = object()
    return tuple(dotted(path) for path in {**old, **new} if old.get(path, missing) != new.get(path, missing))


class History:
    """The states of one configuration file in a state directory."""

    def __init__(self, directory: Path, main: Path) -> None:
        """`directory`: of the agent's state. `main`: the first file of the configuration."""
        self._directory = directory
        self._folder = directory / FOLDER
        self._main = os.path.realpath(main)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others from changing it. Raises HistoryError, also when another does not let go in time."""
        try:
            with self._as_owner():
                self._make_folder()
                handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            message = Text("the history cannot be kept in {folder}: {why}", folder=self._folder, why=reason(error))
            raise HistoryError(message) from None
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)

    def generations(self) -> list[Generation]:
        """All states that are kept, the oldest first. What is damaged is left out. Raises HistoryError."""
        try:
            with self._as_owner():
                names = [path for path in self._folder.iterdir() if path.stem.isdigit() and path.suffix == ".json"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HistoryError(_unreadable(self._folder, error)) from None
        found = (self._read(path) for path in names)
        return sorted((one for one in found if one is not None), key=lambda one: one.number)

    def good(self) -> ConfigurationFiles | None:
        """The last state with which the agent ran; None where there is none. Raises HistoryError."""
        found = self._read(self._folder / GOOD)
        return None if found is None else found.state

    def keep_good(self, state: ConfigurationFiles, utc: float) -> None:
        """Remember that the agent runs with a state. Raises HistoryError."""
        if self.good() != state:
            self._write(GOOD, Generation(0, utc, "", "", (), state))

    def note(self, state: ConfigurationFiles, step: EditStep, of: int | None = None) -> Generation | None:
        """Add a state, unless it is the newest already; the oldest goes. Returns what was added.

        Raises HistoryError.
        """
        known = self.generations()
        newest = known[-1] if known else None
        if newest is not None and newest.state == state:
            return None
        number = newest.number + 1 if newest else 1
        changed = changed_keys(newest.state, state) if newest else ()
        added = Generation(number, step.utc, step.who, step.what, changed, state, of)
        self._write(f"{number:06}.json", added)
        with self._as_owner():
            for old in known[: max(0, len(known) + 1 - KEPT)]:
                (self._folder / f"{old.number:06}.json").unlink(missing_ok=True)
        return added

    def _make_folder(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # also when another has just made it
            self._folder.mkdir(mode=0o700)

    def _as_owner(self) -> AbstractContextManager[None]:
        """Root keeps the history with the rights of the state directory's owner, whose files it leads through."""
        return acting_as(owner_for_root(self._directory))

    def _read(self, path: Path) -> Generation | None:
        try:
            with self._as_owner():
                found = json.loads(read_file(path, LARGEST_STATE_BYTES))
            return _generation(found) if found["main"] == self._main else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HistoryError(_unreadable(path, error)) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None  # cut off by a loss of power, or of a later version

    def _write(self, name: str, generation: Generation) -> None:
        said = asdict(replace(generation, state=ConfigurationFiles("", {})))
        files = {path: data.decode("utf-8", "surrogateescape") for path, data in generation.state.files.items()}
        said |= {"format": _FORMAT, "main": generation.state.main, "files": files}
        del said["state"]
        path = self._folder / name
        try:
            with self._as_owner():
                replace_file(path, json.dumps(said).encode(), None)
        except OSError as error:
            message = Text("{path} cannot be written: {why}", path=path, why=reason(error))
            raise HistoryError(message) from None


def _unreadable(path: Path, error: OSError) -> Text:
    return Text("{path} {message}", path=path, message=Text("cannot be read: {why}", why=reason(error)))


def _generation(found: dict[str, Any]) -> Generation:
    files = {str(path): text.encode("utf-8", "surrogateescape") for path, text in found["files"].items()}
    return Generation(
        int(found["number"]),
        float(found["utc"]),
        str(found["who"]),
        str(found["what"]),
        tuple(map(str, found["changed"])),
        ConfigurationFiles(str(found["main"]), files),
        None if found["of"] is None else int(found["of"]),
    )


def _lock(handle: int) -> None:
    wait = threading.Event()
    for _ in range(round(LONGEST_WAIT_S / _TRY_AGAIN_S)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait.wait(_TRY_AGAIN_S)
        else:
            return
    raise HistoryError(Text("another command is changing the configuration now: try again"))
