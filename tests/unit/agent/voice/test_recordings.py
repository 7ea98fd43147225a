"""Which file is played for a message: the site's own, else the shipped one, and never one that is damaged."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import pytest

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.voice import (
    ImportedRecordings,
    Origin,
    RecordingError,
    RecordingKey,
    Recordings,
    read_folder,
    read_manifest,
    spoken_messages,
)
from agent.voice.imported import INDEX
from agent.voice.manifest import NAME, SHIPPED
from drivers.contracts.tones import record, tone
from drivers.recording_file import parse

if TYPE_CHECKING:
    from pathlib import Path

KEY = RecordingKey(Language.RU, DriverMessage.WAIT)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of the package's recordings, to damage."""
    return shutil.copytree(SHIPPED, tmp_path / "shipped")


@pytest.fixture
def own(tmp_path: Path) -> ImportedRecordings:
    """A site whose own recording of one sentence is there."""
    own = ImportedRecordings(tmp_path / "voice")
    record(tmp_path / "stick" / KEY.file, tone(1.0))
    own.take(read_folder(tmp_path / "stick"))
    return own


def own_file(own: ImportedRecordings) -> Path:
    return own.folder / own.all()[KEY].file


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("message", spoken_messages())
def test_every_message_but_that_of_central_is_there_in_every_language(
    language: Language, message: DriverMessage
) -> None:
    found = Recordings().find(message, language)
    assert parse(found.read_bytes()).duration_s > 0.3


def test_what_central_sends_has_no_recording() -> None:
    with pytest.raises(RecordingError, match="no recording of en/from_central"):
        Recordings().find(DriverMessage.FROM_CENTRAL, Language.EN)


def test_the_sites_own_wins_over_the_shipped_one_and_no_other_is_touched(
    own: ImportedRecordings, shipped: Path
) -> None:
    recordings = Recordings(own, shipped)
    assert recordings.find(KEY.message, KEY.language) == own_file(own)
    assert recordings.find(KEY.message, Language.KK) == shipped / "kk" / "wait.wav"


def test_an_import_counts_from_the_next_message_on(own: ImportedRecordings, shipped: Path, tmp_path: Path) -> None:
    recordings = Recordings(own, shipped)
    first = recordings.find(KEY.message, KEY.language)
    record(tmp_path / "again" / KEY.file, tone(2.0))
    own.take(read_folder(tmp_path / "again"))
    second = recordings.find(KEY.message, KEY.language)
    assert (first.exists(), parse(second.read_bytes()).duration_s) == (False, 2.0)
    own.remove([KEY])
    assert recordings.find(KEY.message, KEY.language) == shipped / KEY.file


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


@pytest.mark.parametrize("damage", [damaged, lambda path: path.unlink()])
def test_where_the_sites_own_is_damaged_the_shipped_one_is_played_and_it_is_told_once(
    own: ImportedRecordings, shipped: Path, damage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    recordings = Recordings(own, shipped)
    damage(own_file(own))
    for _ in range(3):
        assert recordings.find(KEY.message, KEY.language) == shipped / KEY.file
    assert len(caplog.records) == 1
    assert own.all()[KEY].file in caplog.text


def test_where_the_index_is_damaged_the_shipped_ones_are_played(
    own: ImportedRecordings, shipped: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own.folder / INDEX).write_text("{")
    assert Recordings(own, shipped).find(KEY.message, KEY.language) == shipped / KEY.file
    assert "import the recordings again" in caplog.text


@pytest.mark.parametrize("damage", [damaged, lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_shipped_file_that_is_damaged_is_not_played(shipped: Path, damage) -> None:
    damage(shipped / KEY.file)
    with pytest.raises(RecordingError, match=r"ru/wait\.wav.*; install the package again"):
        Recordings(None, shipped).find(KEY.message, KEY.language)


@pytest.mark.parametrize(
    "change",
    [
        ("[format]", "[forms]"),
        ('"ru/wait.wav"', '"ru/drive_on.wav"'),
        ("[recordings.ru.wait]", "[recordings.ru.weight]"),
        ("[recordings.ru.wait]", "[recordings.de.wait]"),
        (f'text = "{read_manifest().of(KEY).text}"', 'text = "Проезжайте."'),
        ("rate_hz = 12000", "rate_hz = "),
    ],
)
def test_a_manifest_that_is_not_whole_is_refused(shipped: Path, change: tuple[str, str]) -> None:
    path = shipped / NAME
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(RecordingError, match="install the package again"):
        read_manifest(shipped)


def test_the_rows_say_of_every_sentence_whose_it_is_and_what_is_wrong(own: ImportedRecordings, shipped: Path) -> None:
    damaged(shipped / "en" / "wait.wav")
    rows = {row.key: row for row in Recordings(own, shipped).rows()}
    assert len(rows) == 96
    assert (rows[KEY].origin, rows[KEY].duration_s, rows[KEY].trouble) == (Origin.IMPORTED, 1.0, "")
    assert rows[KEY].text == read_manifest().of(KEY).text
    bad = rows[RecordingKey(Language.EN, DriverMessage.WAIT)]
    assert (bad.origin, "checksum differs" in bad.trouble) == (Origin.SHIPPED, True)
    others = [row for key, row in rows.items() if key not in {KEY, bad.key}]
    assert {(row.origin, row.trouble) for row in others} == {(Origin.SHIPPED, "")}
    damaged(own_file(own))
    row = next(row for row in Recordings(own, shipped).rows() if row.key == KEY)
    assert (row.origin, own.all()[KEY].file in row.trouble) == (Origin.SHIPPED, True)
