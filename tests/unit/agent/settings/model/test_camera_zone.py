"""The zone of a camera in which plates count: how it is written, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

if TYPE_CHECKING:
    from pathlib import Path


def with_zone(folder: Path, zone: str) -> Path:
    return write(folder, GOOD.replace('kind = "cam"', f'kind = "cam"\nzone = {zone}'))


def test_without_a_zone_the_whole_picture_counts(tmp_path: Path) -> None:
    assert loaded(write(tmp_path, GOOD)).settings.lanes["out"].cameras[0].zone == ()


def test_a_zone_is_its_corners_in_fractions_of_the_picture(tmp_path: Path) -> None:
    settings = loaded(with_zone(tmp_path, "[[0.1, 0.4], [0.9, 0.4], [1, 1], [0, 1]]")).settings

    assert settings.lanes["out"].cameras[0].zone == ((0.1, 0.4), (0.9, 0.4), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("zone", "key", "words"),
    [
        ("[[0.1, 0.4], [0.9, 0.4], [0.9, 1.2]]", "zone[2][1]", "from 0 to 1; got 1.2"),
        ("[[0.1, 0.4], [-0.9, 0.4], [0.9, 1]]", "zone[1][0]", "from 0 to 1"),
        ("[[0.1, 0.4], [0.9, 0.4]]", "zone", "three corners or more"),
        ("[[0.1, 0.4], [0.9, 0.4], [0.9]]", "zone[2][1]", "is required"),
        ("[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]", "zone", "two of its sides cross"),
        ("[[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]", "zone", "at least a hundredth"),
        ("[[0.1, 0.1], [0.9, 0.1], [0.9, nan]]", "zone[2][1]", "from 0 to 1"),
        ('"all"', "zone", ""),
        (f"[{', '.join(['[0.1, 0.1]'] * 33)}]", "zone", "32"),
    ],
)
def test_a_zone_that_is_none_is_refused_where_it_stands(tmp_path: Path, zone: str, key: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(with_zone(tmp_path, zone))

    (problem,) = caught.value.problems
    assert problem.key == f"lanes.out.cameras[0].{key}"
    assert words in problem.message
    assert problem.spot is not None
    assert problem.spot.excerpt.startswith("zone = ")
