"""The command `gate-agent voice test`: hear the sentences at the speaker, through the driver of the agent."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from agent.cli.configuration import DEFAULT_PATH
from agent.cli.gate_registry import settings_of
from agent.cli.owner_rights import act_at_gate
from agent.cli.terminal import echo, fail
from agent.cli.voice.common import keys_in, keys_of, own_recordings
from agent.i18n import Language
from agent.voice import ImportedRecordings, RecordingError, RecordingKey, Recordings
from drivers import registry
from drivers.api import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.settings import Settings
    from drivers.api import VoicePort

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Where it is played, and which recordings. `languages`: those that are spoken there."""

    kind: str
    table: Mapping[str, Any]
    recordings: ImportedRecordings | None
    languages: tuple[Language, ...]


def trial(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Recordings, such as ru/show_code; default: all."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help=f"Without --device: {DEFAULT_PATH}.", show_default=False),
    ] = None,
    lane: Annotated[
        str | None, typer.Option("--lane", "-l", help="Name of the lane; needed if several have a voice.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", "-d", help="An ALSA device, instead of a configuration; plays the shipped recordings."
        ),
    ] = None,
    language: Annotated[Language | None, typer.Option("--language", help="Only this language.")] = None,
) -> None:
    """Play recordings on a lane's speaker, one after the other, also in quiet hours. Ctrl-C ends it.

    The device and the volume are those of the lane's table `voice`, unless you give --device. A device that cannot mix
    sounds is busy while the agent speaks.

    Example:
      gate-agent voice test --device default ru/show_code
    """
    if device is not None and (config is not None or lane is not None):
        raise typer.BadParameter("--device does not go with --config and --lane")
    speaker = (
        _configured(config or DEFAULT_PATH, lane)
        if device is None
        else _Speaker("alsa", {"device": device}, None, tuple(Language))
    )
    spoken = (language,) if language is not None else speaker.languages
    keys = keys_of(names) if names else [key for one in spoken for key in keys_in(one)]
    try:
        _say(_port(speaker), Recordings(speaker.recordings), keys)
    except (DeviceError, RecordingError) as error:
        fail("voice test", error)


def _configured(path: Path, name: str | None) -> _Speaker:
    settings: Settings = settings_of(act_at_gate(path))
    voices = {lane: one.voice for lane, one in settings.lanes.items() if one.voice is not None}
    there = ", ".join(voices)
    if not voices:
        raise typer.BadParameter(f"no lane of {path} has a table voice; name a device with --device")
    if name is None and len(voices) != 1:
        raise typer.BadParameter(f"--lane is missing; there is: {there}")
    if name is not None and name not in voices:
        raise typer.BadParameter(f"no lane {name!r} with a table voice; there is: {there}")
    voice = voices[name or next(iter(voices))]
    return _Speaker(voice.kind, voice.table, own_recordings(settings), voice.languages)


def _port(speaker: _Speaker) -> VoicePort:
    try:
        return registry.voice(speaker.kind, speaker.table)
    except ValidationError as error:
        raise typer.BadParameter(error.errors(include_url=False)[0]["msg"], param_hint="--device") from None


def _say(port: VoicePort, recordings: Recordings, keys: Iterable[RecordingKey]) -> None:
    pause = threading.Event()
    texts = {row.key: row.text for row in recordings.rows()}
    try:
        echo(port.open())
        for key in keys:
            echo(f"{key!s:<24} {texts[key]}")
            port.play(recordings.find(key.message, key.language))
            while port.is_playing():
                pause.wait(POLL_S)
    finally:
        port.close()
