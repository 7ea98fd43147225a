"""A registry that is killed in the middle of an apply, meets a full disk, or is damaged: old or new, never a mix."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.core.lists.errors import ListError, ListFault
from agent.store.errors import RegistryError
from agent.store.registry.registry_schema import RegistryFile
from tests.support.lists.lists import DECLARATIONS, declarations, snapshot
from tests.support.pki.permits import NOW
from tests.support.store.registries import open_registry, opened, put_whole, with_trust
from tests.support.store.registry_writer import ROWS, status_at
from tests.support.store.small_disk import make_image, mounted
from tests.support.waiting import scaled

MIB = 1 << 20
LONGEST_LIFE_S = scaled(0.25)


def check(path, least):
    """Hold the registry against what its writers said; returns its version."""
    registry = open_registry(path)
    try:
        assert registry.replaced == ""
        version = next((each.version for each in registry.standings()), 0)
        assert version >= least, "a version that was said to be in force is gone"
        for number, row in enumerate(ROWS):
            found = registry.declaration(row.permit_id)
            assert (found and found.status) == (status_at(version, number) if version else None)
    finally:
        registry.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return version


def killed(path, kills):
    """Kill the writer so often at a random moment, and look at what is left each time."""
    dice = random.Random(20261125)  # noqa: S311 - moments, not secrets
    version = moved = 0
    command = [sys.executable, "-m", "tests.support.store.registry_writer", path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "ready\n"
        for number in range(kills):
            writer.stdin.write("go\n")
            writer.stdin.flush()
            child = int(writer.stdout.readline().split()[1])
            # The first lives until it has applied one: on a busy machine the others may not come to that.
            said = int(writer.stdout.readline()) if number == 0 else version
            threading.Event().wait(dice.uniform(0, LONGEST_LIFE_S))
            os.kill(child, signal.SIGKILL)
            while (line := writer.stdout.readline()) != "ended\n":
                said = int(line)
            after = check(path, said)
            assert after - said in {0, 1}
            moved += after > version
            version = after
        writer.stdin.close()
    return moved


def test_killing_who_applies_leaves_the_old_list_or_the_new_one(tmp_path):
    assert killed(tmp_path / "registry.db", 6) > 0


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killing_who_applies_a_hundred_times_leaves_the_old_list_or_the_new_one(tmp_path):
    assert killed(tmp_path / "registry.db", 100) > 20


def stuff(folder, left):
    """Take all blocks but so many bytes."""
    with (folder / "stuffing").open("wb", buffering=0) as file:
        size = 65_536
        while size >= 512 and os.statvfs(folder).f_bavail * 4096 > left:
            try:
                file.write(b"\1" * size)
            except OSError:
                size //= 2


@pytest.mark.parametrize("left", [0, 1_500_000])
def test_a_disk_that_is_full_in_the_middle_keeps_the_old_list(tmp_path, left):
    make_image(tmp_path / "disk.img", 24 * MIB)
    with mounted(tmp_path / "disk.img", tmp_path / "disk") as disk:
        registry = open_registry(disk / "registry.db")
        try:
            fill_up(registry, disk, left)
        finally:
            registry.close()


def fill_up(registry, disk, left):
    rows = declarations(6000)
    put_whole(registry, DECLARATIONS, rows[:2000])
    stuff(disk, left)
    snap = snapshot(DECLARATIONS, rows[2000:], version=2)
    with pytest.raises(ListError) as refused:
        registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    assert refused.value.fault is ListFault.DISK_FULL
    assert [registry.declaration(row.permit_id) for row in rows[:2001]] == [*rows[:2000], None]
    (disk / "stuffing").unlink()
    registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    assert registry.standings()[0].rows == 4000


def test_a_damaged_file_is_moved_aside_and_a_new_one_is_begun(tmp_path):
    path = tmp_path / "registry.db"
    registry = with_trust(open_registry(path))
    put_whole(registry, DECLARATIONS, declarations(2000))
    registry.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 100_000)
    again = open_registry(path)
    assert "damaged" in again.replaced
    assert (again.trust(), again.standings()) == (None, ())
    assert len(list(tmp_path.glob("registry.db.damaged-*"))) == 1
    put_whole(with_trust(again), DECLARATIONS, declarations(10))
    again.close()
    last = open_registry(path)
    assert (last.replaced, last.standings()[0].rows) == ("", 10)
    last.close()


def test_who_may_not_move_a_file_aside_still_holds_it_against_others(tmp_path):
    one, other = RegistryFile(tmp_path / "registry.db"), RegistryFile(tmp_path / "registry.db")
    one.hold()
    other.hold()
    for each in (one, other):
        with pytest.raises(RegistryError, match="another process has it open"):
            each.move_aside(NOW)
    one.leave()
    other.move_aside(NOW)
    other.leave()


def test_a_damaged_file_that_another_process_has_open_is_not_moved(tmp_path):
    path = tmp_path / "registry.db"
    other = open_registry(path)
    put_whole(other, DECLARATIONS, declarations(2000))
    other._database._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 100_000)
    with pytest.raises(RegistryError, match="another process has it open"):
        open_registry(path)
    other.close()


def put_aside(path):
    """Open a registry in whose place lies what cannot be used: what is said, and where that lies now."""
    registry = open_registry(path)
    assert registry.trust() is None
    registry.close()
    (aside,) = [one for one in path.parent.glob("*.damaged-*") if not one.name.endswith(("-wal", "-shm"))]
    return registry.replaced, aside


def test_a_file_of_something_else_is_put_aside(tmp_path):
    path = tmp_path / "registry.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.close()
    said, aside = put_aside(path)
    assert "not a file of lists" in said
    with sqlite3.connect(aside) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    connection.close()


def test_the_lists_of_a_newer_agent_are_put_aside_as_they_are(tmp_path):
    path = tmp_path / "registry.db"
    open_registry(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    kept = path.read_bytes()
    said, aside = put_aside(path)
    assert "schema version 99, this agent knows up to 1: update the agent" in said
    assert aside.read_bytes() == kept


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal", "-lock"])
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_is_no_file_is_put_aside_and_nobody_waits_for_it(tmp_path, ending, put):
    path = tmp_path / "registry.db"
    open_registry(path).close()
    place = path.with_name(f"registry.db{ending}")
    place.unlink(missing_ok=True)
    put(place)
    registry = open_registry(path)
    assert bool(registry.replaced) == (ending != "-lock")
    registry.close()
    assert len([one for one in tmp_path.iterdir() if not one.is_file()]) == 1


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="cannot use"):
        open_registry(tmp_path / "file" / "registry.db")


def test_rows_that_are_damaged_within_a_sound_file_are_found_when_they_are_asked_for(tmp_path):
    path = tmp_path / "registry.db"
    registry = open_registry(path)
    (row,) = declarations(1)
    put_whole(registry, DECLARATIONS, [row])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE declarations SET row = x'00'")
    connection.close()
    with pytest.raises(RegistryError, match="cannot read the declarations"):
        registry.declaration(row.permit_id)
    assert "moved to" in registry.replace_damaged(NOW)
    assert registry.declaration(row.permit_id) is None
    registry.close()
