"""What a set-up has seen outlives a restart, and a damaged file is told, not taken for an empty one."""

from __future__ import annotations

import pytest

from agent.setup.setup_record import MOST, NAME, Note, SetupRecord, SetupRecordError


def test_what_is_noted_is_there_after_a_restart(tmp_path):
    SetupRecord(tmp_path).put("out/board/", Note("olga", 5.0, {"kind": "lcus"}))
    assert SetupRecord(tmp_path).notes() == {"out/board/": Note("olga", 5.0, {"kind": "lcus"})}


def test_what_was_seen_first_stays(tmp_path):
    record = SetupRecord(tmp_path)
    assert record.see("a", Note("olga", 1.0))
    assert not record.see("a", Note("ivan", 2.0))
    assert record.notes()["a"].by == "olga"


def test_what_begins_alike_is_forgotten_together(tmp_path):
    record = SetupRecord(tmp_path)
    for key in ("draft/out/a", "draft/out/b", "draft/in/a"):
        record.put(key, Note("", 0.0))
    record.drop("draft/out/")
    assert list(record.notes()) == ["draft/in/a"]


@pytest.mark.parametrize("content", ["{", "[]", '{"notes": 3}', '{"notes": {"a": {"x": 1}}}', '{"notes": {"a": 3}}'])
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    with pytest.raises(SetupRecordError, match="damaged"):
        SetupRecord(tmp_path).notes()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(SetupRecordError, match="cannot be written"):
        SetupRecord(tmp_path / "nowhere").put("a", Note("", 0.0))


def test_notes_do_not_grow_without_end(tmp_path):
    record = SetupRecord(tmp_path)
    (tmp_path / NAME).write_text('{"notes": {' + ",".join(f'"{n}": {{}}' for n in range(MOST)) + "}}")
    with pytest.raises(SetupRecordError, match="contains"):
        record.put("one more", Note("", 0.0))
