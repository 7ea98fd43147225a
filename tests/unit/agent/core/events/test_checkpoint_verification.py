"""Proving a chain by the checkpoints in it: what only the gate's key can sign cannot be made by anybody else."""

import json

import pytest

from agent.core.events.chain import Point, beginning
from agent.core.events.chain_verification import ChainFault, verify, verify_streams
from agent.core.events.checkpoint import checkpoint_draft, checkpoint_of
from agent.core.events.event_types import ChainCheckpoint, Draft
from tests.support.pki.signing import KEY, KEYS, KID, OTHER, follow, signed_chain
from tests.support.store.journals import GATE, STREAM, UTC

CHAIN, POINTS = signed_chain(10, checkpoint_at=(4, 8))
START = beginning(STREAM)


def where(found):
    return None if found.flaw is None else (found.flaw.index, found.flaw.fault)


def test_a_chain_is_signed_up_to_the_event_before_its_last_checkpoint():
    found = verify(CHAIN, keys=KEYS)
    assert (found.whole, found.signed) == (True, POINTS[6])
    assert verify(CHAIN[:7], keys=KEYS).signed == POINTS[2]
    assert verify(CHAIN[:3], keys=KEYS).signed is None


def test_without_keys_nothing_is_said_to_be_signed():
    found = verify(CHAIN)
    assert (found.whole, found.signed) == (True, None)


def test_a_chain_that_begins_with_a_checkpoint_is_signed_up_to_before_it():
    assert verify(CHAIN[3:6], keys=KEYS).signed == POINTS[2]
    assert verify(CHAIN[3:4], keys=KEYS).signed == POINTS[2]


def test_of_a_chain_with_a_flaw_what_is_signed_before_it_stays_signed():
    altered = [*CHAIN[:8], CHAIN[8].replace(b"event 9", b"event X"), CHAIN[9]]
    found = verify(altered, keys=KEYS)
    assert (where(found), found.signed) == ((8, ChainFault.ALTERED), POINTS[6])
    found = verify([CHAIN[0], CHAIN[1].replace(b"event 2", b"event X"), *CHAIN[2:]], keys=KEYS)
    assert (where(found), found.signed) == ((1, ChainFault.ALTERED), None)


def test_a_chain_made_anew_by_somebody_else_does_not_pass_for_the_gates():
    forged, _ = signed_chain(10, checkpoint_at=(4, 8), key=OTHER, say="forged")
    assert verify(forged).whole
    assert where(verify(forged, keys=KEYS)) == (3, ChainFault.FOREIGN_KEY)


def test_a_chain_made_anew_around_the_gates_own_signatures_does_not_pass_either():
    payloads, before = [], START
    for seq in range(1, 5):
        if seq < 4:
            payload, before = follow(before, checkpoint_draft(before, GATE, KEY, UTC))
        else:
            own = json.loads(CHAIN[3])["data"]
            event = ChainCheckpoint(seq=3, digest=before.digest, key=KID, signature=own["signature"])
            payload, before = follow(before, Draft(event, None, None, UTC))
        payloads.append(payload)
    assert where(verify(payloads, keys=KEYS)) == (3, ChainFault.CHECKPOINT_WRONG)
    assert verify(payloads).whole


def checkpoint_after(before, **changes):
    """One event that says it is a checkpoint, after a sound chain up to `before`."""
    data = json.loads(checkpoint_draft(before, GATE, KEY, UTC).event.model_dump_json())
    payload, _ = follow(before, Draft(ChainCheckpoint(**{**data, **changes}), None, None, UTC))
    return payload


def signed_as(**changes):
    point = Point(changes.get("stream", STREAM), changes.get("seq", 3), changes.get("digest", POINTS[2].digest))
    return checkpoint_of(point, changes.get("gate", GATE), changes.get("key", KEY), UTC)


WRONG = {
    "another event": ({"seq": 2}, ChainFault.CHECKPOINT_WRONG),
    "another hash": ({"digest": "ab" * 32}, ChainFault.CHECKPOINT_WRONG),
    "another key's id": ({"key": "ab" * 8}, ChainFault.CHECKPOINT_WRONG),
    "signed: another gate": ({"signature": signed_as(gate="khorgos-04")}, ChainFault.CHECKPOINT_WRONG),
    "signed: another stream": ({"signature": signed_as(stream="another")}, ChainFault.CHECKPOINT_WRONG),
    "signed: another event": ({"signature": signed_as(seq=2)}, ChainFault.CHECKPOINT_WRONG),
    "signed: another hash": ({"signature": signed_as(digest="ab" * 32)}, ChainFault.CHECKPOINT_WRONG),
    "signed by another, under this key's id": (
        {"signature": ".".join([signed_as().split(".")[0], *signed_as(key=OTHER).split(".")[1:]])},
        ChainFault.SIGNATURE_INVALID,
    ),
    "no signature": ({"signature": ""}, ChainFault.SIGNATURE_INVALID),
    "nonsense": ({"signature": "a.b.c"}, ChainFault.SIGNATURE_INVALID),
    "cut": ({"signature": signed_as()[:-2]}, ChainFault.SIGNATURE_INVALID),
}


@pytest.mark.parametrize(("changes", "fault"), WRONG.values(), ids=WRONG)
def test_a_checkpoint_that_does_not_hold_is_named(changes, fault):
    assert verify([*CHAIN[:3], checkpoint_after(POINTS[2])], keys=KEYS).whole
    found = verify([*CHAIN[:3], checkpoint_after(POINTS[2], **changes)], keys=KEYS)
    assert (where(found), found.signed) == ((3, fault), None)
    assert found.flaw.seq == 4


@pytest.mark.parametrize(
    "data", [None, [], {}, {"seq": 3}, {"seq": "3", "digest": "", "key": "", "signature": ""}], ids=str
)
def test_data_of_a_checkpoint_that_are_none_are_named_also_without_keys(data):
    event = {**json.loads(CHAIN[3]), "data": data}
    assert where(verify([*CHAIN[:3], json.dumps(event).encode()])) == (3, ChainFault.CHECKPOINT_WRONG)


def test_an_event_altered_just_before_a_last_checkpoint_is_told_from_the_checkpoint():
    altered = [*CHAIN[:2], CHAIN[2].replace(b"event 3", b"event X"), CHAIN[3]]
    assert "signs" in verify(altered, keys=KEYS).flaw.detail
    assert "one of them was altered" in verify(altered).flaw.detail


def test_any_altered_byte_of_a_checkpoint_names_it():
    for at in range(len(CHAIN[3])):
        altered = bytearray(CHAIN[3])
        altered[at] ^= 1
        found = verify([*CHAIN[:3], bytes(altered), *CHAIN[4:]], keys=KEYS, head=POINTS[-1], anchor=START)
        assert found.flaw is not None
        assert found.flaw.index == 3
        assert found.signed in {None, POINTS[2]}  # its signature may be whole


def test_two_keys_of_one_gate_hold_for_their_parts_of_the_chain():
    first, points = signed_chain(5, checkpoint_at=(3,))
    payload, before = follow(points[-1], checkpoint_draft(points[-1], GATE, OTHER, UTC))
    both = [*first, payload]
    known = {**KEYS, json.loads(payload)["data"]["key"]: OTHER.public}
    assert verify(both, keys=known).signed == points[-1]
    assert where(verify(both, keys=KEYS)) == (5, ChainFault.FOREIGN_KEY)
    assert before.seq == 6


# ------------------------------------------------------------------------------------------------- several streams


OTHERS, OTHER_POINTS = signed_chain(6, checkpoint_at=(3,), stream="another", key=OTHER, gate="khorgos-04")


def mixed(*rows):
    return [record for row in zip(*rows, strict=False) for record in row]


def test_each_of_mixed_streams_is_verified_by_itself():
    known = {**KEYS, json.loads(OTHERS[2])["data"]["key"]: OTHER.public}
    ours, theirs = verify_streams(mixed(CHAIN, OTHERS), keys=known)
    assert (ours.whole, ours.last, ours.signed) == (True, POINTS[5], POINTS[2])
    assert (theirs.whole, theirs.last, theirs.signed) == (True, OTHER_POINTS[5], OTHER_POINTS[1])


def test_a_flaw_in_one_stream_is_named_by_its_place_in_the_whole_and_leaves_the_other_alone():
    rows = mixed(CHAIN, OTHERS)
    rows[4] = rows[4].replace(b"event 3", b"event X")
    ours, theirs = verify_streams(rows)
    assert where(ours) == (4, ChainFault.ALTERED)
    assert theirs.whole
    del rows[4]
    ours, theirs = verify_streams(rows)
    assert where(ours) == (5, ChainFault.GAP)
    assert theirs.whole


def test_a_record_that_follows_a_stream_but_names_another_is_altered():
    renamed = CHAIN[4].replace(STREAM.encode(), b"another")
    (found,) = verify_streams([*CHAIN[:4], renamed, *CHAIN[5:]])
    assert where(found) == (4, ChainFault.ALTERED)


def test_what_is_no_event_counts_for_the_stream_of_the_record_before_it():
    ours, theirs = verify_streams([*CHAIN[:2], OTHERS[0], b"{torn", *CHAIN[2:]])
    assert ours.whole
    assert where(theirs) == (3, ChainFault.NOT_AN_EVENT)
    (alone,) = verify_streams([b"{torn", b"again"])
    assert where(alone) == (0, ChainFault.NOT_AN_EVENT)


def test_heads_that_are_known_prove_the_ends_of_their_streams():
    ours, theirs, missing = verify_streams(
        [*CHAIN[:5], *OTHERS],
        heads={STREAM: POINTS[9], "another": OTHER_POINTS[5], "third": Point("third", 2, "ab" * 32)},
    )
    assert where(ours) == (5, ChainFault.CUT_OFF)
    assert (theirs.whole, theirs.proven) == (True, 6)
    assert where(missing) == (0, ChainFault.CUT_OFF)
    (found,) = verify_streams([b"{torn"], heads={STREAM: POINTS[9]})
    assert where(found) == (0, ChainFault.NOT_AN_EVENT)


def test_nothing_at_all_has_no_streams():
    assert verify_streams([]) == []
