"""The views that the recogniser learns from: their columns' targets, their shards, and photographed plates."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.plates.recogniser_columns import ALPHABET
from agent.vision.worker.plate.detector import PlateBox
from agent.vision.worker.plate.rectify import flatten
from training.drawing import DrawnKind, Glyphs, draw
from training.recogniser import measure
from training.recogniser.photographs import FOLDS, Album, crops, fold_of, photographs
from training.recogniser.pool import DrawingStoppedError, OtherSettingsError, Pool, Source, drawn
from training.recogniser.targets import BLANK, CLASSES, COLUMNS, MOST_CHARACTERS, UNSURE, column_targets
from training.recogniser.views import view

FONTS = Path(__file__).parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"


@pytest.fixture(scope="module")
def glyphs():
    return Glyphs.load([FONTS])


def read(targets):
    """The text that the targets spell."""
    sure = [index for index in targets.tolist() if index != UNSURE]
    kept = [index for index, before in zip(sure, [BLANK, *sure], strict=False) if index not in (BLANK, before)]
    return "".join(ALPHABET[index - 1] for index in kept)


@pytest.mark.parametrize("kind", DrawnKind)
def test_the_targets_of_each_kind_spell_its_text_where_its_characters_stand(kind, glyphs):
    rng = np.random.default_rng(1)
    spelt = 0
    for _ in range(12):
        plate = draw(rng, glyphs, kind)
        shown = view(rng, plate)
        targets = column_targets(plate.text, shown.spans)
        assert shown.pixels.shape == (40, 144)
        assert targets.shape == (COLUMNS,)
        for character, (start, end) in zip(plate.text, shown.spans, strict=True):
            column = int((start + end) / 2 // 4)
            if 0 <= column < COLUMNS:
                assert targets[column] == CLASSES[character]
        spelt += read(targets) == plate.text or any(a == b for a, b in zip(plate.text, plate.text[1:], strict=False))
    assert spelt >= 10


def test_a_column_far_from_any_character_is_blank_and_one_at_an_edge_is_left_open():
    targets = column_targets("A", np.array([[60.0, 84.0]], np.float32))
    assert targets[0] == targets[-1] == BLANK
    assert targets[18] == CLASSES["A"]
    assert targets[15] == UNSURE


def test_a_shard_is_the_same_for_the_same_seed_and_number(glyphs):
    first, again, next_one = drawn(glyphs, 3, 0, 8), drawn(glyphs, 3, 0, 8), drawn(glyphs, 3, 1, 8)
    assert np.array_equal(first.views, again.views)
    assert np.array_equal(first.columns, again.columns)
    assert np.array_equal(first.texts, again.texts)
    assert not np.array_equal(first.views, next_one.views)
    assert first.texts.shape == (8, MOST_CHARACTERS)


def test_a_pool_is_drawn_by_a_process_of_its_own_and_used_again(tmp_path, glyphs):
    pool = Pool(tmp_path, Source([FONTS], None, seed=3, size=8))
    pool.start(2)
    shard = pool.shard(1)
    pool.stop()
    assert np.array_equal(shard.views, drawn(glyphs, 3, 1, 8).views)
    assert np.array_equal(
        Pool(tmp_path, Source([FONTS], None, seed=3, size=8)).shard(0).texts, drawn(glyphs, 3, 0, 8).texts
    )


def test_a_pool_that_was_drawn_from_another_source_is_refused(tmp_path):
    (tmp_path / "source.txt").write_text("another")
    with pytest.raises(OtherSettingsError, match="was drawn from another"):
        Pool(tmp_path, Source([FONTS], None, seed=3, size=8)).start(1)


def test_a_shard_that_nobody_draws_is_an_error_and_not_waited_for(tmp_path):
    with pytest.raises(DrawingStoppedError, match="shard-0007"):
        Pool(tmp_path, Source([FONTS], None, seed=3, size=8)).shard(7)


@pytest.fixture
def crop_folder(tmp_path, glyphs):
    """Six drawn plates as crops with labels, and one label that no plate bears."""
    rng = np.random.default_rng(4)
    plates = [draw(rng, glyphs, DrawnKind.BLUE, width_px=94, clean=True) for _ in range(6)]
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "plate", "box"])
        for number, plate in enumerate(plates):
            cv2.imwrite(str(tmp_path / f"{number}.png"), plate.pixels)
            rows.writerow([f"{number}.png", plate.text, ""])
        rows.writerow(["none.png", "¿12345", ""])
        rows.writerow(["none.png", "", ""])
        rows.writerow(["none.png", "A" * (MOST_CHARACTERS + 1), ""])
    return tmp_path


def test_crops_are_read_with_their_labels_and_shown_as_the_reader_flattens_them(crop_folder):
    plates = crops(crop_folder)
    assert len(plates) == 6
    whole = cv2.resize(plates[0].grey, (144, 40), interpolation=cv2.INTER_LINEAR)
    flat = flatten(plates[0].grey.astype(np.uint8), plates[0].corners, (144, 40))
    assert np.abs(whole - flat).mean() < 6


def test_a_photograph_of_a_plate_of_two_lines_is_left_out(tmp_path, mocker):
    corners = np.array([[10, 10], [110, 10], [110, 35], [10, 35]], np.float32)
    square = corners * np.array([1, 2.5], np.float32)
    cv2.imwrite(str(tmp_path / "one.png"), np.full((120, 160, 3), 90, np.uint8))
    (tmp_path / "labels.csv").write_text("file,plate,box\none.png,A123BC,10 10 100 25\n", encoding="utf-8")
    detector = mocker.Mock()

    def found(outline):
        detector.find.return_value = [PlateBox(outline, (10.0, 10.0, 100.0, 25.0), 0.9)]
        return [plate.text for plate in photographs(tmp_path, detector)]

    assert found(corners) == ["A123BC"]
    assert found(square) == []


def test_an_album_shows_its_plates_a_little_differently_each_time_and_repeats_with_its_seed(crop_folder):
    album = Album(crops(crop_folder))
    views, texts = album.sample(np.random.default_rng(5), 20)
    again, _ = album.sample(np.random.default_rng(5), 20)
    assert views.shape == (20, 40, 144)
    assert np.array_equal(views, again)
    same = [index for index, text in enumerate(texts) if text == texts[0]]
    assert len(same) > 1
    assert not np.array_equal(views[same[0]], views[same[1]])


def test_all_pictures_of_a_plate_fall_into_one_fold_and_the_folds_are_about_as_large():
    assert fold_of("京A12345") == fold_of("京A12345")
    folds = [fold_of(f"京A{number:05d}") for number in range(1000)]
    assert all(430 / 2 < folds.count(fold) < 570 / 2 for fold in range(FOLDS))
    assert set(folds) == set(range(FOLDS))


def test_what_is_read_is_counted_with_and_without_the_grammar():
    columns = np.zeros((2, COLUMNS, len(ALPHABET) + 1))
    columns[:, :, BLANK] = 1.0
    for number, text in enumerate(("京A12345", "AB")):
        for place, character in enumerate(text):
            columns[number, 2 + 4 * place] = 0.0
            columns[number, 2 + 4 * place, CLASSES[character]] = 1.0
    score = measure.score(columns, ["京A12345", "AB"])
    assert (score.of, score.greedy, score.exact) == (2, 2, 1)
    assert score.wrong[0][:2] == ("AB", "")
    assert len(score.characters) == 7
    assert measure.joined([score, score]).of == 4


def test_the_calibration_error_is_the_gap_between_what_is_said_and_what_is_true():
    assert measure.calibration_error([(0.9, True)] * 9 + [(0.9, False)]) == pytest.approx(0.0)
    assert measure.calibration_error([(1.0, True), (1.0, False)]) == pytest.approx(0.5)
    assert measure.calibration_error([]) == 0.0
