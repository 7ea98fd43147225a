"""What the driver of a lane sees and hears now: page, signs and voice, each as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.console.driver_page.message_tone import TONES, Tone
from agent.console.driver_page.pictograms import pictogram
from agent.console.driver_page.shown import shown
from agent.console.labels import lane as labels
from agent.i18n import Language
from agent.i18n.driver_texts import sentence, spoken
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.driver_page.shown import Shown
    from agent.console.live.viewer_texts import Words
    from agent.core.model import DriverMessage
    from agent.lane import LaneView
    from agent.settings import Lane as LaneSettings

VOICE: Final = "voice"
_WORKS: Final = frozenset({"up", "streaming"})
_SHOWN_AS: Final[Mapping[Tone, str]] = {
    Tone.IDLE: "mini-idle",
    Tone.ASK: "mini-ask",
    Tone.WAIT: "mini-wait",
    Tone.GO: "mini-go",
    Tone.STOP: "mini-stop",
}


def driver_view(
    name: str, view: LaneView | None, settings: LaneSettings, devices: Mapping[str, str], words: Words, at: float
) -> dict[str, Any]:
    """The message as the driver page shows it, and one row for each device that tells it. `at`: monotonic seconds.

    `rows`: label, what it says, and whether that is known. None of them: the lane has nothing that tells a driver.
    """
    if view is None or view.dry_run is not None:
        return {"lines": [], "rows": [], "tone": "", "pictogram": ""}
    page = settings.driver_page
    languages = tuple(map(Language, page.languages)) if page.enabled else (words.language,)
    said = shown(view, settings.timing, languages, at)
    rows = _rows(name, said.message, said.text, settings, devices, words)
    if page.enabled:
        rows.insert(0, {"name": words(Text("Driver page")), "text": _line(said, words.language), "known": True})
    tone = TONES[said.message]
    return {
        "lines": [(one.value, _line(said, one)) for one in (said.languages or languages)] if rows else [],
        "rows": rows,
        "tone": _SHOWN_AS[tone],
        "pictogram": pictogram(said.message, tone),
    }


def _line(said: Shown, language: Language) -> str:
    if said.text:
        return said.text.get(language, next(iter(said.text.values())))
    return sentence(said.message, language)


def _rows(
    name: str,
    message: DriverMessage,
    texts: Mapping[Language, str],
    settings: LaneSettings,
    devices: Mapping[str, str],
    words: Words,
) -> list[dict[str, Any]]:
    own = texts.get(words.language, next(iter(texts.values()))) if texts else ""
    rows = [
        _row(
            words(Text("Driver's sign {name}", name=sign.id)),
            own or sentence(message, words.language),
            devices.get(f"{name}/{sign.id}"),
            words,
        )
        for sign in settings.signs_in_use
    ]
    if settings.voice_in_use is not None:
        said = own or spoken(message, words.language)
        rows.append(_row(words(labels.PARTS[VOICE]), said, devices.get(f"{name}/{VOICE}"), words))
    return rows


def _row(name: str, text: str, state: str | None, words: Words) -> dict[str, Any]:
    """What a device says; unknown where the device does not answer."""
    if state in _WORKS:
        return {"name": name, "text": text, "known": True}
    if state is None:
        return {"name": name, "text": words(Text("Unknown")), "known": False}
    unknown = Text("Unknown: {state}", state=labels.DEVICES[state])
    return {"name": name, "text": words(unknown), "known": False}
