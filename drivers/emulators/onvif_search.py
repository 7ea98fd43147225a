"""The answering side of a search for cameras: WS-Discovery on the loopback address, at a port of one's own."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP: Final = "239.255.255.250"
LOOPBACK: Final = "127.0.0.1"
_DATAGRAM: Final = 65_535
_MESSAGE_ID: Final = re.compile(rb"<(?:\w+:)?MessageID[^>]*>\s*([^<\s]{1,200})\s*<")
_PROBE: Final = re.compile(rb"<(?:\w+:)?Probe[\s>]")


class SearchResponder:
    """Answers from `start` to `stop`. `answer`: the document for a question's id; b"": none. `port`: 0: a free one."""

    def __init__(self, answer: Callable[[str], bytes], port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []
        self._answer = answer
        self._running: tuple[socket.socket, socket.socket, threading.Thread] | None = None

    def start(self) -> None:
        """Begin to listen."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Several cameras may listen at one port: a question by multicast reaches all of them.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((GROUP, self.port))
        self.port = listening.getsockname()[1]
        member = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        wake, woken = socket.socketpair()
        thread = threading.Thread(target=self._serve, args=(listening, woken))
        thread.start()
        self._running = listening, wake, thread

    def stop(self) -> None:
        """Listen no more. May be called again."""
        running, self._running = self._running, None
        if running is None:
            return
        listening, wake, thread = running
        wake.close()
        thread.join()
        listening.close()

    def _serve(self, listening: socket.socket, woken: socket.socket) -> None:
        with (
            woken,
            selectors.DefaultSelector() as selector,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answers,
        ):
            answers.bind((LOOPBACK, 0))
            selector.register(listening, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while woken not in [key.fileobj for key, _ in selector.select()]:
                question, sender = listening.recvfrom(_DATAGRAM)
                self.heard.append(question)
                message_id = _MESSAGE_ID.search(question)
                if message_id is None or not _PROBE.search(question):
                    continue
                answer = self._answer(message_id[1].decode("ascii", "replace"))
                if answer:
                    answers.sendto(answer, sender)
