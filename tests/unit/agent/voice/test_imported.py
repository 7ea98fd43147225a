"""A site's own recordings: taken in as a whole or not at all, and what is told of what is wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from agent.voice import ImportedRecordings, ImportRefusedError, RecordingError, RecordingKey, read_folder
from agent.voice.imported import INDEX
from drivers.contracts.tones import record, tone
from drivers.recording_file import parse

if TYPE_CHECKING:
    from pathlib import Path

RU_WAIT = RecordingKey.parse("ru/wait")
KK_WAIT = RecordingKey.parse("kk/wait")


@pytest.fixture
def own(tmp_path: Path) -> ImportedRecordings:
    return ImportedRecordings(tmp_path / "state" / "voice")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    record(folder / "ru" / "wait.wav", tone(1.0))
    record(folder / "kk" / "wait.wav", tone(2.0, rate_hz=44_100))
    return folder


def files_of(own: ImportedRecordings) -> list[str]:
    return sorted(path.name for path in own.folder.iterdir() if not path.name.startswith("."))


def samples_of(own: ImportedRecordings, key: RecordingKey) -> list[int]:
    return parse((own.folder / own.all()[key].file).read_bytes()).samples.tolist()


def test_before_the_first_import_there_are_none(own: ImportedRecordings) -> None:
    assert own.all() == {}
    assert not own.folder.exists()


def test_the_files_of_a_folder_are_taken_in_as_they_are_with_their_measures(
    own: ImportedRecordings, source: Path
) -> None:
    own.take(read_folder(source))
    assert set(own.all()) == {KK_WAIT, RU_WAIT}
    assert samples_of(own, RU_WAIT) == tone(1.0).samples.tolist()
    measured = own.all()[KK_WAIT]
    assert (measured.duration_s, measured.peak_dbfs, measured.level_dbfs) == (2.0, -6.0, -9.0)


def test_what_is_no_recording_is_left_out_and_named(source: Path) -> None:
    for name in ("README.txt", "ru/notes.md", "ru/._wait.wav"):
        (source / name).write_text("notes")
    assert read_folder(source).left_out == ("README.txt", "ru/._wait.wav", "ru/notes.md")


def test_a_later_import_adds_and_replaces_and_leaves_no_file_behind(
    own: ImportedRecordings, source: Path, tmp_path: Path
) -> None:
    own.take(read_folder(source))
    record(tmp_path / "again" / "ru" / "wait.wav", tone(3.0))
    own.take(read_folder(tmp_path / "again"))
    assert samples_of(own, RU_WAIT) == tone(3.0).samples.tolist()
    assert own.all()[KK_WAIT].duration_s == 2.0
    assert files_of(own) == sorted([INDEX, *(one.file for one in own.all().values())])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("wait.wav", tone(1.0).to_bytes(), 'wait.wav: expected a name such as "ru/show_code"'),
        ("rus/wait.wav", tone(1.0).to_bytes(), "rus/wait.wav: no language 'rus'; expected one of en, zh, ru, kk"),
        ("ru/show-code.wav", tone(1.0).to_bytes(), "no message 'show-code'; did you mean show_code?"),
        ("ru/xyz.wav", tone(1.0).to_bytes(), "no message 'xyz'; expected one of welcome, starting"),
        ("ru/from_central.wav", tone(1.0).to_bytes(), "no message 'from_central'; expected one of"),
        ("ru/wait.WAV", tone(1.0).to_bytes(), "ru/wait exists twice"),
        ("zh/wait.wav", b"ID3 of an MP3", "zh/wait.wav: it is not a WAV file"),
        ("zh/wait.wav", tone(0.1).to_bytes(), "it lasts 0.1 s; expected at least 0.3 s"),
        ("zh/wait.wav", tone(11.0).to_bytes(), "it lasts 11.0 s; expected at most 10.0 s"),
        ("zh/wait.wav", tone(1.0, peak=0.001).to_bytes(), "it is silent"),
    ],
)
def test_one_bad_file_and_nothing_is_taken_in(
    own: ImportedRecordings, source: Path, name: str, content: bytes, words: str
) -> None:
    path = source / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(ImportRefusedError) as refused:
        own.take(read_folder(source))
    assert [words in problem for problem in refused.value.problems] == [True]
    assert own.all() == {}
    assert not own.folder.exists()


def test_every_problem_is_told_at_once(own: ImportedRecordings, source: Path) -> None:
    record(source / "en" / "wait.wav", tone(0.1))
    record(source / "en" / "nonsense.wav", tone(1.0))
    with pytest.raises(ImportRefusedError) as refused:
        own.take(read_folder(source))
    assert len(refused.value.problems) == 2


def test_a_pipe_and_a_file_that_may_not_be_read_are_told_and_do_not_hang(own: ImportedRecordings, source: Path) -> None:
    os.mkfifo(source / "ru" / "checking.wav")
    (source / "ru" / "drive_on.wav").symlink_to(source / "nowhere")
    with pytest.raises(ImportRefusedError) as refused:
        own.take(read_folder(source))
    assert [problem.partition(": ")[2] for problem in refused.value.problems] == [
        "It is not a regular file",
        "No such file or directory",
    ]


def test_a_folder_without_recordings_is_told_with_how_they_should_lie(own: ImportedRecordings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportRefusedError, match=r'expected files such as "ru/show_code\.wav"'):
        own.take(read_folder(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError):
        own.take(read_folder(tmp_path / "nowhere"))


def test_a_disk_that_fails_in_the_middle_leaves_the_old_set(
    own: ImportedRecordings, source: Path, tmp_path: Path, mocker
) -> None:
    own.take(read_folder(source))
    before = own.all()
    for key in ("ru/wait", "ru/checking", "ru/drive_on"):
        record(tmp_path / "again" / f"{key}.wav", tone(1.5))
    full = OSError(28, "No space left on device")
    for written in range(4):
        mocker.patch("os.fsync", side_effect=[None] * written * 2 + [full])
        with pytest.raises(OSError, match="No space left"):
            own.take(read_folder(tmp_path / "again"))
        mocker.stopall()
        assert own.all() == before
        assert samples_of(own, RU_WAIT) == tone(1.0).samples.tolist()
    own.take(read_folder(tmp_path / "again"))
    assert len(own.all()) == 4
    assert files_of(own) == sorted([INDEX, *(one.file for one in own.all().values())])


def test_recordings_that_are_taken_out_are_gone(own: ImportedRecordings, source: Path) -> None:
    own.take(read_folder(source))
    assert own.remove([RU_WAIT, RecordingKey.parse("en/wait")]) == (RU_WAIT,)
    assert list(own.all()) == [KK_WAIT]
    assert len(files_of(own)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": 2}',
        '{"recordings": {"ru/wait": {}}}',
        json.dumps({"recordings": {"ru/wait": {
            "file": "../../etc/passwd", "sha256": "0" * 64, "duration_s": 1, "peak_dbfs": 0, "level_dbfs": 0}}}),
        json.dumps({"recordings": {"ru/nonsense": {
            "file": f"ru-wait-{'0' * 16}.wav", "sha256": "0" * 64, "duration_s": 1, "peak_dbfs": 0, "level_dbfs": 0}}}),
    ],
)  # fmt: skip
def test_a_damaged_index_is_told_and_mended_by_the_next_import(
    own: ImportedRecordings, source: Path, content: str
) -> None:
    own.folder.mkdir(parents=True)
    (own.folder / INDEX).write_text(content)
    with pytest.raises(RecordingError, match="import the recordings again"):
        own.all()
    own.take(read_folder(source))
    assert set(own.all()) == {RU_WAIT, KK_WAIT}
