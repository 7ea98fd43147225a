"""The trust anchors on the disk, as root changes them; every change is noted beside them.

`anchors.toml`, the certificates that it needs, and `changes.jsonl`: one line of JSON a change, from which the agent
makes events. All are readable by everybody and hold no secret.
"""

from __future__ import annotations

import errno
import json
import logging
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from agent.anchors.root_folder import RootFolder, held_folder, make_folder
from agent.core.anchors import (
    NOT_ADOPTED,
    AnchorDifference,
    AnchorFault,
    AnchorRefusedError,
    Authority,
    HeldAnchors,
    Sender,
    differences,
    judge_change,
    sealed,
)
from agent.service.privileges import ROOT
from agent.settings import (
    AnchorsUnusableError,
    AnchorValueError,
    anchors_text,
    ca_files,
    changed_anchors,
    read_anchors,
)
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

log = logging.getLogger(__name__)

FILE: Final = "anchors.toml"
CHANGES: Final = "changes.jsonl"
CHANGES_KEPT: Final = 200
CHANGES_LIMIT_BYTES: Final = 1 << 22
FOLDER_MODE: Final = 0o755


class AnchorStoreError(OSError):
    """The anchors cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class AnchorChange:
    """One change, as it is noted. `number`: of the anchors after it. `utc`: Unix seconds. `by`: who, by name.

    `authority`: by whose word; "seal" where a real vehicle sealed them. `digest`: of the anchors after it.
    """

    number: int
    utc: float
    authority: str
    by: tuple[str, ...]
    cause: str
    differences: tuple[AnchorDifference, ...]
    digest: str


class AnchorStore:
    """The folder of a gate's anchors. Each method does all or nothing; all may raise AnchorStoreError."""

    def __init__(self, folder: Path, owner: int = ROOT) -> None:
        """`owner`: who alone may write there."""
        self.folder = folder
        self._owner = owner

    def held(self) -> HeldAnchors | None:
        """What the gate holds; None: nothing of its own yet."""
        try:
            found = read_anchors(self.folder, self._owner)
        except AnchorsUnusableError as error:
            raise _failed(self.folder, error) from None
        return None if found is None else found.held

    def adopt(self, wanted: HeldAnchors, by: str, utc: float) -> AnchorChange:
        """Put anchors down that root alone decided on. Raises AnchorRefusedError once those of now are sealed.

        Where those of before were taken away their numbers go on: what was signed for one of them holds for none.
        """
        with self._opened() as folder:
            held = self.held()
            if held is not None and held.sealed:
                raise AnchorRefusedError(
                    AnchorFault.SECOND_PERSON_NEEDED,
                    Text(
                        "a real vehicle has been here: from now on, only two people together or central can "
                        "change the trust anchors"
                    ),
                )
            last = max((_change(json.loads(line)).number for line in _noted(folder)), default=0)
            number = max(last, 0 if held is None else held.number) + 1
            fresh = replace(wanted, number=number, sealed=False)
            return self._put(folder, held, fresh, Authority.ROOT, (by,), Text("taken from the configuration"), utc)

    def change(self, signatures: Sequence[str], sender: Sender, utc: float, root: str = "") -> AnchorChange:
        """Make a change that is signed for. `root`: who is root, where he takes part. Raises AnchorRefusedError."""
        with self._opened() as folder:
            held = self.held()
            judged = judge_change(held, signatures, sender, utc)
            assert held is not None  # noqa: S101 - nothing is judged without
            fresh = changed_or_refused(held, judged.document.number, judged.document.changes)
            by = (*judged.by, root) if judged.authority is Authority.PERSON_AND_ROOT else judged.by
            return self._put(folder, held, fresh, judged.authority, by, judged.document.cause, utc)

    def seal(self, utc: float) -> AnchorChange | None:
        """Have no single person change anything from now on; None: it is so already. Raises AnchorRefusedError."""
        with self._opened() as folder:
            held = self.held()
            if held is None:
                raise AnchorRefusedError(AnchorFault.NOT_ADOPTED, NOT_ADOPTED)
            if held.sealed:
                return None
            return self._put(folder, held, sealed(held), "seal", (), Text("a real vehicle has been here"), utc)

    @contextmanager
    def _opened(self) -> Iterator[RootFolder]:
        try:
            make_folder(self.folder, FOLDER_MODE, self._owner)
            with held_folder(self.folder, self._owner) as folder:
                yield folder
        except AnchorStoreError:
            raise
        except OSError as error:
            raise _failed(self.folder, error) from None

    def _put(  # noqa: PLR0913, PLR0917 - one argument a column of the note
        self,
        folder: RootFolder,
        held: HeldAnchors | None,
        fresh: HeldAnchors,
        authority: str,
        by: tuple[str, ...],
        cause: str,
        utc: float,
    ) -> AnchorChange:
        """Write what the anchors need, then them, which is the change, then the note, then clear away.

        The certificates of before stay until the next change: the agent uses them until it has taken this one.
        """
        change = AnchorChange(fresh.number, utc, authority, by, cause, differences(held, fresh), fresh.digest)
        notes = _newest([*_noted(folder), json.dumps(asdict(change), separators=(",", ":"))])
        needed = dict(ca_files(fresh).values())
        for name, data in needed.items():
            folder.replace(name, data)
        folder.replace(FILE, anchors_text(fresh).encode())
        folder.replace(CHANGES, "".join(f"{one}\n" for one in notes).encode())
        used = set(needed).union(() if held is None else (name for name, _ in ca_files(held).values()))
        for name in folder.names():
            if name.endswith(".pem") and "-ca-" in name and name not in used:
                folder.remove(name)
        _log(change)
        return change


def changed_or_refused(held: HeldAnchors, number: int, changes: Mapping[str, JsonValue]) -> HeldAnchors:
    """The anchors after changes, judged as a whole. Raises AnchorRefusedError."""
    try:
        fresh = changed_anchors(held, number, changes)
    except AnchorValueError as error:
        raise AnchorRefusedError(
            AnchorFault.VALUE_INVALID, Text("{key}: {what}", key=error.key, what=Text.of(str(error)))
        ) from None
    return sealed(fresh) if held.sealed else fresh


def recorded_changes(folder: Path) -> tuple[AnchorChange, ...]:
    """The changes that are noted, the oldest first; none without a folder. Raises OSError, ValueError for damage."""
    try:
        with open_regular(folder / CHANGES) as file:
            raw = file.read(CHANGES_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return ()
    return tuple(_change(json.loads(line)) for line in _lines(raw))


def _change(told: Mapping[str, Any]) -> AnchorChange:
    try:
        found = tuple(
            AnchorDifference(str(one["key"]), tuple(map(str, one["before"])), tuple(map(str, one["after"])))
            for one in told["differences"]
        )
        return AnchorChange(
            int(told["number"]),
            float(told["utc"]),
            str(told["authority"]),
            tuple(map(str, told["by"])),
            str(told["cause"]),
            found,
            str(told["digest"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no note of a change: {error}") from None


def _noted(folder: RootFolder) -> list[str]:
    """The notes of before; none where they are damaged: no change waits for them, and what follows is noted again."""
    try:
        found = _lines(folder.read(CHANGES, CHANGES_LIMIT_BYTES) or b"")
        for line in found:
            _change(json.loads(line))
    except (OSError, ValueError) as error:
        log.warning("the record of earlier changes of trust anchors cannot be read; a new record begins: %s", error)
        return []
    return found


def _newest(notes: Sequence[str]) -> list[str]:
    """The newest notes that fit the limits on their number and on the file's size; always the last one."""
    found, room = [notes[-1]], CHANGES_LIMIT_BYTES - len(notes[-1]) - 1
    for one in reversed(notes[-CHANGES_KEPT:-1]):
        room -= len(one.encode()) + 1
        if room < 0:
            break
        found.insert(0, one)
    return found


def _lines(raw: bytes) -> list[str]:
    """The lines, by the line feeds that end them and by nothing else that Unicode takes for a line's end."""
    return [line for line in raw.decode().split("\n") if line]


def _log(change: AnchorChange) -> None:
    log.info(
        "trust anchors changed to number %d by %s %s", change.number, change.authority, ", ".join(change.by) or "-"
    )
    for one in change.differences:
        log.info("  %s: %s -> %s", one.key, "; ".join(one.before) or "none", "; ".join(one.after) or "none")


def _failed(folder: Path, error: OSError) -> AnchorStoreError:
    path = error.filename or str(folder)
    return AnchorStoreError(error.errno or errno.EIO, reason(error), str(path))
