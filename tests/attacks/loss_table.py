"""What becomes of a gate that has lost a part of its state: one case a row, on real files.

`python -m tests.attacks.loss_table FOLDER` prints the table.
"""

import shutil
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.core.crypto.keys import SigningKey
from agent.core.model.reasons import Verdict
from agent.core.permit.trust import TrustError
from agent.core.trust_state import StatePart
from agent.store.gate_key import GateKeyError
from tests.support.pki.permits import DAY_S, KEY
from tests.support.store.witnessed_gate import WitnessedGate, other_permit
from tests.support.waiting import scaled

REVOKED = SigningKey.from_seed(b"v" * 32)
ISSUED_BY_IT = other_permit(7, issuer="OLD", key_id=REVOKED.public.key_id)
OLD_LIST = (1, (("KHE", KEY), ("OLD", REVOKED)))
NEW_LIST = (2, (("KHE", KEY),))
PARTS = ("journal", "ledger", "registry", "orders", "gate key", "all of the state folder")
WAYS = ("damaged", "a day old", "an hour old", "gone")
FILES = {"journal": "journal.db", "registry": "registry.db", "gate key": "gate.key"}
TABLES = {"ledger": "ledger", "orders": "lane_orders"}
PAGE_BYTES = 4096
SILENCE_S = 0.5
"""How long nobody must say anything until that is silence: the lists are looked at twice a second."""


@dataclass(frozen=True)
class Loss:
    """What came of one case. `noticed_s`: from the start to the first word of it. `officer`: what is said."""

    part: str
    way: str
    head_file: bool
    used_twice: bool
    revoked_alive: bool
    unlocked: bool
    silent: bool
    noticed_s: float
    officer: str
    whole_by: str


def cases():
    """Part and way of each case: a table of the journal is damaged page by page, or is as old as its file."""
    return [
        (part, way)
        for part in PARTS
        for way in WAYS
        if part not in TABLES or way == "damaged"
        if not (part == "gate key" and way.endswith("old"))  # a key has no age
    ]


def loss(folder: Path, part: str, way: str, *, head_file: bool = True) -> Loss:
    """Let a gate lose this, start it, and try what must not be possible."""
    gate = WitnessedGate(folder, head_file=head_file)
    gate.with_trust(*OLD_LIST)
    gate.back_up()
    gate.clock.utc += {"a day old": DAY_S, "an hour old": 3600}.get(way, 0)
    gate.with_trust(*NEW_LIST)
    assert gate.passes()
    gate.order("out", "locked")
    gate.stop()
    _lose(gate, part, way)
    begun_at = time.monotonic()
    try:
        gate.start()
    except GateKeyError as error:
        took_s = time.monotonic() - begun_at
        return Loss(
            part, way, head_file, False, False, False, False, took_s, str(error), "the key restored, or a new one"
        )
    noticed_s = time.monotonic() - begun_at
    _hear_the_old_list(gate)
    until_at = time.monotonic() + scaled(SILENCE_S)
    while not gate.told("alarm.raised") and time.monotonic() < until_at:
        threading.Event().wait(0.05)
    twice, alive = gate.passes(), _passes_by_revoked_key(gate)
    unlocked = not gate.locked("out")
    told = gate.alarms() + [data["detail"] for data in gate.told("alarm.raised")]
    short = gate.trust.state.demanded and not gate.trust.state.lists.whole
    officer = next(iter(told), gate.trust.state.lists.cause if short else "")
    nothing_lost = not twice and not alive and not unlocked and gate.whole()
    by = _whole_again(gate)
    gate.stop()
    return Loss(part, way, head_file, twice, alive, unlocked, not officer and not nothing_lost, noticed_s, officer, by)


def _lose(gate, part, way):
    state = gate.state
    if part in TABLES:
        with closing(sqlite3.connect(state / "journal.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (page,) = connection.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?", (TABLES[part],)
            ).fetchone()
        _overwrite(state / "journal.db", (page - 1) * PAGE_BYTES)
        return
    names = [FILES[part]] if part in FILES else [path.name for path in state.iterdir() if path.is_file()]
    for name in names:
        if way == "damaged":
            _overwrite(state / name, 0)
            continue
        for path in state.glob(f"{name}*"):
            path.unlink()
        if way.endswith("old") and (gate.folder / "backup" / name).exists():
            shutil.copy(gate.folder / "backup" / name, state / name)


def _overwrite(path, place):
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * PAGE_BYTES)


def _hear_the_old_list(gate):
    """What a file of the trust list brings that nobody has replaced: the old list, with the revoked key."""
    with suppress(TrustError):
        gate.with_trust(*OLD_LIST)


def _passes_by_revoked_key(gate):
    return gate.verdict(ISSUED_BY_IT, REVOKED)[0] is Verdict.PASS


def _whole_again(gate):
    if gate.whole():
        return "nothing was missing"
    if gate.trust.state.lists.whole is False:
        gate.with_trust(3, NEW_LIST[1])
        if gate.whole():
            return "the new list came"
    assert gate.trust.accept(frozenset(StatePart), "anna", "bek")
    return "two persons" if gate.whole() else "not yet"


HEADER = (
    *("part", "way", "head file", "used twice", "revoked key alive", "locked lane open", "silent", "start, s"),
    *("officer", "whole again by"),
)


def table(folder: Path) -> str:
    """All cases as a table, with a head file and without."""
    lines = [HEADER, ("---",) * len(HEADER)]
    for number, (part, way, head_file) in enumerate((p, w, h) for h in (True, False) for p, w in cases()):
        case = folder / str(number)
        case.mkdir(parents=True)
        row = loss(case, part, way, head_file=head_file)
        flags = (head_file, row.used_twice, row.revoked_alive, row.unlocked, row.silent)
        words = ["yes" if flag else "no" for flag in flags]
        lines.append((part, way, *words, f"{row.noticed_s:.2f}", " ".join(row.officer.split())[:110], row.whole_by))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])) + "\n")
