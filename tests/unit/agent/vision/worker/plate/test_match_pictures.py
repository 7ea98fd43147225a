"""The plate match on what the recogniser says of drawn plates, and of real photographs where they are at hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.core.plates.lookalike_plates import rivals, series
from agent.core.plates.match import MatchVerdict, match
from agent.core.plates.plate_likelihood import PlateLattice
from agent.core.plates.recogniser_columns import MOST_BYTES, decode
from agent.core.plates.vote import vote
from agent.vision.worker.plate.reader import PlateReader
from bench.plate_impostors import LOOK_ALIKE, NEIGHBOUR, ONE_STEP, impostors
from bench.plate_views import Photograph, Sight, photographs, readings
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

if TYPE_CHECKING:
    from agent.core.model.observations import Reading

DATA = Path(__file__).resolve().parents[7] / "shared" / "data" / "plates"
DRAWN = [("新A12345", "cn_blue"), ("沪B98765", "cn_yellow"), ("皖AD12345", "cn_green"), ("498VDZ08", "kz")]


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader()


def drawn(reader: PlateReader, text: str, style: str, sights: tuple[Sight, ...]) -> list[Reading]:
    picture = draw_scene(Scene(vehicle=Vehicle(plate=text, style=style)))
    photograph = Photograph(text, "yard", picture.astype(np.uint8, copy=False), crop=False)
    return [reading for frame in readings(photograph, reader, sights) for reading in frame]


@pytest.mark.parametrize(("text", "style"), DRAWN)
def test_the_columns_that_leave_the_vision_worker_are_small_and_give_the_plate_its_likelihood(
    reader: PlateReader, text: str, style: str
) -> None:
    (reading,) = drawn(reader, text, style, (Sight.PLAIN,))
    columns = decode(reading.columns)

    assert 36 < len(reading.columns) < MOST_BYTES / 4
    assert len(columns.shares) == 36
    lattice = PlateLattice(columns)
    assert lattice.log_likelihood(text) > math.log(0.5)
    assert max(lattice.around(text).items(), key=lambda item: item[1])[0] == text


@pytest.mark.parametrize(("text", "style"), DRAWN)
def test_a_drawn_plate_matches_itself_and_nothing_one_step_away(reader: PlateReader, text: str, style: str) -> None:
    seen = vote(drawn(reader, text, style, (Sight.PLAIN, Sight.MILD, Sight.MILD)))

    assert match(seen, text).verdict is MatchVerdict.MATCH
    assert match(seen, text, others=tuple(series(text))).verdict is MatchVerdict.MATCH
    for other in impostors(text)[ONE_STEP]:
        assert match(seen, other).verdict is not MatchVerdict.MATCH


def test_a_vehicle_on_its_neighbours_permit_is_found_out_by_the_rivals(reader: PlateReader) -> None:
    seen = vote(drawn(reader, "新A12346", "cn_blue", (Sight.PLAIN, Sight.MILD)))
    looked_up = rivals(seen, "新A12345")
    found = match(seen, "新A12345", others=("新A12346",))

    assert "新A12346" in looked_up
    assert (found.verdict, found.rival) == (MatchVerdict.UNSURE, True)


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled photographs are not there")
def test_photographed_plates_match_and_their_neighbours_do_not(reader: PlateReader) -> None:
    accepted = denied = wrong = 0
    shown = photographs(DATA / "lprnet_cn_crops")[::8]
    for photograph in shown:
        frames = readings(photograph, reader, (Sight.PLAIN, Sight.MILD, Sight.MILD))
        seen = vote([reading for frame in frames for reading in frame])
        verdict = match(seen, photograph.label).verdict
        accepted += verdict is MatchVerdict.MATCH
        denied += verdict is MatchVerdict.MISMATCH
        others = impostors(photograph.label)
        wrong += sum(
            match(seen, other).verdict is MatchVerdict.MATCH for other in others[NEIGHBOUR] | others[LOOK_ALIKE]
        )

    assert accepted >= 0.97 * len(shown)
    assert (denied, wrong) == (0, 0)
