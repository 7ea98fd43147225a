"""The proof of the journal's chain, in a thread of its own when somebody asks.

Nobody waits for it, and it waits for nobody. It reads in short batches, so that the agent's own log of the file never
has to wait for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from agent.core.crypto import kid_of
from agent.core.events import Verifier
from agent.service.parallel import Job
from agent.store.errors import JournalError
from agent.store.gate_key import GateKeyError, read_gate_key
from agent.store.journal import JournalReader
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.core.crypto import PublicKey

TRIES: Final = 3
"""Events may be pruned from the begin while it reads: then it begins again."""
_TELL_EVERY: Final = 200


@dataclass(frozen=True, slots=True)
class ChainCheckProgress:
    """How far it is.

    `seq` of `head`; `proven`: events vouched for; `trouble`: the first flaw, or why it failed, in English.
    """

    state: Literal["none", "running", "whole", "broken", "failed"] = "none"
    first: int = 0
    seq: int = 0
    head: int = 0
    proven: int = 0
    signed: int = 0
    trouble: str = ""

    @property
    def percent(self) -> int:
        """How much of the journal is read."""
        return (
            100
            if self.head < self.first
            else min(100, 100 * (self.seq - self.first + 1) // (self.head - self.first + 1))
        )


class ChainCheck:
    """One proof at a time, of one journal. For all threads."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._job: Job[None] | None = None
        self._progress = ChainCheckProgress()

    @property
    def progress(self) -> ChainCheckProgress:
        """How far it is, or what came of it."""
        job, progress = self._job, self._progress
        if job is None or job.error is None:
            return progress
        return replace(progress, state="failed", trouble=type(job.error).__name__)

    def start(self) -> None:
        """Begin, unless it runs already."""
        with self._lock:
            if self._job is not None and self._job.runs:
                return
            self._progress = ChainCheckProgress("running")
            self._job = Job("chain-check", self._run)

    def _run(self) -> None:
        try:
            self._progress = self._judged()
        except (JournalError, GateKeyError, OSError) as error:
            self._progress = replace(self._progress, state="failed", trouble=str(error))

    def _judged(self) -> ChainCheckProgress:
        keys = self._keys()
        with JournalReader(self._journal) as reader:
            found = self._read(reader, keys)
            for _ in range(TRIES - 1):
                if found.state == "whole" or reader.standing().tail.seq < found.first:
                    break
                found = self._read(reader, keys)
        return found

    def _read(self, reader: JournalReader, keys: Mapping[str, PublicKey]) -> ChainCheckProgress:
        now = reader.standing()
        verifier = Verifier(anchor=now.tail, keys=keys)
        first = now.tail.seq + 1
        self._progress = ChainCheckProgress("running", first, now.tail.seq, now.head.seq)
        for index, event in enumerate(reader.events(first, now.head.seq)):
            verifier.add_record(event.payload, index)
            if verifier.broken:
                break
            if index % _TELL_EVERY == 0:
                self._progress = replace(self._progress, seq=event.seq)
        found = verifier.ended(now.head)
        flaw = found.flaw
        return ChainCheckProgress(
            "whole" if flaw is None else "broken",
            first,
            now.head.seq,
            now.head.seq,
            found.proven,
            0 if found.signed is None else found.signed.seq,
            ""
            if flaw is None
            else Text("event {seq}: {fault}: {detail}", seq=flaw.seq or "?", fault=flaw.fault, detail=flaw.detail),
        )

    def _keys(self) -> Mapping[str, PublicKey]:
        key = read_gate_key(self._journal.parent).public
        return {kid_of(key): key}
