"""Asks the helper of the trust anchors, over its socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.anchors import RequestInvalidError, parsed_answer, request_bytes
from drivers.text import Text, reason

if TYPE_CHECKING:
    from agent.core.anchors import ChangeRequest, HelperAnswer, SealRequest

SOCKET: Final = Path("/run/gate-agent-anchors.sock")
ASK_S: Final = 15.0
"""More than the helper gives those before, and the disk."""
_ANSWER_LIMIT_BYTES: Final = 1 << 14


class HelperUnreachableError(Exception):
    """The helper does not answer; the message says why. Whether it has done what it was asked is not known."""


def ask_helper(request: ChangeRequest | SealRequest, path: Path = SOCKET) -> HelperAnswer:
    """Ask, and wait for the answer. Raises HelperUnreachableError."""
    found = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ASK_S)
            connection.connect(str(path))
            connection.sendall(request_bytes(request))
            while b"\n" not in found and len(found) <= _ANSWER_LIMIT_BYTES:
                part = connection.recv(1 << 12)
                if not part:
                    break
                found += part
        return parsed_answer(bytes(found))
    except OSError as error:
        raise HelperUnreachableError(Text("{path}: {why}", path=path, why=reason(error))) from None
    except RequestInvalidError:
        raise HelperUnreachableError(Text("{path}: {why}", path=path, why=Text("it gave no answer"))) from None
