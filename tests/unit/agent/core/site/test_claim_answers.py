"""Which answers to a claim let a vehicle pass."""

import pytest

from agent.core.site.claim_answers import ClaimAnswer, ClaimCode


@pytest.mark.parametrize("code", ClaimCode)
def test_only_two_answers_let_a_vehicle_pass(code):
    assert ClaimAnswer(code).passes == (code in {ClaimCode.GRANTED, ClaimCode.FLAGGED})
