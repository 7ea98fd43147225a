"""A practice permit: valid for a day, for one plate, by keys that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core.model.reasons import Reason
from agent.core.permit.permit_verification import GateContext, verify_permit
from agent.core.permit.trust import load, root_key
from agent.setup.practice import ISSUER, PlateError, code_png, is_practice, permit_file, practice_permit

DAY_S = 86_400
NOW = 1_780_000_000


@pytest.mark.parametrize("direction", ["import", "export"])
def test_it_passes_for_a_day_and_no_longer(direction):
    made = practice_permit(17, direction, "新B52K18", NOW)
    trusted = load(made.trust_list, [root_key(made.root)])
    here = GateContext(17, 1, direction, clock_trusted=True, clock_skew_s=0)
    reasons = [verify_permit(made.text.encode(), here, trusted, NOW + age_s).reason for age_s in (0, DAY_S - 1, DAY_S)]
    assert reasons == [Reason.OK, Reason.OK, Reason.EXPIRED]
    assert trusted.expires_at == made.ends == NOW + DAY_S
    assert [entry.issuer for entry in trusted.entries] == [ISSUER]


@pytest.mark.parametrize("plate", ["bad plate!!", "BADPLATE", "?", "", "新B52K1"])
def test_what_is_not_a_plate_is_refused(plate):
    with pytest.raises(PlateError, match="Enter a number plate"):
        practice_permit(17, "export", plate, NOW)


def test_two_permits_share_no_key_and_no_file_name():
    one, other = (practice_permit(17, "export", "京A12345", NOW) for _ in range(2))
    assert (one.root, one.mark, one.text) != (other.root, other.mark, other.text)
    assert one.mark != other.mark


def test_its_files_are_found_by_the_trust_list():
    assert permit_file(Path("/x/practice/trust-list-ab.txt")) == Path("/x/practice/permit-ab.txt")
    assert permit_file(Path("/x/practice/trust-list.txt")) == Path("/x/practice/permit.txt")
    assert is_practice(Path("/x/practice/trust-list.txt"))
    assert not is_practice(Path("/x/trust/trust-list.txt"))
    assert not is_practice(None)


def test_the_code_is_a_picture():
    assert code_png("GP1:X").startswith(b"\x89PNG")
