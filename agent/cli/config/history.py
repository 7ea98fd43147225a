"""The commands `gate-agent config history` and `undo`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from agent.cli.config.change import TAKE, refuse, step, warn
from agent.cli.configuration import DEFAULT_PATH, ConfigurationToChange, ProblemLanguage
from agent.cli.terminal import echo
from agent.core.events import time_text
from agent.i18n import Language, translate
from agent.settings import (
    ChangeError,
    HistoryError,
    SettingsError,
    present_files,
    step_text,
    undo,
)
from agent.settings.configuration_loading import editor_of, history_of
from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings import Generation
    from agent.settings.editing.history import ConfigurationFiles


def history(
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
    language: Annotated[Language, typer.Option("--language", help="The language of the list.")] = Language.EN,
) -> None:
    """List the last 20 states of the configuration: when, by whom, how, and which keys changed."""
    kept = history_of(configuration)
    try:
        known, good = kept.generations(), kept.good()
        now = present_files(configuration)
    except (HistoryError, OSError) as error:
        refuse("history", error, language)
    if as_json:
        echo(json.dumps([_fields(one, now, good) for one in known], ensure_ascii=False, indent=2))
        return
    for one in known:
        echo(_line(one, now, good, language))
    if not known or known[-1].state != now:
        echo(translate(Text("the files on disk are not in the history yet: they were edited manually"), language))


def undo_change(
    number: Annotated[
        int | None, typer.Argument(min=1, help="The state to restore; default: the previous one.")
    ] = None,
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    language: ProblemLanguage = Language.EN,
) -> None:
    """Restore the configuration as it was before the last change, or the state with a number that `history` shows.

    The current state stays in the history. Exit code 0 when it is done, 1 when it is not and nothing has changed.
    """
    try:
        change, target = undo(editor_of(configuration), number, step("undo to"))
    except (ChangeError, HistoryError, SettingsError, OSError) as error:
        refuse("undo", error, language)
    warn(change.loaded, language)
    echo(f"the configuration is that of state {target.number}, {_moment(target)}, again; state {change.number}")
    echo(TAKE)


_ON_DISK: Final = Text("(on the disk)")
_RAN_LAST: Final = Text("(ran last)")


def _line(one: Generation, now: ConfigurationFiles, good: ConfigurationFiles | None, language: Language) -> str:
    marks = (translate(mark, language) for mark, state in ((_ON_DISK, now), (_RAN_LAST, good)) if state == one.state)
    what = translate(step_text(one.what), language)
    parts = (f"{one.number:4}", _moment(one), one.who or "-", what, ", ".join(one.changed), " ".join(marks))
    return "  ".join(part for part in parts if part)


def _fields(one: Generation, now: ConfigurationFiles, good: ConfigurationFiles | None) -> dict[str, object]:
    return {
        "state": one.number,
        "time": _moment(one),
        "who": one.who,
        "what": one.what,
        "changed": list(one.changed),
        "brings_back": one.of,
        "on_disk": one.state == now,
        "ran_last": one.state == good,
    }


def _moment(one: Generation) -> str:
    return time_text(round(one.utc * 1000))
