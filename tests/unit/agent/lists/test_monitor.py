"""What looks after the lists while the gate runs: the trust list's file, their freshness, a damaged registry."""

import os
import sqlite3
import time
from math import inf

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised, ListsApplied, ListsRefused, ListsState
from agent.core.lists.errors import ListError, ListFault
from agent.core.lists.freshness import DataState, FreshnessRules
from agent.core.model.instant import Instant
from agent.lists.intake import ListIntake
from agent.lists.monitor import ListMonitor
from agent.lists.reporting import FOLD_S, ListReporting
from agent.lists.trust_file import TrustFile
from agent.store.registry.chunk_spool import ChunkSpool
from tests.support.lists.lists import DECLARATIONS, LISTS_KEY, declarations, delta, snapshot, trust_text, trusted
from tests.support.pki.permits import NOW
from tests.support.store.registries import open_registry, opened, put_whole
from tests.support.waiting import eventually

RULES = FreshnessRules(fresh_s=100, stale_ok_s=200, known_only_s=300, required=frozenset({DECLARATIONS}))
ROWS = declarations(5)


class Kept:
    """A list monitor over a real registry and a trust list file, in a folder; the test sets the time."""

    def __init__(self, folder, *, file=True):
        self.folder = folder
        self.path = folder / "trust.txt"
        self.utc = NOW + 1.0
        self.events = []
        self.registry = open_registry(folder / "registry.db")
        self.intake = ListIntake(self.registry, ChunkSpool(folder / "incoming"), self.now, self.events.append)
        feed = TrustFile(self.path) if file else None
        self.monitor = ListMonitor(
            self.registry, self.intake, RULES, self.now, self.events.append, feed=feed, round_s=0.05
        )

    def now(self):
        return Instant(at=time.monotonic(), utc=self.utc)

    def write(self, version, **changes):
        written = self.folder / "written.txt"
        written.write_bytes(trust_text(trusted(version=version, **changes)) + b"\n")
        # Two writes within one tick of the clock of the disk must differ all the same.
        os.utime(written, ns=(version, version))
        # In one step: the monitor may read it at any moment, and would refuse half a file.
        written.replace(self.path)

    def noted(self, kind):
        return [event for event in list(self.events) if isinstance(event, kind)]


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path)
    yield made
    made.monitor.stop()
    made.registry.close()


def test_the_file_is_in_force_at_the_start_and_when_it_changes(kept):
    kept.write(1)
    kept.monitor.start()
    assert kept.registry.trust().version == 1
    kept.write(3)
    eventually(lambda: len(kept.noted(ListsApplied)) == 2, what="the new list")
    assert kept.registry.trust().version == 3
    assert [(event.version, event.before, event.source) for event in kept.noted(ListsApplied)] == [
        (1, 0, "file"),
        (3, 1, "file"),
    ]


def test_a_worse_file_is_refused_told_once_and_the_list_in_force_stays(kept):
    kept.write(3)
    kept.monitor.start()
    for version, words in ((2, "older than 3"), (3, "another list of version 3")):
        kept.write(version, life_s=9 * 86_400)
        found = kept.monitor.reload()
        assert words in found.problem
        assert found.trust == kept.registry.trust() == trusted(version=3)
    assert [(event.list, event.code) for event in kept.noted(ListsRefused)] == [("trust", "rolled_back")]
    kept.path.unlink()
    assert "cannot be read" in kept.monitor.reload().problem
    kept.write(4)
    assert kept.monitor.reload().problem == ""
    assert kept.registry.trust().version == 4


def test_nobody_waits_for_the_other_end_of_a_file_that_is_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "trust.txt")
    file = TrustFile(tmp_path / "trust.txt")
    assert file.read_if_changed() is None
    assert "not a regular file" in file.problem


def test_a_gate_without_a_file_has_the_list_that_came_otherwise(tmp_path):
    kept = Kept(tmp_path, file=False)
    assert kept.monitor.reload().trust is None
    assert kept.intake.take_trust(trust_text(trusted()), "mqtt") == ""
    assert kept.monitor.reload() == type(kept.monitor.reload())(trusted(), "")
    kept.registry.close()


def test_the_last_good_list_outlives_the_file_and_the_process(tmp_path):
    kept = Kept(tmp_path)
    kept.write(7)
    kept.monitor.reload()
    kept.registry.close()
    kept.write(6)
    again = Kept(tmp_path)
    assert again.registry.trust() == trusted(version=7)
    assert "older than 7" in again.monitor.reload().problem
    again.registry.close()


def test_every_change_of_what_the_age_allows_is_told(kept):
    kept.write(1)
    kept.monitor.start()
    put_whole(kept.registry, DECLARATIONS, ROWS)
    mqtt_list = [(NOW + 50, DataState.FRESH), (NOW + 150, DataState.STALE_OK), (NOW + 250, DataState.KNOWN_ONLY)]
    for utc, state in mqtt_list:
        kept.utc = utc
        eventually(lambda state=state: kept.noted(ListsState)[-1].state is state, what=state)
    assert kept.monitor.state is DataState.KNOWN_ONLY
    told = [(event.before, event.state) for event in kept.noted(ListsState)]
    assert told == [
        (None, DataState.TOO_OLD),
        (DataState.TOO_OLD, DataState.FRESH),
        (DataState.FRESH, DataState.STALE_OK),
        (DataState.STALE_OK, DataState.KNOWN_ONLY),
    ]
    assert kept.noted(ListsState)[2].age_s == 150


def test_a_registry_that_is_damaged_while_the_gate_runs_is_begun_anew_and_told(kept):
    kept.write(2)
    kept.monitor.start()
    put_whole(kept.registry, DECLARATIONS, declarations(2000))
    path = kept.folder / "registry.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    kept.registry._database._reader.execute("PRAGMA cache_size = 0")
    kept.intake.known(DECLARATIONS)
    kept.intake.trust()
    eventually(lambda: list(kept.folder.glob("registry.db.damaged-*")), what="the damaged file to be moved")
    eventually(lambda: kept.registry.trust() is not None, what="the trust list of the file")
    assert kept.registry.standings() == ()
    put_whole(kept.registry, DECLARATIONS, ROWS)
    assert kept.registry.declaration(ROWS[0].permit_id) == ROWS[0]
    alarms = kept.noted(AlarmRaised)
    assert {alarm.alarm for alarm in alarms} == {Alarm.LISTS_FAILED}
    assert any("moved to" in alarm.detail for alarm in alarms)


def test_a_damaged_registry_at_the_start_is_told(tmp_path):
    (tmp_path / "registry.db").write_bytes(b"no database at all" * 500)
    kept = Kept(tmp_path)
    kept.write(1)
    kept.monitor.start()
    (alarm,) = kept.noted(AlarmRaised)
    assert "registry.db.damaged-" in alarm.detail
    assert kept.registry.trust().version == 1
    kept.monitor.stop()
    kept.registry.close()


def test_a_registry_whose_file_is_gone_is_begun_anew(kept):
    kept.write(1)
    kept.monitor.start()
    (kept.folder / "registry.db").unlink()
    eventually((kept.folder / "registry.db").exists, what="a new file")
    eventually(lambda: kept.registry.trust() is not None, what="the trust list of the file")
    put_whole(kept.registry, DECLARATIONS, ROWS)
    kept.registry.close()
    again = open_registry(kept.folder / "registry.db")
    assert again.standings()[0].rows == len(ROWS)
    again.close()


def test_a_closed_registry_is_an_alarm_once_and_no_exception(kept):
    snap = snapshot(DECLARATIONS, ROWS)
    head = opened(snap)
    kept.registry.close()
    for _ in range(3):
        assert not kept.intake.apply_snapshot(head, snap.packed, "mqtt").done
    assert kept.intake.trust() is None
    assert kept.intake.known(DECLARATIONS) is None
    kept.monitor.reload()
    kept.intake.maintain_registry()
    told = [event.detail for event in kept.noted(AlarmRaised)]
    assert len(told) == 2, "one of the list, one of the registry"
    assert all("is closed" in detail for detail in told)


def test_trouble_with_one_list_is_told_once_although_others_do_well_and_again_after_it_was_over(kept):
    news = ListReporting(kept.registry, kept.events.append, records=True)
    for _ in range(3):
        news.report_trouble("no room", "declarations")
        news.clear_trouble("watch")
    assert len(kept.events) == 1
    news.clear_trouble("declarations")
    news.report_trouble("no room", "declarations")
    assert len(kept.events) == 2


def test_a_change_whose_telling_cannot_be_noted_is_told_once_all_the_same(kept):
    put_whole(kept.registry, DECLARATIONS, ROWS)
    with sqlite3.connect(kept.folder / "registry.db") as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON applied BEGIN SELECT RAISE(ABORT, 'for the test'); END"
        )
    connection.close()
    for _ in range(3):
        kept.intake.maintain_registry()
    assert len(kept.noted(ListsApplied)) == 1
    assert len(kept.noted(AlarmRaised)) == 1


def test_a_flood_of_refusals_is_one_event_at_once_and_one_a_minute():
    events = []
    refusals = ListReporting(None, events.append, records=True)
    for at in (0.0, 1.0, 2.0):
        refusals.report_refused("trust", "too_large", f"at {at}", "mqtt", at)
    refusals.report_refused("watch", "too_large", "other", "mqtt", 2.0)
    refusals.flush(FOLD_S - 1)
    assert [(event.list, event.count) for event in events] == [("trust", 1), ("watch", 1)]
    refusals.flush(FOLD_S)
    assert [(event.list, event.count, event.detail) for event in events[2:]] == [("trust", 2, "at 2.0")]
    refusals.flush(9 * FOLD_S)
    assert len(events) == 3


def test_what_another_key_signed_stays_when_it_is_disabled(kept):
    kept.write(1)
    kept.monitor.reload()
    put_whole(kept.registry, DECLARATIONS, ROWS)
    kept.path.write_bytes(trust_text(type(trusted())(2, NOW, NOW + 999, ())))
    assert kept.monitor.reload().problem == ""
    assert LISTS_KEY.public.key_id not in {entry.key_id for entry in kept.registry.trust().entries}
    assert kept.registry.declaration(ROWS[0].permit_id) == ROWS[0]


def test_what_another_process_applied_is_told_once_by_the_gate_also_after_its_next_start(kept):
    other = open_registry(kept.folder / "registry.db")
    put_whole(other, DECLARATIONS, ROWS, version=3)
    kept.monitor.start()
    eventually(lambda: kept.noted(ListsApplied), what="the event")
    put_whole(other, DECLARATIONS, ROWS, version=4)
    eventually(lambda: len(kept.noted(ListsApplied)) == 2, what="the next event")
    kept.monitor.stop()
    put_whole(other, DECLARATIONS, ROWS, version=5)
    other.close()
    again = Kept(kept.folder)
    again.intake.maintain_registry()
    again.intake.maintain_registry()
    assert [(event.version, event.before) for event in kept.noted(ListsApplied)] == [(3, 0), (4, 3)]
    assert [(event.version, event.before) for event in again.noted(ListsApplied)] == [(5, 4)]
    again.registry.close()


@pytest.mark.parametrize(
    ("ahead_s", "kept_right", "refused"), [(600, True, False), (601, True, True), (9e6, False, False)]
)
def test_a_list_from_the_future_is_refused_while_a_time_server_says_what_now_is(tmp_path, ahead_s, kept_right, refused):
    latest = (lambda: NOW + 600.0) if kept_right else (lambda: inf)
    registry = open_registry(tmp_path / "registry.db", latest=latest)
    intake = ListIntake(
        registry, ChunkSpool(tmp_path / "incoming"), lambda: Instant(0.0, NOW + 1.0), lambda _event: None
    )
    intake.take_trust(trust_text(trusted()), "file")
    issued_at = int(NOW + ahead_s)
    snap = snapshot(DECLARATIONS, ROWS, issued_at=issued_at)
    changed = delta(DECLARATIONS, 1, 2, issued_at=issued_at)
    for found in (intake.open_head(snap.data, DECLARATIONS), intake.open_delta(changed, DECLARATIONS)):
        assert (isinstance(found, ListError) and found.fault is ListFault.FROM_THE_FUTURE) is refused
    registry.close()
