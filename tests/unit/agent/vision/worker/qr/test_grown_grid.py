"""A grid that grows from the finder patterns finds the modules of bent symbols as they were drawn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import segno

from agent.vision.worker.qr.finder import darker, finders, trios
from agent.vision.worker.qr.finder_pose import poses_of
from agent.vision.worker.qr.flat_grid import flat_grid
from agent.vision.worker.qr.grown_grid import first_grid, grown, timing_fit
from agent.vision.worker.qr.tones import tones_at, tones_of
from tests.support.vision.bent_codes import crumpled, on_cloth, on_cylinder
from tests.support.vision.drawn_codes import on_grey, symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.qr.finder import Trio

TEXT = "7WB2K"
SCALE_PX = 6
CARRIERS = {
    "round a bottle": partial(on_cylinder, arc_deg=80),
    "round a bottle that leans": partial(on_cylinder, arc_deg=70, turn_deg=20, lean_deg=-20),
    "round a bottle that lies": partial(on_cylinder, arc_deg=70, turn_deg=90),
    "on cloth": partial(on_cloth, depth=0.008),
    "crumpled": partial(crumpled, depth=0.008),
}


def seen(version: int, carry: Callable[..., np.ndarray]) -> tuple[np.ndarray, Trio]:
    """The tones of a symbol on its carrier, and its finder patterns."""
    card = symbol(TEXT, scale=SCALE_PX, version=version, error="m")
    side = card.shape[0] - 8 * SCALE_PX
    picture = on_grey(card, 70, 70, (card.shape[0] + 140,) * 2)
    picture = carry(picture, (70 + card.shape[0] / 2,) * 2, side)
    trio = trios(finders(darker(picture, 51)))[0]
    return tones_of(picture, (trio.corner.module_px + trio.right.module_px + trio.below.module_px) / 3), trio


def right_share(tones: np.ndarray, grid: tuple[np.ndarray, np.ndarray], version: int) -> float:
    """The share of the modules that are seen as they were drawn."""
    made = segno.make(TEXT, version=version, error="m", micro=False)
    drawn = np.array([list(row) for row in made.matrix]) > 0
    return float(((tones_at(tones, *grid) > 0) == drawn).mean())


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("version", [2, 5, 10])
def test_the_modules_of_a_bent_symbol_are_found(version: int, carrier: str) -> None:
    tones, trio = seen(version, CARRIERS[carrier])
    start = first_grid(poses_of(tones, trio), version)

    assert right_share(tones, grown(tones, start, version), version) > 0.98


def test_a_flat_grid_is_not_enough_for_them() -> None:
    tones, trio = seen(10, CARRIERS["round a bottle"])

    assert right_share(tones, flat_grid(tones, trio, 10), 10) < 0.8


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_timing_patterns_fit_the_right_version_best(carrier: str) -> None:
    tones, trio = seen(5, CARRIERS[carrier])
    poses = poses_of(tones, trio)
    fits = {version: timing_fit(tones, first_grid(poses, version), version) for version in (4, 5, 6)}

    assert max(fits, key=lambda version: fits[version]) == 5
    assert fits[5] > 0.5


def test_growing_leaves_the_grid_that_it_starts_from_as_it_is() -> None:
    tones, trio = seen(2, CARRIERS["on cloth"])
    start = first_grid(poses_of(tones, trio), 2)
    kept = tuple(each.copy() for each in start)
    grown(tones, start, 2)

    assert all(np.array_equal(now, before) for now, before in zip(start, kept, strict=True))
