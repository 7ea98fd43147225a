"""The scenes that the detector of plates learns from: corners where the plates are, the same from the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.vision.worker.plate.detector import PlateBox, PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from drivers.camera.simulated_yard.plate import draw_plate
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from training.detector.backgrounds import BackgroundError, Backgrounds, cut, shapes
from training.detector.decoys import decoy, put_caption, stencil
from training.detector.labelled import Labelled, unlabelled, upright
from training.detector.light import lit
from training.detector.photographs import Photograph, as_judged, boxed, cornered, located, photographs, searched
from training.detector.pose import paste, projected, rectangle
from training.detector.samples import BATCHES, Samples
from training.detector.scene import compose, put_plate
from training.detector.vehicle import behind_glass, mounted, on_truck
from training.detector.views import view
from training.drawing import Glyphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FONTS = Path(__file__).resolve().parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"
RED = (0, 0, 255)


def marked(rng: np.random.Generator, width_px: int) -> NDArray[np.uint8]:
    """A plate whose four corners have four colours, on a black ground."""
    plate = np.zeros((round(width_px / 3), width_px, 3), np.uint8)
    half_x, half_y = plate.shape[1] // 2, plate.shape[0] // 2
    plate[:half_y, :half_x], plate[:half_y, half_x:] = (255, 0, 0), (0, 255, 0)
    plate[half_y:, half_x:], plate[half_y:, :half_x] = (0, 0, 255), (255, 255, 0)
    return plate


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples(3, Glyphs.load([FONTS]), Backgrounds([]))


@pytest.mark.parametrize("seed", range(25))
def test_the_corners_are_where_the_plate_was_put(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = np.full((256, 320, 3), 128, np.uint8)
    taken: list[NDArray[np.float32]] = []
    put_plate(rng, Labelled(ground), marked, taken)

    for corners in taken:
        centre = corners.mean(axis=0)
        colours = []
        for corner in corners:
            x, y = np.clip(np.round(centre + 0.5 * (corner - centre)), 0, (319, 255)).astype(int)
            colours.append(np.argsort(ground[y, x].astype(int))[::-1])
        assert [colour[0] for colour in colours[:3]] == [0, 1, 2]
        assert set(colours[3][:2].tolist()) == {0, 1}


def test_most_plates_find_a_place_and_none_covers_another() -> None:
    placed = 0
    for seed in range(40):
        ground = np.full((256, 320, 3), 128, np.uint8)
        taken: list[NDArray[np.float32]] = []
        for _ in range(3):
            put_plate(np.random.default_rng((seed, len(taken))), Labelled(ground), marked, taken)
        placed += bool(taken)
        for index, one in enumerate(taken):
            assert (one >= -1).all()
            assert (one <= (321, 257)).all()
            for other in taken[index + 1 :]:
                assert cv2.intersectConvexConvex(one, other)[0] == 0

    assert placed >= 35


def test_a_plate_in_space_is_convex_and_keeps_its_order() -> None:
    for seed in range(200):
        quad = projected(np.random.default_rng(seed), 100, 3.1)
        sides = np.roll(quad, -1, axis=0) - quad
        turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
        assert (turns > 0).all()
        assert quad[0, 0] < quad[1, 0]


def test_what_lies_outside_is_not_pasted() -> None:
    ground = np.full((60, 80, 3), 9, np.uint8)
    matrix = cv2.getPerspectiveTransform(rectangle(30, 10), rectangle(30, 10) + np.float32([200, 200]))
    paste(ground, np.full((10, 30, 3), RED, np.uint8), matrix)

    assert (ground == 9).all()


def test_a_card_is_seen_through_where_its_mask_is_empty() -> None:
    ground = np.full((60, 80, 3), 9, np.uint8)
    mask = np.zeros((10, 30), np.uint8)
    mask[:, 15:] = 255
    matrix = cv2.getPerspectiveTransform(rectangle(30, 10), rectangle(30, 10) + np.float32([20, 20]))
    paste(ground, np.full((10, 30, 3), RED, np.uint8), matrix, mask)

    assert (ground[22:28, 22:32] == 9).all()
    assert (ground[22:28, 38:48] == RED).all()


@pytest.mark.parametrize("mount", [mounted, on_truck])
def test_a_plate_on_a_vehicle_stays_as_it_is(mount: Callable[..., tuple]) -> None:
    plate = draw_plate("新A12345")
    for seed in range(10):
        card, opacity, (x, y) = mount(np.random.default_rng(seed), plate)
        left, top = int(x), int(y)

        assert (card[top : top + plate.shape[0], left : left + plate.shape[1]] == plate).all()
        assert (opacity[top : top + plate.shape[0], left : left + plate.shape[1]] == 255).all()


def test_a_plate_behind_glass_is_where_it_was_put_and_a_little_brighter() -> None:
    plate = draw_plate("新A12345")
    for seed in range(10):
        card, opacity, (x, y) = behind_glass(np.random.default_rng(seed), plate)
        part = card[int(y) : int(y) + plate.shape[0], int(x) : int(x) + plate.shape[1]]

        assert opacity.shape == card.shape[:2]
        assert np.corrcoef(part.ravel(), plate.ravel())[0, 1] > 0.6


def test_the_same_number_is_the_same_batch_and_another_is_another(samples: Samples) -> None:
    for number, (size_px, count) in enumerate(BATCHES):
        pictures, targets = samples.batch(number)
        again_pictures, again = samples.batch(number)

        assert pictures.shape == (count, size_px[1], size_px[0], 3)
        assert targets.shape == (count, 14, size_px[1] // 8, size_px[0] // 8)
        assert (pictures == again_pictures).all()
        assert (targets == again).all()
    assert (samples.batch(0)[0] != samples.batch(1)[0]).any()


def test_a_batch_comes_again_in_another_light(samples: Samples) -> None:
    first, later = samples.pictures(0), samples.pictures(2 * len(BATCHES))

    for one, other in zip(first, later, strict=True):
        assert all((a == b).all() for a, b in zip(one.corners, other.corners, strict=True))
    assert any((one.pixels != other.pixels).any() for one, other in zip(first, later, strict=True))


def test_scenes_hold_none_one_and_several_plates(samples: Samples) -> None:
    counts = {len(one.corners) for number in (0, 1) for one in samples.pictures(number)}

    assert {0, 1, 2} <= counts


def test_whole_pictures_are_put_together_of_photographs_too(samples: Samples) -> None:
    red = red_plate()
    boxed_red = Labelled(red.pixels, boxes=[upright(280, 300, 120, 44)])
    with_photographs = Samples(3, samples.glyphs, samples.backgrounds, [red, boxed_red])
    whole = [one for number in range(5, 60, 6) for one in with_photographs.pictures(number)]

    assert any(one.boxes for one in whole)
    for one in whole:
        for plate in one.outlines:
            assert (plate >= -1).all()
            assert (plate <= (641, 385)).all()


def test_a_scene_without_plates_has_decoys_only() -> None:
    for seed in range(60):
        scene = compose(np.random.default_rng(seed), Labelled(np.zeros((256, 320, 3), np.uint8)), marked)
        if not scene.corners:
            assert scene.pixels.shape == (256, 320, 3)
            return
    pytest.fail("every scene had a plate")


def test_of_a_doubtful_background_only_what_was_put_in_is_told() -> None:
    doubtful = 0
    for seed in range(30):
        ground = unlabelled(np.full((256, 320, 3), 128, np.uint8))
        scene = compose(np.random.default_rng(seed), ground, marked)
        assert scene.told is not None
        doubtful += bool((scene.told == 0).any())
        for plate in scene.corners:
            x, y = np.clip(plate.mean(axis=0), 0, (319, 255)).astype(int)
            assert scene.told[y, x] == 255
    assert doubtful >= 20  # a vehicle may fill a picture


def test_a_caption_never_lies_over_a_plate() -> None:
    for seed in range(40):
        plain = np.full((160, 256, 3), 128, np.uint8)
        everywhere = upright(0, 0, 256, 160)
        scene = compose(np.random.default_rng(seed), Labelled(plain, boxes=[everywhere]), marked)
        assert (scene.pixels == 128).all()


def test_decoys_backgrounds_and_light_are_pictures_of_every_kind() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        thing = decoy(rng)
        assert thing.dtype == np.uint8
        assert thing.ndim == 3
        paint, opacity = stencil(rng)
        assert paint.shape[:2] == opacity.shape
        ground = shapes(rng, (160, 96))
        assert ground.shape == (96, 160, 3)
        before = ground.copy()
        put_caption(rng, ground)
        assert (ground != before).any()
        assert lit(rng, ground, [upright(40, 30, 40, 12)]).shape == ground.shape


def test_a_part_of_a_tiny_picture_has_the_wanted_size() -> None:
    part = cut(np.random.default_rng(1), unlabelled(np.zeros((3, 2, 3), np.uint8)), (64, 32))

    assert part.pixels.shape == (32, 64, 3)
    assert part.told is not None
    assert part.told.shape == (32, 64)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(BackgroundError, match="no picture"):
        Backgrounds([tmp_path])


def test_a_broken_background_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")

    with pytest.raises(BackgroundError, match=r"broken\.jpg"):
        Backgrounds([tmp_path])


def test_the_index_tells_in_which_backgrounds_plates_are_possible(tmp_path: Path) -> None:
    for name in ("street.png", "wall.png"):
        cv2.imwrite(str(tmp_path / name), np.full((60, 80, 3), 9, np.uint8))
    (tmp_path / "index.csv").write_text("file,plates\nstreet.png,possible\nwall.png,none seen\n", encoding="utf-8")
    backgrounds = Backgrounds([tmp_path])

    assert (len(backgrounds.photographs), len(backgrounds.doubtful)) == (1, 1)
    told = backgrounds.told_by(lambda one: Labelled(one.pixels, told=np.full(one.pixels.shape[:2], 255, np.uint8)))
    assert (told.doubtful[0].told == 255).all()
    assert (backgrounds.doubtful[0].told == 0).all()


def test_an_index_of_another_form_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.zeros((60, 80, 3), np.uint8))
    (tmp_path / "index.csv").write_text("name\nwall.png\n", encoding="utf-8")

    with pytest.raises(BackgroundError, match=r"index\.csv"):
        Backgrounds([tmp_path])


# ---------------------------------------------------------------------------------------------------- photographs


def red_plate() -> Labelled:
    """A photograph with a red plate in it, known by its corners."""
    pixels = np.full((480, 640, 3), 90, np.uint8)
    corners = np.float32([[280, 300], [400, 306], [398, 344], [282, 336]])
    cv2.fillConvexPoly(pixels, corners.astype(np.int32), RED)
    return Labelled(pixels, [corners])


def test_a_view_moves_the_corners_with_the_plate() -> None:
    seen = 0
    for seed in range(30):
        part = view(np.random.default_rng(seed), red_plate(), (320, 256), marked)
        red = (part.pixels[..., 2] > 200) & (part.pixels[..., 0] < 60)
        for corners in part.corners:
            if ((part.pixels[..., 1] > 200) & (part.pixels[..., 2] < 60)).any():
                continue  # this one was replaced by a drawn plate, which has a green quarter
            seen += 1
            outline = np.zeros(red.shape, np.uint8)
            cv2.fillConvexPoly(outline, np.round(corners).astype(np.int32), 1)
            assert red.sum() == pytest.approx(outline.sum(), rel=0.25)
    assert seen >= 5


def test_a_plate_that_a_view_does_not_name_is_painted_over_or_not_told() -> None:
    covered = 0
    for seed in range(120):
        part = view(np.random.default_rng(seed), red_plate(), (320, 256), marked)
        if part.corners:
            continue
        red = (part.pixels[..., 2] > 200) & (part.pixels[..., 0] < 60)
        if part.told is None:
            covered += 1
            assert not red.any()
        else:
            assert (part.told[red] == 0).mean() > 0.9
    assert covered >= 3


def test_a_plate_known_by_its_box_stays_upright_and_in_its_box() -> None:
    pixels = np.full((480, 640, 3), 90, np.uint8)
    pixels[300:340, 280:400] = RED
    photograph = Labelled(pixels, boxes=[upright(280, 300, 120, 40)])
    seen = 0
    for seed in range(30):
        part = view(np.random.default_rng(seed), photograph, (320, 256), marked)
        for box in part.boxes:
            seen += 1
            red = np.argwhere((part.pixels[..., 2] > 200) & (part.pixels[..., 0] < 60))
            low, high = red.min(axis=0)[::-1], red.max(axis=0)[::-1] + 1
            assert box[0] == pytest.approx(low, abs=2)
            assert box[2] == pytest.approx(high, abs=2)
            assert box[1, 1] == pytest.approx(box[0, 1], abs=0.01)
    assert seen >= 8


def test_a_view_replaces_plates_by_drawn_ones_at_the_same_place() -> None:
    photograph = red_plate()
    before = photograph.pixels.copy()
    green = 0
    for seed in range(60):
        part = view(np.random.default_rng(seed), photograph, (320, 256), marked)
        for corners in part.corners:
            x, y = (corners.mean(axis=0) * 0.5 + corners[1] * 0.5).astype(int)
            green += int(np.argmax(part.pixels[y, x])) == 1
    assert green >= 5
    assert (photograph.pixels == before).all()


def test_plates_of_photographs_are_located_where_the_reader_reads_the_label() -> None:
    shown = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    wanted, other = Photograph("新A12345", None, shown), Photograph("新A54321", None, shown)
    (found,) = located([wanted, other], PlateDetector(), PlateReader())

    (corners,) = found.corners
    assert corners.mean(axis=0) == pytest.approx((690, 535), abs=25)


def test_about_half_of_the_plates_are_held_out_and_always_the_same() -> None:
    shown = [Photograph(f"京A{number}", None, np.zeros((1, 1, 3), np.uint8)) for number in range(200)]
    held_out = [one.held_out for one in shown]

    assert 70 < sum(held_out) < 130
    assert held_out == [one.held_out for one in shown]


def test_labels_name_plate_and_box(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "labels.csv").write_text("file,plate,box\na.png,京A12345,1 2 3 4\na.png,京A12346,\n", encoding="utf-8")
    first, second = photographs(tmp_path)

    assert (first.label, first.box, first.pixels.shape) == ("京A12345", (1, 2, 3, 4), (20, 30, 3))
    assert second.box is None


# ---------------------------------------------------------------------------------------------------------- boxes


class Finds:
    """A detector that finds the same outlines in a picture and in the enlarged one."""

    def __init__(self, size_px: tuple[int, int], *outlines: NDArray[np.float32]) -> None:
        self._size_px, self._outlines = size_px, outlines

    def find(self, pixels: NDArray[np.uint8], longest_px: int = 640) -> list[PlateBox]:
        scale = np.float32(pixels.shape[1] / self._size_px[0])
        found = []
        for outline in self._outlines:
            (left, top), (right, bottom) = (
                (outline.min(axis=0) * scale).tolist(),
                (outline.max(axis=0) * scale).tolist(),
            )
            found.append(PlateBox(outline * scale, (left, top, right - left, bottom - top), 0.9))
        return found


LEANING = np.float32([[40, 36], [118, 30], [120, 64], [42, 70]])


def test_a_find_that_fills_a_box_gives_it_corners() -> None:
    photograph = Labelled(np.zeros((120, 160, 3), np.uint8), boxes=[upright(40, 30, 80, 40), upright(5, 90, 30, 10)])
    (known,) = cornered([photograph], Finds((160, 120), LEANING))

    assert known.corners[0] == pytest.approx(LEANING, abs=1e-3)
    assert [box.tolist() for box in known.boxes] == [upright(5, 90, 30, 10).tolist()]
    assert known.told is not None
    assert (known.told == 255).all()


def test_a_find_beside_the_boxes_is_not_told() -> None:
    photograph = Labelled(np.zeros((120, 160, 3), np.uint8), boxes=[upright(5, 90, 30, 10)])
    (known,) = cornered([photograph], Finds((160, 120), LEANING))

    assert not known.corners
    assert len(known.boxes) == 1
    assert known.told is not None
    assert known.told[50, 80] == 0
    assert known.told[95, 20] == 255


def test_a_doubtful_picture_is_told_but_for_what_may_be_a_plate() -> None:
    told = searched(unlabelled(np.zeros((120, 160, 3), np.uint8)), Finds((160, 120), LEANING)).told

    assert told is not None
    assert told[50, 80] == 0
    assert told[5, 5] == 255


def test_boxes_are_gathered_by_picture_and_judged_plate_by_plate(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "labels.csv").write_text("file,plate,box\na.png,,1 2 3 4\na.png,,5 6 7 8\n", encoding="utf-8")
    (known,) = boxed(tmp_path)

    assert [box.tolist() for box in known.shown.boxes] == [upright(1, 2, 3, 4).tolist(), upright(5, 6, 7, 8).tolist()]
    assert [one.box for one in as_judged([known])] == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_a_plate_without_a_box_among_boxed_ones_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,plate,box\na.png,,\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"a\.png has a plate without a box"):
        boxed(tmp_path)
