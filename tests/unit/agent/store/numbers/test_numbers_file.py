"""The file of numbers: whole commits, what it forgets, and what happens to one that cannot be used."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from agent.core.numbers import LocalHour
from agent.store.numbers import (
    DAYS_KEPT,
    HOURS_KEPT_DAYS,
    NumbersDamagedError,
    NumbersError,
    NumbersFile,
    NumbersReader,
    Progress,
    file,
)

DAY = 739_000
PROGRESS = Progress("stream", 7, "ab", "{}", 2)
KILLED = """
import sys
from pathlib import Path
from agent.core.numbers import LocalHour
from agent.store.numbers import NumbersFile, Progress
with NumbersFile(Path(sys.argv[1])) as numbers:
    seq = numbers.progress().seq
    while True:
        seq += 1
        numbers.add({(LocalHour(0, 1, 0), "out"): {"n": 1}, (LocalHour(0, 1, 0), ""): {"n": 1}}, Progress("s", seq))
        print(seq, flush=True)
"""


def hour(day=DAY, hour=9):
    return LocalHour((day - 719_163) * 86_400 + hour * 3600, day, hour)


def add(path, tallies, progress=PROGRESS):
    with NumbersFile(path) as numbers:
        numbers.add(tallies, progress)


def read(path, first=DAY, last=DAY):
    with NumbersReader(path) as reader:
        return reader.days(first, last), reader.hours(first, last)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "numbers.db"


def test_what_was_counted_adds_up_by_hour_and_by_day(path):
    add(path, {(hour(), "out"): {"a": 1}, (hour(hour=10), "out"): {"a": 2}, (hour(), ""): {"b": 5}})
    add(path, {(hour(), "out"): {"a": 3, "c": 1}})
    days, hours = read(path)
    assert [(row.lane, row.tally) for row in days] == [("", {"b": 5}), ("out", {"a": 6, "c": 1})]
    assert [(row.hour.hour, row.lane, row.tally) for row in hours] == [
        (9, "", {"b": 5}),
        (9, "out", {"a": 4, "c": 1}),
        (10, "out", {"a": 2}),
    ]


def test_how_far_the_journal_was_counted_is_kept(path):
    with NumbersFile(path) as numbers:
        assert numbers.progress() == Progress()
        numbers.add({}, PROGRESS)
    with NumbersFile(path) as numbers:
        assert numbers.progress() == PROGRESS


def test_old_hours_and_days_are_forgotten_by_their_count(path, monkeypatch):
    monkeypatch.setattr(file, "HOURS_KEPT_DAYS", 3)
    monkeypatch.setattr(file, "DAYS_KEPT", 5)
    for day in range(DAY, DAY + 10):
        add(path, {(hour(day), "out"): {"a": 1}, (hour(day), "in"): {"a": 1}})
    days, hours = read(path, DAY, DAY + 9)
    assert sorted({row.day for row in days}) == list(range(DAY + 5, DAY + 10))
    assert sorted({row.hour.day for row in hours}) == list(range(DAY + 7, DAY + 10))


def test_a_clock_that_was_years_ahead_once_costs_one_day_and_no_history(path):
    add(path, {(hour(DAY + 30_000), "out"): {"a": 1}})
    for day in range(DAY, DAY + 4):
        add(path, {(hour(day), "out"): {"a": 1}})
    assert len(read(path, DAY, DAY + 3)[0]) == 4
    assert HOURS_KEPT_DAYS < DAYS_KEPT


def test_a_kill_at_any_moment_leaves_what_was_counted_and_how_far_in_step(path):
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
        for _line in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with NumbersFile(path) as numbers:
            seq = numbers.progress().seq
        with NumbersReader(path) as reader:
            assert [row.tally["n"] for row in reader.days(1, 1)] == [seq, seq]
            assert [row.tally["n"] for row in reader.hours(1, 1)] == [seq, seq]
    assert seq >= 40


def test_a_file_cut_at_any_page_is_whole_or_begun_again(path, tmp_path):
    for number in range(40):
        add(path, {(hour(DAY + number), "out"): {f"refused/{name}": name for name in range(60)}})
    whole = path.read_bytes()
    for size in range(0, len(whole), 4096 * 9 + 1000):
        cut = tmp_path / f"cut-{size}.db"
        cut.write_bytes(whole[:size])
        with NumbersFile(cut) as numbers:
            assert numbers.progress() in {Progress(), PROGRESS}
            numbers.add({(hour(), "out"): {"a": 1}}, PROGRESS)


@pytest.mark.parametrize("content", [b"no database at all" * 400, None], ids=["rubbish", "another database"])
def test_a_file_that_cannot_be_used_is_moved_aside_and_counting_begins_again(path, content):
    if content is None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 9")
            other.execute("CREATE TABLE t (a)")
    else:
        path.write_bytes(content)
    with NumbersFile(path) as numbers:
        assert numbers.progress() == Progress()
    assert [one.name for one in path.parent.glob("*unusable*")] == ["numbers.db.unusable"]


def test_a_link_is_moved_aside_and_what_it_leads_to_stays(path, tmp_path):
    other = tmp_path / "other.db"
    other.write_bytes(b"precious")
    path.symlink_to(other)
    add(path, {})
    assert other.read_bytes() == b"precious"


def test_a_tally_that_the_disk_has_altered_is_told(path):
    add(path, {(hour(), "out"): {"a": 1}})
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE days SET tally = '[1]'")
        other.commit()
    with pytest.raises(NumbersDamagedError, match="tally"):
        read(path)
    with NumbersFile(path) as numbers, pytest.raises(NumbersDamagedError):
        numbers.add({(hour(), "out"): {"a": 1}}, PROGRESS)


def test_where_nothing_was_counted_there_is_nothing_to_read(path):
    with pytest.raises(NumbersError, match="nothing was counted yet"):
        NumbersReader(path)
    assert not path.exists()


def test_a_file_that_its_writer_has_only_begun_has_nothing_to_read_yet(path):
    path.touch()
    with pytest.raises(NumbersError, match="nothing was counted yet"):
        NumbersReader(path)


def test_a_reader_waits_for_no_writer(path):
    add(path, {(hour(), "out"): {"a": 1}})
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, NumbersReader(path) as reader:
        writer.execute("BEGIN IMMEDIATE")
        assert reader.first_day() == DAY


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "numbers.db").mkdir()
    if os.geteuid() == 0:
        add(folder / "numbers.db", {})  # the folder is moved aside as well
        assert (folder / "numbers.db.unusable").is_dir()
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    with pytest.raises(NumbersError, match="cannot open"):
        NumbersFile(folder / "numbers.db")
