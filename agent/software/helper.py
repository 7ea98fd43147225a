"""The helper that installs software: root's, and nothing else than this.

systemd starts it when the agent connects to its socket (gate-agent-software.socket), and at a start of the machine in
the middle of an update (gate-agent-software.path). It hears root and the agent's user, one at a time and each for a
bounded time. What is installed is decided by signatures: of a key of central that root's trust anchors name, and of a
release key over the repository. All that it needs of itself is loaded before it begins, since an update replaces the
very files that it was loaded from.
"""

from __future__ import annotations

import logging
import os
import pwd
import socket
import struct
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.anchors import held_folder, make_folder
from agent.clock import Clock
from agent.core.detail import detail_message
from agent.core.fleet import DocumentRefusedError
from agent.core.software import (
    REQUEST_LIMIT_BYTES,
    BeginRequest,
    SoftwareAnswer,
    SoftwareRequestError,
    answer_bytes,
    parsed_request,
)
from agent.service.garbage_collection import loading
from agent.service.privileges import ROOT
from agent.service.systemd_unit import unit_properties
from agent.software.dpkg import Dpkg
from agent.software.machine import VERSIONS, this_machine
from agent.software.update_files import FOLDER, UpdateFiles
from agent.software.update_intake import FILES, UpdateIntake, UpdateTrust
from agent.software.update_run import UpdateRun
from drivers.text import Text, reason, shortened

if TYPE_CHECKING:
    from collections.abc import Collection

log = logging.getLogger(__name__)

ANCHORS: Final = Path("/etc/gate-agent-anchors")
KEYRING: Final = Path("/usr/share/keyrings/gate-agent-archive-keyring.gpg")
USER: Final = "gate-agent"
FIRST_PASSED: Final = 3
"""The descriptor of the socket that systemd passes on: sd_listen_fds(3)."""
TALK_S: Final = 5.0
IDLE_S: Final = 30.0
LONGEST_WHY: Final = 1_000
FOLDER_MODE: Final = 0o755
_CREDENTIALS: Final = struct.Struct("3i")


class SoftwareHelper:
    """Goes on with the update, and answers one connection after the other. `senders`: the uids that are heard."""

    def __init__(self, run: UpdateRun, intake: UpdateIntake, senders: Collection[int]) -> None:
        self._run, self._intake, self._senders = run, intake, senders

    def serve(self, listener: socket.socket, idle_s: float) -> None:
        """Go on until nothing is under way and nobody has come for a while.

        Raises OSError where the listening socket fails, or the disk does not take what must be written.
        """
        while True:
            wait_s = self._run.go_on()
            listener.settimeout(idle_s if wait_s is None else max(0.001, wait_s))
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                if wait_s is None:
                    return
                continue
            with connection:
                try:
                    self._talk(connection)
                except OSError as error:
                    log.warning("a caller was disconnected: %s", error)

    def answer(self, line: bytes, handed: list[int]) -> SoftwareAnswer:
        """What comes of one request. Nothing is begun where it is not done."""
        try:
            request = parsed_request(line)
            if isinstance(request, BeginRequest):
                self._begin(request, handed)
            else:
                self._run.heard(at_rest=request.at_rest, connected=request.connected)
        except SoftwareRequestError as error:
            return self._answered("request_invalid", str(error))
        except DocumentRefusedError as error:
            return self._answered(error.fault.value, str(error))
        except OSError as error:
            return self._answered("not_kept", str(reason(error)))
        return self._answered()

    def _begin(self, request: BeginRequest, handed: list[int]) -> None:
        if self._run.record is None and (record := self._intake.take(request, handed)) is not None:
            self._run.begin(record)

    def _answered(self, fault: str = "", why: str = "") -> SoftwareAnswer:
        record, why = self._run.record, shortened(why, LONGEST_WHY)
        return SoftwareAnswer(
            done=not fault,
            fault=fault,
            why=why,
            message=detail_message(why),
            stage=None if record is None else record.stage,
            identity="" if record is None else record.identity,
            outcome=self._run.outcome,
        )

    def _talk(self, connection: socket.socket) -> None:
        pid, uid, _ = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        if uid not in self._senders:
            log.warning("the process %d of the user %d is not allowed to ask", pid, uid)
            return
        with ExitStack() as opened:
            line, handed = _received(connection, time.monotonic() + TALK_S, opened)
            answer = self.answer(line, handed)
        if not answer.done:
            log.warning("a request of the user %d is refused: %s: %s", uid, answer.fault, answer.why)
        connection.settimeout(TALK_S)
        connection.sendall(answer_bytes(answer))


def main() -> int:
    """Serve the socket that systemd passes on; 1 where there is none, or the agent has no user here."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    os.umask(0o077)
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        log.error("expected one socket from systemd: it is started by gate-agent-software.socket")
        return 1
    try:
        uid = pwd.getpwnam(USER).pw_uid
    except KeyError:
        log.error("there is no user %s", USER)  # noqa: TRY400 - told, not a bug
        return 1
    _load()
    make_folder(VERSIONS, FOLDER_MODE)
    path = VERSIONS / FOLDER
    make_folder(path, FOLDER_MODE)
    with held_folder(path) as folder, socket.socket(fileno=FIRST_PASSED) as listener:
        helper = _helper(UpdateFiles(folder, path), {ROOT, uid})
        helper.serve(listener, IDLE_S)
    return 0


def _helper(files: UpdateFiles, senders: Collection[int]) -> SoftwareHelper:
    clock, dpkg = Clock(), Dpkg()
    trust = UpdateTrust(ANCHORS, KEYRING)
    intake = UpdateIntake(files, dpkg, this_machine, trust, lambda: clock.now().utc)
    return SoftwareHelper(UpdateRun(files, dpkg, _is_up, clock.now, Path("/")), intake, senders)


def _is_up() -> bool:
    return unit_properties().get("ActiveState") == "active"


def _load() -> None:
    """Load what is taken from faces later: after an update the files are those of another version."""
    with loading():
        import agent.core.crypto  # noqa: PLC0415
        import agent.core.fleet  # noqa: PLC0415
        import agent.core.software  # noqa: PLC0415
        import agent.settings  # noqa: PLC0415

        for room in (agent.core.crypto, agent.core.fleet, agent.core.software, agent.settings):
            for name in room.__all__:
                getattr(room, name)


def _received(connection: socket.socket, until_at: float, opened: ExitStack) -> tuple[bytes, list[int]]:
    """What was sent up to the end of the line, and the open files with it. Raises OSError where it does not come."""
    found, handed = bytearray(), []
    while b"\n" not in found and len(found) <= REQUEST_LIMIT_BYTES:
        left_s = until_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(Text("the request did not arrive in time"))
        connection.settimeout(left_s)
        part, passed, _, _ = socket.recv_fds(connection, 1 << 16, len(FILES) + 1)
        for handle in passed:
            opened.callback(os.close, handle)
        handed += passed
        if not part:
            break
        found += part
    return bytes(found.partition(b"\n")[0]), handed


if __name__ == "__main__":
    sys.exit(main())
