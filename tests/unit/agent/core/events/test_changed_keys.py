"""The keys of a change, shared among events: each has its place once, and no event grows without an end."""

from __future__ import annotations

import pytest

from agent.core.events.changed_keys import PART_BYTES, ChangedKey, key_fingerprint, parts_of


def keys(count, value="x"):
    return [ChangedKey(key=f"lanes.out.cameras[{number}].id", after=value) for number in range(count)]


@pytest.mark.parametrize("count", [1, 20, 21, 500, 5_000])
@pytest.mark.parametrize("value", ["x", '"' * 900, "京" * 400])
def test_every_key_is_in_one_part_in_order_and_no_part_is_too_large(count, value):
    changes = keys(count, value)
    parts = parts_of(changes)
    assert [one for part in parts for one in part] == changes
    for part in parts:
        assert sum(len(one.model_dump_json().encode()) for one in part) <= PART_BYTES


def test_a_key_that_is_larger_than_a_part_is_told_alone():
    changes = keys(3, "x" * 100)
    assert parts_of(changes, most_bytes=10) == [(one,) for one in changes]


def test_no_change_is_one_part_without_keys():
    assert parts_of([]) == [()]


def test_the_fingerprint_of_a_key_is_its_sha_256():
    assert key_fingerprint(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
