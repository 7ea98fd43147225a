"""Plates in drawn scenes, and in real photographs where they are at hand."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.plates.certainty import ACCEPTED, Doubt
from agent.core.plates.formats import FORMATS, PROVINCES, Grammar, PlateKind
from agent.core.plates.match import MatchVerdict, match
from agent.core.plates.recogniser_columns import ALPHABET
from agent.core.plates.vote import vote
from agent.vision.worker.picture_file import load
from agent.vision.worker.plate import ctc, rectify, weights
from agent.vision.worker.plate.detector import PlateBox, PlateDetector, clockwise
from agent.vision.worker.plate.reader import PlateReader, surer_look
from agent.vision.worker.plate.weights import WeightsError
from drivers.camera.simulated_yard.plate import draw_plate
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

if TYPE_CHECKING:
    from pytest_mock import MockerFixture

DATA = Path(__file__).resolve().parents[7] / "shared" / "data" / "plates"


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader()


PLATES = [
    ("新A12345", "cn_blue", PlateKind.CIVIL_BLUE),
    ("沪B98765", "cn_yellow", PlateKind.CIVIL_YELLOW),
    ("皖AD12345", "cn_green", PlateKind.NEW_ENERGY_SMALL),
    ("京A1234警", "cn_white", PlateKind.POLICE),
    ("新A1234挂", "cn_yellow", PlateKind.TRAILER),
    ("498VDZ08", "kz", PlateKind.KAZAKHSTAN),
    ("皖A12345D", "cn_large_green", PlateKind.NEW_ENERGY_LARGE),
    ("WJ粤16930", "cn_white", PlateKind.ARMED_POLICE),
    ("粤Z1234澳", "cn_black", PlateKind.MACAO),
    ("沪A1707领", "cn_black", PlateKind.CONSULATE),
    ("京A12345", "cn_black", PlateKind.CIVIL),
    ("新A1234学", "cn_yellow", PlateKind.LEARNER),
    ("A123BCD", "kz_1993", PlateKind.KAZAKHSTAN_1993),
    ("D123456", "kz_red", PlateKind.KAZAKHSTAN_DIPLOMATIC),
]
MARKED = [("新A12345临", PlateKind.TEMPORARY), ("京A12345试", PlateKind.TRIAL), ("粤A12345超", PlateKind.OVERSIZED)]


@pytest.mark.parametrize(("text", "style", "kind"), PLATES)
def test_the_plate_of_a_vehicle_is_read(reader: PlateReader, text: str, style: str, kind: PlateKind) -> None:
    picture = draw_scene(Scene(vehicle=Vehicle(plate=text, style=style)))
    (plate,) = reader.read(picture)

    assert (plate.text, plate.kind) == (text, kind)
    assert plate.confidence > 0.9
    assert [position[0][0] for position in plate.positions] == list(text)
    x, y, width, height = plate.box
    assert (plate.corners >= (x - width, y - height)).all()
    assert (plate.corners <= (x + 2 * width, y + 2 * height)).all()
    assert plate.flat.shape == (80, 288, 3)
    assert not plate.two_lines


@pytest.mark.parametrize(("text", "kind"), MARKED)
def test_the_mark_of_a_temporary_plate_gives_its_kind_and_is_no_part_of_its_number(
    reader: PlateReader, text: str, kind: PlateKind
) -> None:
    (plate,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate=text, style="cn_temporary"))))

    assert (plate.text, plate.kind) == (text[:-1], kind)
    assert plate.confidence > ACCEPTED


@pytest.mark.parametrize(
    ("first", "finer", "kept"),
    [
        pytest.param([], [("390UAT05", 0.3)], "finer", id="the first saw nothing"),
        pytest.param([("390UAY05", 0.4)], [("390UAT05", 0.6)], "finer", id="the first was not plausible"),
        pytest.param([("390UAY05", 0.7)], [("390UAT05", 0.99)], "first", id="the first was plausible"),
        pytest.param([("390UAY05", 0.7)], [("390UAY05", 0.8)], "finer", id="both read the same, the finer look surer"),
        pytest.param([("390UAY05", 0.7)], [("390UAY05", 0.6)], "first", id="both read the same, the first surer"),
        pytest.param([("390UAY05", 0.7)], [], "first", id="the finer look saw nothing"),
        pytest.param([], [], "finer", id="neither saw any"),
    ],
)
def test_of_a_thorough_look_a_plausible_text_stays_and_only_a_surer_look_at_the_same_replaces_it(
    reader: PlateReader, first: list[tuple[str, float]], finer: list[tuple[str, float]], kept: str
) -> None:
    (seen,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate="498VDZ08", style="kz"))))
    looks = {
        name: [replace(seen, text=text, confidence=confidence) for text, confidence in texts]
        for name, texts in (("first", first), ("finer", finer))
    }
    assert surer_look(looks["first"], looks["finer"]) is looks[kept]


def test_a_plate_that_the_edge_cuts_is_no_text_that_stays(reader: PlateReader) -> None:
    (seen,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate="498VDZ08", style="kz"))))
    cut, whole = replace(seen, confidence=0.7, cut=True), replace(seen, text="498VDZ09", confidence=0.3)
    assert surer_look([cut], [whole]) == [whole]


def test_a_text_of_a_kind_that_has_no_such_colour_is_not_accepted(reader: PlateReader) -> None:
    """A plate of letters for trailers, on blue: what the format says and what the colour says cannot both be."""
    (blue,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate="新A1234挂", style="cn_blue"))))

    assert blue.confidence < ACCEPTED


def test_the_reading_carries_what_was_found(reader: PlateReader) -> None:
    (plate,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate="新A12345"))))
    reading = plate.reading("front", 7, 12.5, "ab" * 32)

    assert (reading.text, reading.kind, reading.camera, reading.frame) == ("新A12345", "civil_blue", "front", 7)
    assert (reading.at, reading.box, reading.picture) == (12.5, plate.box, "ab" * 32)
    assert match(vote([reading]), "新A·12345").verdict is MatchVerdict.MATCH
    assert match(vote([reading]), "新A12346").verdict is not MatchVerdict.MATCH


@pytest.mark.parametrize("thorough", [False, True])
def test_no_plate_is_read_where_none_is(reader: PlateReader, thorough: bool) -> None:
    assert reader.read(draw_scene(Scene(vehicle=Vehicle())), thorough=thorough) == []
    assert reader.read(np.zeros((480, 640, 3), np.uint8), thorough=thorough) == []
    assert reader.read(np.full((9, 7, 3), 200, np.uint8), thorough=thorough) == []


def test_the_nearer_of_two_plates_comes_first(reader: PlateReader) -> None:
    picture = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    far = cv2.resize(draw_plate("沪B98765"), (110, 35), interpolation=cv2.INTER_AREA)
    picture[120:155, 900:1010] = far

    assert next(plate.text for plate in reader.read(picture, thorough=True)) == "新A12345"


def test_a_doubtful_find_is_read_where_it_would_be_the_nearest(
    reader: PlateReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plate far behind that is surely one does not hide that of the vehicle in front."""
    picture = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    picture[120:155, 900:1010] = cv2.resize(draw_plate("沪B98765"), (110, 35), interpolation=cv2.INTER_AREA)
    find = PlateDetector.find

    def with_scores(near: float, far: float) -> list[str]:
        def scored(self: PlateDetector, pixels: np.ndarray, longest_px: int = 640) -> list[PlateBox]:
            found = find(self, pixels, longest_px)
            if pixels.shape != picture.shape:
                return found
            return [replace(one, score=near if one.box[2] > 150 else far) for one in found]

        monkeypatch.setattr(PlateDetector, "find", scored)
        return [plate.text for plate in reader.read(picture)]

    assert with_scores(near=0.45, far=0.9) == ["新A12345", "沪B98765"]
    assert with_scores(near=0.9, far=0.45) == ["新A12345"]


TWO_LINES = [
    ("京AE5331", "cn_yellow_rear", PlateKind.CIVIL_YELLOW),
    ("新A1234挂", "cn_yellow_rear", PlateKind.TRAILER),
    ("241VBZ10", "kz_square", PlateKind.KAZAKHSTAN),
    ("241VB10", "kz_square", PlateKind.KAZAKHSTAN),
]


@pytest.mark.parametrize(("text", "style", "kind"), TWO_LINES)
def test_a_plate_of_two_lines_is_read(reader: PlateReader, text: str, style: str, kind: PlateKind) -> None:
    (found,) = reader.read(draw_scene(Scene(vehicle=Vehicle(plate=text, style=style))), thorough=True)

    assert (found.text, found.kind, found.two_lines) == (text, kind, True)
    assert [position[0][0] for position in found.positions] == list(text)
    assert found.flat.shape == (100, 200, 3)


@pytest.mark.parametrize(
    ("style", "text", "share"), [("cn_blue", "新A12345", 90 / 440), ("cn_yellow_rear", "新A1234挂", 60 / 440)]
)
@pytest.mark.parametrize("scale", [0.6, 1.0])
def test_the_height_of_a_character_is_told_as_it_is_in_the_frame(
    reader: PlateReader, style: str, text: str, share: float, scale: float
) -> None:
    """A plate of the yard is 200 pixels wide; `share`: height of a character to that width."""
    scene = draw_scene(Scene(vehicle=Vehicle(plate=text, style=style)))
    (found,) = reader.read(cv2.resize(scene, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), thorough=True)

    assert found.character_px == pytest.approx(200 * share * scale, rel=0.2)


# --------------------------------------------------------------------------------------------- which plates are read


def on_asphalt(*plates: tuple[str, int, int, int]) -> np.ndarray:
    """Plates on grey ground, 720 x 1280: text, left, top and width in pixels."""
    picture = np.full((720, 1280, 3), (95, 92, 90), np.uint8)
    for text, left, top, width in plates:
        flat = cv2.resize(draw_plate(text), (width, width * 140 // 440), interpolation=cv2.INTER_AREA)
        across = min(width, 1280 - left)
        picture[top : top + flat.shape[0], left : left + across] = flat[:, :across]
    return picture


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ((), {"新A12345", "沪B98765"}),
        (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), {"新A12345", "沪B98765"}),
        (((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)), {"新A12345"}),
        (((0.5, 0.0), (1.0, 0.0), (1.0, 0.4)), {"沪B98765"}),
        (((0.0, 0.0), (0.2, 0.0), (0.2, 0.2)), set()),
    ],
)
def test_only_a_plate_whose_centre_lies_in_the_zone_is_read(zone: tuple, texts: set[str]) -> None:
    picture = on_asphalt(("新A12345", 240, 500, 200), ("沪B98765", 900, 100, 120))

    assert {plate.text for plate in PlateReader(zone=zone).read(picture, thorough=True)} == texts


def at_edge(text: str, side: str, inside_px: int) -> np.ndarray:
    """A plate of 200 x 64 on grey ground, 400 x 600: that side of it is so far inside the picture, or cut off."""
    style = "kz" if text[0].isdigit() else "cn_blue"
    ground = np.full((1200, 1600, 3), (95, 92, 90), np.uint8)
    ground[600:664, 700:900] = cv2.resize(draw_plate(text, style), (200, 64), interpolation=cv2.INTER_AREA)
    left, top = {
        "right": (900 + inside_px - 600, 430),
        "left": (700 - inside_px, 430),
        "lower": (500, 664 + inside_px - 400),
        "upper": (500, 600 - inside_px),
    }[side]
    return np.ascontiguousarray(ground[top : top + 400, left : left + 600])


SIDES = ("right", "left", "lower", "upper")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("inside_px", [5, 12])
@pytest.mark.parametrize("text", ["新A12345", "498VDZ08"])
def test_a_plate_at_the_edge_of_the_picture_is_read_where_its_end_is_seen(
    reader: PlateReader, text: str, side: str, inside_px: int
) -> None:
    (found,) = reader.read(at_edge(text, side, inside_px), thorough=True)

    assert (found.text, found.cut, found.confidence > ACCEPTED) == (text, False, True)


@pytest.mark.parametrize("text", ["新A12345", "沪B98765", "498VDZ08"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("cut_px", [7, 14, 24, 32])
def test_a_plate_that_the_edge_of_the_picture_cuts_is_not_read_and_never_sure(
    reader: PlateReader, text: str, side: str, cut_px: int
) -> None:
    picture = at_edge(text, side, -cut_px)

    assert reader.read(picture, thorough=True) == []
    for found in reader.read(picture, thorough=True, with_cut=True):
        assert (found.cut, found.doubt) == (True, Doubt.EDGE)
        assert found.confidence < ACCEPTED


@pytest.mark.parametrize("border", [0, 255])
def test_a_border_round_the_picture_is_not_taken_for_what_stands_behind_a_plate(
    reader: PlateReader, border: int
) -> None:
    framed = cv2.copyMakeBorder(
        at_edge("新A12345", "right", -20), 0, 0, 8, 8, cv2.BORDER_CONSTANT, value=(border, border, border)
    )

    assert reader.read(framed, thorough=True) == []


def test_a_plate_that_is_cut_comes_after_a_smaller_one_that_is_whole(reader: PlateReader) -> None:
    picture = on_asphalt(("新A12345", 1120, 300, 200), ("沪B98765", 500, 100, 120))

    found = reader.read(picture, thorough=True, with_cut=True)
    assert next((plate.text, plate.cut) for plate in found) == ("沪B98765", False)
    assert [plate.cut for plate in found] == sorted(plate.cut for plate in found)


def test_a_crop_without_a_plate_gives_nothing_sure(reader: PlateReader) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        found = reader.read_crop(rng.integers(0, 256, (48, 168, 3), dtype=np.uint8))
        assert found is None or found.confidence < 0.9


def test_corners_are_put_clockwise_from_the_top_left() -> None:
    wanted = np.array([[0, 0], [10, 1], [9, 5], [1, 4]], np.float32)

    for order in ([0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0]):
        assert (clockwise(wanted[order]) == wanted).all()


# ------------------------------------------------------------------------------------------------------------- CTC


def likelihood(columns: np.ndarray, text: str) -> float:
    """The probability of a text, straight from the definition: the sum over every alignment, state by state."""
    states = [0]
    for character in text:
        states += [ctc.CLASSES[character], 0]
    emission = np.maximum(columns, 1e-7)
    alpha = [emission[0, 0], emission[0, states[1]], *[0.0] * (len(states) - 2)]
    for column in emission[1:]:
        after = []
        for index, state in enumerate(states):
            flow = alpha[index] + (alpha[index - 1] if index else 0)
            if index > 1 and state and state != states[index - 2]:
                flow += alpha[index - 2]
            after.append(flow * column[state])
        alpha = after
    return alpha[-1] + alpha[-2]


def columns_of(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(ALPHABET) + 1, 0.1), 36)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["京AA1123", "使014578", "498VDZ08", "京A1234学", "AAAAA"]))
def test_the_probability_of_every_substitution_is_that_of_the_definition(seed: int, text: str) -> None:
    columns = columns_of(seed)
    table = ctc.substitutions(columns, text)

    for place in range(len(text)):
        for character in {text[place], "A", "1", "皖", text[place - 1]}:
            wanted = likelihood(columns, text[:place] + character + text[place + 1 :])
            assert table[place, ctc.CLASSES[character]] == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_search_returns_texts_of_the_grammar_best_first(seed: int) -> None:
    grammar = Grammar(FORMATS)
    found = ctc.search(columns_of(seed), grammar)
    worth = [hypothesis.probability * hypothesis.format.prior for hypothesis in found]

    assert worth == sorted(worth, reverse=True)
    for hypothesis in found:
        assert hypothesis.format in grammar.complete(grammar.follow(hypothesis.printed), len(hypothesis.printed))


def searched(columns: np.ndarray, grammar: Grammar) -> list[tuple[str, float]]:
    """The beam search straight from its definition: every longer prefix is made, and the twelve best stay."""
    beams = {"": (grammar.start, 1.0, 0.0)}
    for column in columns:
        after: dict[str, list[float]] = {}
        for prefix, (state, blank, last) in beams.items():
            stay = after.setdefault(prefix, [state, 0.0, 0.0])
            stay[1] += (blank + last) * max(column[0], 1e-7)
            if prefix:
                stay[2] += last * column[ctc.CLASSES[prefix[-1]]]
            for character in ALPHABET:
                share = column[ctc.CLASSES[character]]
                if share > 1e-4 and (step := grammar.step(state, len(prefix), character)):
                    longer = after.setdefault(prefix + character, [step, 0.0, 0.0])
                    longer[2] += share * (blank if prefix.endswith(character) else blank + last)
        worth = {text: (blank + last) * grammar.best_prior(int(state)) for text, (state, blank, last) in after.items()}
        best = sorted(after, key=lambda text: -worth[text])[:12]
        beams = {text: (int(after[text][0]), after[text][1], after[text][2]) for text in best}
    return [(text, blank + last) for text, (state, blank, last) in beams.items() if grammar.complete(state, len(text))]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.1, 0.5]))
def test_the_search_leaves_out_only_what_is_not_among_the_best(seed: int, evenness: float) -> None:
    grammar = Grammar(FORMATS)
    columns = np.random.default_rng(seed).dirichlet(np.full(len(ALPHABET) + 1, evenness), 36)
    found = {hypothesis.printed: hypothesis.probability for hypothesis in ctc.search(columns, grammar)}

    assert found == pytest.approx(dict(searched(columns, grammar)))


def test_the_posterior_is_a_distribution_at_every_place(reader: PlateReader) -> None:
    plate = reader.read_crop(draw_plate("新A12345"))

    assert plate is not None
    for position in plate.positions:
        assert 0.99 < sum(share for _, share in position) <= 1 + 1e-9


# --------------------------------------------------------------------------------------------------------- weights


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(weights.FOLDER, folder)
    return folder


def test_missing_weights_are_an_error_that_names_the_fix(models: Path) -> None:
    (models / "plate_detector.onnx").unlink()

    with pytest.raises(WeightsError, match=r"plate_detector\.onnx.*install the package again"):
        PlateReader(models)


def test_altered_weights_are_refused(models: Path) -> None:
    path = models / "plate_recogniser.onnx"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="SHA-256"):
        PlateReader(models)


def test_a_missing_manifest_is_an_error(models: Path) -> None:
    (models / "manifest.toml").unlink()

    with pytest.raises(WeightsError, match=r"manifest\.toml"):
        weights.checked("detector", models)


# ---------------------------------------------------------------------------------------------------- photographs


def labelled(subset: str) -> dict[str, str]:
    with (DATA / subset / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["plate"] for row in csv.DictReader(file)}


@pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not at hand")
def test_as_many_photographs_are_read_as_were_when_it_was_measured(reader: PlateReader) -> None:
    labels = labelled("easypr_cn")
    exact = neighbours = 0
    for name, label in labels.items():
        found = reader.read(load(DATA / "easypr_cn" / name), thorough=True)[:1]
        exact += [plate.text for plate in found] == [label]
        voted = vote([plate.reading("front", 1, 0.0) for plate in found])
        neighbours += match(voted, next_plate(label)).verdict is MatchVerdict.MATCH

    assert exact >= 97
    assert neighbours == 0


def test_of_blurred_plates_more_are_read_where_a_doubtful_view_is_sharpened(
    reader: PlateReader, mocker: MockerFixture
) -> None:
    texts = [f"{province}A{number:05d}" for number, province in enumerate(PROVINCES[::2], start=24_680)]
    plates = [cv2.resize(draw_plate(text), (94, 30), interpolation=cv2.INTER_AREA) for text in texts]
    blurred = [
        (text, cv2.GaussianBlur(plate, (0, 0), by))
        for text, plate in zip(texts, plates, strict=True)
        for by in (2, 2.3)
    ]

    def right() -> int:
        return sum(
            found is not None and found.text == text for text, crop in blurred for found in [reader.read_crop(crop)]
        )

    with_a_second_word = right()
    mocker.patch("agent.vision.worker.plate.rectify.sharpened", lambda view: view)

    assert with_a_second_word > right()


def test_a_view_is_sharpened_without_getting_lighter_or_darker() -> None:
    edge = np.full((40, 144), 100, np.uint8)
    edge[:, 72:] = 140
    soft = cv2.GaussianBlur(edge, (0, 0), 2)
    sharp = rectify.sharpened(soft)

    assert (sharp[0, 0], sharp[0, -1]) == (100, 140)
    assert int(sharp[0, 72]) - int(sharp[0, 71]) > int(soft[0, 72]) - int(soft[0, 71])
    assert abs(float(sharp.mean()) - 120) < 0.5


@pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not at hand")
def test_blurred_crops_never_match_a_neighbouring_plate(reader: PlateReader) -> None:
    labels = dict(list(labelled("lprnet_cn_crops").items())[::4])
    exact = matched = mismatched = neighbours = 0
    for name, label in labels.items():
        blurred = cv2.GaussianBlur(load(DATA / "lprnet_cn_crops" / name), (0, 0), 1.2)
        plate = reader.read_crop(blurred)
        voted = vote([plate.reading("front", frame, frame * 0.04) for frame in (1, 2)] if plate else [])
        exact += plate is not None and plate.text == label
        verdict = match(voted, label).verdict
        matched += verdict is MatchVerdict.MATCH
        mismatched += verdict is MatchVerdict.MISMATCH
        neighbours += match(voted, next_plate(label)).verdict is MatchVerdict.MATCH

    assert exact >= 0.9 * len(labels)
    # The second frame is the first one again, which says nothing new: what one blurred frame leaves open stays open.
    assert matched >= 0.8 * len(labels)
    assert mismatched <= 0.02 * len(labels)
    assert neighbours == 0


def next_plate(plate: str) -> str:
    index = max(index for index, character in enumerate(plate) if character.isdigit())
    return plate[:index] + str((int(plate[index]) + 1) % 10) + plate[index + 1 :]
