"""A site's own recordings, in a folder of the state directory: taken in together, or not at all.

Each file is kept under a name with its checksum, and one index says which of them count. The index is replaced in one
step, so that a power cut, or an agent that looks while files come in, sees the old set or the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.model.printable import printable
from agent.store.durable_files import open_regular, sync_folder
from agent.voice.recording_check import problems_of
from agent.voice.recording_key import ENDING, RecordingError, RecordingKey
from drivers.recording_file import LARGEST_BYTES, Wave, decibels, parse
from drivers.text import Text, prefixed, reason

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

FOLDER_NAME: Final = "voice"
INDEX: Final = "recordings.json"
LARGEST_INDEX_BYTES: Final = 262_144
_LOCK: Final = ".lock"
_UNFINISHED: Final = ".part"
_MODE: Final = 0o600
_KEPT_DIGITS: Final = 16


class ImportedRecording(BaseModel):
    """One file of the site. Levels in dB of full scale: the highest sample, and the root mean square."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z_]+-[0-9a-f]{16}\.wav$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    duration_s: float
    peak_dbfs: float
    level_dbfs: float


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    recordings: dict[str, ImportedRecording] = {}


@dataclass(frozen=True, slots=True)
class GivenRecordings:
    """Recordings that are right. `left_out`: files beside them that are none by their names."""

    waves: Mapping[RecordingKey, Wave]
    left_out: tuple[str, ...]


class ImportRefusedError(Exception):
    """They cannot be taken in. `problems`: what is wrong with which file, and how it is put right."""

    def __init__(self, problems: Iterable[Text]) -> None:
        self.problems = tuple(problems)
        super().__init__(Text.of("\n".join(self.problems)))


def read_folder(source: Path) -> GivenRecordings:
    """All recordings of a folder, in which they lie as `ru/show_code.wav`. Nothing is converted.

    Raises ImportRefusedError where any of them is not right, or there is none; OSError where the folder cannot be read.
    """
    found, left_out = _files_of(source)
    waves, problems = _checked(found)
    if not found:
        problems = [Text('{folder} holds no recordings; expected files such as "ru/show_code.wav"', folder=source)]
    if problems:
        raise ImportRefusedError(problems)
    return GivenRecordings(waves, tuple(left_out))


class ImportedRecordings:
    """The recordings of one site. `folder`: made with the first import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> Mapping[RecordingKey, ImportedRecording]:
        """Those that count now; none before the first import. Raises RecordingError for an index that is damaged."""
        path = self.folder / INDEX
        try:
            with open_regular(path) as file:
                index = _Index.model_validate_json(file.read(LARGEST_INDEX_BYTES))
            return {RecordingKey.parse(name): one for name, one in index.recordings.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:  # a ValidationError is a ValueError
            words = _first_words(error)
            message = Text("{path} cannot be used: {error}; import the recordings again", path=path, error=words)
            raise RecordingError(message) from error

    def take(self, given: GivenRecordings) -> None:
        """Take these in together; the site's others stay as they are. Raises OSError; the old set counts then."""
        with self._changing() as index:
            for key, wave in given.waves.items():
                index[key] = self._kept(key, wave)

    def remove(self, keys: Iterable[RecordingKey]) -> tuple[RecordingKey, ...]:
        """Take these out again, so that the shipped ones count; which of them were there. Raises OSError."""
        with self._changing() as index:
            return tuple(key for key in keys if index.pop(key, None) is not None)

    @contextmanager
    def _changing(self) -> Iterator[dict[RecordingKey, ImportedRecording]]:
        """The index to be changed, by one process at a time; afterwards it counts, and no other file is left."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        with self._locked():
            try:
                index = dict(self.all())
            except RecordingError:  # what it named is lost with it; a new one mends that
                index = {}
            yield index
            rows = {str(key): one for key, one in index.items()}
            content = _Index(recordings=rows).model_dump_json(indent=2).encode()
            self._write(INDEX, content)
            named = {one.file for one in index.values()}
            for path in (*self.folder.glob(f"*{ENDING}"), *self.folder.glob(f"*{_UNFINISHED}")):
                if path.name not in named:
                    path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder against other processes that change it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # not to wait at a pipe
        descriptor = os.open(self.folder / _LOCK, flags, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _kept(self, key: RecordingKey, wave: Wave) -> ImportedRecording:
        content = wave.to_bytes()
        digest = hashlib.sha256(content).hexdigest()
        name = f"{key.language}-{key.message}-{digest[:_KEPT_DIGITS]}{ENDING}"
        self._write(name, content)
        return ImportedRecording(
            file=name,
            sha256=digest,
            duration_s=round(wave.duration_s, 2),
            peak_dbfs=round(decibels(wave.peak), 1),
            level_dbfs=round(decibels(wave.level), 1),
        )

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that is whole or not there, durable when this returns."""
        descriptor, unfinished = tempfile.mkstemp(dir=self.folder, suffix=_UNFINISHED)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(unfinished, self.folder / name)  # noqa: PTH105 - it is a name as text
        sync_folder(self.folder)


def _files_of(source: Path) -> tuple[list[tuple[str, Path]], list[str]]:
    """The recordings in a folder, by their names below it, and what else lies there. Raises OSError."""
    found: list[tuple[str, Path]] = []
    left_out: list[str] = []
    for path in sorted(source.iterdir()):
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in inside:
            name = str(file.relative_to(source))
            if file.suffix.lower() == ENDING and not file.name.startswith("."):
                found.append((name, file))
            else:
                left_out.append(printable(name))
    return found, left_out


def _checked(found: Iterable[tuple[str, Path]]) -> tuple[dict[RecordingKey, Wave], list[Text]]:
    waves: dict[RecordingKey, Wave] = {}
    problems: list[Text] = []
    for name, path in found:
        try:
            key, wave = _checked_one(name, path, waves)
        except ValueError as error:
            problems.append(prefixed(printable(name), Text.of(str(error))))
            continue
        problems += [prefixed(printable(name), problem) for problem in problems_of(wave)]
        waves[key] = wave
    return waves, problems


def _checked_one(name: str, path: Path, others: Container[RecordingKey]) -> tuple[RecordingKey, Wave]:
    """The recording that a file is by its name, and its samples. Raises ValueError with what is wrong."""
    key = RecordingKey.parse(str(PurePath(name).with_suffix("")))
    if key in others:
        raise ValueError(Text("{key} exists twice", key=str(key)))
    return key, _read(path)


def _read(path: Path) -> Wave:
    """The samples of a file. Raises ValueError with what is wrong, also where it cannot be read."""
    try:
        with open_regular(path) as file:
            return parse(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        raise ValueError(reason(error)) from error


def _first_words(error: OSError | ValueError) -> Text:
    if isinstance(error, ValidationError):
        return Text.of(str(error.errors(include_url=False)[0]["msg"]))
    return reason(error) if isinstance(error, OSError) else Text.of(str(error))
