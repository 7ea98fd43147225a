"""The head file: two slots, of which a torn write leaves one."""

import os

import pytest

from agent.store.head_file import LONGEST, SLOT_BYTES, SLOTS, HeadFile, inside


@pytest.fixture
def path(tmp_path):
    return tmp_path / "witness" / "head"


def test_what_was_written_last_is_read_by_the_next_process(path):
    file = HeadFile(path)
    for number in range(5):
        file.write(f"record {number}")
    file.close()
    assert HeadFile(path).read().text == "record 4"


def test_writing_goes_on_where_the_last_process_stopped(path):
    HeadFile(path).write("first")
    second = HeadFile(path)
    second.read()
    second.write("second")
    assert HeadFile(path).read().text == "second"
    assert path.stat().st_size == SLOTS * SLOT_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_there_is_told_from_a_damaged_one(path):
    assert HeadFile(path).read().missing
    path.parent.mkdir()
    path.write_bytes(b"\0" * 100)
    found = HeadFile(path).read()
    assert (found.text, found.missing, found.trouble) == ("", False, f"the head file {path} is damaged")


@pytest.mark.parametrize("torn_at", [0, 5, 21, 25, 40, 60])
def test_a_torn_slot_leaves_the_one_before(path, torn_at):
    file = HeadFile(path)
    file.write("before")  # the second slot: the counter begins with 1
    file.write("torn")  # the first
    with path.open("r+b") as raw:
        raw.seek(torn_at)
        raw.write(b"\xff")
    assert HeadFile(path).read().text in {"before", "torn"}
    with path.open("r+b") as raw:
        raw.write(b"\xff" * 64)
    assert HeadFile(path).read().text == "before"


def test_a_write_that_the_disk_took_in_part_is_told_and_leaves_the_one_before(path, monkeypatch):
    file, write = HeadFile(path), os.pwrite
    file.write("before")
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda descriptor, data, place: write(descriptor, data[:10], place))
        with pytest.raises(OSError, match="No space left"):
            file.write("torn")
    assert HeadFile(path).read().text == "before"
    file.write("after")
    assert HeadFile(path).read().text == "after"


def test_every_changed_byte_of_the_newest_record_is_noticed(path):
    file = HeadFile(path)
    file.write("before")
    file.write("newest")
    whole = path.read_bytes()
    for place in range(21 + len("newest") + 32):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        assert HeadFile(path).read().text == "before", place


def test_a_link_is_neither_read_nor_written(path, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    path.parent.mkdir()
    path.symlink_to(target)
    assert "cannot be read" in HeadFile(path).read().trouble
    with pytest.raises(OSError, match="symbolic links"):
        HeadFile(path).write("record")
    path.unlink()
    os.link(target, path)
    assert "cannot be read" in HeadFile(path).read().trouble
    with pytest.raises(OSError, match="regular file"):
        HeadFile(path).write("record")
    assert target.read_bytes() == b"precious"


def test_a_file_that_was_replaced_while_the_agent_runs_is_written_where_it_is_now(path):
    file = HeadFile(path)
    file.write("first")
    path.unlink()
    file.write("second")
    assert HeadFile(path).read().text == "second"


def test_a_record_that_has_no_room_is_refused(path):
    with pytest.raises(ValueError, match="longer than"):
        HeadFile(path).write("x" * (LONGEST + 1))


def test_a_file_in_the_folder_of_the_state_is_told_also_behind_a_link(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "other").symlink_to(state)
    assert inside(state / "head", state)
    assert inside(tmp_path / "other" / "head", state)
    assert not inside(tmp_path / "state-head", state)
