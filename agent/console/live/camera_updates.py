"""What a page tells of a camera now, as plain values in the viewer's language."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from agent.console.labels import lane as labels
from agent.core.model import Figures, View, findings
from agent.devices import PortState
from agent.vision.preview import OLD_AFTER_S
from agent.vision.worker.protocol import CameraPhase
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.viewer_texts import Words
    from agent.core.model import PictureFinding
    from agent.vision.detection_overlay import CodeMark, PlateMark, VinMark
    from agent.vision.mapping import CameraStatus
    from agent.vision.preview import LivePicture
    from agent.vision.worker.protocol import Heartbeat

_DIGITS: Final[Mapping[str, int]] = {"module_px": 1, "character_px": 0, "sharpness": 2, "noise": 1, "brightness": 0}
_PERCENT: Final = 100


def camera_news(
    status: CameraStatus, picture: LivePicture | None, heartbeat: Heartbeat | None, words: Words, at: float
) -> dict[str, Any]:
    """How the camera is, what is marked in its picture, and how good that is. `at`: monotonic seconds."""
    fresh = picture if picture is not None and at - picture.came_at <= OLD_AFTER_S else None
    figures = _figures(fresh, heartbeat if status.up else None)
    return {
        **_state(status, words),
        "size_px": [fresh.width_px, fresh.height_px] if fresh else [status.width_px, status.height_px],
        "size": words(Text("{width} × {height} px", width=status.width_px, height=status.height_px))  # noqa: RUF001
        if status.width_px
        else "",
        "fresh": fresh is not None,
        "marks": [] if fresh is None else _marks(fresh, words),
        "figures": [_figure(one, words) for one in findings(figures)],
        "exposure": _exposure(heartbeat),
    }


def _state(status: CameraStatus, words: Words) -> dict[str, Any]:
    """What is wrong, the worst first: lost, slow, sees badly."""
    if status.state is not PortState.UP:
        word = status.phase.value if status.phase is not CameraPhase.STREAMING else status.state.value
        tone = "busy" if status.state is PortState.CONNECTING else "bad"
        return {"state": words(labels.PHASES[word]), "tone": tone, "advice": "", "detail": words(status.detail)}
    if status.overloaded:
        return {
            "state": words(Text("the computer cannot keep up")),
            "tone": "poor",
            "advice": words(
                Text("Pictures are lost or late. Use smaller pictures, or fewer cameras on this computer.")
            ),
            "detail": "",
        }
    if status.view is not View.CLEAR:
        advice = words.view(status.view)
        return {
            "state": words(labels.DEVICES[status.view]),
            "tone": "poor",
            "advice": advice,
            "detail": words(status.detail),
        }
    return {
        "state": words(Text("works")),
        "tone": "good",
        "advice": "",
        "detail": words(status.detail),
    }


def _figures(picture: LivePicture | None, heartbeat: Heartbeat | None) -> Figures:
    """Those of this very picture where they were made, else those of the last heartbeat."""
    modules = [mark.module_px for mark in picture.codes if mark.module_px] if picture else []
    characters = [mark.character_px for mark in picture.plates if mark.character_px] if picture else []
    seen = Figures(module_px=max(modules, default=None), character_px=max(characters, default=None))
    source: LivePicture | Heartbeat | None = (
        picture if picture is not None and picture.sharpness is not None else heartbeat
    )
    if source is None or not source.brightness:
        return seen
    return replace(
        seen, sharpness=source.sharpness, glare=source.glare, noise=source.noise, brightness=source.brightness
    )


def _marks(picture: LivePicture, words: Words) -> list[dict[str, Any]]:
    return [
        *(_code(mark, words) for mark in picture.codes),
        *(_plate(mark, words) for mark in picture.plates),
        *(_vin(mark, words) for mark in picture.vins),
    ]


def _vin(mark: VinMark, words: Words) -> dict[str, Any]:
    percent = words.number(_PERCENT * mark.confidence, 0)
    label = words(Text("VIN {text} {percent} %", text=mark.text, percent=percent))
    return {"kind": "vin", "corners": mark.corners, "tone": "off", "label": label}


def _code(mark: CodeMark, words: Words) -> dict[str, Any]:
    found = findings(Figures(module_px=mark.module_px)) if mark.module_px else ()
    label = (
        words(Text("code {value} px", value=words.number(mark.module_px, 1))) if mark.module_px else words(Text("code"))
    )
    return {"kind": "code", "corners": mark.corners, "tone": _tone(found), "label": label}


def _plate(mark: PlateMark, words: Words) -> dict[str, Any]:
    found = findings(Figures(character_px=mark.character_px)) if mark.character_px else ()
    label = words(Text("{text} {percent} %", text=mark.text, percent=words.number(_PERCENT * mark.confidence, 0)))
    if mark.character_px:
        label += " · " + words(Text("{value} px", value=words.number(mark.character_px, 0)))
    return {"kind": "plate", "corners": mark.corners, "tone": _tone(found), "label": label}


def _tone(found: tuple[PictureFinding, ...]) -> str:
    return found[0].grade.value if found else "off"


def _figure(finding: PictureFinding, words: Words) -> dict[str, Any]:
    name, value = finding.figure, finding.value
    written = words.number(_PERCENT * value, 1) if name == "glare" else words.number(value, _DIGITS[name])
    return {
        "key": name,
        "name": words(labels.FIGURES[name]),
        "value": words(labels.UNITS[name].filled(value=written)),
        "number": value,
        "tone": finding.grade.value,
        "advice": words.flaw(finding.flaw) if finding.flaw else "",
        "grade": words(labels.GRADES[finding.grade]),
    }


def _exposure(heartbeat: Heartbeat | None) -> dict[str, Any]:
    """With which share of the automatic's light it exposes; `settable`: None while the camera is not open."""
    return {"share": heartbeat.exposure if heartbeat else 1.0, "settable": heartbeat.exposable if heartbeat else None}
