"""The forms of the set-up's steps.

What changes the configuration becomes a proposal first, and is applied whole by a second request. What was seen, left
out or found is noted at once.
"""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from agent.console.change_rights import NOTHING
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import Holds
from agent.console.page import render
from agent.console.pages.configuration_proposals import AtProposals
from agent.console.proposals import Proposals
from agent.console.wizard.safety_list import SAFETY_LINES
from agent.console.wizard.sent_steps import SentForm, asked_of
from agent.console.wizard.step_page import StepOutcome, is_for_part, onward, step_body
from agent.console.wizard.step_proposal import StepChange, StepRefusedError
from agent.console.wizard.step_visit import AtVisit, StepVisit, guarded
from agent.console.wizard.uploads import LARGEST_FILE
from agent.settings import SettingsError, judged
from agent.setup import TITLES, StepCode
from drivers.text import Text, joined

router = APIRouter()

ORDER_S: Final = 5.0
SHORTEST_NAME: Final = 3
_HOLDS: Final = Holds()
_MOST_FIELDS: Final = 100
_MOST_FILES: Final = 10
_LEAD_ON: Final = frozenset({StepCode.GATE, StepCode.TRUST})
"""The steps of which nothing is left to see once they are applied: the next one follows."""

Short = Annotated[str, Form(max_length=64)]


def _change(visit: StepVisit, proposals: Proposals) -> StepChange:
    return StepChange(visit.gate, visit.person, visit.editor, proposals)


async def _sent(request: Request) -> SentForm:
    """The texts of a form and the files in it; a file that is too large comes as None."""
    texts: dict[str, str] = {}
    files: dict[str, bytes | None] = {}
    async with request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES) as found:
        for name, value in found.multi_items():
            if isinstance(value, str):
                texts[name] = f"{texts[name]},{value}" if name in texts else value
            elif value.filename:
                data = await value.read(LARGEST_FILE + 1)
                files[name] = data if len(data) <= LARGEST_FILE else None
    return SentForm(texts, files)


AtForm = Annotated[SentForm, Depends(_sent)]


@router.post("/settings/setup/{lane}/{step}", response_class=HTMLResponse)
def propose(request: Request, visit: AtVisit, proposals: AtProposals, sent: AtForm) -> Response:
    """What a step's form would change; or what is wrong, each at its field."""
    try:
        asked = asked_of(visit, sent)
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(sent.texts, refused=error))
    if asked.errors:
        return step_body(request, visit, StepOutcome(sent.texts, asked.errors))
    if not asked.edits:
        return onward(request, visit.next_path)
    try:
        proposal = _change(visit, proposals).propose(asked.edits, visit.what, sent.texts.get("seen", ""))
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(sent.texts, refused=error))
    return step_body(request, visit, StepOutcome(sent.texts, proposal=proposal))


@router.post("/settings/setup/{lane}/{step}/apply", response_class=HTMLResponse)
def apply(request: Request, visit: AtVisit, proposals: AtProposals, proposal: Short) -> Response:
    """Write a proposal; the gate takes it over by itself, and the page waits for that."""
    try:
        _change(visit, proposals).apply(proposal)
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(refused=error))
    if visit.code is StepCode.INPUTS:
        guarded(lambda: visit.wizard.end_finding(visit.lane))
    path = visit.next_path if visit.code in _LEAD_ON else visit.path
    if not is_for_part(request):
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)
    return render(request, "setup_applying.html", onward=path)


@router.post("/settings/setup/{lane}/{step}/skip")
def skip(visit: AtVisit) -> RedirectResponse:
    """Leave a step out, and go on with the next."""
    if visit.code is StepCode.GATE:
        raise RefusedError(HTTPStatus.CONFLICT, Text("The gate needs a name: this step cannot be skipped."))
    guarded(lambda: visit.wizard.skip(visit.lane, visit.code, visit.person.name))
    visit.gate.audit(visit.person, "setup.skipped", lane=visit.lane, detail=TITLES[visit.code])
    return RedirectResponse(visit.next_path, HTTPStatus.SEE_OTHER)


@router.post("/settings/setup/{lane}/{step}/take-up")
def take_up(visit: AtVisit) -> RedirectResponse:
    """Take a step up that was left out."""
    guarded(lambda: visit.wizard.take_up(visit.lane, visit.code))
    return visit.back()


@router.post("/settings/setup/{lane}/{step}/seen")
def see(visit: AtVisit, what: Short = "") -> RedirectResponse:
    """Somebody says what he saw: that the barrier moved by the trial, or what a lamp, sign or loudspeaker told."""
    wizard, lane = visit.wizard, visit.lane
    if visit.code is StepCode.BOARD and not wizard.was_tried(lane):
        raise RefusedError(HTTPStatus.CONFLICT, Text("Send a test pulse first, and watch the arm."))
    if visit.code is not StepCode.BOARD:
        visit.only(StepCode.OUTPUTS)
    seen = "" if visit.code is StepCode.BOARD else what
    guarded(lambda: wizard.see(lane, visit.code, seen, visit.person.name))
    visit.gate.audit(visit.person, "setup.seen", lane=lane, detail=joined([TITLES[visit.code], seen], " "))
    return visit.back()


@router.get("/live/settings/setup/{lane}/{step}/applied")
def applied(visit: AtVisit) -> PlainTextResponse:
    """Whether the gate runs with what is on the disk: `done`, or `waiting`."""
    try:
        digest = judged(visit.editor, NOTHING).digest
    except SettingsError:
        return PlainTextResponse("waiting")
    return PlainTextResponse("done" if digest == visit.gate.loaded.digest else "waiting")


@router.post("/settings/setup/{lane}/{step}/sign")
def sign(visit: AtVisit, sent: AtForm) -> RedirectResponse:
    """Sign the safety check: every line was tried, and by whom."""
    visit.only(StepCode.SAFETY)
    lines = {one for one in sent.texts.get("line", "").split(",") if one}
    name = " ".join(sent.texts.get("name", "").split())[:100]
    if lines != {str(number) for number in range(1, len(SAFETY_LINES) + 1)}:
        raise RefusedError(HTTPStatus.CONFLICT, Text("Test every line and tick it. Nothing was signed."))
    if len(name) < SHORTEST_NAME or not name.isprintable():
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Text("Enter the name of the person who watched the arm."))
    guarded(lambda: visit.wizard.see(visit.lane, StepCode.SAFETY, by=visit.person.name))
    said = Text("safety check, {count} lines; second person: {name}", count=len(SAFETY_LINES), name=name)
    visit.gate.audit(visit.person, "setup.signed", lane=visit.lane, detail=said)
    return visit.back()
