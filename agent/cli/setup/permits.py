"""Whose permits are accepted: the issuer's, or those of a practice permit that is made here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from agent.clock import Clock
from agent.core.model import ListKind
from agent.settings import EXAMPLE_ROOT_KEY
from agent.setup import CONSEQUENCES, INTROS, PRACTICE, PlateError, StepCode, code_png, is_practice, practice_permit
from drivers.text import Text

if TYPE_CHECKING:
    from typing import Literal

    from agent.cli.setup.interview import Interview
    from agent.cli.setup.lane_draft import LaneDraft
    from agent.setup import PracticePermit

REQUIRE: Final = ("lists", "require")


def choose_permits(interview: Interview, lane: LaneDraft) -> None:
    """The root key and the trust list; files to write beside the configuration where the gate is to practise."""
    sheet = interview.sheet
    lane.files.clear()
    if is_practice(Path(sheet.before(("permits", "trust_list")) or "")):
        # Nobody has the private half of a practice key, so it is not proposed as the issuer's.
        sheet.forget(("permits", "root_keys"))
        sheet.forget(("permits", "trust_list"))
        sheet.set_value(REQUIRE, [ListKind.REVOCATIONS.value])  # as it is shipped, unless it practises again
    known = [key for key in sheet.before(("permits", "root_keys")) or [] if key != EXAMPLE_ROOT_KEY]
    if interview.confirm(Text("Do you have the root key of the issuer, 64 hexadecimal digits?"), default=bool(known)):
        interview.value(("permits", "root_keys"), Text("Root key"), known or None)
        question = Text("File of the signed trust list; empty: it comes over MQTT")
        interview.value(("permits", "trust_list"), question, optional=True)
        return
    interview.say(INTROS[StepCode.PRACTICE])
    if not interview.confirm(Text("Make a practice permit?"), default=True):
        interview.say(CONSEQUENCES[StepCode.TRUST], 2)
        sheet.set_value(("permits", "root_keys"), [EXAMPLE_ROOT_KEY])
        return
    site = sheet.values["gate"]["site"]
    direction = cast("Literal['export', 'import']", sheet.values["lanes"][lane.name]["direction"])
    made = _practice(interview, site, direction)
    place = lane.configuration.parent / PRACTICE
    sheet.set_value(("permits", "root_keys"), [made.root])
    sheet.set_value(REQUIRE, [])  # nobody publishes lists by a key that is made for a day
    sheet.set_value(("permits", "trust_list"), str(place / "trust-list.txt"))
    lane.files |= {
        place / "trust-list.txt": made.trust_list,
        place / "permit.png": code_png(made.text),
        place / "permit.txt": made.text.encode() + b"\n",
    }


def _practice(interview: Interview, site: int, direction: Literal["export", "import"]) -> PracticePermit:
    while True:
        plate = interview.ask(Text("Plate of the vehicle that you practise with"))
        try:
            return practice_permit(site, direction, plate, int(Clock().now().utc))
        except PlateError as error:
            interview.say(Text("Invalid: {why}", why=error), 2)
