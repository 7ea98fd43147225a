"""How a configuration came about: what its history, its fleet documents and its trust anchors tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.settings.editing.history import EditStep, present_files
from agent.settings.editing.step_words import BY_HAND, step_text
from drivers.text import Text, joined

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings.editing.history import ConfigurationFiles, Generation, History
    from agent.settings.editing.last_known_good import UsableConfiguration

BY_CENTRAL = Text("fleet documents of central")
BY_ANCHORS = Text("the trust anchors")
ELSEWHERE = Text("the files are the same; the version of the agent or the environment of the service is another")


def generation_of(history: History, state: ConfigurationFiles, main: Path) -> Generation | None:
    """The change that made these files, which were read from the disk; None: nothing but a hand is known of.

    Since they were read, a command or the console may have changed the files again. Raises HistoryError.
    """
    known = history.generations()
    if not known:
        return None
    newest = known[-1]
    if newest.state == state:
        return newest
    if not _is_on_disk(newest.state, main):
        return None
    return next((one for one in reversed(known) if one.state == state), None)


def made_by(
    history: History, main: Path, found: UsableConfiguration, before: UsableConfiguration | None
) -> tuple[str, str]:
    """Who made the configuration another than the one before, and how, in words. Raises HistoryError."""
    elsewhere = () if before is None else tuple(_laid_over(found, before))
    if before is not None and before.state == found.state:
        return "", joined(elsewhere or (ELSEWHERE,))
    made = generation_of(history, found.state, main)
    step = EditStep("", BY_HAND, 0.0) if made is None else EditStep(made.who, made.what, made.utc)
    said = step_text(step.what)
    return step.who, joined((said, *elsewhere)) if elsewhere else said


def _laid_over(found: UsableConfiguration, before: UsableConfiguration) -> list[Text]:
    """What differs of that which is laid over the files."""
    now, then = found.loaded, before.loaded
    told = [BY_CENTRAL] if now.fleet.texts != then.fleet.texts else []
    return [*told, BY_ANCHORS] if now.anchors != then.anchors else told


def _is_on_disk(state: ConfigurationFiles, main: Path) -> bool:
    try:
        return present_files(main) == state
    except OSError:  # it is being replaced, or is gone
        return False
