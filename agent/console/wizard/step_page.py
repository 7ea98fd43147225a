"""One step as a page: what it asks, what came of its form, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import RedirectResponse, Response

from agent.console.access import Role
from agent.console.configuration_requests import document_of, seen_token
from agent.console.page import render
from agent.console.wizard.forms import fields, value_at
from agent.console.wizard.other_visitors import Here
from agent.console.wizard.step_parts import enrolment_part, parts_of
from agent.console.wizard.step_visit import StepVisit, guarded
from agent.settings import EXAMPLE_ROOT_KEY
from agent.setup import (
    ABSENT,
    ADVICE,
    CONSEQUENCES,
    INTROS,
    PROGRESS,
    SIGNALS,
    TITLES,
    USES,
    StepCode,
    StepProgress,
    after,
    before,
    is_practice,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from fastapi.responses import HTMLResponse

    from agent.console.wizard.step_proposal import StepProposal, StepRefusedError
    from agent.settings import Document
    from agent.setup import SetupStep
    from drivers.text import Text

ADMINS: Final = frozenset({StepCode.GATE, StepCode.NETWORK, StepCode.TRUST, StepCode.CENTRAL, StepCode.PRACTICE})
"""The steps that change what an administrator alone changes."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What came of a form. `sent`: what was typed; `errors`: by field; `refused`: why all of it cannot be."""

    sent: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)
    refused: StepRefusedError | None = None
    proposal: StepProposal | None = None


NOTHING_SENT: Final = StepOutcome()


def step_page(request: Request, visit: StepVisit) -> HTMLResponse:
    """The whole page of a step."""
    visit.settings  # noqa: B018 - sees that there is such a lane
    guarded(lambda: visit.wizard.see_visit(visit.person.address))
    return render(request, "setup_step.html", **_context(visit, NOTHING_SENT))


def step_body(request: Request, visit: StepVisit, outcome: StepOutcome) -> HTMLResponse:
    """The step again, with what came of its form: a fragment.

    All of the page for a browser that sent the form before its scripts were there.
    """
    bad = bool(outcome.errors) or outcome.refused is not None
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    if not is_for_part(request):
        return render(request, "setup_step.html", status=status, **_context(visit, outcome))
    return render(request, "setup_body.html", status=status, **_context(visit, outcome))


def enrolment_card(request: Request, visit: StepVisit, found: Mapping[str, Any]) -> HTMLResponse:
    """The card of the enrolment, with what came of its form; the whole page where no script asks."""
    bad = "errors" in found or "trouble" in found
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    context = {**_context(visit, NOTHING_SENT), "enrolment": enrolment_part(visit, **found)}
    if not is_for_part(request):
        return render(request, "setup_step.html", status=status, **context)
    return render(request, "setup_enrolment.html", status=status, **context)


def is_for_part(request: Request) -> bool:
    """Whether a script of the page asks, which takes a part of it."""
    return request.headers.get("hx-request") == "true"


def onward(request: Request, path: str) -> Response:
    """Go on to another page."""
    if is_for_part(request):
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def live_part(request: Request, visit: StepVisit) -> HTMLResponse:
    """What is seen of a step now: a fragment.

    The list of steps, and what can be done beside the step, come with it where they changed.
    """
    visit.settings  # noqa: B018
    shown = {f"{name}_shown": request.query_params.get(name) for name in ("leaving", "steps")}
    return render(request, "setup_live.html", **_context(visit, NOTHING_SENT) | shown)


def _context(visit: StepVisit, outcome: StepOutcome) -> dict[str, Any]:
    wizard, gate, lane = visit.wizard, visit.gate, visit.lane
    guarded(lambda: wizard.see_inputs(lane))
    found = guarded(lambda: wizard.steps(lane, visit.vehicles))
    step = next(one for one in found if one.code is visit.code)
    now = gate.now().at
    wizard.presence.come(Here(visit.person.name, lane, visit.code, now))
    document = document_of(visit.editor)
    may = visit.code not in ADMINS or visit.person.role.covers(Role.ADMIN)
    return {
        "lane": lane,
        "steps": found,
        "steps_state": " ".join(one.progress for one in found),
        "steps_shown": None,
        "step": step,
        "leaving": _leaving(step),
        "leaving_shown": None,
        "number": list(StepCode).index(visit.code) + 1,
        "words": WORDS,
        "before": before(visit.code),
        "after": after(visit.code),
        "others": wizard.presence.others(visit.person.name, now),
        "may": may,
        "is_locked": gate.loaded.anchors is not None and visit.code in {StepCode.TRUST, StepCode.PRACTICE},
        "questions": _fields(visit, document, outcome),
        "outcome": outcome,
        "seen": seen_token(visit.editor),
        "settings": visit.settings,
        "here": visit.path,
        **parts_of(visit),
    }


def _leaving(step: SetupStep) -> str:
    """What a person may do about a step beside doing it: `skip`, `take-up`, or "" for nothing."""
    if step.progress is StepProgress.SKIPPED:
        return "take-up"
    return "" if step.code is StepCode.GATE or step.progress is StepProgress.DONE else "skip"


def _fields(visit: StepVisit, document: Document, outcome: StepOutcome) -> list[dict[str, Any]]:
    made = []
    for one in fields(visit.code, visit.lane):
        value = value_at(document, one.path)
        if value is None and not one.optional:
            value = _default(visit, one.path)
        if one.name == "root_keys" and _is_nobodys(visit, value):
            value = []
        listed = [str(item) for item in value] if isinstance(value, list | tuple) else None
        shown = "" if value is None else ", ".join(listed) if listed is not None else str(value)
        made.append(
            {
                "of": one,
                "value": outcome.sent.get(one.name, shown),
                "values": listed or [],
                "error": outcome.errors.get(one.name),
            }
        )
    return made


def _is_nobodys(visit: StepVisit, roots: Any) -> bool:
    """Whether these are no issuer's root keys: that of the example, or of a practice permit."""
    return list(roots or ()) == [EXAMPLE_ROOT_KEY] or is_practice(visit.gate.loaded.settings.permits.trust_list)


def _default(visit: StepVisit, path: tuple[str | int, ...]) -> Any:
    """What counts where the files say nothing."""
    found: Any = visit.gate.loaded.settings
    for part in path:
        found = found[part] if isinstance(found, dict) else getattr(found, str(part))
    return found


WORDS: Final[Mapping[str, Any]] = {
    "titles": TITLES,
    "intros": INTROS,
    "consequences": CONSEQUENCES,
    "progress": PROGRESS,
    "advice": ADVICE,
    "signals": SIGNALS,
    "uses": USES,
    "absent": ABSENT,
    "left": StepProgress.LEFT,
}
