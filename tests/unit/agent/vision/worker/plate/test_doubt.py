"""What is read of plates of which a part is not seen, or whose form nobody knows: never anything sure and wrong."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from agent.core.plates import ACCEPTED, Country, Doubt, PlateColour, RegionField, Sight, country_of
from agent.vision.worker.plate import ctc
from agent.vision.worker.plate.colour import Light
from agent.vision.worker.plate.crop_reader import PlateCropReader
from agent.vision.worker.plate.detector import PlateBox
from agent.vision.worker.plate.recogniser import PlateRecogniser
from agent.vision.worker.plate.view_read import read_view
from drivers.camera.simulated_yard.plate import draw_plate


@pytest.fixture(scope="module")
def reader() -> PlateCropReader:
    return PlateCropReader()


def on_grey(text: str, style: str) -> tuple[np.ndarray, np.ndarray]:
    """A picture with a plate, and the plate's corners."""
    plate = draw_plate(text, style)
    height, width = plate.shape[:2]
    plate = cv2.resize(plate, (260, 260 * height // width), interpolation=cv2.INTER_AREA)
    picture = np.full((200, 400, 3), (95, 92, 90), np.uint8)
    picture[60 : 60 + plate.shape[0], 70:330] = plate
    low = 60 + plate.shape[0]
    return picture, np.array([[70, 60], [330, 60], [330, low], [70, low]], np.float32)


def read(reader: PlateCropReader, picture: np.ndarray, corners: np.ndarray):
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), *(float(side) for side in high - low))
    return reader.read_one(picture, PlateBox(corners, box, 1.0), Light())


PLATES = [("498VDZ08", "kz", Country.KAZAKHSTAN), ("新A12345", "cn_blue", Country.CHINA)]


@pytest.mark.parametrize(("text", "style", "country"), PLATES)
def test_a_whole_plate_is_in_no_doubt_and_of_its_country(
    reader: PlateCropReader, text: str, style: str, country: Country
) -> None:
    found = read(reader, *on_grey(text, style))

    assert (found.text, found.doubt) == (text, Doubt.NONE)
    assert found.confidence > ACCEPTED
    assert found.countries[0][0] is country
    assert found.countries[0][1] > 0.9
    assert sum(share for _, share in found.countries) == pytest.approx(1)


@pytest.mark.parametrize(("text", "style", "country"), PLATES)
@pytest.mark.parametrize("side", [0, 1])
def test_corners_that_cut_characters_off_never_give_a_sure_text_that_is_not_the_plates(
    reader: PlateCropReader, text: str, style: str, country: Country, side: int
) -> None:
    picture, corners = on_grey(text, style)
    for cut in range(0, 150, 6):
        narrowed = corners.copy()
        narrowed[[0, 3] if side == 0 else [1, 2], 0] += cut if side == 0 else -cut
        found = read(reader, picture, narrowed)
        assert found is None or found.text == text or found.confidence < ACCEPTED, (cut, found.text, found.confidence)


@pytest.mark.parametrize("text", ["5A101AA", "WOB1234", "K12AB"])
def test_a_text_of_unknown_form_is_in_doubt_however_clear_it_is(reader: PlateCropReader, text: str) -> None:
    found = read(reader, *on_grey(text, "kz_1993"))

    assert found.doubt is Doubt.FORM
    assert found.confidence < ACCEPTED


def columns_of(text: str, share: float = 0.97) -> np.ndarray:
    """Columns of a network that sees this text clearly."""
    columns = np.full((36, len(ctc.CLASSES) + 1), (1 - share) / len(ctc.CLASSES))
    shown = {4 + 3 * place: ctc.CLASSES[character] for place, character in enumerate(text)}
    for place, column in enumerate(columns):
        column[shown.get(place, 0)] = share
    return columns / columns.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("seen", "field", "text"),
    [
        ("07700016", RegionField.RIGHT, "077OOO16"),  # all six look alike; a field on the right has Kazakhstan
        ("498VDZO8", RegionField.RIGHT, "498VDZ08"),
        ("OIA123BC", RegionField.LEFT, "01A123BC"),
        ("A123BC777", RegionField.RIGHT, "A123BC777"),
    ],
)
def test_o_and_0_i_and_1_are_what_their_place_allows(seen: str, field: RegionField, text: str) -> None:
    read = read_view(np.zeros((40, 144), np.uint8), columns_of(seen), Sight(PlateColour.WHITE, 4.4, field=field))

    assert read is not None
    assert read.best.number == text


def test_a_car_and_a_trailer_that_a_twin_parts_are_both_possible_and_neither_is_sure() -> None:
    sight = Sight(PlateColour.WHITE, 4.4, field=RegionField.LEFT)
    read = read_view(np.zeros((40, 144), np.uint8), columns_of("700999FB"), sight)

    assert read is not None
    positions, confidence = read.posterior()
    assert {character for character, _ in positions[2]} >= {"0", "O"}
    assert confidence < ACCEPTED
    assert read.countries[0][0] is Country.UZBEKISTAN
    assert read.countries[0][1] > 0.95


def test_two_lines_that_bear_two_numbers_are_sure_of_neither() -> None:
    """011 over 01 ABC of Kazakhstan, or 01 101 over ABC of Uzbekistan."""
    sight = Sight(PlateColour.WHITE, 1.6, two_lines=True)
    view = np.zeros((40, 144), np.uint8)
    (_, twofold), (_, single) = (
        read.posterior() for text in ("01101ABC", "01155ABC") if (read := read_view(view, columns_of(text), sight))
    )

    assert twofold < ACCEPTED
    assert single > twofold


def test_a_longer_text_of_another_look_puts_the_shorter_one_in_doubt(reader: PlateCropReader) -> None:
    seen = read(reader, *on_grey("498VDZ08", "kz"))
    # As where the first look lost the last digit of a Russian region.
    part, whole = replace(seen, text="A123BC77"), replace(seen, text="A123BC777")

    assert part.beside(None) is part
    third = part.beside(seen)
    assert (third.doubt, third.text) == (Doubt.NONE, part.text)
    assert third.confidence == pytest.approx(0.5, abs=0.1), "both are sure, and only one can be right"
    assert whole.beside(part) is whole
    assert part.beside(whole).doubt is Doubt.LONGER
    assert part.beside(whole).confidence < ACCEPTED


def test_weights_of_a_shorter_alphabet_never_say_the_newer_characters() -> None:
    (columns,) = PlateRecogniser().probabilities([np.full((40, 144), 128, np.uint8)])

    assert columns.shape == (36, len(ctc.CLASSES) + 1)
    assert columns.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("seen", "text", "country"),
    [
        ("01P211BD超", "01P211BD", Country.UZBEKISTAN),
        ("60847AAA警", "60847AAA", Country.UZBEKISTAN),
        ("京A1234警", "京A1234警", Country.CHINA),
        ("粤ZA123港", "粤ZA123港", Country.CHINA),
    ],
)
def test_a_flag_behind_an_uzbek_number_is_no_chinese_character_and_a_mark_behind_a_chinese_one_is(
    seen: str, text: str, country: Country
) -> None:
    read = read_view(np.zeros((40, 144), np.uint8), columns_of(seen), Sight())

    assert read is not None
    assert (read.best.number, country_of(read.kind)) == (text, country)
    assert read.doubt is Doubt.NONE
    assert read.posterior()[1] > ACCEPTED


def test_twins_share_what_was_seen_of_one() -> None:
    columns = np.zeros((36, len(ctc.CLASSES) + 1))
    columns[:, ctc.CLASSES["0"]] = 0.8
    shared = ctc.with_twins(columns)

    assert shared[0, ctc.CLASSES["O"]] == pytest.approx(0.24)
    assert shared[0, ctc.CLASSES["0"]] == pytest.approx(0.8)
    assert columns[0, ctc.CLASSES["O"]] == 0


@pytest.mark.parametrize(
    ("text", "confidence", "other", "against", "wanted"),
    [
        ("川A82M83", 0.91, "桂A82M83", 0.88, 0.58),
        ("川A82M83", 0.99, "桂A82M83", 0.3, 0.99),
        ("川A82M83", 0.4, "桂A82M83", 0.99, 0.007),
        ("川A82M83", 1.0, "桂A82M83", 1.0, 0.5),
        ("川A82M83", 0.95, "川A82M83", 0.95, 0.95),
        ("川A82M83", 0.95, "A82M83", 0.9, 0.95),
        ("A82M83", 0.95, "川A82M83", 0.3, 0.85),
    ],
    ids=[
        "about as sure",
        "surer",
        "far less sure",
        "both wholly sure",
        "the same text",
        "a part of it",
        "more than it",
    ],
)
def test_of_two_looks_that_read_two_texts_neither_is_sure_beside_the_other(
    reader: PlateCropReader, text: str, confidence: float, other: str, against: float, wanted: float
) -> None:
    plate = reader.read_crop(draw_plate("新A12345"))
    assert plate is not None
    one, two = replace(plate, text=text, confidence=confidence), replace(plate, text=other, confidence=against)

    assert one.beside(two).confidence == pytest.approx(wanted, abs=0.01)
    assert one.beside(None) is one
