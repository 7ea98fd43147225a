"""The keys of the configuration that an enrolment sets: files, server, brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from agent.cli import exit_codes
from agent.cli.config.change import TAKE, step
from agent.cli.terminal import echo, fail
from agent.i18n import Language
from agent.settings import (
    ChangeError,
    HistoryError,
    SettingsError,
    StaleError,
    anchors_folder,
    edited,
    put_files,
    read_anchors,
    seen_state,
)
from agent.settings.configuration_loading import editor_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.settings import Edit, LoadedSettings
    from agent.setup import GatePlace


def configure(configuration: Path, place: GatePlace, url: str, brokers: Sequence[str]) -> None:
    """Set what is missing. Where the trust anchors are locked, brokers and their authority stay as they are.

    Ends the command where the configuration cannot be changed; the files are written then.
    """
    locked = read_anchors(anchors_folder(configuration)) is not None
    loaded = _put(configuration, place.edits(url, brokers, locked=locked))
    for warning in loaded.warnings:
        echo(warning.words(Language.EN), err=True)
    if locked and brokers and set(brokers) != set(place.brokers):
        echo(f"the brokers are locked with the trust anchors; the server names {', '.join(brokers)}", err=True)
    if not brokers and not place.brokers:
        echo("no broker is known yet: gate-agent config set mqtt.brokers mqtts://HOST:8883", err=True)
    echo(TAKE)


def _put(configuration: Path, edits: Sequence[Edit]) -> LoadedSettings:
    try:
        editor = editor_of(configuration)
        seen = seen_state(editor)
        return put_files(editor, edited(editor, edits), step("enrol"), seen).loaded
    except SettingsError as error:
        echo(error.words(Language.EN), err=True)
        echo("gate-agent enrol: the files are written; fix the configuration, then run it again", err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    except (ChangeError, HistoryError, StaleError, OSError) as error:
        fail("enrol", f"the files are written, and the configuration is not changed: {error}")
