"""The commands of recorded speech, as a technician runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from agent.cli import main as command_line
from agent.voice import ImportedRecordings, RecordingKey, read_manifest
from drivers.contracts.tones import record, tone
from drivers.voice.simulated import forget_speakers, speaker
from tests.support.board.relay_command import Answer
from tests.support.gate.config_files import HEAD
from tests.support.voice.recorder import DEVICE, Recorder, needs_aplay

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = read_manifest()
LANE = """
[lanes.{name}]
number = {number}
direction = "export"
[lanes.{name}.relay]
kind = "simulated"
name = "{name}"
[[lanes.{name}.cameras]]
id = "{name}-front"
kind = "simulated"
"""
VOICE = """
[lanes.{name}.voice]
kind = "simulated"
name = "{name}"
languages = ["ru", "kk"]
"""


def run(*arguments: object) -> Answer:
    """Run the command in this process, through its own root."""
    runner = CliRunner()
    with runner.isolation(env={"COLUMNS": "120"}) as streams:
        try:
            command_line.main(["voice", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        out, err = streams[0].getvalue().decode(), streams[1].getvalue().decode()
    return Answer(code or 0, out, err)


def write_gate(folder: Path, speaking: tuple[str, ...] = ("out",), silent: tuple[str, ...] = ()) -> Path:
    """A gate whose lanes of these names speak, and others do not."""
    text = HEAD + f'[state]\ndirectory = "{folder / "state"}"\n'
    for number, name in enumerate((*speaking, *silent), 1):
        text += LANE.format(name=name, number=number)
        text += VOICE.format(name=name) if name in speaking else ""
    path = folder / "gate.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "state").mkdir(exist_ok=True)
    return path


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return write_gate(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    record(folder / "ru" / "wait.wav", tone(0.5))
    return folder


@pytest.fixture(autouse=True)
def _speakers() -> Iterator[None]:
    forget_speakers()
    yield
    forget_speakers()


def own(tmp_path: Path) -> ImportedRecordings:
    return ImportedRecordings(tmp_path / "state" / "voice")


# ----------------------------------------------------------------------------------------------------------- list


def test_the_list_has_a_line_for_every_sentence(gate: Path) -> None:
    answer = run("list", "-c", gate)
    lines = answer.out.splitlines()
    assert (answer.code, len(lines)) == (0, 96)
    first, last = (MANIFEST.of(RecordingKey.parse(name)) for name in ("en/welcome", "kk/out_of_service"))
    assert lines[0].split()[:4] == ["en/welcome", "shipped", f"{first.duration_s:.1f}", "s"]
    assert lines[-1].endswith(f"  {last.text}")


def test_an_imported_one_is_told_from_the_shipped_ones(gate: Path, stick: Path) -> None:
    assert run("import", stick, "-c", gate).code == 0
    rows = json.loads(run("list", "-c", gate, "--language", "ru", "--json").out)
    assert len(rows) == 24
    assert [row["message"] for row in rows if row["origin"] == "imported"] == ["wait"]
    wait = next(row for row in rows if row["message"] == "wait")
    assert (wait["duration_s"], wait["text"], wait["trouble"]) == (
        0.5,
        MANIFEST.of(RecordingKey.parse("ru/wait")).text,
        None,
    )


def test_a_damaged_recording_is_marked_told_and_is_an_exit_code(gate: Path, stick: Path, tmp_path: Path) -> None:
    run("import", stick, "-c", gate)
    (file,) = (tmp_path / "state" / "voice").glob("*.wav")
    file.write_bytes(b"RIFF")
    answer = run("list", "-c", gate)
    assert answer.code == 1
    assert [line.split()[1:3] for line in answer.out.splitlines() if line.startswith("!")] == [["ru/wait", "shipped"]]
    assert "checksum differs" in answer.err


# --------------------------------------------------------------------------------------------------------- import


def test_what_is_taken_in_and_what_is_left_out_is_told(gate: Path, stick: Path, tmp_path: Path) -> None:
    (stick / "notes.txt").touch()
    answer = run("import", stick, "-c", gate)
    assert (answer.code, answer.out) == (0, "ru/wait: 0.5 s\n")
    assert answer.err == "notes.txt: left out, its name is not that of a recording\n"
    assert list(own(tmp_path).all()) == [RecordingKey.parse("ru/wait")]


def test_nothing_is_taken_in_where_a_file_is_not_right(gate: Path, stick: Path, tmp_path: Path) -> None:
    record(stick / "ru" / "wate.wav", tone(0.5))
    answer = run("import", stick, "-c", gate)
    assert answer.code == 1
    assert "ru/wate.wav: no message 'wate'; did you mean wait?" in answer.err
    assert answer.err.endswith("nothing was imported\n")
    assert own(tmp_path).all() == {}


def test_a_folder_that_is_not_there_is_told(gate: Path, tmp_path: Path) -> None:
    answer = run("import", tmp_path / "nowhere", "-c", gate)
    assert (answer.code, "No such file or directory" in answer.err) == (1, True)


def test_a_configuration_that_cannot_be_used_ends_it(stick: Path, tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("version = 1\n")
    answer = run("import", stick, "-c", tmp_path / "gate.toml")
    assert (answer.code, "is required" in answer.err) == (78, True)


# --------------------------------------------------------------------------------------------------------- remove


def test_what_is_removed_is_shipped_again(gate: Path, stick: Path, tmp_path: Path) -> None:
    run("import", stick, "-c", gate)
    answer = run("remove", "ru/wait", "-c", gate)
    assert (answer.code, answer.out) == (0, "ru/wait: removed\n")
    assert own(tmp_path).all() == {}
    assert "none of them was imported" in run("remove", "--all", "-c", gate).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "name recordings, or give --all"), (("ru/wait", "--all"), "name recordings"), (("wait",), "ru/show")],
)
def test_to_remove_needs_names_or_all(gate: Path, arguments: tuple[str, ...], words: str) -> None:
    answer = run("remove", *arguments, "-c", gate)
    assert (answer.code, words in answer.err) == (2, True)


# ----------------------------------------------------------------------------------------------------------- test


@pytest.fixture
def _at_once(mocker) -> None:
    """Recordings that are over as soon as they have begun."""
    begin = speaker("out").begin

    def brief(recording: Path, wave) -> None:
        begin(recording, wave)
        speaker("out").finish()

    mocker.patch.object(speaker("out"), "begin", brief)


@pytest.mark.usefixtures("_at_once")
def test_the_sentences_of_the_lanes_languages_are_said_one_after_the_other(gate: Path) -> None:
    answer = run("test", "-c", gate)
    assert answer.code == 0
    played = [f"{one.recording.parent.name}/{one.recording.stem}" for one in speaker("out").played]
    assert (len(played), played[0], played[-1]) == (48, "ru/welcome", "kk/out_of_service")
    assert all(one.is_whole for one in speaker("out").played)
    assert len(answer.out.splitlines()) == 49


@pytest.mark.usefixtures("_at_once")
def test_those_that_are_named_are_said_and_the_sites_own_wins(gate: Path, stick: Path) -> None:
    run("import", stick, "-c", gate)
    answer = run("test", "ru/wait", "en/wait", "-c", gate)
    assert answer.code == 0
    assert [one.wave.rate_hz for one in speaker("out").played] == [16_000, 12_000]


@pytest.mark.usefixtures("_at_once")
def test_one_language_may_be_asked_for(gate: Path) -> None:
    run("test", "-c", gate, "--language", "zh")
    assert {one.recording.parent.name for one in speaker("out").played} == {"zh"}


def test_a_speaker_that_is_away_is_told(gate: Path) -> None:
    speaker("out").unplug()
    answer = run("test", "ru/wait", "-c", gate)
    assert (answer.code, "is unplugged" in answer.err) == (1, True)


@pytest.mark.parametrize(
    ("speaking", "silent", "arguments", "words"),
    [
        ((), ("out",), (), "has a table voice; name a device with --device"),
        (("in", "out"), (), (), "--lane is missing; there is: in, out"),
        (("in", "out"), ("quiet",), ("--lane", "quiet"), "no lane 'quiet' with a table voice; there is: in, out"),
        (("out",), (), ("--device", "default"), "--device does not go with --config"),
        (("out",), (), ("ru/nothing",), "no message 'nothing'"),
    ],
)
def test_what_does_not_go_together_is_told(
    tmp_path: Path, speaking: tuple[str, ...], silent: tuple[str, ...], arguments: tuple[str, ...], words: str
) -> None:
    answer = run("test", *arguments, "-c", write_gate(tmp_path, speaking, silent))
    assert answer.code == 2
    assert words in " ".join(answer.err.replace("│", " ").split())


def test_a_name_that_is_no_device_is_told() -> None:
    answer = run("test", "ru/wait", "--device", "hw:1,0")
    assert (answer.code, "plughw:1,0" in answer.err) == (2, True)


@needs_aplay
def test_a_device_is_heard_without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.fspath(recorder.configuration))
    try:
        answer = run("test", "en/wait", "--device", DEVICE)
        assert answer.code == 0, answer.err
        shipped = Path(command_line.__file__).parents[1] / "voice" / "recordings" / "en" / "wait.wav"
        assert shipped.read_bytes()[44:] in recorder.heard()
    finally:
        recorder.close()
