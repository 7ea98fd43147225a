"""The traffic light of a camera's picture."""

import pytest

from agent.core.model.picture_quality import Figures, Flaw, Grade, PictureFinding, findings, overall

GOOD, POOR, BAD = Grade


@pytest.mark.parametrize(
    ("figure", "value", "grade", "flaw"),
    [
        ("module_px", 3.0, GOOD, None),
        ("module_px", 2.9, POOR, Flaw.SMALL_CODE),
        ("module_px", 2.0, POOR, Flaw.SMALL_CODE),
        ("module_px", 1.9, BAD, Flaw.SMALL_CODE),
        ("character_px", 16.0, GOOD, None),
        ("character_px", 12.0, POOR, Flaw.SMALL_PLATE),
        ("character_px", 11.9, BAD, Flaw.SMALL_PLATE),
        ("sharpness", 2.0, GOOD, None),
        ("sharpness", 0.6, POOR, Flaw.UNSHARP),
        ("sharpness", 0.2, BAD, Flaw.UNSHARP),
        ("glare", 0.0, GOOD, None),
        ("glare", 0.2, POOR, Flaw.GLARE),
        ("glare", 0.5, BAD, Flaw.GLARE),
        ("noise", 3.0, GOOD, None),
        ("noise", 20.0, POOR, Flaw.NOISE),
        ("noise", 31.0, BAD, Flaw.NOISE),
        ("brightness", 120.0, GOOD, None),
        ("brightness", 30.0, POOR, Flaw.DARK),
        ("brightness", 10.0, BAD, Flaw.DARK),
        ("brightness", 210.0, POOR, Flaw.BRIGHT),
        ("brightness", 240.0, BAD, Flaw.BRIGHT),
    ],
)
def test_each_figure_has_its_light_and_its_flaw(figure, value, grade, flaw):
    assert findings(Figures(**{figure: value})) == (PictureFinding(figure, value, grade, flaw),)


def test_what_is_not_known_is_not_judged():
    assert findings(Figures()) == ()
    assert overall(()) is GOOD


def test_the_worst_figure_is_the_picture_as_a_whole():
    found = findings(Figures(module_px=5.0, character_px=14.0, sharpness=0.1))
    assert [one.grade for one in found] == [GOOD, POOR, BAD]
    assert overall(found) is BAD
    assert overall(found[:2]) is POOR
