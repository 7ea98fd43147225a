"""Support bundles that wait to be sent, named by their SHA-256: few, private, and gone once they are sent."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import open_regular, set_misfit_aside
from agent.store.errors import EvidenceError
from agent.store.evidence.picture_files import NAME, UNFINISHED, write_whole
from agent.store.evidence.upload_queue import OutgoingPictures
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

BUNDLES_LIMIT: Final = 4
"""Who may order bundles must not fill the disk with them."""
ENDING: Final = ".zip"
OUTGOING: Final = "outgoing"


class BundleStore:
    """The bundles of one folder, each of which waits to be sent. Safe to call from several threads."""

    def __init__(self, folder: Path) -> None:
        """Look through the folder, making it where needed. Raises EvidenceError where it cannot be used."""
        self._folder = folder
        self._lock = threading.Lock()
        try:
            done = [set_misfit_aside(place, folder=True) for place in (folder, folder / OUTGOING)]
            self.set_aside = tuple(filter(None, done))
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.outgoing = OutgoingPictures(folder / OUTGOING)
            self._clear_up()
        except OSError as error:
            message = Text("cannot use the folder of bundles {folder}: {error}", folder=folder, error=error)
            raise EvidenceError(message) from error

    def keep(self, content: bytes) -> str:
        """Keep a bundle and queue it, durable when this returns; returns its name.

        Raises EvidenceError where BUNDLES_LIMIT wait already, and on a disk in trouble.
        """
        name = hashlib.sha256(content).hexdigest()
        with self._lock:
            if len(self.outgoing) >= BUNDLES_LIMIT and name not in self.outgoing:
                raise EvidenceError(
                    Text("{count} bundles wait to be sent: no more are made until then", count=BUNDLES_LIMIT)
                )
            try:
                write_whole(self._path(name), content)
            except OSError as error:
                raise EvidenceError(Text("the bundle cannot be kept: {error}", error=error)) from error
            self.outgoing.add([name])
        return name

    @property
    def is_full(self) -> bool:
        """Whether no more are taken until one is sent."""
        return len(self.outgoing) >= BUNDLES_LIMIT

    def size(self, name: str) -> int | None:
        """The bytes of a bundle, None when it is not kept."""
        try:
            return self._path(name).stat().st_size if NAME.fullmatch(name) else None
        except OSError:
            return None

    def get(self, name: str) -> bytes | None:
        """A bundle; None when it is not kept. Raises EvidenceError when it cannot be read or was altered."""
        if not NAME.fullmatch(name):
            return None
        try:
            with open_regular(self._path(name)) as file:
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EvidenceError(Text("the bundle {name} cannot be read: {error}", name=name, error=error)) from error
        if hashlib.sha256(content).hexdigest() != name:
            raise EvidenceError(Text("the bundle {name} was altered on the disk", name=name))
        return content

    def leave(self, name: str) -> None:
        """Forget a bundle that was sent, or cannot be. Raises EvidenceError."""
        with self._lock:
            self.outgoing.remove(name)
            try:
                self._path(name).unlink(missing_ok=True)
            except OSError as error:
                raise EvidenceError(
                    Text("the bundle {name} cannot be deleted: {error}", name=name, error=error)
                ) from error

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{ENDING}"

    def _clear_up(self) -> None:
        """Remove what a crash left: halves, bundles that wait no more, and names without a bundle."""
        for file in self._folder.iterdir():
            half = file.suffix == UNFINISHED and NAME.fullmatch(file.stem)
            sent = file.suffix == ENDING and NAME.fullmatch(file.stem) and file.stem not in self.outgoing
            if file.is_file() and (half or sent):
                file.unlink()
        for name in self.outgoing.names(len(self.outgoing)):
            if not self._path(name).is_file():
                self.outgoing.remove(name)
