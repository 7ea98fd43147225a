"""The pictures of the pages: each is shown somewhere, is small, and is asked of nobody else."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from tools.handbook_pictures.album import MOST_BYTES, MOST_RECORDING_BYTES, Album

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SHOWN = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<address>[^)\s]+)\)")
RECORDING = "demo.webp"


def pages():
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def shown():
    """Every picture on a page: the page, what is said in its place, and its file."""
    for page in pages():
        for found in SHOWN.finditer(page.read_text(encoding="utf-8")):
            yield page, found["words"], (page.parent / found["address"]).resolve()


def shot(colour, size=(1280, 800)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_picture_has_its_reader():
    files = {path.relative_to(ROOT).as_posix() for path in (DOCS / "images").iterdir()}
    used = {path.relative_to(ROOT).as_posix() for _, _, path in shown()}
    assert files - used == set()


def test_every_picture_says_in_words_what_it_shows():
    assert [page.name for page, words, _ in shown() if len(words.split()) < 2] == []


@pytest.mark.parametrize("path", sorted((DOCS / "images").glob("*.webp")), ids=lambda path: path.name)
def test_every_screenshot_is_small(path):
    assert path.stat().st_size <= (MOST_RECORDING_BYTES if path.name == RECORDING else MOST_BYTES)


def test_the_recording_moves_and_no_frame_stays_long():
    with Image.open(DOCS / "images" / RECORDING) as recording:
        durations = []
        for frame in range(recording.n_frames):
            recording.seek(frame)
            recording.load()
            durations.append(recording.info["duration"])
    assert len(durations) > 20
    assert max(durations) <= 2000
    assert 10_000 <= sum(durations) <= 90_000


def test_every_screenshot_of_a_page_comes_from_the_tool():
    source = (ROOT / "tools" / "handbook_pictures" / "scenes.py").read_text(encoding="utf-8")
    kept = set(re.findall(r'album\.keep\w*\(\s*"([\w-]+)"', source))
    taken = {path.stem for path in (DOCS / "images").glob("*.webp")} | {"driver-page"}
    assert kept == taken


def test_a_picture_that_would_be_too_large_is_written_smaller(tmp_path):
    noise = Image.effect_noise((1280, 800), 120).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    Album(tmp_path).keep("loud", buffer.getvalue())
    Album(tmp_path).keep("calm", shot("navy"))
    assert (tmp_path / "calm.webp").stat().st_size < (tmp_path / "loud.webp").stat().st_size
    with Image.open(tmp_path / "calm.webp") as calm:
        assert calm.size == (1280, 800)


def test_a_frame_in_which_nothing_happens_is_cut_short(tmp_path):
    frames = [(0.0, shot("navy")), (0.5, shot("red")), (60.0, shot("green"))]
    Album(tmp_path).keep_recording("made", frames, 1.0)
    durations = []
    with Image.open(tmp_path / "made.webp") as made:
        for frame in range(made.n_frames):
            made.seek(frame)
            made.load()
            durations.append(made.info["duration"])
    assert durations == [500, 1000, 1000]


def test_phones_stand_side_by_side_in_one_picture(tmp_path):
    Album(tmp_path).keep_row("row", [shot("navy", (390, 844)), shot("red", (390, 844))], 422)
    with Image.open(tmp_path / "row.webp") as row:
        assert row.size == (195 + 24 + 195, 422)
