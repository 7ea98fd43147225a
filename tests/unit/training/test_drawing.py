"""The drawn plates: what is printed on them, where it stands, and what a camera makes of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.plates import ALPHABET, TWO_LINES, PlateKind
from agent.core.plates.formats import PROVINCES, kinds_of
from training.drawing import DrawnKind, Glyphs, GlyphsError, Light, degraded, draw
from training.drawing.camera import infrared
from training.drawing.foreign_prints import ABROAD
from training.drawing.frame import framed
from training.drawing.glyphs import Lettering
from training.drawing.kinds import SHARES, drawn_kind
from training.drawing.prints import printed

FONTS = Path(__file__).parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"


@pytest.fixture(scope="module")
def glyphs():
    return Glyphs.load([FONTS])


def ink_beside_ground(plate, box):
    x, y, width, height = box.astype(int)
    cell = plate.pixels[y : y + height, x : x + width].astype(float)
    return np.linalg.norm(cell.reshape(-1, 3).max(axis=0) - cell.reshape(-1, 3).min(axis=0))


@pytest.mark.parametrize("kind", DrawnKind)
def test_each_kind_has_the_boxes_of_its_text_in_order_on_the_plate_with_ink_in_each(kind, glyphs):
    rng = np.random.default_rng(1)
    for _ in range(20):
        plate = draw(rng, glyphs, kind, clean=True)
        height, width = plate.pixels.shape[:2]
        assert plate.kind is kind
        assert plate.boxes.shape == (len(plate.text), 4)
        assert (plate.boxes[:, :2] >= 0).all()
        assert (plate.boxes[:, 0] + plate.boxes[:, 2] <= width).all()
        assert (plate.boxes[:, 1] + plate.boxes[:, 3] <= height).all()
        centres = plate.boxes[:, 0] + plate.boxes[:, 2] / 2
        for line in (centres[: plate.upper], centres[plate.upper :]):
            assert (np.diff(line) > 0).all()
        assert all(ink_beside_ground(plate, box) > 20 for box in plate.boxes)
        assert plate.two_lines == (plate.upper > 0)


@pytest.mark.parametrize("kind", [kind for kind in DrawnKind if kind.value.endswith("two_lines")])
def test_the_upper_line_of_a_plate_of_two_lines_stands_above_the_lower_one(kind, glyphs):
    rng = np.random.default_rng(2)
    for _ in range(20):
        plate = draw(rng, glyphs, kind)
        bottoms = plate.boxes[: plate.upper, 1] + plate.boxes[: plate.upper, 3]
        assert bottoms.max() <= plate.boxes[plate.upper :, 1].min() + 2


ORDERED_OTHERWISE = (DrawnKind.KAZAKHSTAN_TWO_LINES, DrawnKind.BELARUS_TRUCK_TWO_LINES)
NO_FORMAT = {
    DrawnKind.KAZAKHSTAN_DIPLOMATIC,
    DrawnKind.LATIN,
    DrawnKind.LATIN_TWO_LINES,
}


@pytest.mark.parametrize("kind", [kind for kind in DrawnKind if kind not in {*ORDERED_OTHERWISE, *NO_FORMAT}])
def test_what_is_printed_is_a_number_that_the_formats_know(kind):
    rng = np.random.default_rng(3)
    for _ in range(50):
        text = printed(rng, kind).text
        assert set(kinds_of(text)) - {PlateKind.LATIN}, text


@pytest.mark.parametrize("kind", ORDERED_OTHERWISE)
def test_what_is_printed_in_another_order_has_a_format_of_two_lines(kind):
    rng = np.random.default_rng(3)
    for _ in range(50):
        text = printed(rng, kind).text
        assert any(plate.fits(text) for plate in TWO_LINES if plate.order), text


@pytest.mark.parametrize("kind", DrawnKind)
def test_every_character_that_is_printed_is_one_that_the_network_knows(kind):
    rng = np.random.default_rng(10)
    assert {character for _ in range(200) for character in printed(rng, kind).text} <= set(ALPHABET)


@pytest.mark.parametrize("kind", sorted(ABROAD))
def test_the_kind_of_a_plate_from_abroad_is_that_of_its_country(kind):
    rng = np.random.default_rng(11)
    if kind in ORDERED_OTHERWISE or kind in NO_FORMAT:
        pytest.skip("the text alone does not tell")
    country = kind.value.partition("_")[0]
    for _ in range(50):
        text = printed(rng, kind).text
        assert any(found.value.startswith(country) for found in kinds_of(text)), text


def test_kazakh_plates_have_an_i_with_serifs_and_uzbek_noughts_are_cut_open_mostly(glyphs):
    face = glyphs.latin[0]
    plain = Lettering(glyphs, (face,))
    serif, notched = glyphs.with_serifs(plain), glyphs.with_notched_nought(plain)
    assert (serif.mask("I")[:8] > 0).mean() > 0.7
    assert (plain.mask("I")[:8] > 0).mean() < 0.6
    assert serif.mask("A") is plain.mask("A")
    assert notched.mask("0").sum() < plain.mask("0").sum()
    assert np.array_equal(notched.mask("0")[:10], plain.mask("0")[:10])


def test_a_frame_leaves_the_characters_of_a_long_plate_free(glyphs):
    pixels = np.full((3, 60, 280), 200.0, np.float32)
    for seed in range(40):
        shown = pixels.copy()
        framed(np.random.default_rng(seed), shown, glyphs)
        assert (shown[:, 8:50, 16:-16] == 200).all()
        assert (shown[:, -1] != 200).any()


def test_all_provinces_come_about_as_often():
    rng = np.random.default_rng(4)
    drawn = [printed(rng, DrawnKind.BLUE).text[0] for _ in range(31 * 200)]
    counts = [drawn.count(province) for province in PROVINCES]
    assert min(counts) > 140
    assert max(counts) < 260


def test_the_same_seed_draws_the_same_plate_and_another_seed_another(glyphs):
    first, again, other = (draw(np.random.default_rng(seed), glyphs) for seed in (5, 5, 6))
    assert first.text == again.text
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.boxes, again.boxes)
    assert first.text != other.text


def test_kinds_come_as_often_as_their_shares_say():
    assert set(SHARES) == set(DrawnKind)
    rng = np.random.default_rng(7)
    kinds = [drawn_kind(rng) for _ in range(20_000)]
    for kind, share in SHARES.items():
        assert kinds.count(kind) / 20_000 == pytest.approx(share / sum(SHARES.values()), abs=0.01)


@pytest.mark.parametrize("shape", [(40, 144), (40, 144, 3), (70, 220, 3)])
def test_a_degraded_picture_keeps_its_shape_and_repeats_with_its_seed(shape):
    flat = np.random.default_rng(8).integers(0, 255, shape, np.uint8)
    for seed in range(60):
        one, two = (degraded(np.random.default_rng(seed), flat, 120) for _ in range(2))
        assert one.shape == shape
        assert one.dtype == np.uint8
        assert np.array_equal(one, two)


def test_light_that_is_asked_for_is_there_each_time_and_else_now_and_then():
    flat = np.tile(np.array([165, 75, 15], np.uint8), (40, 144, 1))
    flat[10:30, 20:120] = 240

    def colourful(light, seed):
        seen = degraded(np.random.default_rng(seed), flat, 120, light).astype(int)
        return abs(seen[..., 0].mean() - seen[..., 2].mean()) > 3

    def as_by_night(seed):
        night, any_light = (
            degraded(np.random.default_rng(seed), flat, 120, light) for light in (Light.NIGHT, Light.ANY)
        )
        return np.array_equal(night, any_light)

    assert not any(colourful(Light.INFRARED, seed) for seed in range(100))
    assert sum(colourful(Light.ANY, seed) for seed in range(100)) > 70
    assert 2 < sum(as_by_night(seed) for seed in range(100)) < 30


def test_infrared_light_can_turn_the_contrast_of_a_coloured_plate_round_but_not_that_of_black_on_white():
    blue = np.array([[[165, 75, 15], [240, 240, 240]]], np.float32)
    black = np.array([[[28, 26, 26], [240, 240, 240]]], np.float32)
    rng = np.random.default_rng(9)
    coloured = [infrared(rng, blue)[0] for _ in range(300)]
    plain = [infrared(rng, black)[0] for _ in range(300)]
    assert any(ground > ink for ground, ink in coloured)
    assert any(ground < ink for ground, ink in coloured)
    assert all(ink < ground for ink, ground in plain)


def test_bitmaps_named_after_cut_and_character_are_used(tmp_path):
    mark = np.full((90, 45), 255, np.uint8)
    mark[40:50] = 0
    for name in ("140_A", "220_7", "220_up_B", "green_C"):
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), mark)
    glyphs = Glyphs.load([FONTS], tmp_path)
    assert {cut.value: set(face) for cut, face in glyphs.bitmaps.items()} == {
        "one_line": {"A"},
        "upper": {"7", "B"},
        "lower": {"7"},
        "new_energy": {"C"},
    }
    drawn = [draw(np.random.default_rng(seed), glyphs, DrawnKind.BLUE, clean=True) for seed in range(30)]
    assert all(len(plate.text) == 7 for plate in drawn)


def test_folders_without_fonts_or_with_strange_bitmaps_are_refused_by_name(tmp_path):
    with pytest.raises(GlyphsError, match=str(tmp_path)):
        Glyphs.load([tmp_path])
    with pytest.raises(GlyphsError, match="no glyph bitmaps"):
        Glyphs.load([FONTS], tmp_path)
    (tmp_path / "140_A.jpg").write_bytes(b"no picture")
    with pytest.raises(GlyphsError, match=r"140_A\.jpg: not a glyph"):
        Glyphs.load([FONTS], tmp_path)
