"""Uploads of a running gate: one thread that puts what waits to where central said, one object at a time.

It says what waits (`wanted`, in the gate's status), central answers with places (`grant`). What gets no place, or whose
store does not take it, goes over MQTT after a while (`turn_over_mqtt`). Places are held in memory alone: after a
restart the gate asks again, and an object is put whole again, so nothing is left half.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.core.events import UploadWanted
from agent.core.model import UploadFault
from agent.service.worker import Backoff, Worker
from agent.store.errors import EvidenceError, JournalError
from agent.uploads.object_put import Freight, PutError, PutStoppedError, put
from agent.uploads.presigned_url import PlaceRefusedError, SignedPlace
from agent.uploads.reports import UploadReports
from agent.uploads.upload_destinations import REFUSED_LIMIT, Places
from drivers.text import Text

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from agent.core.events import Event
    from agent.uploads.waiting_objects import Shelf

log = logging.getLogger(__name__)

WANTED_LIMIT: Final = 16
"""So many places one command can name, about."""
LIMIT_S: Final = 120.0
"""The resolver and the connection may take some 30 s; all else is asked after every second."""
STOP_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What is allowed. `hosts`: to no other. `fallback_s`: until MQTT is used; 0: never.

    `look_s`: between looks at what waits; `first_pause_s`: after a store failed for the first time.
    """

    hosts: tuple[str, ...] = ()
    ca_file: Path | None = None
    max_bytes: int = 64 << 20
    deadline_s: float = 120.0
    fallback_s: float = 900.0
    look_s: float = 0.5
    first_pause_s: float = 2.0


@dataclass(frozen=True, slots=True)
class UploadDependencies:
    """`note` records an event. `ready`: whether the events are through. `announce`: have the status published soon."""

    note: Callable[[Event], None]
    ready: Callable[[], bool]
    announce: Callable[[], None]
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of the places that central named: the objects that have one now, and why others have none."""

    granted: tuple[str, ...]
    refused: Mapping[str, UploadFault]
    detail: str = ""


class UploadService:
    """Puts what waits on the shelves. Without hosts it does nothing, and all goes over MQTT at once."""

    def __init__(self, shelves: Sequence[Shelf], rules: UploadRules, dependencies: UploadDependencies) -> None:
        self._shelves = tuple(shelves)
        self._rules = rules
        self._dependencies = dependencies
        self._lock = threading.Lock()
        self._places = Places(rules.first_pause_s)
        self._reports = UploadReports(dependencies.note)
        self._wanted: tuple[UploadWanted, ...] = ()
        self._held: dict[str, float] = {}
        self._under_way = ""
        self.worker = Worker("uploads", self._run, limit_s=LIMIT_S, backoff=Backoff())

    @property
    def enabled(self) -> bool:
        """Whether the gate may upload at all."""
        return bool(self._rules.hosts)

    @property
    def wanted(self) -> tuple[UploadWanted, ...]:
        """What waits for a place, for the status."""
        return self._wanted

    @property
    def trouble(self) -> str:
        """Why the last upload failed, in words; empty when it did not."""
        return self._reports.trouble

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often a try ended so, since the start: `done`, or a code of UploadFault."""
        return self._reports.outcomes

    def start(self) -> None:
        """Begin to look at what waits."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop; what is under way is put again after the next start. Returns whether the thread has ended in time."""
        return self.worker.stop(timeout_s)

    # ------------------------------------------------------------------------------------------ for the other threads

    def place_of(self, url: str) -> SignedPlace:
        """Where a URL leads. Raises PlaceRefusedError where the gate may not write there."""
        return SignedPlace.parse(url, self._rules.hosts)

    def grant(self, urls: Iterable[tuple[str, str]], for_s: float) -> Granted:
        """Take places for objects, by their SHA-256, for so long. What is kept and does not wait yet waits from now on.

        Raises EvidenceError where something cannot be queued.
        """
        granted: list[str] = []
        refused: dict[str, UploadFault] = {}
        why = ""
        for sha256, url in urls:
            try:
                self._take_place(sha256, self.place_of(url), for_s)
            except PlaceRefusedError as error:
                refused[sha256] = error.code
                why = why or error.detail
                self._reports.count(error.code)
            else:
                granted.append(sha256)
        return Granted(tuple(granted), refused, why)

    def turn_over_mqtt(self, shelf: Shelf) -> str | None:
        """The name on this shelf that is to go over MQTT now; None: none is."""
        at = self._dependencies.now()
        names = shelf.store.outgoing.names(len(shelf.store.outgoing))
        with self._lock:
            free = (name for name in names if name != self._under_way and self._held.get(name, at) <= at)
            return next((name for name in free if not self.enabled or self._is_for_mqtt(shelf, name, at)), None)

    def hold_from_mqtt(self, name: str, for_s: float) -> None:
        """Have an object wait for so long before it may go over MQTT, until a restart at most."""
        at = self._dependencies.now()
        with self._lock:
            self._held = {one: until for one, until in self._held.items() if until > at}
            self._held[name] = at + for_s

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        pause_s = 0.0
        while not self.worker.wait(pause_s):
            try:
                pause_s = self._turn()
            except (EvidenceError, JournalError, OSError) as error:
                # A disk or journal in trouble may be well later: the thread must see that day.
                self._reports.disk_failed(error)
                pause_s = self._rules.look_s
        self._reports.tell_rest()

    def _turn(self) -> float:
        """Put one object if one may be; returns after how many seconds to look again."""
        if not self.enabled:
            return self._rules.look_s
        at = self._dependencies.now()
        self._reports.tell_due(at)
        self._look(at)
        turn = self._next(at) if self._dependencies.ready() else None
        if turn is None:
            return self._rules.look_s
        try:
            self._put(*turn)
        finally:
            self._under_way = ""
        return 0.0

    def _next(self, at: float) -> tuple[str, SignedPlace] | None:
        with self._lock:
            turn = self._places.next(at)
            if turn is not None:
                self._under_way = turn[0]
            return turn

    def _look(self, at: float) -> None:
        """See what waits, let go what is over, and have the status say what is wanted."""
        lost: list[tuple[str, SignedPlace, PutError]] = []
        with self._lock:
            # Within the lock: what is granted between the two would be taken for gone, and its place forgotten.
            waiting = {
                name: shelf for shelf in self._shelves for name in shelf.store.outgoing.names(len(shelf.store.outgoing))
            }
            self._places.see(waiting, at)
            for name, place, last in self._places.over(at):
                lost.append((name, place, last or _over()))
                self._places.lose(name, at)
            without = (name for name in self._places.without(at) if not self._is_for_mqtt(waiting[name], name, at))
            most = min(WANTED_LIMIT, self._places.room)
            names = list(islice((name for name in without if not self._is_large(waiting[name], name)), most))
        for name, place, error in lost:
            self._reports.lost(waiting[name].what, name, place, error)
        self._want(tuple(_as_wanted(waiting[name], name) for name in names))

    def _want(self, wanted: tuple[UploadWanted, ...]) -> None:
        news = wanted != self._wanted
        self._wanted = wanted
        if news and wanted:
            self._dependencies.announce()

    def _put(self, name: str, place: SignedPlace) -> None:
        shelf = self._shelf_of(name)
        content = None if shelf is None else shelf.store.get(name)
        if shelf is None:
            return
        if content is None:
            log.warning("%s %s is already deleted: it cannot be uploaded", shelf.what, name)
            shelf.leave(name)
            return
        try:
            freight = Freight(content, shelf.content_type)
            put(place, self._context(place), freight, self._rules.deadline_s, self._goes_on)
        except PutStoppedError:
            return
        except PutError as error:
            self._reports.failed(shelf.what, name, place, error)
            with self._lock:
                lost = self._places.failed(name, error, self._dependencies.now())
            if lost:
                self._reports.lost(shelf.what, name, place, error)
            return
        with self._lock:
            self._places.went_well(place)
        self._dependencies.note(shelf.sent(name, len(content), place.host.text))
        shelf.leave(name)
        self._reports.went_well()

    def _context(self, place: SignedPlace) -> ssl.SSLContext | None:
        """Made for each: the file may have been exchanged. Raises PutError."""
        if not place.tls:
            return None
        try:
            return make_context(TlsFiles(self._rules.ca_file))
        except TlsFilesError as error:
            raise PutError(UploadFault.TLS, str(error), again=True) from error

    def _goes_on(self) -> bool:
        self.worker.touch()
        return not self.worker.stopping

    # -------------------------------------------------------------------------------------------------------- the rest

    def _is_for_mqtt(self, shelf: Shelf, name: str, at: float) -> bool:
        """Whether an object waits for the store no longer. Under the lock."""
        one = self._places.of(name)
        if one is None or not self._rules.fallback_s:
            return False
        waited = one.refused >= REFUSED_LIMIT or at - one.since >= self._rules.fallback_s
        return waited or self._is_large(shelf, name)

    def _is_large(self, shelf: Shelf, name: str) -> bool:
        return (shelf.store.size(name) or 0) > self._rules.max_bytes

    def _take_place(self, sha256: str, place: SignedPlace, for_s: float) -> None:
        """Have an object that is kept wait with this place. Raises PlaceRefusedError for one that cannot."""
        shelf = next((each for each in self._shelves if each.store.size(sha256) is not None), None)
        if shelf is None:
            raise PlaceRefusedError(UploadFault.UNKNOWN, Text("nothing of this SHA-256 is kept"))
        if self._is_large(shelf, sha256):
            most_mb = self._rules.max_bytes >> 20
            said = Text("it has more than the {most_mb} MB of uploads.max_mb", most_mb=most_mb)
            raise PlaceRefusedError(UploadFault.TOO_LARGE, said)
        shelf.store.outgoing.add([sha256])
        at = self._dependencies.now()
        with self._lock:
            if not self._places.give(sha256, place, at + for_s, at):
                raise PlaceRefusedError(UploadFault.TOO_MANY, Text("the gate already has enough upload addresses"))

    def _shelf_of(self, name: str) -> Shelf | None:
        return next((shelf for shelf in self._shelves if name in shelf.store.outgoing), None)


def _over() -> PutError:
    return PutError(UploadFault.EXPIRED, Text("its time was over before its turn came"), again=False)


def _as_wanted(shelf: Shelf, name: str) -> UploadWanted:
    return UploadWanted(sha256=name, bytes=shelf.store.size(name) or 0, what=shelf.what)
