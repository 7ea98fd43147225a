"""The sizes of the codes: what a permit can say must still be read from afar."""

from __future__ import annotations

import pytest
import segno

from agent.core.crypto.keys import SigningKey
from agent.core.model.reasons import Reason
from agent.core.permit.issue import Issuer, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from bench.codes import FULL, GOAL_MODULES, TEXTS, figures
from central.issuing.qr_symbol import Level, Symbol

KEY = SigningKey.from_seed(b"e" * 32)


def test_a_permit_with_all_that_it_can_say_has_57_modules_at_most():
    assert Symbol.of(TEXTS["GP1 full"], Level.M).modules <= GOAL_MODULES == 57
    assert all(figure.kept for figure in figures() if figure.goal)
    assert all(getattr(FULL, name) not in {None, 0, ""} for name in FULL.__dataclass_fields__)


def test_the_full_permit_of_the_table_is_a_good_one():
    keys = trust_list([Issuer(FULL.issuer, KEY)], FULL.issued_at)
    context = GateContext(FULL.site, 1, FULL.direction, clock_trusted=True, clock_skew_s=0)
    result = verify_permit(TEXTS["GP1 full"].encode(), context, keys, FULL.not_before)
    assert (result.reason, result.permit) == (Reason.OK, FULL)


def test_a_reference_has_the_smallest_code_but_one():
    assert (len(TEXTS["GPR"]), Symbol.of(TEXTS["GPR"], Level.M).modules) == (20, 21)


@pytest.mark.parametrize("level", Level)
def test_the_runs_of_a_code_are_its_dark_modules(level):
    symbol = Symbol.of(TEXTS["GP1 minimal"], level)
    drawn = segno.make(TEXTS["GP1 minimal"], error=level.value, boost_error=False, micro=False)
    assert symbol.designator == drawn.designator
    dark = {(column + place, row) for column, row, length in symbol.runs() for place in range(length)}
    assert dark == {(x, y) for y, line in enumerate(drawn.matrix) for x, module in enumerate(line) if module & 1}
