"""What a technician is told of a camera's view and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Flaw, View
from agent.i18n.text_pair import Advice
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language

VIEWS: Final[Mapping[View, Advice]] = {
    View.CLEAR: Advice(Text("The camera image is good."), Text("There is nothing to do.")),
    View.DARK: Advice(
        Text("The picture of the camera is dark."),
        Text("Check the light of the yard or the camera's infrared lamp."),
    ),
    View.COVERED: Advice(Text("Something covers the lens of the camera."), Text("Uncover and clean it.")),
    View.BLURRED: Advice(Text("The picture of the camera is not sharp."), Text("Clean the lens, then set the focus.")),
    View.BLINDED: Advice(
        Text("The camera is blinded by a lamp, the sun or a long exposure."),
        Text("Shade or turn it, or lower its exposure."),
    ),
    View.NOISY: Advice(
        Text("The picture of the camera is full of noise, snow or rain."),
        Text("If the weather is good, check light, gain and cable."),
    ),
    View.MOVED: Advice(
        Text("The camera has moved, or something new is in front of it."),
        Text("Aim it again, or clear its view."),
    ),
}

FLAWS: Final[Mapping[Flaw, Advice]] = {
    Flaw.SMALL_CODE: Advice(
        Text("The code is too small in the picture."), Text("Zoom in, or ask the driver to hold it closer.")
    ),
    Flaw.SMALL_PLATE: Advice(
        Text("The plate is too small in the picture."), Text("Zoom in, or use a higher resolution.")
    ),
    Flaw.UNSHARP: Advice(
        Text("The picture is not sharp."), Text("Clean the lens, set the focus, shorten the exposure.")
    ),
    Flaw.GLARE: Advice(
        Text("A part of the picture is white."), Text("Turn the camera away from the light, or lower its exposure.")
    ),
    Flaw.NOISE: Advice(Text("The picture is noisy."), Text("Add light, and lower the gain.")),
    Flaw.DARK: Advice(Text("The picture is dark."), Text("Add light, or open the aperture.")),
    Flaw.BRIGHT: Advice(Text("The picture is too bright."), Text("Lower the exposure.")),
}


def camera_view_text(word: View, language: Language) -> str:
    """How a camera sees, and what a technician does about it."""
    return VIEWS[word].translated(language)


def flaw_text(word: Flaw, language: Language) -> str:
    """What stands against reading in a picture, and what a technician does about it."""
    return FLAWS[word].translated(language)
