"""The one proposal of other trust anchors that waits for its second person, kept over restarts.

It lies in the agent's own folder: what counts of it are its signatures, which are proved whenever it is read.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Final

from agent.anchors.kept_file import keep_file
from agent.core.anchors import (
    REQUEST_LIMIT_BYTES,
    AnchorProposal,
    AnchorRefusedError,
    AnchorWaitsError,
    SignedText,
    is_over,
    parsed_document,
    signers_of,
)
from agent.store.durable_files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.anchors import HeldAnchors

log = logging.getLogger(__name__)

FILE: Final = "anchors-proposal.json"


class WaitingProposal:
    """For all threads. Methods that write may raise OSError."""

    def __init__(self, state: Path) -> None:
        """`state`: the agent's own directory."""
        self._path = state / FILE
        self._lock = threading.Lock()

    def find(self, held: HeldAnchors | None) -> AnchorProposal | None:
        """What waits, also when its time is over; None: nothing that any of these anchors' people has signed."""
        with self._lock:
            found = self._read()
        return found if found is not None and _is_proved(found, held) else None

    def keep(self, proposal: AnchorProposal, held: HeldAnchors, utc: float) -> None:
        """Have one wait. Raises AnchorWaitsError where another does."""
        with self._lock:
            other = self._read()
            if other is not None and _is_proved(other, held) and not is_over(other, held, utc):
                raise AnchorWaitsError(other.person)
            told = {"person": proposal.person, "signatures": list(proposal.signatures)}
            keep_file(self._path, json.dumps(told).encode())

    def drop(self) -> None:
        """Have it wait no more."""
        with self._lock:
            self._path.unlink(missing_ok=True)

    def pop_over(self, held: HeldAnchors | None, utc: float) -> AnchorProposal | None:
        """Drop one that can come to nothing any more, and return it; None: there is none."""
        with self._lock:
            found = self._read()
            if found is None or (_is_proved(found, held) and not is_over(found, held, utc)):
                return None
            self._path.unlink(missing_ok=True)
            return found

    def _read(self) -> AnchorProposal | None:
        """What lies there, not proved; what is no proposal is taken away."""
        try:
            with open_regular(self._path) as file:
                told = json.loads(file.read(REQUEST_LIMIT_BYTES))
            signatures = tuple(map(str, told["signatures"]))
            document = parsed_document(SignedText.read(signatures[0]).payload)
            return AnchorProposal(str(told["person"]), signatures, document)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            log.warning("%s is not a proposal and is deleted: %s", self._path, error)
            if not self._path.is_dir():
                self._path.unlink(missing_ok=True)
            return None


def _is_proved(proposal: AnchorProposal, held: HeldAnchors | None) -> bool:
    if held is None:
        return False
    try:
        signers_of(held, proposal.signatures)
    except AnchorRefusedError:
        return False
    return True
