"""What a report says of vehicles that could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.replay import NotJudged
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_JUDGED: Final[Mapping[NotJudged, Text]] = {
    NotJudged.EARLIER_VERSION: Text("Recorded by an earlier version that did not record the facts of its decision."),
    NotJudged.UNREADABLE: Text("Recorded by a later version that this version does not understand."),
    NotJudged.NO_SUCH_LANE: Text("The configuration has no such lane."),
    NotJudged.CODES: Text("At that time, only the plate was required, so codes were not read."),
    NotJudged.FORM: Text("At that time, this form of code was not accepted, so it was not read."),
    NotJudged.DECLARED_PLATES: Text("It was not recorded which declarations had the plate that was read."),
    NotJudged.OTHER_PLATES: Text(
        "At that time, the plate was not required, so the plates of other vehicles were not compared."
    ),
    NotJudged.VINS: Text("At that time, the VIN was not required, so the readers may not have searched for it."),
    NotJudged.PLATES_OF_CAMERA: Text(
        "It is not known which plate would count without the camera that read the permit."
    ),
    NotJudged.PLATES_LEFT_OUT: Text("At that time, plates read by the camera that read the permit did not count."),
    NotJudged.LISTS_AND_LEDGER: Text("The permit itself was not valid, so lists and ledger were not checked."),
    NotJudged.SECOND_READING: Text("The second reading checked something else."),
    NotJudged.HOME_GATE: Text("The permit's home gate was asked under other rules."),
    NotJudged.ERASED: Text("Its plate or its VIN was erased."),
}
"""Why, a sentence each."""
