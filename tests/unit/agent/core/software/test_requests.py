"""The lines between the agent and the helper that installs software."""

import json

import pytest

from agent.core.detail import detail_message
from agent.core.fleet import DocumentFault
from agent.core.software import SoftwareAnswer, UpdateOutcome, UpdateStage, answer_bytes, parsed_answer
from drivers.text import Text

ENDED = {"identity": "a" * 64, "version": "2+deb13"}
WHY = Text("the agent of version {version} did not start", version="2+deb13")
UNDONE = {"applied": False, "code": DocumentFault.NOT_STARTED, "detail": WHY}


@pytest.mark.parametrize(
    "answer",
    [
        SoftwareAnswer(done=True),
        SoftwareAnswer(done=True, stage=UpdateStage.TRIAL, identity="a" * 64),
        SoftwareAnswer(done=True, outcome=UpdateOutcome(**ENDED, applied=True)),
        SoftwareAnswer(done=True, outcome=UpdateOutcome(**ENDED, **UNDONE, message=detail_message(WHY))),
        SoftwareAnswer(done=False, fault="not_kept", why=WHY, message=detail_message(WHY)),
    ],
    ids=["nothing to tell", "under way", "applied", "undone", "refused"],
)
def test_an_answer_is_read_as_it_was_written(answer):
    assert parsed_answer(answer_bytes(answer)) == answer


def test_what_is_not_known_is_left_out_of_an_answer():
    said = json.loads(answer_bytes(SoftwareAnswer(done=True, outcome=UpdateOutcome(**ENDED, applied=True))))
    assert "message" not in said["outcome"]
    assert {"stage", "message"}.isdisjoint(said)


def test_why_an_update_was_undone_goes_with_the_message_that_it_was_made_of():
    said = json.loads(answer_bytes(SoftwareAnswer(done=True, outcome=UpdateOutcome(**ENDED, **UNDONE))))
    assert said["outcome"]["message"] == {"id": WHY.pattern, "args": {"version": "2+deb13"}}
