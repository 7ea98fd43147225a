"""Taking a pack of lists into a registry, one list after the other, with what leads on from what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lists import ListError, ListFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from agent.core.lists import ListHead, OpenedList
    from agent.core.model import ListKind
    from agent.lists import ListIntake
    from agent.store.registry import Pack


class Intake:
    """Takes in what a pack holds. The list intake reports what is wrong with a part; `complete`: nothing was.

    `current`: lists of which the gate has already what the pack says. `progress` shows how far each list is that is
    read.
    """

    def __init__(self, list_intake: ListIntake, pack: Pack, progress: Progress) -> None:
        self._list_intake = list_intake
        self._pack = pack
        self._progress = progress
        self.complete = True
        self.current: dict[ListKind, int] = {}

    def run(self) -> None:
        """Take in the trust list first, for it names the keys of all others. Raises PackError for a damaged file."""
        text = self._pack.trust
        if text is not None and self._list_intake.take_trust(text, "file"):
            self.complete = False
        for kind in self._pack.kinds:
            self._apply_list(kind)

    def _apply_list(self, kind: ListKind) -> None:
        opened = self._list_intake.open_head(self._pack.head(kind), kind)
        known = self._list_intake.known(kind)
        if isinstance(opened, ListError):
            self._refuse(kind, opened.fault, str(opened))
        elif known is None:
            self.complete = False
        elif opened.said.version < known[0]:
            detail = f"the pack has version {opened.said.version}, while version {known[0]} is in use"
            self._refuse(kind, ListFault.ROLLED_BACK, detail)
        else:
            self._bring_up(opened, known[0])

    def _bring_up(self, head: OpenedList[ListHead], version: int) -> None:
        kind, aim = head.said.kind, head.said.version
        if version == aim:
            self.current[kind] = version
        if version < head.said.snapshot and not self._leads_on(kind, version):
            if not self._list_intake.apply_snapshot(head, self._chunks(head.said), "file").done:
                self.complete = False
                return
            version = head.said.snapshot
        if self._apply_deltas(kind, version, aim):
            self.complete &= self._list_intake.refresh(head, "file").done

    def _leads_on(self, kind: ListKind, version: int) -> bool:
        """Whether the first of the deltas that are news begins where the gate is: then they are all it needs."""
        later = [each for each in self._pack.deltas(kind) if each > version]
        opened = self._list_intake.open_delta(self._pack.delta(kind, later[0]), kind) if version and later else None
        return opened is not None and not isinstance(opened, ListError) and opened.said.since == version

    def _apply_deltas(self, kind: ListKind, version: int, aim: int) -> bool:
        for each in self._pack.deltas(kind):
            if not version < each <= aim:
                continue
            opened = self._list_intake.open_delta(self._pack.delta(kind, each), kind)
            if isinstance(opened, ListError):
                self._refuse(kind, opened.fault, str(opened))
                return False
            if not self._list_intake.apply_delta(opened, "file").done:
                self.complete = False
                return False
            version = opened.said.version
        if version != aim:
            self._refuse(kind, ListFault.GAP, f"the pack leads to version {version} only, and its head names {aim}")
        return version == aim

    def _chunks(self, head: ListHead) -> Iterator[bytes]:
        task = self._progress.add_task(head.kind.value, total=head.rows)
        for number, ref in enumerate(head.chunks):
            data = self._pack.chunk(head.kind, number)
            if data is None:
                return
            yield data
            self._progress.advance(task, ref.rows)

    def _refuse(self, kind: ListKind, fault: ListFault, detail: str) -> None:
        self.complete = False
        self._list_intake.refuse(kind.value, fault, detail, "file")
