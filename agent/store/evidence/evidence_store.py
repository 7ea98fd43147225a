"""Pictures kept as evidence, each in a file named by the SHA-256 of its bytes; events name them by that hash.

A picture lies in one of three folders, by how long it is kept: `open` while its transaction is not closed, `passed`
when the vehicle passed in order, `other` else. There is no index: the folders are all there is, and the time of a file
is when the picture was kept. A picture is whole or not there: it is written beside its place, synced, and then named;
it changes its folder in one step. An event may name a picture that is written a moment later, or never when the disk
fails.

`outgoing` holds the names of the pictures that are to be sent to central (agent.store.evidence.upload_queue).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import open_regular, set_misfit_aside
from agent.store.errors import EvidenceError
from agent.store.evidence.picture_files import ENDING, NAME, StoredPicture, look_through, move_old_layout, write_whole
from agent.store.evidence.retention import (
    AGES,
    EvidenceAges,
    KeptPicture,
    PictureIndex,
    RetentionClass,
    retention_class_of,
)
from agent.store.evidence.upload_queue import OutgoingPictures
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from agent.core.model import Outcome

__all__ = ["EvidenceError", "EvidenceRequest", "EvidenceStore"]

OUTGOING: Final = "outgoing"
AWAITED_LIMIT: Final = 4_096
CLOCK_SLACK_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """What became of a request to send pictures: those that will be sent, and those that are not kept (any more)."""

    queued: tuple[str, ...]
    unknown: tuple[str, ...]


class EvidenceStore:
    """The pictures below one folder, at most `max_bytes` of them. Safe to call from several threads.

    `send`: the outcomes whose pictures are to be sent to central without being asked for.
    """

    def __init__(self, folder: Path, max_bytes: int, keep: EvidenceAges = AGES, send: Collection[Outcome] = ()) -> None:
        """Look through the folder, making it where needed; what a crash left unfinished is removed.

        What lies in the place of a folder is put aside: `set_aside` tells it. Raises EvidenceError when that fails.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep = keep
        self._send = frozenset(send)
        self._lock = threading.RLock()
        self._pictures = PictureIndex()
        self._kept_at: dict[str, float] = {}
        self._awaited: OrderedDict[str, tuple[RetentionClass, bool]] = OrderedDict()
        self._dropped = 0
        places = [folder, *(folder / name for name in RetentionClass), folder / OUTGOING]
        try:
            done = [set_misfit_aside(place, folder=True) for place in places]
            self.set_aside = tuple(filter(None, done))
            for name in RetentionClass:
                (folder / name).mkdir(parents=True, exist_ok=True)
            self.outgoing = OutgoingPictures(folder / OUTGOING)
            move_old_layout(folder, folder / RetentionClass.OTHER)
            self._look_through()
        except OSError as error:
            raise EvidenceError(
                Text("cannot use the folder of evidence {folder}: {error}", folder=folder, error=error)
            ) from error

    # ----------------------------------------------------------------------------------------------------------- views

    @property
    def used_bytes(self) -> int:
        """The bytes of all pictures."""
        return self._pictures.total_bytes

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def retention_class(self, sha256: str) -> RetentionClass | None:
        """Where a picture lies, None when it is not kept."""
        picture = self._pictures.get(sha256)
        return None if picture is None else picture.retention_class

    def size(self, sha256: str) -> int | None:
        """The bytes of a picture, None when it is not kept."""
        picture = self._pictures.get(sha256)
        return None if picture is None else picture.size

    # --------------------------------------------------------------------------------------------------------- keeping

    def keep(self, sha256: str, jpeg: bytes) -> None:
        """Keep a picture, durable when this returns; a picture that is there already stays as it is.

        Raises EvidenceError when the bytes do not have that hash, are more than the cap, or cannot be written; also
        when its transaction is one whose pictures are sent and it cannot be queued for that, though it is kept.
        """
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            raise EvidenceError(
                Text("these {count} bytes are not the picture {sha256}", count=len(jpeg), sha256=sha256[:64])
            )
        if len(jpeg) > self._max_bytes:
            raise EvidenceError(
                Text(
                    "picture {sha256} has {count} bytes, more than the limit for all evidence",
                    sha256=sha256,
                    count=len(jpeg),
                )
            )
        with self._lock:
            if sha256 in self._pictures:
                return
            retention_class, send = self._awaited.get(sha256, (RetentionClass.OPEN, False))
            try:
                self._make_room(len(jpeg))
                kept_utc = write_whole(self._path(retention_class, sha256), jpeg)
            except OSError as error:
                raise EvidenceError(
                    Text("cannot keep picture {sha256}: {error}", sha256=sha256, error=error)
                ) from error
            self._awaited.pop(sha256, None)
            self._pictures.add(sha256, KeptPicture(retention_class, len(jpeg), kept_utc))
            self._kept_at[sha256] = time.monotonic()
            if send:
                self.outgoing.add([sha256])

    def set_outcome(self, pictures: Iterable[str], outcome: Outcome, *, violated: bool = False) -> None:
        """The transaction of these pictures is closed: from now on its outcome says how long they are kept.

        `violated`: something was wrong with it although the vehicle passed. A picture of two transactions is kept as
        long as the one that needs it longer. A picture that comes later goes where it belongs then. Raises
        EvidenceError when a picture cannot be moved, or be queued for sending.
        """
        retention_class = retention_class_of(outcome, violated=violated)
        send = outcome in self._send
        with self._lock:
            here = []
            for sha256 in pictures:
                picture = self._pictures.get(sha256)
                if picture is not None:
                    here.append(sha256)
                    self._move(sha256, picture, retention_class)
                elif NAME.fullmatch(sha256):
                    self._awaited[sha256] = retention_class, send
                    while len(self._awaited) > AWAITED_LIMIT:
                        self._awaited.popitem(last=False)
            if send:
                self.outgoing.add(here)

    def get(self, sha256: str) -> bytes | None:
        """The bytes of a picture, None when it is not kept (any more).

        Raises EvidenceError when it cannot be read or was altered on the disk.
        """
        with self._lock:
            picture = self._pictures.get(sha256)
            if picture is None:
                return None
            path = self._path(picture.retention_class, sha256)
            try:
                with open_regular(path) as file:
                    jpeg = file.read()
            except FileNotFoundError:
                self._forget(sha256)
                return None
            except OSError as error:
                raise EvidenceError(
                    Text("cannot read picture {sha256}: {error}", sha256=sha256, error=error)
                ) from error
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            raise EvidenceError(Text("picture {sha256} was altered on the disk: {path}", sha256=sha256, path=path))
        return jpeg

    # -------------------------------------------------------------------------------------------------------- giving up

    def prune(self, utc: float, *, synced: bool) -> int:
        """Delete the pictures that are older than their class is kept; returns how many. Only a synced clock tells age.

        Raises EvidenceError when one cannot be deleted.
        """
        if not synced:
            return 0
        try:
            with self._lock:
                self._correct_times(utc)
                old = self._pictures.older_than(self._keep, utc)
            # Piece by piece: after a long time without a synced clock there are many, and new ones must not wait for
            # all.
            for sha256 in old:
                with self._lock:
                    if sha256 in self._pictures:
                        self._delete(sha256)
        except OSError as error:
            raise EvidenceError(Text("cannot delete old pictures: {error}", error=error)) from error
        return len(old)

    def erase(self, pictures: Iterable[str]) -> int:
        """Delete pictures before their time, and send them no more; returns how many there were.

        Raises EvidenceError when one cannot be deleted.
        """
        erased = 0
        for sha256 in pictures:
            self.outgoing.remove(sha256)
            try:
                with self._lock:
                    if sha256 in self._pictures:
                        self._delete(sha256)
                        erased += 1
            except OSError as error:
                raise EvidenceError(
                    Text("cannot delete picture {sha256}: {error}", sha256=sha256, error=error)
                ) from error
        return erased

    def take_dropped(self) -> int:
        """How many pictures went before their time since the last call, because all together were more than the cap."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        return dropped

    # --------------------------------------------------------------------------------------------------------- sending

    def request(self, pictures: Iterable[str]) -> EvidenceRequest:
        """Queue pictures to be sent to central. Raises EvidenceError, with nothing queued, when that cannot be."""
        with self._lock:
            known: list[str] = []
            unknown: list[str] = []
            for sha256 in dict.fromkeys(pictures):
                (known if sha256 in self._pictures else unknown).append(sha256)
            self.outgoing.add(known)
        return EvidenceRequest(tuple(known), tuple(unknown))

    # -------------------------------------------------------------------------------------------------------- the disk

    def _path(self, retention_class: RetentionClass, sha256: str) -> Path:
        return self._folder / retention_class / sha256[:2] / f"{sha256}{ENDING}"

    def _look_through(self) -> None:
        found: list[tuple[StoredPicture, RetentionClass]] = []
        for retention_class in RetentionClass:
            found += ((one, retention_class) for one in look_through(self._folder / retention_class))
        for one, retention_class in sorted(found):
            twin = self._pictures.get(one.name)
            if twin is not None:
                # Only a hand can make two of one: the one in the longer-lived folder stays.
                worse = min(retention_class, twin.retention_class, key=list(RetentionClass).index)
                self._path(worse, one.name).unlink(missing_ok=True)
                if worse is retention_class:
                    continue
                self._forget(one.name)
            self._pictures.add(one.name, KeptPicture(retention_class, one.size, one.kept_utc))
        self._make_room(0)

    def _forget(self, sha256: str) -> None:
        self._pictures.remove(sha256)
        self._kept_at.pop(sha256, None)

    def _delete(self, sha256: str) -> None:
        self._path(self._pictures[sha256].retention_class, sha256).unlink(missing_ok=True)
        self._forget(sha256)

    def _make_room(self, size: int) -> None:
        while self._pictures.total_bytes + size > self._max_bytes and (sha256 := self._pictures.first_to_give_way()):
            self._delete(sha256)
            self._dropped += 1

    def _move(self, sha256: str, picture: KeptPicture, retention_class: RetentionClass) -> None:
        if picture.retention_class is retention_class or picture.retention_class is RetentionClass.OTHER:
            return
        source, target = self._path(picture.retention_class, sha256), self._path(retention_class, sha256)
        try:
            target.parent.mkdir(exist_ok=True)
            source.rename(target)
        except OSError as error:
            raise EvidenceError(
                Text(
                    "cannot move picture {sha256} to {retention_class}: {error}",
                    sha256=sha256,
                    retention_class=retention_class,
                    error=error,
                )
            ) from error
        self._pictures.move(sha256, retention_class)

    def _correct_times(self, utc: float) -> None:
        """Correct the times of pictures that were stored while the clock was wrong."""
        now = time.monotonic()
        for sha256, kept_at in list(self._kept_at.items()):
            picture, kept_utc = self._pictures[sha256], utc - (now - kept_at)
            if abs(picture.kept_utc - kept_utc) > CLOCK_SLACK_S:
                try:
                    os.utime(self._path(picture.retention_class, sha256), (kept_utc, kept_utc))
                except FileNotFoundError:  # somebody deleted it; the others must not stay for that
                    self._forget(sha256)
                picture.kept_utc = kept_utc
        self._kept_at.clear()
