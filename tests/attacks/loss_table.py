"""What becomes of a gate that has lost a part of its state: one case a row, on real files.

`python -m tests.attacks.loss_table FOLDER` prints the table.
"""

import argparse
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.core.crypto.keys import SigningKey
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.trust import TrustError
from agent.core.trust_state import StatePart, Wholeness, Witness
from tests.support.pki.permits import DAY_S, KEY
from tests.support.store.journals import open_journal
from tests.support.store.witnessed_gate import WitnessedGate, other_permit
from tests.support.waiting import eventually

REVOKED = SigningKey.from_seed(b"v" * 32)
ISSUED_BY_IT = other_permit(7, issuer="OLD", key_id=REVOKED.public.key_id)
OLD_LIST = (1, (("KHE", KEY), ("OLD", REVOKED)))
NEW_LIST = (2, (("KHE", KEY),))
PARTS = ("journal", "ledger", "registry", "orders", "gate key", "all of the state folder")
WAYS = ("damaged", "a day old", "an hour old", "gone")
FILES = {"journal": "journal.db", "registry": "registry.db", "gate key": "gate.key"}
NEWER = "a newer version's"
WAYS_OF_A_FILE = ("truncated", "empty", "a link", "a pipe", "a folder", "another gate's", NEWER)
"""What else may lie in the place of a file."""
UNUSED = other_permit(2)
TABLES = {"ledger": "ledger", "orders": "lane_orders"}
EMPTY = ("DELETE FROM main.ledger", "DELETE FROM main.site_log")
OLDER = ("INSERT INTO main.ledger SELECT * FROM old.ledger", "INSERT INTO main.site_log SELECT * FROM old.site_log")
"""What puts rows of an older journal into the permit ledger, with the end of their log."""
OTHER_GATE = "khorgos-04"
AWAY, CENTRAL, TWO = SITUATIONS = ("central away", "alone", "one of two gates")
"""Nobody is reached; the broker and central answer; the other gate of the site answers, and nobody else."""


@dataclass(frozen=True)
class Loss:
    """What came of one case, of which somebody was told, or there is none. `officer`: what is said.

    `noticed_s`: from the start until it was told. `acted`: an officer could still give a lane an order. `waited`: a
    permit that was never used was left to an officer. `whole_by`: what made it whole again.
    """

    part: str
    way: str
    situation: str
    head_file: bool
    used_twice: bool = False
    revoked_alive: bool = False
    unlocked: bool = False
    acted: bool = False
    waited: bool = False
    noticed_s: float = 0.0
    officer: str = ""
    whole_by: str = ""


class Witnesses:
    """What others hold of a gate before it loses anything, and say once it starts."""

    def __init__(self, gate, situation):
        self._situation = situation
        self._status, self._point = gate.trust.heads.record(), gate.journal.checkpoint()
        self._other = None
        if situation == TWO:
            self._other = open_journal(gate.folder / "other.db", gate=OTHER_GATE)
            rows = gate.journal.site.rows_after(0, 100)
            self._other.site.take_rows(gate.gate, gate.journal.stream, 1, rows, gate.trust.site_record())

    def speak(self, gate):
        """Say it, and once more behind the restart that may follow, as on every connection."""
        self._speak(gate)
        if gate.trust.state.journal.state is Wholeness.BEHIND:
            gate.restart()
            self._speak(gate)

    def _speak(self, gate):
        if self._situation == CENTRAL:
            gate.trust.own_record(self._status, Witness.STATUS)
            journal, point = gate.journal, self._point
            here = point.stream == journal.stream and point.seq <= journal.head
            own = journal.digest_at(point.seq) if here else None
            gate.trust.on_head_witnessed(
                point.stream, point.seq, hash_matches=None if own is None else own == point.digest
            )
        elif self._situation == TWO:
            gate.trust.own_record(self._other.site.told_head(gate.gate), Witness.SITE)
            rows = self._other.site.dump_rows(gate.gate, None, 1000)
            gate.journal.site.take_dump(OTHER_GATE, self._other.stream, rows)
            gate.trust.rows_shown(self._other.site.row_logs(gate.gate))

    def close(self):
        if self._other is not None:
            self._other.close()


def cases():
    """Part and way of each case. The lanes' orders are as old as their journal, and a key is not older than itself.

    The ledger is: somebody may put older rows into the journal of now.
    """
    return [
        (part, way)
        for part in PARTS
        for way in WAYS
        if part != "orders" or way == "damaged"
        if not (part == "gate key" and way.endswith("old"))
    ] + [(part, way) for part in FILES for way in WAYS_OF_A_FILE if (part, way) != ("gate key", NEWER)]


def cells():
    """All cases in all situations: with a head file, and without where others hold the head.

    What else may lie in the place of a file: without one wherever others hold the head.
    """
    return [
        (part, way, situation, head_file)
        for situation in SITUATIONS
        for head_file in (True, False)
        if head_file or situation != AWAY
        for part, way in cases()
        if way not in WAYS_OF_A_FILE or head_file == (situation == AWAY)
    ]


def loss(folder: Path, part: str, way: str, situation: str = AWAY, *, head_file: bool = True) -> Loss:
    """Let a gate lose this, start it, let the others speak, and try what must not be possible."""
    gate = WitnessedGate(folder, head_file=head_file)
    gate.with_trust(*OLD_LIST)
    gate.back_up()
    gate.clock.utc += {"a day old": DAY_S, "an hour old": 3600}.get(way, 0)
    gate.with_trust(*NEW_LIST)
    assert gate.passes()
    gate.order("out", "locked")
    witnesses = Witnesses(gate, situation)
    try:
        gate.stop()
        _lose(gate, part, way)
        return _after_loss(gate, witnesses, Loss(part, way, situation, head_file))
    finally:
        gate.close()
        witnesses.close()


def _after_loss(gate, witnesses, case):
    begun_at = time.monotonic()
    gate.start()
    witnesses.speak(gate)
    _hear_the_old_list(gate)
    twice, alive = gate.passes(), gate.verdict(ISSUED_BY_IT, REVOKED)[0] is Verdict.PASS
    waited = gate.verdict(UNUSED) == (Verdict.MANUAL, Reason.STATE_NOT_WHOLE)
    unlocked = not gate.locked("out")
    officer = eventually(lambda: _words(gate), what="a word to the officer")[0]
    noticed_s = time.monotonic() - begun_at
    gate.order("in", "locked")
    gate.order("in", "unlocked")
    return _with(
        case,
        used_twice=twice,
        revoked_alive=alive,
        unlocked=unlocked,
        acted=not gate.locked("in"),
        waited=waited,
        noticed_s=noticed_s,
        officer=officer,
        whole_by=_whole_again(gate),
    )


def _with(case, **what):
    return Loss(case.part, case.way, case.situation, case.head_file, **what)


def _words(gate):
    """What an officer is told: the alarms, and what stands on the page Health.

    What was moved aside is told by the record of the start, and by who looks after the lists.
    """
    told = gate.alarms() + [data["detail"] for data in gate.told("alarm.raised")]
    if gate.journal.replaced is not None:
        told.append(gate.journal.replaced.description)
    return told + [gate.trust.state.standing(part).cause for part in StatePart if not _is_whole(gate, part)]


def _is_whole(gate, part):
    return gate.trust.state.standing(part).whole


def _lose(gate, part, way):
    if part in TABLES:
        _lose_table(gate, TABLES[part], way)
        return
    if way in WAYS_OF_A_FILE:
        put_in_place(gate.state / FILES[part], way, lambda: _of_another_gate(gate, FILES[part]))
        return
    state = gate.state
    names = [FILES[part]] if part in FILES else [path.name for path in state.iterdir() if path.is_file()]
    for name in names:
        if way == "damaged":
            gate.overwrite(name)
            continue
        for path in state.glob(f"{name}*"):
            path.unlink()
        if way.endswith("old") and (gate.folder / "backup" / name).exists():
            shutil.copy(gate.folder / "backup" / name, state / name)


def put_in_place(path, way, of_another_gate):
    """Let something else lie in the place of a file. `of_another_gate`: the same file of another gate."""
    if way == NEWER:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        return
    kept = path.parent.parent / f"elsewhere-{path.name}"
    path.rename(kept)
    match way:
        case "truncated":
            path.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
        case "empty":
            path.touch()
        case "a link":
            path.symlink_to(kept)
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case _:
            shutil.copy(of_another_gate(), path)


def _of_another_gate(gate, name):
    (gate.folder / "of another gate").mkdir()
    other = WitnessedGate(gate.folder / "of another gate", gate=OTHER_GATE)
    other.with_trust(*OLD_LIST)
    assert other.passes(other_permit(8))
    other.stop()
    return other.state / name


def _lose_table(gate, table, way):
    if way == "damaged":
        gate.damage_table(table)
        return
    with closing(sqlite3.connect(gate.state / "journal.db")) as connection:
        connection.execute("ATTACH ? AS old", (str(gate.folder / "backup" / "journal.db"),))
        with connection:
            for change in (*EMPTY, *(OLDER if way.endswith("old") else ())):
                connection.execute(change)


def _hear_the_old_list(gate):
    """What a file of the trust list brings that nobody has replaced: the old list, with the revoked key."""
    with suppress(TrustError):
        gate.with_trust(*OLD_LIST)


def _whole_again(gate):
    if gate.whole():
        return "its witnesses" if gate.told("state.changed") else "nothing was missing"
    if not _is_whole(gate, StatePart.LISTS):
        gate.with_trust(3, NEW_LIST[1])
        if gate.whole():
            return "the new list"
    assert gate.trust.accept(frozenset(StatePart), "anna", "bek")
    return "two persons" if gate.whole() else "not yet"


HEADER = (
    *("part", "way", "situation", "head file", "used twice", "revoked key alive", "locked lane open", "officer acts"),
    *("permit waits", "noticed, s", "officer", "whole again by"),
)


def table(folder: Path) -> str:
    """All cells as a table."""
    lines = [HEADER, ("---",) * len(HEADER)]
    for number, (part, way, situation, head_file) in enumerate(cells()):
        place = folder / str(number)
        place.mkdir(parents=True)
        row = loss(place, part, way, situation, head_file=head_file)
        flags = (head_file, row.used_twice, row.revoked_alive, row.unlocked, row.acted, row.waited)
        words = ["yes" if flag else "no" for flag in flags]
        said = (f"{row.noticed_s:.2f}", " ".join(row.officer.split())[:110], row.whole_by)
        lines.append((part, way, situation, *words, *said))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the gates' files are made")
    sys.stdout.write(table(parser.parse_args().folder) + "\n")


if __name__ == "__main__":
    main()
