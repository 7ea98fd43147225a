"""The helper that changes trust anchors: root's, and nothing else than this.

systemd starts it when somebody connects to its socket (gate-agent-anchors.socket), and it ends when nobody has for a
while. It hears root and the agent's user, by the uid that the kernel names (SO_PEERCRED), one at a time and each for a
bounded time; reads one line of a strict form; judges signatures; and writes in one folder of root's. The agent only
carries what others have signed: nothing that it says of itself changes an anchor.
"""

from __future__ import annotations

import logging
import os
import pwd
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.anchors.store import AnchorStore, AnchorStoreError
from agent.clock import Clock
from agent.core.anchors import (
    REQUEST_LIMIT_BYTES,
    AnchorRefusedError,
    ChangeRequest,
    HelperAnswer,
    RequestInvalidError,
    Sender,
    answer_bytes,
    parsed_request,
)
from agent.core.detail import detail_message
from agent.service.privileges import ROOT
from drivers.text import Text, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

FOLDER: Final = Path("/etc/gate-agent-anchors")
USER: Final = "gate-agent"
FIRST_PASSED: Final = 3
"""The descriptor of the socket that systemd passes on: sd_listen_fds(3)."""
TALK_S: Final = 5.0
IDLE_S: Final = 30.0
LONGEST_WHY: Final = 1_000
_CREDENTIALS: Final = struct.Struct("3i")


class AnchorHelper:
    """Answers one connection after the other. `senders`: who is heard, by uid. `utc`: Unix seconds."""

    def __init__(self, store: AnchorStore, senders: Mapping[int, Sender], utc: Callable[[], float]) -> None:
        self._store = store
        self._senders = senders
        self._utc = utc

    def serve(self, listener: socket.socket, idle_s: float) -> None:
        """Answer until nobody has come for a while. Raises OSError where the listening socket fails."""
        listener.settimeout(idle_s)
        while True:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                return
            with connection:
                try:
                    self._talk(connection)
                except OSError as error:
                    log.warning("a caller was disconnected: %s", error)

    def answer(self, line: bytes, sender: Sender) -> HelperAnswer:
        """What comes of one request. Nothing was changed where it is not done."""
        try:
            request = parsed_request(line)
            if isinstance(request, ChangeRequest):
                number = self._store.change(request.signatures, sender, self._utc()).number
            else:
                change = self._store.seal(self._utc())
                number = 0 if change is None else change.number
        except RequestInvalidError as error:
            return _refused("request_invalid", str(error))
        except AnchorRefusedError as error:
            return _refused(error.fault.value, str(error))
        except AnchorStoreError as error:
            return _refused("store_failed", str(error))
        return HelperAnswer(done=True, number=number)

    def _talk(self, connection: socket.socket) -> None:
        pid, uid, _ = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        sender = self._senders.get(uid)
        if sender is None:
            log.warning("the process %d of the user %d is not allowed to ask", pid, uid)
            return
        line = _line(connection, time.monotonic() + TALK_S)
        answer = self.answer(line, sender)
        if not answer.done:
            log.warning("a request of the user %d is refused: %s: %s", uid, answer.fault, answer.why)
        connection.settimeout(TALK_S)
        connection.sendall(answer_bytes(answer))


def main() -> int:
    """Serve the socket that systemd passes on; 1 where there is none, or the agent has no user here."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    os.umask(0o077)
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        log.error("expected one socket from systemd: it is started by gate-agent-anchors.socket")
        return 1
    try:
        uid = pwd.getpwnam(USER).pw_uid
    except KeyError:
        log.error("there is no user %s", USER)  # noqa: TRY400 - told, not a bug
        return 1
    clock = Clock()
    senders = {ROOT: Sender.ROOT, uid: Sender.SERVICE}
    helper = AnchorHelper(AnchorStore(FOLDER), senders, lambda: clock.now().utc)
    with socket.socket(fileno=FIRST_PASSED) as listener:
        helper.serve(listener, IDLE_S)
    return 0


def _line(connection: socket.socket, until_at: float) -> bytes:
    """What was sent up to the end of the line. Raises OSError where it does not come in time."""
    found = bytearray()
    while b"\n" not in found and len(found) <= REQUEST_LIMIT_BYTES:
        left_s = until_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(Text("the request did not arrive in time"))
        connection.settimeout(left_s)
        part = connection.recv(1 << 16)
        if not part:
            break
        found += part
    return bytes(found.partition(b"\n")[0])


def _refused(fault: str, why: str) -> HelperAnswer:
    why = shortened(why, LONGEST_WHY)
    return HelperAnswer(done=False, fault=fault, why=why, message=detail_message(why))


if __name__ == "__main__":
    sys.exit(main())
