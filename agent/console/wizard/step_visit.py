"""Somebody at one step of the set-up: which gate, which lane, who, and where the step leads."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse

from agent.console.access import Technician  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.wizard.setup_observations import AtVehicles, AtWizard, LastVehicles, Wizard  # noqa: TC001
from agent.settings.configuration_loading import editor_of
from agent.setup import TITLES, SetupRecordError, StepCode, after
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.access import Person
    from agent.console.dependencies import Gate
    from agent.settings import ConfigEditor, Lane

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class StepVisit:
    """Somebody at one step. `signal`: whose input is looked for."""

    gate: Gate
    vehicles: LastVehicles
    wizard: Wizard
    editor: ConfigEditor
    person: Person
    lane: str
    code: StepCode
    signal: str = ""

    @property
    def settings(self) -> Lane:
        """The lane as it runs."""
        return self.gate.loaded.settings.lanes[self.lane]

    @property
    def path(self) -> str:
        """The address of the step."""
        return f"/settings/setup/{self.lane}/{self.code}"

    @property
    def next_path(self) -> str:
        """The address of the step after it; of all steps after the last."""
        onward = after(self.code)
        return "/settings/setup" if onward is None else f"/settings/setup/{self.lane}/{onward}"

    @property
    def what(self) -> Text:
        """The step, as the history of the configuration names it."""
        return Text("set-up of {lane}: {step}", lane=self.lane, step=TITLES[self.code])

    def only(self, code: StepCode) -> None:
        """See that a route is asked for at its own step. Raises RefusedError."""
        if self.code is not code:
            raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))

    def back(self) -> RedirectResponse:
        """Go back to the page of the step."""
        return RedirectResponse(self.path, HTTPStatus.SEE_OTHER)


def _visit(
    *,
    vehicles: AtVehicles,
    wizard: AtWizard,
    person: Technician,
    lane: str,
    step: StepCode,
    signal: Annotated[str, Query(max_length=40)] = "",
) -> StepVisit:
    gate = wizard.gate
    if lane not in gate.lanes:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return StepVisit(gate, vehicles, wizard, editor_of(gate.configuration), person, lane, step, signal)


AtVisit = Annotated[StepVisit, Depends(_visit)]
"""The parameter by which a route of a step gets who is there: a technician at least."""


def guarded(made: Callable[[], _Made]) -> _Made:
    """What is made, or in words that the file of the set-up cannot be used. Raises RefusedError."""
    try:
        return made()
    except SetupRecordError as error:
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, error.args[0]) from None
