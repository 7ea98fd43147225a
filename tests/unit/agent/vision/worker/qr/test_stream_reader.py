"""The cascade over drawn frames: what each condition needs, hints, budgets, and several frames put together."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.vision.worker.qr import stream_reader as module
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.qr.stream_reader import Cascade
from tests.support.vision.bent_codes import crumpled, in_dark_corner, on_cloth, on_cylinder
from tests.support.vision.broken_symbols import HEADS, broken_picture
from tests.support.vision.drawn_codes import (
    PERMIT,
    dark_band,
    defocused,
    faint,
    glaring,
    half_in_shade,
    on_grey,
    put,
    square,
    stained,
    symbol,
    wavy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LONG_MS = 60_000.0
CARD = symbol(PERMIT)
STRONG = symbol(PERMIT, error="h")


def torn(picture: np.ndarray) -> np.ndarray:
    out = picture.copy()
    side = len(STRONG)
    out[40 + side * 2 // 3 : 40 + side, 60 + side * 2 // 3 : 60 + side] = 110
    return out


def tilted(card: np.ndarray) -> np.ndarray:
    picture = np.full((480, 640), 110, np.uint8)
    put(picture, card, [(200, 80), (400, 150), (410, 330), (190, 400)])
    return picture


LARGE = symbol(PERMIT, error="m", version=10, scale=5)


def on_table(card: np.ndarray) -> tuple[np.ndarray, tuple[float, float], int]:
    """A card of LARGE's scale in the middle of a picture, where its middle is, and the side of its symbol."""
    length = card.shape[0]
    return on_grey(card, 60, 60, (length + 120,) * 2), (60 + length / 2,) * 2, length - 40


CHEAP = {
    "upright": on_grey(CARD),
    "inverted": 255 - on_grey(CARD),
    "mirrored": np.ascontiguousarray(on_grey(CARD)[:, ::-1]),
    "tilted": tilted(CARD),
    "torn": torn(on_grey(STRONG)),
    "faint": faint(on_grey(CARD), 20),
    "one and a half pixels a module": cv2.resize(on_grey(CARD), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA),
    "under a bright spot": glaring(on_grey(CARD), 200),
}
EXPENSIVE = {
    "fainter": faint(on_grey(CARD), 12),
    "out of focus": defocused(on_grey(CARD), 3.6),
    "half in shade": half_in_shade(on_grey(CARD)),
    "on cloth": wavy(on_grey(symbol(PERMIT, error="m")), 4, 45),
    "on wet paper": wavy(on_grey(symbol(PERMIT, error="m")), 8, 60),
    "stained": stained(on_grey(symbol(PERMIT, error="m"))),
    "large and round a bottle": on_cylinder(*on_table(LARGE), arc_deg=80),
    "large and round a bottle that leans": on_cylinder(*on_table(LARGE), arc_deg=65, turn_deg=-20, lean_deg=20),
    # Deeper folds, between which modules are a quarter narrower than the grid foretells, are followed in part only.
    "large and on cloth in folds": on_cloth(*on_table(LARGE), depth=0.01, seed=4),
    "large and crumpled": crumpled(*on_table(LARGE), depth=0.01, seed=3),
    "tiny in a dark corner": in_dark_corner(symbol(PERMIT, scale=2), brightness=0.06),
}


@pytest.fixture
def cascade() -> Cascade:
    return Cascade()


@pytest.mark.parametrize("name", CHEAP)
def test_the_cheap_steps_read_a_code_that_is(cascade: Cascade, name: str) -> None:
    codes = cascade.read_codes(CHEAP[name], 0.0, hint=True, budget_ms=0.0)

    assert [code.payload for code in codes] == [PERMIT.encode()]


@pytest.mark.parametrize("name", EXPENSIVE)
def test_the_thorough_steps_and_only_they_read_a_code_that_is(cascade: Cascade, name: str) -> None:
    assert cascade.read_codes(EXPENSIVE[name], 0.0, hint=True, budget_ms=0.0) == []
    codes = cascade.read_codes(EXPENSIVE[name], 0.1, hint=True, budget_ms=LONG_MS)

    assert [code.payload for code in codes] == [PERMIT.encode()]


def clock_of(step_s: float) -> Callable[[], float]:
    """A clock that goes on by so much each time one looks at it."""
    ticks = itertools.count()
    return lambda: next(ticks) * step_s


@pytest.mark.parametrize("name", ["on cloth", "out of focus"])
def test_a_budget_for_one_step_a_frame_reads_the_same_over_more_frames(name: str) -> None:
    cascade = Cascade(clock=clock_of(0.005))
    for frame in range(100):
        if codes := cascade.read_codes(EXPENSIVE[name], frame / 25, hint=True, budget_ms=8.0):
            break

    assert frame >= 1
    assert [code.payload for code in codes] == [PERMIT.encode()]


def test_no_thorough_step_is_made_without_a_hint(cascade: Cascade) -> None:
    picture = EXPENSIVE["fainter"]

    assert cascade.read_codes(picture, 0.0, hint=False, budget_ms=LONG_MS) == []
    assert cascade.read_codes(picture, 1.0, hint=True, budget_ms=LONG_MS) != []


def test_light_symbols_on_dark_ground_are_looked_for_where_there_is_a_hint(cascade: Cascade) -> None:
    assert cascade.read_codes(CHEAP["inverted"], 0.0, hint=False, budget_ms=0.0) == []
    assert cascade.read_codes(CHEAP["inverted"], 0.1, hint=True, budget_ms=0.0) != []


def test_a_symbol_that_is_seen_and_not_decoded_is_a_hint_in_itself(cascade: Cascade) -> None:
    assert cascade.read_codes(EXPENSIVE["on cloth"], 0.0, hint=False, budget_ms=LONG_MS) != []


@pytest.mark.parametrize(("budget_ms", "steps"), [(0.0, 0), (75.0, 1), (135.0, 3)])
def test_no_step_is_begun_that_is_not_likely_to_end_within_the_budget(mocker, budget_ms: float, steps: int) -> None:
    cut = mocker.spy(module.locator, "cut")
    # Each step takes 10 ms by this clock, and so does each look at it between two of them.
    Cascade(clock=clock_of(0.010)).read_codes(EXPENSIVE["on cloth"], 0.0, hint=True, budget_ms=budget_ms)

    assert cut.call_count == steps


def test_a_round_that_read_nothing_is_followed_by_a_rest_and_then_by_another(cascade: Cascade, mocker) -> None:
    blank = np.full((480, 640), 128, np.uint8)
    locate = mocker.spy(module.locator, "with_finders")
    for at in (0.0, 0.1, 0.2):
        cascade.read_codes(blank, at, hint=True, budget_ms=LONG_MS)
    once = locate.call_count
    cascade.read_codes(blank, 1.0, hint=True, budget_ms=LONG_MS)

    assert locate.call_count == 2 * once


def test_a_screen_that_shows_a_part_in_each_frame_is_read_from_a_few_of_them(cascade: Cascade) -> None:
    frames = [on_grey(dark_band(CARD, begins, 0.35)) for begins in (0.0, 0.24, 0.47, 0.71)]
    for frame in frames:
        assert Cascade().read_codes(frame, 0.0, hint=True, budget_ms=LONG_MS) == []
    seen = [cascade.read_codes(frame, number / 10, hint=True, budget_ms=LONG_MS) for number, frame in enumerate(frames)]

    (code,) = next(codes for codes in seen if codes)
    assert (code.payload, code.engine) == (PERMIT.encode(), "zxing+afterglow")


def test_frames_of_different_sizes_and_long_gone_ones_are_not_put_together(cascade: Cascade) -> None:
    whole, halves = on_grey(CARD), [on_grey(dark_band(CARD, begins, 0.5)) for begins in (0.0, 0.5)]

    assert cascade.read_codes(halves[0], 0.0, hint=True, budget_ms=LONG_MS) == []
    assert cascade.read_codes(halves[1], 5.0, hint=True, budget_ms=LONG_MS) == []
    assert cascade.read_codes(whole[:, :500], 5.1, hint=True, budget_ms=0.0) != []


@pytest.mark.parametrize("name", ["out of focus", "on cloth"])
def test_parts_of_a_frame_of_another_size_are_not_cut_out(name: str) -> None:
    cascade = Cascade(clock=clock_of(0.005))
    wide, small = np.full((1080, 1920), 110, np.uint8), EXPENSIVE[name]
    wide[500:980, 1200:1840] = small[:480, :640]
    for frame in range(400):
        shown = wide if frame % 40 < 20 else small
        codes = cascade.read_codes(shown, frame / 100, hint=True, budget_ms=8.0)
        if codes and shown is small:
            break

    assert [code.payload for code in codes] == [PERMIT.encode()]
    assert not cascade.failures


def test_of_a_clear_code_and_a_bent_one_in_a_picture_both_are_read() -> None:
    picture = np.full((480, 1000), 110, np.uint8)
    picture[:, :480] = EXPENSIVE["on cloth"][:, :480]
    put(picture, symbol("the other"), square(640, 100, 250))

    assert {code.payload for code in QrReader(LONG_MS).read(picture, thorough=True)} == {PERMIT.encode(), b"the other"}


def test_a_code_read_by_a_thorough_step_stands_where_it_is_in_the_frame(cascade: Cascade) -> None:
    frame = np.full((1080, 1920), 110, np.uint8)
    frame[500:980, 1200:1840] = EXPENSIVE["out of focus"]
    (code,) = cascade.read_codes(frame, 0.0, hint=True, budget_ms=LONG_MS)

    assert code.engine not in {"zxing", "zxing-global"}
    side = 6 * 29
    left, top = 1200 + 60 + 24, 500 + 40 + 24
    assert np.allclose(code.corners, square(left, top, side), atol=6)
    assert code.module_px == pytest.approx(6, rel=0.06)


def test_the_size_of_a_module_is_told_where_the_engine_knows_the_version(cascade: Cascade) -> None:
    (code,) = cascade.read_codes(on_grey(CARD), 0.0, hint=False, budget_ms=0.0)

    assert code.module_px == pytest.approx(6, rel=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_read_in_noise_of_black_and_white_cells(seed: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 2, (60, 60), dtype=np.uint8) * 255
    picture = np.repeat(np.repeat(cells, 6, axis=0), 6, axis=1)

    assert QrReader(LONG_MS).read(picture, thorough=True) == []


def test_finder_patterns_without_a_symbol_give_no_text() -> None:
    card = symbol(PERMIT)
    card[24 + 48 :, 24 + 48 :] = np.repeat(
        np.repeat(np.random.default_rng(1).integers(0, 2, (25, 25), dtype=np.uint8) * 255, 6, axis=0), 6, axis=1
    )[: card.shape[0] - 72, : card.shape[1] - 72]

    assert QrReader(LONG_MS).read(on_grey(card), thorough=True) == []


@pytest.mark.parametrize("head", HEADS)
def test_a_hostile_symbol_breaks_nothing_in_any_step(head: str) -> None:
    reader = QrReader(LONG_MS)
    for version in (1, 4):
        picture = broken_picture(HEADS[head], version, np.random.default_rng(version))
        for shown in (picture, wavy(picture[..., 0], 3, 40)):
            reader.read(shown, thorough=True)

    assert [code.payload for code in reader.read(on_grey(CARD))] == [PERMIT.encode()]


@pytest.mark.parametrize("shape", [(1, 1), (21, 21), (20, 4000), (2000, 40), (1200, 2000)])
def test_a_picture_of_any_shape_is_looked_at(cascade: Cascade, shape: tuple[int, int]) -> None:
    assert cascade.read_codes(np.full((*shape, 3), 90, np.uint8), 0.0, hint=True, budget_ms=LONG_MS) == []


def test_a_picture_larger_than_any_cameras_is_read_and_the_code_stands_right(cascade: Cascade) -> None:
    picture = np.full((3000, 6000), 110, np.uint8)
    put(picture, CARD, square(4000, 1000, 700))
    (code,) = cascade.read_codes(picture, 0.0, hint=False, budget_ms=0.0)

    quiet = 700 * 4 / 37
    assert np.allclose(code.corners, square(4000 + quiet, 1000 + quiet, 700 - 2 * quiet), atol=8)


def test_where_the_system_has_no_zbar_the_reader_says_so_and_goes_on(mocker) -> None:
    mocker.patch.dict("sys.modules", {"pyzbar": None})
    reader = QrReader(LONG_MS)

    assert [code.payload for code in reader.read(on_grey(CARD), thorough=True)] == [PERMIT.encode()]
    assert set(reader.missing) == {"zbar"}
