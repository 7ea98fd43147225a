"""Makes the signed record of the gate's head, and keeps it in the head file."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from agent.core.model import ReportOnce
from agent.core.trust_state import HeadRecord, signed_head
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.crypto import SigningKey
    from agent.store.head_file import HeadFile
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

MS_PER_S: Final = 1000


class HeadWriter:
    """Safe to use from any thread. `file`: None where there is no second place.

    `utc`: the wall clock, Unix seconds. `beside`: the floors of lists and the former streams, as the record names them.
    """

    def __init__(
        self,
        journal: Journal,
        key: SigningKey,
        gate: str,
        utc: Callable[[], float],
        beside: Callable[[], tuple[Mapping[str, int], Mapping[str, int]]],
        file: HeadFile | None,
    ) -> None:
        self._journal = journal
        self._key = key
        self._gate = gate
        self._utc = utc
        self._beside = beside
        self._file = file
        self._lock = threading.Lock()
        self._reported = ReportOnce()
        self.trouble = ""

    def record(self, *, bare: bool = False) -> str | None:
        """The signed record of now; None while the journal cannot be read, or its stream must not go on.

        `bare`: where the chain and the row log stand alone, without lists, orders and streams before.
        """
        try:
            now = self._journal.witnessed()
        except JournalError:
            return None
        floors, former = self._beside()
        record = HeadRecord(
            gate=self._gate,
            stream=now.point.stream,
            seq=now.point.seq,
            digest=now.point.digest,
            rows=now.row_place,
            utc_ms=max(0, round(self._utc() * MS_PER_S)),
            lists={} if bare else dict(floors),
            orders=None
            if bare
            else {lane: (held.locked_by, held.out_of_service_by) for lane, held in now.orders.items()},
            former={} if bare else dict(former),
        )
        return signed_head(record, self._key)

    def keep(self) -> bool:
        """Write the head of now to its second place; whether it is there, or there is no such place.

        Costs one fdatasync. To be called once what opens a barrier is in the journal, and before anything moves. What
        fails is told in `trouble`: what was recorded stands, and the next permit waits for an officer. Never raises.
        """
        if self._file is None:
            return True
        with self._lock:
            try:
                text = self.record()
                if text is None:
                    self.trouble = Text("the journal does not say how far it is, so the head file is behind it")
                    return False
                self._file.write(text)
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                self.trouble = Text("the head file {path} cannot be written: {why}", path=self._file.path, why=why)
                if self._reported.is_new(self.trouble):
                    log.error("%s", self.trouble)  # noqa: TRY400 - told, not a bug
                return False
            self.trouble = ""
            self._reported.clear()
            return True

    def close(self) -> None:
        """Write the last head, and close the file."""
        if self._file is not None:
            self.keep()
            self._file.close()
