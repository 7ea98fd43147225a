"""What was moved aside as damaged or unusable: the newest stay, what is old enough goes."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from types import SimpleNamespace

import pytest

from agent.console.access.database import AccessDatabase
from agent.recording.erasure_requests import ErasureRequests
from agent.store.damaged_copies import KEPT, KEPT_S, drop_damaged_copies
from agent.store.durable_files import MOST_SET_ASIDE, set_aside
from tests.support.store.journals import UTC, FakeClock, open_journal
from tests.support.store.registries import open_registry

DAY_S = 86_400


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def now(tmp_path):
    """The time of the files' system, at which all of these are made."""
    (tmp_path / "probe").touch()
    found = (tmp_path / "probe").stat().st_ctime
    (tmp_path / "probe").unlink()
    return found


def lay(folder, pattern, many, *beside):
    """So many copies, each a second younger than the one before it; their files are as old as the disk's clock says."""
    made = []
    for number in range(many):
        name = pattern.format(f"202611{number + 10}T000000Z")
        for ending in ("", *beside):
            (folder / f"{name}{ending}").write_bytes(b"x")
            os.utime(folder / f"{name}{ending}", (4e9 + number, 4e9 + number))
        made.append(name)
    return made


LATER = 4e9 + 60 + KEPT_S
"""When all that `lay` made is old enough."""


@pytest.mark.parametrize(
    ("pattern", "beside"),
    [
        ("journal.damaged-{}.db", ("-wal",)),
        ("registry.db.damaged-{}", ("-wal", "-shm")),
        ("console.db.damaged-{}", ("-wal", "-shm", "-journal")),
    ],
)
def test_the_newest_of_each_database_stay_with_what_lies_beside_them(tmp_path, pattern, beside, caplog):
    made = lay(tmp_path, pattern, KEPT + 2, *beside)
    others = lay(tmp_path, "journal.other-{}.db", 1) + lay(tmp_path, "gate.key.unusable{}", 1)
    assert drop_damaged_copies(tmp_path, LATER) == 2
    assert names(tmp_path) == sorted([*others, *(f"{name}{end}" for name in made[2:] for end in ("", *beside))])
    told = [record.getMessage() for record in caplog.records]
    assert [name for name in made if any(name in line for line in told)] == made[:2]
    assert drop_damaged_copies(tmp_path, LATER) == 0


def test_each_database_has_its_own_newest(tmp_path):
    for pattern in ("journal.damaged-{}.db", "registry.db.damaged-{}", "console.db.damaged-{}"):
        lay(tmp_path, pattern, KEPT)
    assert drop_damaged_copies(tmp_path, LATER) == 0
    assert len(names(tmp_path)) == 3 * KEPT


@pytest.mark.parametrize("place", [".", "bundles", "evidence", "fleet"])
def test_the_newest_of_each_file_that_could_not_be_used_stay(tmp_path, place, now):
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    for name in ("gate.key", "documents.json"):
        for number in range(KEPT + 2):
            path = folder / name
            path.write_bytes(b"x")
            os.utime(path, (now + number, now + number))
            set_aside(path)
    (folder / "gate.key.unusable-note").write_bytes(b"of somebody else")
    assert drop_damaged_copies(tmp_path, now + KEPT_S - 60) == 0
    assert drop_damaged_copies(tmp_path, now + KEPT_S + DAY_S) == 4
    kept = [f"{name}.unusable-{number}" for name in ("gate.key", "documents.json") for number in (3, 4, 5)]
    assert names(folder) == sorted([*kept, "gate.key.unusable-note"])


def test_a_file_that_cannot_be_used_at_every_start_does_not_fill_the_disk_and_its_newest_copy_stays(tmp_path, caplog):
    path = tmp_path / "numbers.db"
    (tmp_path / "numbers.db.unusable-note").write_bytes(b"of somebody else")
    (tmp_path / "numbers.db.unusable").mkdir()
    newest = tmp_path
    for number in range(MOST_SET_ASIDE + 2):
        path.write_bytes(b"%d" % number)
        newest = set_aside(path)
        assert newest.read_bytes() == b"%d" % number
    kept = sorted(int(one.read_bytes()) for one in tmp_path.iterdir() if one.is_file() and "note" not in one.name)
    assert kept == list(range(2, MOST_SET_ASIDE + 2))
    assert (tmp_path / "numbers.db.unusable").is_dir()
    assert (tmp_path / "numbers.db.unusable-note").exists()
    assert caplog.text.count("is deleted") == 2


def test_the_copy_made_last_stays_though_the_clock_went_back(tmp_path, mocker):
    path = tmp_path / "gate.key"
    for _ in range(MOST_SET_ASIDE):
        path.write_bytes(b"old")
        set_aside(path)
    path.write_bytes(b"new")
    target, lstat = tmp_path / f"gate.key.unusable-{MOST_SET_ASIDE + 1}", type(path).lstat
    mocker.patch.object(
        type(path),
        "lstat",
        lambda one: SimpleNamespace(st_ctime_ns=0, st_mode=stat.S_IFREG) if one == target else lstat(one),
    )
    assert set_aside(path) == target
    assert target.read_bytes() == b"new"
    assert len(names(tmp_path)) == MOST_SET_ASIDE


def test_requests_to_erase_that_cannot_be_read_do_not_pile_up_under_their_own_names(tmp_path, now):
    folder = tmp_path / "erasure"
    folder.mkdir()
    for number in range(KEPT + 2):
        path = folder / f"0{number}.request"
        path.write_bytes(b"x")
        os.utime(path, (now + number, now + number))
    assert list(ErasureRequests(tmp_path).waiting()) == []
    assert drop_damaged_copies(tmp_path, now + KEPT_S + DAY_S) == 2
    assert names(folder) == [f"0{number}.request.unusable" for number in range(2, KEPT + 2)]


def test_what_is_younger_than_thirty_days_is_never_deleted(tmp_path):
    lay(tmp_path, "journal.damaged-{}.db", KEPT + 4)
    assert drop_damaged_copies(tmp_path, 4e9 + KEPT_S - 1) == 0
    assert drop_damaged_copies(tmp_path, 4e9 + KEPT_S) == 1
    assert drop_damaged_copies(tmp_path, 4e9 + KEPT_S + 60) == 3


def test_a_file_is_as_old_as_its_name_not_as_what_was_written_to_it_last(tmp_path, now):
    for number in range(KEPT + 1):
        path = tmp_path / f"console.db.damaged-{number}"
        path.write_bytes(b"x")
        os.utime(path, (now - 400 * DAY_S, now - 400 * DAY_S))
    assert drop_damaged_copies(tmp_path, now + 60) == 0
    assert drop_damaged_copies(tmp_path, now + 60 + KEPT_S) == 1


def test_a_link_goes_and_what_it_leads_to_stays_and_a_folder_is_left(tmp_path):
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    state.mkdir()
    elsewhere.write_bytes(b"x")
    (state / "registry.db.damaged-0").symlink_to(elsewhere)
    (state / "registry.db.damaged-1").mkdir()
    lay(state, "registry.db.damaged-{}", KEPT)
    assert drop_damaged_copies(state, LATER) == 1
    assert elsewhere.read_bytes() == b"x"
    assert not (state / "registry.db.damaged-0").is_symlink()
    assert (state / "registry.db.damaged-1").is_dir()


def test_the_names_are_those_that_the_stores_give(tmp_path, now):
    """Each is damaged more often than copies are kept, as the stores find it."""
    folder = tmp_path / "state"
    folder.mkdir()
    for number in range(KEPT + 1):
        clock = FakeClock(UTC + number)
        open_journal(folder / "journal.db", clock=clock).close()
        AccessDatabase(folder).close()
        with closing(open_registry(folder / "registry.db", utc=UTC + number)):
            pass
        for name in ("journal.db", "registry.db", "console.db"):
            (folder / name).write_bytes(b"no database" * 1000)
    open_journal(folder / "journal.db", clock=FakeClock(UTC + KEPT + 1)).close()
    AccessDatabase(folder).close()
    open_registry(folder / "registry.db", utc=UTC + KEPT + 1).close()
    assert drop_damaged_copies(folder, now + KEPT_S + DAY_S) == 3
