"""The files of the evidence.

Finding pictures in their folders, writing them whole, bringing an older layout forward.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from agent.store.durable_files import open_regular, sync_folder
from agent.store.evidence.retention import RetentionClass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
"""The name of a picture."""
ENDING: Final = ".jpg"
UNFINISHED: Final = ".part"
_PART: Final = re.compile(r"[0-9a-f]{2}", re.ASCII)


class StoredPicture(NamedTuple):
    """A picture on the disk; in order of age."""

    kept_utc: float
    name: str
    size: int


def look_through(folder: Path) -> Iterator[StoredPicture]:
    """The pictures below a folder; what a crash left unfinished is removed, strange files are left alone."""
    for part in _parts(folder):
        with os.scandir(part) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False):
                    continue  # nothing that was kept: whoever reads a pipe waits
                if entry.name.endswith(UNFINISHED):
                    (part / entry.name).unlink()
                elif entry.name.endswith(ENDING) and NAME.fullmatch(name := entry.name.removesuffix(ENDING)):
                    status = entry.stat()
                    yield StoredPicture(status.st_mtime, name, status.st_size)


def kept_picture(folder: Path, sha256: str) -> bytes | None:
    """Return a picture of an evidence folder without opening the store; None where it is not kept, or not whole.

    Also where its transaction's end moves it from one folder to the other meanwhile. Raises OSError.
    """
    if not NAME.fullmatch(sha256):
        return None
    classes = [folder / name for name in RetentionClass]
    for place in (*classes, folder, *classes):
        try:
            with open_regular(place / sha256[:2] / f"{sha256}{ENDING}") as file:
                jpeg = file.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return jpeg if hashlib.sha256(jpeg).hexdigest() == sha256 else None
    return None


def move_old_layout(folder: Path, target: Path) -> None:
    """Bring pictures that an older agent kept side by side, whatever their outcome, into the folder `target`."""
    for part in _parts(folder):
        place = target / part.name
        place.mkdir(exist_ok=True)
        for file in list(part.iterdir()):
            if not file.is_file():
                continue
            if file.suffix == UNFINISHED:
                file.unlink()
            elif file.suffix == ENDING and NAME.fullmatch(file.stem):
                file.rename(place / file.name)
        if not any(part.iterdir()):
            part.rmdir()


def write_whole(path: Path, content: bytes) -> float:
    """Write a file that is whole or not there, durable when this returns; returns its time in Unix seconds.

    Raises OSError.
    """
    unfinished = path.with_suffix(UNFINISHED)
    new_folder = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    if new_folder:
        sync_folder(path.parent.parent)
    return path.stat().st_mtime


def _parts(folder: Path) -> list[Path]:
    return [part for part in folder.iterdir() if _PART.fullmatch(part.name) and part.is_dir()]
