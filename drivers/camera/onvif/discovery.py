"""The search for cameras: one question by multicast from each address of this machine, and all answers for a while."""

from __future__ import annotations

import logging
import selectors
import socket
import time
import uuid
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from drivers.api import DeviceUnavailableError
from drivers.camera.onvif.discovery_messages import KINDS, FoundCamera, cameras_in, probe_message
from drivers.camera.onvif.own_addresses import local_networks
from drivers.text import Text, reason
from drivers.untrusted_text import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from drivers.camera.onvif.own_addresses import LocalNetwork

log = logging.getLogger(__name__)

GROUP: Final = "239.255.255.250"
PORT: Final = 3702
SEARCH_S: Final = 4.0
MOST_CAMERAS: Final = 100
_MOST_ANSWERS: Final = 1000
_MOST_OF_ONE: Final = 20
"""Answers of one address: two questions, three times, and some to spare."""
_DATAGRAM: Final = 65_535
_SENT_AT_S: Final = (0.0, 0.3, 1.2)
"""Each question goes out three times: nobody repeats a datagram that is lost."""


def find_cameras(
    within_s: float = SEARCH_S,
    *,
    networks: Sequence[LocalNetwork] | None = None,
    port: int = PORT,
    on_found: Callable[[FoundCamera], None] | None = None,
) -> tuple[FoundCamera, ...]:
    """All cameras that answer within this time, by address; empty where none does. It takes all of the time.

    `networks`: this machine's addresses to ask from; all without. `on_found`: called with each as soon as it answers.
    Raises DeviceUnavailableError where no question can be sent from any of them.
    """
    search = _Search(on_found)
    with ExitStack() as opened:
        selector = opened.enter_context(selectors.DefaultSelector())
        links = _open(_own_networks() if networks is None else networks, opened)
        for link in links:
            selector.register(link, selectors.EVENT_READ)
        began = time.monotonic()
        sends = [began + at for at in _SENT_AT_S if at <= within_s]
        while (now := time.monotonic()) < began + within_s and not search.is_full:
            if sends and now >= sends[0]:
                sends.pop(0)
                refused = _ask(links, search.questions, port)
                if len(refused) == len(links) and not search.found:
                    raise _no_way(refused)
            until = min([began + within_s, *sends[:1]])
            for key, _ in selector.select(max(0.0, until - now)):
                if isinstance(key.fileobj, socket.socket):
                    search.take(key.fileobj)
    return tuple(sorted(search.found.values(), key=lambda one: (_as_number(one.service.host), one.service.port)))


class _Search:
    def __init__(self, on_found: Callable[[FoundCamera], None] | None) -> None:
        ids = [f"uuid:{uuid.uuid4()}" for _ in KINDS]
        self.questions = [probe_message(one, kind) for one, kind in zip(ids, KINDS, strict=True)]
        self.found: dict[tuple[object, ...], FoundCamera] = {}
        self._ids = frozenset(ids)
        self._on_found = on_found
        self._answers: Counter[str] = Counter()
        self._read = 0

    @property
    def is_full(self) -> bool:
        return len(self.found) >= MOST_CAMERAS or self._read >= _MOST_ANSWERS

    def take(self, link: socket.socket) -> None:
        """One datagram. Drops what does not answer our question, and more answers than one camera needs."""
        try:
            data, (sender, _) = link.recvfrom(_DATAGRAM)
        except OSError as error:  # such as an ICMP message about a question
            log.debug("an answer to the search for cameras: %s", error)
            return
        self._answers[sender] += 1
        if self._answers[sender] > _MOST_OF_ONE:
            return  # not counted as read: one that floods the search does not end it for others
        self._read += 1
        try:
            cameras = cameras_in(data, sender, self._ids)
        except DocumentError as error:
            log.debug("%s answers the search for cameras with %s", sender, error)
            return
        for camera in cameras:
            key = (camera.service.host, camera.service.port, camera.service.target)
            if key not in self.found and len(self.found) < MOST_CAMERAS:
                self.found[key] = camera
                if self._on_found is not None:
                    self._on_found(camera)


def _open(networks: Iterable[LocalNetwork], opened: ExitStack) -> list[socket.socket]:
    """A socket an address. Raises DeviceUnavailableError where there is none at all."""
    links: list[socket.socket] = []
    refused: list[OSError] = []
    for network in networks:
        link = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(network.address))
            link.bind((network.address, 0))
        except OSError as error:
            refused.append(error)
            continue
        link.settimeout(0)
        links.append(link)
    if not links:
        raise _no_way(refused)
    return links


def _own_networks() -> Sequence[LocalNetwork]:
    try:
        return local_networks()
    except OSError as error:
        raise _no_way([error]) from None


def _ask(links: Sequence[socket.socket], questions: Iterable[bytes], port: int) -> list[OSError]:
    """Send all questions from each; why it failed, once for each where it did."""
    refused = []
    for link in links:
        try:
            for question in questions:
                link.sendto(question, (GROUP, port))
        except OSError as error:
            log.debug("no search for cameras from %s: %s", link.getsockname()[0], error)
            refused.append(error)
    return refused


def _no_way(refused: Sequence[OSError]) -> DeviceUnavailableError:
    if not refused:
        return DeviceUnavailableError(Text("this computer has no network address from which to search for cameras"))
    return DeviceUnavailableError(Text("cannot search for cameras: {why}", why=reason(refused[0])))


def _as_number(host: str) -> bytes:
    return socket.inet_aton(host)
