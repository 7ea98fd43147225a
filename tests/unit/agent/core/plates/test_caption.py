"""Which texts the camera itself wrote into its picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.plates.caption import TextLook, is_caption

CAPTION = TextLook(tilt_deg=0.3, ink=245.0, colour=4.0, contrast=140.0, goes_on=1.0, rim=False)


def test_white_upright_letters_on_the_scene_itself_are_a_caption() -> None:
    assert is_caption(CAPTION)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(replace(CAPTION, tilt_deg=2.0), id="it hangs askew"),
        pytest.param(replace(CAPTION, ink=150.0), id="grey letters"),
        pytest.param(replace(CAPTION, colour=90.0), id="yellow letters"),
        pytest.param(replace(CAPTION, contrast=-120.0), id="dark letters on a light ground"),
        pytest.param(replace(CAPTION, goes_on=0.2), id="a ground of its own: a blue plate on a white vehicle"),
        pytest.param(replace(CAPTION, rim=True), id="a rim: a blue plate on a blue vehicle"),
    ],
)
def test_one_thing_that_speaks_for_a_plate_is_enough(look: TextLook) -> None:
    assert not is_caption(look)


@pytest.mark.parametrize(("goes_on", "caption"), [(1.0, True), (0.75, True), (0.7, False), (0.0, False)])
def test_something_may_stand_behind_a_part_of_a_caption(goes_on: float, caption: bool) -> None:
    assert is_caption(replace(CAPTION, goes_on=goes_on)) is caption
