"""Asks the helper that installs software, over its socket; files are handed over open."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.software import BeginRequest, SoftwareRequestError, parsed_answer, request_bytes
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.software import SoftwareAnswer, WordRequest

SOCKET: Final = Path("/run/gate-agent-software.sock")
ASK_S: Final = 1.5
"""Less than the agent gives the thread that asks to end: while dpkg runs nobody answers."""
REST_S: Final = 10.0
"""The lanes stand still for this answer, so it is waited for."""
BEGIN_S: Final = 100.0
"""The helper copies and checks a package before it answers."""
_ANSWER_LIMIT_BYTES: Final = 1 << 15


class SoftwareHelperError(Exception):
    """The helper does not answer; the message says why. While dpkg runs that is in order."""


def ask_software_helper(
    request: BeginRequest | WordRequest, handed: Sequence[int] = (), path: Path = SOCKET
) -> SoftwareAnswer:
    """Ask, and wait for the answer. `handed`: open files. Raises SoftwareHelperError."""
    found = bytearray()
    line = request_bytes(request)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_limit_s(request))
            connection.connect(str(path))
            if handed:
                socket.send_fds(connection, [line[:1]], list(handed))
                line = line[1:]
            connection.sendall(line)
            while b"\n" not in found and len(found) <= _ANSWER_LIMIT_BYTES:
                part = connection.recv(1 << 12)
                if not part:
                    break
                found += part
        return parsed_answer(bytes(found))
    except OSError as error:
        raise SoftwareHelperError(Text("{path}: {why}", path=path, why=reason(error))) from None
    except SoftwareRequestError:
        raise SoftwareHelperError(Text("{path}: {why}", path=path, why=Text("it gave no answer"))) from None


def _limit_s(request: BeginRequest | WordRequest) -> float:
    if isinstance(request, BeginRequest):
        return BEGIN_S
    return REST_S if request.at_rest else ASK_S
