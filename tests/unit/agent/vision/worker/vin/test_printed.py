"""VINs in print on drawn labels, as cameras at gates see them: read, held against declared ones, and what is none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.core.decision import PicturesShown, VinShown
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.second_reading import ToBeConfirmed, compared
from agent.core.decision.second_reading_result import SecondVerdict
from agent.core.model import VinReading, VinSource
from agent.core.permit.vin import CHARACTERS
from agent.core.plates import ACCEPTED, MatchVerdict, decode
from agent.core.vin_match import match_vin
from agent.vision.worker.picture_selector import crop_jpeg
from agent.vision.worker.plate.weights import WeightsError
from agent.vision.worker.vin.print_recogniser import FOLDER, OTHER, PrintRecogniser, ReadLine
from agent.vision.worker.vin.printed import PrintedVin, PrintedVinReader
from agent.vision.worker.vin.reader import VinFound, VinReader
from bench.sights import Sight
from bench.vin_labels import Glass, behind, label, shown, vin_of, yard
from bench.vin_print_labels import PrintedLabel, label_of, seen_label

if TYPE_CHECKING:
    from pathlib import Path

LABELS = 12
"""Each face in each form."""


@pytest.fixture(scope="module")
def reader() -> PrintedVinReader:
    return PrintedVinReader()


@pytest.fixture(scope="module")
def whole(reader: PrintedVinReader) -> VinReader:
    return VinReader(reader)


def read_in_turn(whole: VinReader, pixels: np.ndarray) -> list[VinFound]:
    """What the first look that finds something finds: on a slow machine a look has time for two lines only."""
    return next((found for _ in range(12) if (found := whole.read(pixels))), [])


def sight(height_px: float = 14.0, **more: float) -> Sight:
    return Sight(height_px, **({"contrast": 150.0, "defocus": 0.06} | more))


def grey(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)


def as_reading(one: PrintedVin | VinFound, frame: int = 1) -> VinReading:
    return VinReading(
        text=one.text,
        source=VinSource.PRINT,
        camera="side",
        frame=frame,
        at=frame / 10,
        confidence=one.confidence,
        positions=one.positions,
        columns=one.columns,
        box=(100, 100, 200, 14),
    )


def verdict(readings: list[VinReading], declared: str) -> MatchVerdict | None:
    found = match_vin(readings, declared)
    return None if found is None else found.verdict


@pytest.fixture(scope="module")
def read(reader: PrintedVinReader) -> list[tuple[str, list[PrintedVin]]]:
    """Of each label its VIN and what was read, with characters of 14 pixels."""
    labels = [label_of(number) for number in range(LABELS)]
    return [
        (one.vin, reader.read_once(grey(seen_label(one, sight(), number).pixels), 1e9))
        for number, one in enumerate(labels)
    ]


def test_with_characters_of_14_pixels_the_declared_vin_is_accepted_in_one_frame(
    read: list[tuple[str, list[PrintedVin]]],
) -> None:
    verdicts = [verdict([as_reading(one) for one in found], vin) for vin, found in read]
    assert verdicts.count(MatchVerdict.MATCH) >= LABELS - 1
    assert sum(one.text == vin for vin, found in read for one in found) >= LABELS - 1


def test_no_vin_that_differs_in_one_character_is_accepted(read: list[tuple[str, list[PrintedVin]]]) -> None:
    for vin, found in read:
        readings = [as_reading(one) for one in found]
        for place in (3, 8, 11, 14, 16):
            for other in sorted(CHARACTERS - {vin[place]}):
                declared = vin[:place] + other + vin[place + 1 :]
                assert verdict(readings, declared) is not MatchVerdict.MATCH, f"{declared} for {vin}"


def test_a_reading_says_how_sure_each_of_its_characters_is(read: list[tuple[str, list[PrintedVin]]]) -> None:
    for _, found in read:
        for one in found:
            assert len(one.positions) == 17
            assert "".join(position[0][0] for position in one.positions) == one.text
            assert all(sum(share for _, share in position) <= 1 + 1e-9 for position in one.positions)
            assert {character for position in one.positions for character, _ in position} <= CHARACTERS
            assert decode(one.columns).characters <= CHARACTERS | {OTHER}
            assert 0 < one.confidence <= 1


def test_the_characters_of_20_pixels_may_be_light_or_far_turned(reader: PrintedVinReader) -> None:
    label_ = PrintedLabel(vin_of(3), "sans bold", "titled", light=True)
    found = reader.read_once(grey(seen_label(label_, sight(20.0, turn_deg=12.0), 3).pixels), 1e9)
    assert [one.text for one in found] == [vin_of(3)]
    assert found[0].confidence >= ACCEPTED


@pytest.mark.parametrize(
    "text",
    [vin_of(5)[:16], f"{vin_of(5)}4", f"{vin_of(5)}48", "1855 KG 2755 KG 2026", "WWW.EXAMPLE.COM/HELP"],
    ids=["16", "18", "19", "weights", "address"],
)
def test_a_line_of_another_length_is_no_vin(reader: PrintedVinReader, text: str) -> None:
    pixels = seen_label(PrintedLabel(text), sight(20.0), 5).pixels
    assert reader.read_once(grey(pixels), 1e9) == []


def test_two_labels_in_view_are_both_told_where_they_stand(reader: PrintedVinReader) -> None:
    pixels = np.array(yard(0))
    for number, top in ((6, 60), (7, 400)):
        pixels[top : top + 260] = seen_label(PrintedLabel(vin_of(number)), sight(20.0), number).pixels[200:460]
    found = {one.text: one for one in reader.read_once(grey(pixels), 1e9)}
    assert set(found) == {vin_of(6), vin_of(7)}
    assert found[vin_of(6)].line.y < 330 < found[vin_of(7)].line.y


@pytest.mark.parametrize("number", [0, 1])
def test_a_yard_without_a_label_shows_none(reader: PrintedVinReader, number: int) -> None:
    assert reader.read_once(grey(np.array(yard(number))), 1e9) == []


def test_noise_shows_none(reader: PrintedVinReader) -> None:
    noise = np.random.default_rng(6).integers(0, 256, (360, 640), dtype=np.uint8)
    assert reader.read_once(noise, 1e9) == []


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (16, 700), (700, 9), (3000, 70)])
def test_a_picture_of_any_size_is_borne(reader: PrintedVinReader, size: tuple[int, int]) -> None:
    stripes = np.zeros(size, np.uint8)
    stripes[:, ::2] = 255
    assert reader.read_once(stripes, 1e9) == []


def test_when_the_time_for_a_picture_is_up_the_other_lines_get_their_turn_in_the_next_ones() -> None:
    """A page of lines of which all but one are a little shorter than a VIN and come first; two a picture are read."""
    page = np.full((420, 640), 235, np.uint8)
    vin = "LSVAA49J132047371"
    for row in range(12):
        text = vin if row == 7 else f"{vin[:8]}.{vin[9:]}"
        where = (150, 40 + row * 32)
        cv2.putText(page, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2, cv2.LINE_AA)
    patient = PrintedVinReader()
    looks = next(look for look in range(1, 13) if any(one.text == vin for one in patient.read(page, 0.0)))
    assert 1 < looks <= 12


class Counted:
    """A recogniser that counts the lines that it reads."""

    def __init__(self, inner: PrintRecogniser) -> None:
        self._inner = inner
        self.lines = 0

    def read(self, view: np.ndarray) -> ReadLine:
        self.lines += 1
        return self._inner.read(view)


def test_a_place_without_a_vin_is_read_ever_more_seldom_yet_within_a_few_looks() -> None:
    page, vin = np.full((300, 640), 235, np.uint8), "LSVAA49J132047371"
    cv2.putText(page, "MADE FOR EXPORT 1", (150, 140), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2, cv2.LINE_AA)
    patient = PrintedVinReader()
    patient._recogniser = counted = Counted(patient._recogniser)
    lines = []
    for _ in range(16):
        before = counted.lines
        assert patient.read(page) == []
        lines.append(counted.lines - before)
    assert lines[0] > 0
    assert 0 < sum(lines[8:]) <= 8 * lines[0] / 2
    page[:] = 235
    cv2.putText(page, vin, (150, 140), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2, cv2.LINE_AA)
    assert any([one.text for one in patient.read(page)] == [vin] for _ in range(5))


def test_a_printed_vin_is_told_with_its_place_and_a_picture_that_reads_alike(whole: VinReader) -> None:
    label_ = PrintedLabel(vin_of(9), form="in a table")
    seen = seen_label(label_, sight(16.0), 9)
    (found,) = read_in_turn(whole, seen.pixels)
    middle = seen.corners.mean(axis=0)
    left, top, width, height = found.box

    assert (found.text, found.source, found.legible) == (vin_of(9), VinSource.PRINT, True)
    assert abs(left + width / 2 - middle[0]) < 60
    assert abs(top + height / 2 - middle[1]) < 60
    assert 120 < width < 1.1 * np.ptp(seen.corners[:, 0])
    kept = whole.read_kept(crop_jpeg(found.crop))
    assert set(kept) == {vin_of(9)}
    again = kept[vin_of(9)]
    assert (again.source, len(again.positions)) == (VinSource.PRINT, 17)
    assert verdict([as_reading(found)], vin_of(9)) is MatchVerdict.MATCH


@pytest.mark.parametrize("place", [None, 3, 16])
def test_a_kept_picture_confirms_the_vin_that_it_shows_and_no_neighbour(whole: VinReader, place: int | None) -> None:
    """As the second reading holds what a vision worker told, a lying one's too, against what its picture shows."""
    shown_vin = vin_of(9)
    (found,) = read_in_turn(whole, seen_label(PrintedLabel(shown_vin), sight(16.0), 9).pixels)
    kept = whole.read_kept(crop_jpeg(found.crop)).values()
    shown_ = tuple(VinShown(one.text, one.source, one.positions, one.confidence, one.columns) for one in kept)
    told = shown_vin
    if place is not None:
        told = told[:place] + ("7" if told[place] != "7" else "4") + told[place + 1 :]
    asked = ToBeConfirmed(vin=told, vins=(replace(as_reading(found), text=told, picture="a picture"),))
    second = compared(asked, PicturesShown(vins=(shown_,)), JudgementRules())
    assert (second.verdict is SecondVerdict.CONFIRMED) is (place is None)


def test_what_is_printed_under_a_code_is_told_once_and_by_the_code(whole: VinReader) -> None:
    chance = np.random.default_rng(1)
    flat = behind(label(VinSource.CODE_128, vin_of(1)), Glass(), chance)
    found = whole.read(shown(flat, Sight(3.0, contrast=150.0, defocus=0.25), chance).pixels)
    assert [(one.text, one.source, one.confidence, one.positions) for one in found] == [
        (vin_of(1), VinSource.CODE_128, 1.0, ())
    ]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(FOLDER, folder)
    return folder


def test_missing_weights_are_an_error_that_names_the_fix(models: Path) -> None:
    (models / "pp_ocr_v6_small_rec.onnx").unlink()
    with pytest.raises(WeightsError, match=r"pp_ocr_v6_small_rec\.onnx.*fetch_models"):
        PrintedVinReader(models)


def test_altered_weights_are_refused(models: Path) -> None:
    path = models / "pp_ocr_v6_small_rec.onnx"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="SHA-256"):
        PrintedVinReader(models)
