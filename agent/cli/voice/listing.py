"""The command `gate-agent voice list`: what is said for each message, and whose recording it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.gate_registry import settings_of
from agent.cli.terminal import echo, fail
from agent.cli.voice.common import own_recordings
from agent.i18n import Language  # noqa: TC001 - Typer reads the annotations
from agent.voice import RecordingError, Recordings

if TYPE_CHECKING:
    from agent.voice import RecordingRow


def list_(
    configuration: Configuration = DEFAULT_PATH,
    language: Annotated[Language | None, typer.Option("--language", help="Only this language.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")] = False,
) -> None:
    """List the recording of each message in each language: its origin, length, level and text.

    "shipped" came with the product; "imported" is a recording of this site. Exit code 1 when a file is damaged and
    another recording, or none, is played instead.
    """
    try:
        rows = list(Recordings(own_recordings(settings_of(configuration))).rows())
    except RecordingError as error:
        fail("voice list", error)
    rows = [row for row in rows if language in {None, row.key.language}]
    if as_json:
        echo(json.dumps([_json(row) for row in rows], ensure_ascii=False, indent=2))
    else:
        for row in rows:
            echo(_line(row))
    for row in rows:
        if row.trouble:
            echo(f"gate-agent voice list: {row.key}: {row.trouble}", err=True)
    raise typer.Exit(exit_codes.FAILED if any(row.trouble for row in rows) else exit_codes.OK)


def _line(row: RecordingRow) -> str:
    mark = "!" if row.trouble else " "
    return f"{mark} {row.key!s:<24} {row.origin:<8} {row.duration_s:4.1f} s {row.level_dbfs:5.1f} dB  {row.text}"


def _json(row: RecordingRow) -> dict[str, Any]:
    return {
        "language": row.key.language,
        "message": row.key.message,
        "text": row.text,
        "origin": row.origin,
        "duration_s": row.duration_s,
        "level_dbfs": row.level_dbfs,
        "trouble": row.trouble or None,
    }
