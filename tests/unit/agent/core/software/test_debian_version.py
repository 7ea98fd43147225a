"""Versions compared as dpkg does."""

from itertools import combinations

import pytest

from agent.core.software import compare_versions, is_version

# What dpkg --compare-versions says: each is older than those below it.
RISING = [
    "0.4.0~rc1+deb12",
    "0.4.0~rc2+deb12",
    "0.4.0~rc2+deb13",
    "0.4.0",
    "0.4.0-1",
    "0.4.0-1.1",
    "0.4.0a",
    "0.4.0+deb12",
    "0.4.0+deb13",
    "0.9",
    "0.10",
    "1.0",
    "1:0.1",
]
SAME = [("1.0", "1.00"), ("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.0~", "1.0~0")]


@pytest.mark.parametrize(("older", "newer"), list(combinations(RISING, 2)))
def test_an_older_version_is_older(older, newer):
    assert compare_versions(older, newer) < 0
    assert compare_versions(newer, older) > 0


@pytest.mark.parametrize(("one", "other"), [*SAME, *((one, one) for one in RISING)])
def test_what_dpkg_takes_for_the_same_is_the_same(one, other):
    assert compare_versions(one, other) == compare_versions(other, one) == 0


@pytest.mark.parametrize("text", ["", "a1", "1 0", "1.0;", "1.0\n", "-1", "1" * 200, "\u0661.0"])
def test_what_is_no_version_is_said_to_be_none(text):
    assert not is_version(text)
    with pytest.raises(ValueError, match="version"):
        compare_versions(text, "1.0")
