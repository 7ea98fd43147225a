"""A change that waits for its second person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.anchors import AnchorFault, AnchorRefusedError, Sender, confirmed, is_over, judge_change, proposed
from tests.support.anchors.people import UTC, document, held, signed

AIGUL, BOLAT = "person:aigul", "person:bolat"


def fault(call, *arguments):
    with pytest.raises(AnchorRefusedError) as refused:
        call(*arguments)
    return refused.value.fault


def text(*signers, **changed):
    return signed(document(held(), **changed), *signers)[0]


def test_what_one_proposes_and_another_confirms_may_be_made():
    anchors = held()
    waiting = proposed(anchors, text(AIGUL), "aigul", UTC)
    assert (waiting.person, len(waiting.signatures)) == ("aigul", 1)
    done = confirmed(anchors, waiting, text(BOLAT), "bolat", UTC + 60)
    assert judge_change(anchors, done.signatures, Sender.SERVICE, UTC + 60).by == ("aigul", "bolat")


def test_nobody_confirms_his_own_proposal_under_whatever_name():
    anchors = held()
    waiting = proposed(anchors, text(AIGUL), "aigul", UTC)
    assert fault(confirmed, anchors, waiting, text(AIGUL), "aigul", UTC) is AnchorFault.SECOND_PERSON_NEEDED
    assert fault(confirmed, anchors, waiting, text(BOLAT), "aigul", UTC) is AnchorFault.SECOND_PERSON_NEEDED
    assert fault(confirmed, anchors, waiting, text(AIGUL), "bolat", UTC) is AnchorFault.SIGNER_UNKNOWN


def test_who_signs_is_who_is_logged_in():
    assert fault(proposed, held(), text(BOLAT), "aigul", UTC) is AnchorFault.SIGNER_UNKNOWN
    assert fault(proposed, held(), text("central:central"), "central", UTC) is AnchorFault.SIGNER_UNKNOWN


def test_what_was_seen_is_what_is_confirmed():
    anchors = held()
    waiting = proposed(anchors, text(AIGUL), "aigul", UTC)
    other = text(BOLAT, changes={"mqtt.brokers": ["mqtts://elsewhere.example:8883"]})
    assert fault(confirmed, anchors, waiting, other, "bolat", UTC) is AnchorFault.DIFFERENT_DOCUMENTS


def test_a_proposal_waits_for_a_day_and_for_the_same_anchors():
    anchors = held()
    waiting = proposed(anchors, text(AIGUL), "aigul", UTC)
    assert not is_over(waiting, anchors, UTC + 3599)
    assert is_over(waiting, anchors, UTC + 3600)
    assert is_over(waiting, replace(anchors, number=6), UTC)
    assert is_over(waiting, held(document_keys=[]), UTC)
    assert is_over(waiting, None, UTC)
    assert fault(confirmed, anchors, waiting, text(BOLAT), "bolat", UTC + 3600) is AnchorFault.EXPIRED
    assert fault(proposed, anchors, text(AIGUL, exp=int(UTC) + 86_400), "aigul", UTC) is AnchorFault.EXPIRED
