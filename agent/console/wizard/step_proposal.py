"""What a step would change: judged as a whole, shown, and written by a second request, unless somebody was first."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from agent.console.change_rights import check_right
from agent.console.proposals import Proposal
from agent.settings import (
    ChangeError,
    EditStep,
    HistoryError,
    SettingsError,
    StaleError,
    check_seen,
    differences,
    edited,
    judged,
    put_files,
    replace_file,
)
from drivers.text import Text, joined, reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.console.access import Person
    from agent.console.dependencies import Gate
    from agent.console.proposals import Proposals
    from agent.settings import ConfigEditor, Difference, Edit, LoadedSettings, Problem

SHOWN: Final = 40
_FOLDER_MODE: Final = 0o750


class StepRefusedError(Exception):
    """The step cannot be taken over. `why`: what to tell; `problems`: what is wrong in the configuration."""

    def __init__(self, why: Text, problems: Sequence[Problem] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class StepProposal:
    """A proposal that waits. `number`: of it; `changes`: key, now, new; `warnings`: what becomes unwise by it."""

    number: str
    changes: tuple[tuple[str, str, str], ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class StepChange:
    """Who changes the configuration of which gate by a step."""

    gate: Gate
    person: Person
    editor: ConfigEditor
    proposals: Proposals

    def propose(self, edits: Sequence[Edit], what: Text, seen: str) -> StepProposal:
        """Judge what edits would come to, record that it was proposed, and keep it. `seen`: the files as shown.

        Raises:
            StepRefusedError: it cannot be done; nothing was written but the event.
        """
        gate, person, editor = self.gate, self.person, self.editor
        try:
            check_seen(editor, seen)
            files = edited(editor, edits)
            loaded = judged(editor, files)
            check_right(gate, person, editor, loaded)
        except (StaleError, SettingsError, ChangeError, HistoryError, OSError) as error:
            gate.audit(person, "configuration.proposed", detail=what, done=False)
            raise refusal_of(error) from None
        said = joined([what, *(f"{name} {sha256(data).hexdigest()}" for name, data in sorted(files.items()))], "; ")
        gate.audit_configuration(person, "configuration.proposed", loaded, said=said)
        number = self.proposals.add(Proposal(person.name, files, seen, what, gate.now().at))
        known = {(one.key, str(one.message)) for one in gate.loaded.warnings}
        warnings = tuple(one for one in loaded.warnings if (one.key, str(one.message)) not in known)
        return StepProposal(number, _shown(gate, loaded), warnings)

    def apply(self, number: str) -> None:
        """Write a proposal, and have the gate take it over once no vehicle is under way.

        Raises:
            StepRefusedError: it is too old, somebody else was first, or it cannot be written.
        """
        gate, person, editor = self.gate, self.person, self.editor
        found = self.proposals.pop_proposal(number, person.name, gate.now().at)
        if found is None:
            raise StepRefusedError(Text("This proposal is too old, or was applied already. Check again."))
        try:
            check_right(gate, person, editor, judged(editor, found.files))
            change = put_files(editor, found.files, EditStep(person.name, found.what, gate.now().utc), found.seen)
        except (StaleError, SettingsError, ChangeError, HistoryError, OSError) as error:
            gate.audit(person, "configuration.changed", detail=found.what, done=False)
            raise refusal_of(error) from None
        said = Text("{what}: {said}", what=found.what, said=Text("state {number}", number=change.number))
        gate.audit_configuration(person, "configuration.changed", change.loaded, said=said)
        gate.reload()


def _shown(gate: Gate, loaded: LoadedSettings) -> tuple[tuple[str, str, str], ...]:
    """What would be another, without defaults that come or go with a table."""
    told = [one for one in differences(gate.loaded, loaded) if _is_told(one)][:SHOWN]
    return tuple(
        (one.key, "" if one.before is None else one.before.shown, "" if one.after is None else one.after.shown)
        for one in told
    )


def _is_told(one: Difference) -> bool:
    if one.before is None or one.after is None:
        there = one.before or one.after
        return there is not None and there.origin is not None
    return one.is_hidden or one.before.shown != one.after.shown


def refusal_of(error: Exception) -> StepRefusedError:
    """What to report of an error of the configuration."""
    match error:
        case StaleError():
            who = error.who or Text("someone")
            return StepRefusedError(
                Text(
                    "{who} changed the configuration in the meantime. Your entries are kept: check them "
                    "and save again.",
                    who=who,
                )
            )
        case SettingsError():
            return StepRefusedError(Text("The gate cannot work with this. Nothing was written."), error.problems)
        case ChangeError():
            return StepRefusedError(Text("This cannot be done here: {why}", why=str(error)))
        case OSError():
            return StepRefusedError(Text("The gate cannot write its files: {why}", why=reason(error)))
        case _:
            return StepRefusedError(Text("The files or their history cannot be read: {why}", why=str(error)))


def keep_file(folder: Path, name: str, data: bytes, *, is_named: bool = False) -> Path:
    """Write a file that a proposal will name, under a name that no other content has: what is in use stays as it is.

    `is_named`: the name is such a one already. The folder is made where it is missing. Raises StepRefusedError.
    """
    stem, _, ending = name.rpartition(".")
    path = folder / (name if is_named else f"{stem}-{sha256(data).hexdigest()[:8]}.{ending}")
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        replace_file(path, data, None)
    except OSError as error:
        raise refusal_of(error) from None
    return path
