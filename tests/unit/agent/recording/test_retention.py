"""What tells of people goes when its time is over: told, and gone from the very bytes of the files."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.recording.personal_data import DAY_S, HOUR_S, PersonalAges, PersonalDataRetention
from agent.recording.retention import RetentionAges, RetentionJob
from agent.store.errors import EvidenceError
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, declarations, revocations
from tests.support.pki.permits import NOW
from tests.support.store.journals import FakeClock, consume, granted, open_journal, release, reserve
from tests.support.store.registries import open_registry, put_whole

AGES = RetentionAges(events_s=7 * DAY_S, events_bytes=1 << 30)
PERSONAL = PersonalAges(uses_s=180 * DAY_S, lists_s=24 * HOUR_S)
ROWS = declarations(450)
ROOT = Path(__file__).parents[4]
VIN = re.compile(rb"(?=([A-HJ-NPR-Z0-9]{17}))")
PLATE = re.compile("(?=(新[A-Z0-9]{6}))")

WIPING = """
# Wipes without end, in many short runs, and says before each that it begins.
import sys
from pathlib import Path
from agent.store.journal import secure_delete
from tests.support.store.journals import open_journal

def stopping():
    print("a step", flush=True)
    return False

secure_delete.RUN = 20
journal = open_journal(Path(sys.argv[1]), max_bytes=64 << 20)
while True:
    journal.wipe_uses(stopping)
"""


class Gate:
    """A gate's stores in a folder, with a clock that the test sets and a retention job that the test calls."""

    def __init__(self, folder, pictures=lambda: 0):
        self.folder, self.clock, self.told, self.damage = folder, FakeClock(NOW), [], []
        self.journal = open_journal(folder / "journal.db", clock=self.clock, max_bytes=64 << 20)
        self.registry = open_registry(folder / "registry.db")
        personal_data = PersonalDataRetention(self.registry, PERSONAL, self.clock, self.told.extend)
        self.retention = RetentionJob(self.journal, AGES, pictures, self.damage.append, personal_data)

    def close(self):
        self.journal.close()
        self.registry.close()

    def uses(self, rows, first, *changes):
        """Each row's permit is reserved, then settled in turn by each of the changes, all at the time of the clock."""
        numbered = [(f"t{first + number}", row) for number, row in enumerate(rows)]
        self.journal.record(
            [granted(name, self.clock.utc) for name, _row in numbered],
            [reserve(1, name, row.permit_id, row.vin, "export") for name, row in numbered],
        )
        for change in changes:
            self.journal.record([], [change(1, name, row.permit_id) for name, row in numbered])

    def bytes_at_rest(self):
        """What all files of the stores hold once their logs are written back."""
        for name in ("journal.db", "registry.db"):
            with closing(sqlite3.connect(self.folder / name)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return b"".join(
            path.read_bytes() for path in self.folder.iterdir() if ".db" in path.name and "reserve" not in path.name
        )

    @property
    def kinds_told(self):
        return [(draft.event.kind, draft.event.count) for draft in self.told]


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def test_no_byte_of_a_use_or_of_an_entry_is_left_once_its_time_is_over(gate):
    for first in range(0, 300, 10):
        gate.clock.utc = NOW + first * 60.0
        gate.uses(ROWS[first : first + 10], first, consume if first % 30 else release)
    put_whole(gate.registry, DECLARATIONS, ROWS)
    put_whole(gate.registry, REVOCATIONS, revocations(ROWS[::7]))
    gate.journal.acknowledge(gate.journal.stream, gate.journal.head)
    held = gate.bytes_at_rest()
    assert all(row.vin.encode() in held and row.permit_id in held for row in ROWS[::9])
    gate.clock.utc = NOW + 180 * DAY_S + 200 * 60.0
    gate.retention.prune()
    left = gate.bytes_at_rest()
    gone, kept = ROWS[:200] + ROWS[300:], ROWS[200:300]
    assert [row.vin for row in gone if row.vin.encode() in left] == []
    assert [row.permit_id for row in gone if row.permit_id in left] == []
    assert [row.plate for row in ROWS if row.plate.encode() in left] == []
    assert all(row.vin.encode() in left and row.permit_id in left for row in kept)


def test_what_is_deleted_is_told_at_most_once_an_hour_of_each_kind_and_the_rest_at_the_end(gate):
    put_whole(gate.registry, DECLARATIONS, ROWS[:20])
    put_whole(gate.registry, REVOCATIONS, revocations(ROWS[:5]))
    gate.uses(ROWS[:3], 0, consume)
    gate.clock.utc = NOW + 200 * DAY_S
    gate.retention.prune()
    assert sorted(gate.kinds_told) == [("declarations", 20), ("revocations", 5), ("uses", 3)]
    assert {draft.event.cause for draft in gate.told} == {"180 days after the use", "24 hours after its end"}
    put_whole(gate.registry, DECLARATIONS, ROWS[20:26], version=2)
    gate.retention.prune()
    gate.retention.prune()
    assert len(gate.told) == 3
    gate.retention.start()
    gate.retention.stop()
    assert gate.kinds_told[3:] == [("declarations", 6)]


def test_an_hour_later_it_is_told_again(gate):
    personal_data = PersonalDataRetention(gate.registry, PERSONAL, gate.clock, gate.told.extend)
    for at, count in ((0.0, 3), (10.0, 4), (3599.0, 5), (3600.0, 0), (9000.0, 0)):
        personal_data.count("pictures", count)
        personal_data.record_deletions(at)
    assert gate.kinds_told == [("pictures", 3), ("pictures", 9)]


def test_nothing_is_old_by_a_clock_that_no_time_server_keeps(gate):
    gate.uses(ROWS[:3], 0, consume)
    put_whole(gate.registry, DECLARATIONS, ROWS[:3])
    gate.clock.utc, gate.clock.synced = NOW + 400 * DAY_S, False
    gate.retention.prune()
    assert gate.told == []
    assert gate.registry.declaration(ROWS[0].permit_id) == ROWS[0]
    assert gate.journal.use_state(ROWS[0].permit_id).used == 1


def test_what_is_young_or_still_reserved_stays(gate):
    gate.uses(ROWS[:2], 0, consume)
    gate.uses(ROWS[2:4], 2)
    put_whole(gate.registry, DECLARATIONS, ROWS[:4])
    gate.clock.utc = NOW + 179 * DAY_S
    gate.retention.prune()
    assert gate.kinds_told == [("declarations", 4)]
    gate.clock.utc = NOW + 181 * DAY_S
    gate.retention.prune()
    assert gate.journal.use_state(ROWS[2].permit_id).open_reservation == "t2"
    assert gate.journal.use_state(ROWS[0].permit_id).used == 0


def test_pictures_that_went_are_told_with_the_rest(tmp_path):
    gate = Gate(tmp_path, pictures=lambda: 12)
    gate.retention.prune()
    gate.close()
    assert gate.kinds_told == [("pictures", 12)]


def test_trouble_with_one_store_keeps_none_of_the_others(tmp_path, caplog):
    def broken():
        raise EvidenceError("the disk is gone")

    gate = Gate(tmp_path, pictures=broken)
    gate.uses(ROWS[:3], 0, consume)
    gate.clock.utc = NOW + 400 * DAY_S
    gate.registry.close()
    gate.retention.prune()
    assert gate.kinds_told == [("uses", 3)]
    assert "old pictures cannot be deleted: the disk is gone" in caplog.text
    assert "old entries of the lists cannot be deleted" in caplog.text
    gate.journal.close()


def test_of_thousands_no_copy_is_left_that_the_file_once_moved_about(tmp_path):
    gate, rows = Gate(tmp_path), declarations(4000)
    for first in range(0, len(rows), 200):
        gate.clock.utc = NOW + first * 20.0
        gate.uses(rows[first : first + 200], first, consume if first % 600 else release)
    put_whole(gate.registry, DECLARATIONS, rows)
    gate.journal.acknowledge(gate.journal.stream, gate.journal.head)
    gate.clock.utc = NOW + 180 * DAY_S + 3000 * 20.0
    for _ in range(2):
        gate.retention.prune()
    kept = [gate.journal.use_state(row.permit_id).used for row in rows[3000:]]
    left = gate.bytes_at_rest()
    gate.close()
    vins, plates = set(VIN.findall(left)), set(PLATE.findall(left.decode(errors="replace")))
    assert {row.vin.encode() for row in rows[:3000]} & vins == set()
    assert {row.vin.encode() for row in rows[3000:]} <= vins
    assert [row.permit_id.hex() for row in rows[:3000:10] if row.permit_id in left] == []
    assert {row.plate for row in rows} & plates == set()
    assert sum(kept) == sum(200 for first in range(3000, 4000, 200) if first % 600)


def test_wiping_changes_no_row_and_no_answer(gate):
    gate.uses(ROWS[:300], 0, consume)
    gate.uses(ROWS[300:], 300)
    before = everything(gate)
    assert gate.journal.wipe_uses(lambda: False)
    assert everything(gate) == before
    gate.journal.record([], [consume(1, "t301", ROWS[301].permit_id)])
    assert gate.journal.use_state(ROWS[301].permit_id).used == 1


def test_wiping_stops_when_the_gate_does_and_is_taken_up_again(gate):
    gate.uses(ROWS, 0, consume)
    asked = iter([False, True])
    before = everything(gate)
    assert not gate.journal.wipe_uses(lambda: next(asked))
    assert everything(gate) == before


def everything(gate):
    with closing(sqlite3.connect(gate.folder / "journal.db")) as connection:
        ledger = connection.execute("SELECT * FROM ledger ORDER BY permit, use, gate").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return ledger


def test_a_gate_that_is_killed_while_it_wipes_has_every_use_as_it_was(gate):
    gate.uses(ROWS, 0, consume)
    before = everything(gate)
    gate.journal.close()
    for kill in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WIPING, str(gate.folder / "journal.db")], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            for _ in range(3 + 11 * kill):
                assert process.stdout.readline() == "a step\n"
            process.kill()
        assert everything(gate) == before
