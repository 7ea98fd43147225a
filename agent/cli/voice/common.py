"""What the commands of recorded speech share: the gate's own recordings, and names on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from agent.voice import FOLDER_NAME, ImportedRecordings, RecordingKey, all_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.i18n import Language
    from agent.settings import Settings


def own_recordings(settings: Settings) -> ImportedRecordings:
    """The recordings of this gate's site."""
    return ImportedRecordings(settings.state.directory / FOLDER_NAME)


def keys_of(names: Iterable[str]) -> tuple[RecordingKey, ...]:
    """The sentences that names such as `ru/wait` mean. Raises typer.BadParameter."""
    try:
        return tuple(RecordingKey.parse(name) for name in names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def keys_in(language: Language | None) -> tuple[RecordingKey, ...]:
    """All sentences of a language; None: of every language."""
    return tuple(key for key in all_keys() if language in {None, key.language})
