"""What a report says of vehicles that could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.replay import NotJudged
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_JUDGED: Final[Mapping[NotJudged, Text]] = {
    NotJudged.EARLIER_VERSION: Text("Recorded by an earlier version, which did not record what it decided on."),
    NotJudged.UNREADABLE: Text("Recorded by a later version, which this one does not understand."),
    NotJudged.NO_SUCH_LANE: Text("The configuration has no such lane."),
    NotJudged.CODES: Text("The plate alone was asked for then, so codes were not looked at."),
    NotJudged.FORM: Text("The code had a form that was not taken then, so it was not read."),
    NotJudged.DECLARED_PLATES: Text("It was not recorded which declarations had the plate that was read."),
    NotJudged.OTHER_PLATES: Text("The plate was not asked for then, so plates of others were not compared."),
    NotJudged.VINS: Text("The VIN was not required then, so the readers may not have searched for it."),
    NotJudged.PLATES_OF_CAMERA: Text(
        "It is not known what the plate would be without the camera that read the permit."
    ),
    NotJudged.PLATES_LEFT_OUT: Text("Plates did not count then, of the camera that read the permit too."),
    NotJudged.LISTS_AND_LEDGER: Text("The permit did not hold by itself, so lists and ledger were not asked."),
    NotJudged.SECOND_READING: Text("Its pictures were read again for something else."),
    NotJudged.HOME_GATE: Text("The permit's home gate was asked by other rules."),
    NotJudged.ERASED: Text("Its plate or its VIN was erased."),
}
"""Why, a sentence each."""
