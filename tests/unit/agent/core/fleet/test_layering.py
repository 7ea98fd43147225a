"""Which value counts for each key, whatever the gate and the documents say."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.anchors import ANCHOR_KEYS
from agent.core.fleet import KINDS, DocumentKind, KeyOwner, Layer, is_set, layered, owner_of, value_at

CONFIGURATION, POLICY = KINDS[DocumentKind.CONFIGURATION], KINDS[DocumentKind.POLICY]


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("gate.id", KeyOwner.GATE),
        ("include", KeyOwner.GATE),
        ("lanes.out.mode", KeyOwner.GATE),
        ("mqtt.brokers", KeyOwner.ANCHORS),
        ("fleet.keys", KeyOwner.ANCHORS),
        ("commands.keys.0.public_key", KeyOwner.ANCHORS),
        ("lanes.out.timing.read_s", KeyOwner.TECHNICIAN),
        ("lanes.out.cameras.0.zone", KeyOwner.TECHNICIAN),
        ("lanes.out.cameras.0.url", KeyOwner.CENTRAL),
        ("log.level", KeyOwner.TECHNICIAN),
        ("log.format", KeyOwner.CENTRAL),
        ("lists.require", KeyOwner.POLICY),
        ("lanes.out.rules.require", KeyOwner.POLICY),
        ("mqtt.heartbeat_s", KeyOwner.CENTRAL),
        ("fleet.groups", KeyOwner.CENTRAL),
    ],
)
def test_each_key_has_one_owner(key, owner):
    assert owner_of([int(part) if part.isdigit() else part for part in key.split(".")]) is owner


def test_no_kind_of_document_sets_an_anchor_or_what_makes_the_gate_itself():
    for rules in KINDS.values():
        assert not rules.may_set & {KeyOwner.ANCHORS, KeyOwner.GATE}
    assert all(owner_of(path) is KeyOwner.ANCHORS for path in ANCHOR_KEYS)


def test_every_lane_is_meant_by_a_star_and_one_lane_wins_over_it():
    local = {"lanes": {"in": {"number": 1}, "out": {"number": 2}}}
    data = {"lanes": {"out": {"timing": {"open_s": 9}}, "*": {"timing": {"open_s": 7}}}}
    found = layered(local, [Layer(data, CONFIGURATION)])
    assert found.tree["lanes"]["in"]["timing"] == {"open_s": 7}
    assert found.tree["lanes"]["out"]["timing"] == {"open_s": 9}


def test_devices_are_matched_by_their_id_and_others_are_added():
    local = {"lanes": {"out": {"cameras": [{"id": "front", "kind": "opencv", "exposure": "camera"}]}}}
    cameras = [{"id": "back", "kind": "opencv"}, {"id": "front", "decoder": "software", "exposure": "adapt"}]
    found = layered(local, [Layer({"lanes": {"out": {"cameras": cameras}}}, CONFIGURATION)])
    assert found.tree["lanes"]["out"]["cameras"] == [
        {"id": "front", "kind": "opencv", "exposure": "camera", "decoder": "software"},
        {"id": "back", "kind": "opencv"},
    ]
    assert [(one.path[-1], one.wins) for one in found.differences] == [("exposure", True)]
    assert found.sources["lanes", "out", "cameras", 1].at == ("lanes", "out", "cameras", 0)


def test_policy_and_configuration_set_their_own_keys_and_nobody_elses():
    wrong = layered({}, [Layer({"lists": {"fresh_s": 60}, "gate": {"id": "x"}}, CONFIGURATION)])
    assert [one.owner for one in wrong.forbidden] == [KeyOwner.POLICY, KeyOwner.GATE]
    assert wrong.tree == {}
    assert layered({}, [Layer({"log": {"level": "info"}}, POLICY)]).forbidden
    assert layered({}, [Layer({"lists": {"fresh_s": 60}}, POLICY)]).tree == {"lists": {"fresh_s": 60}}


NAMES = ["heartbeat_s", "keepalive_s", "window"]
TIMES = ["read_s", "open_s", "enter_s"]
VALUES = st.integers(0, 3)
TREES = st.fixed_dictionaries(
    {},
    optional={
        "mqtt": st.dictionaries(st.sampled_from(NAMES), VALUES),
        "lanes": st.dictionaries(
            st.sampled_from(["in", "out"]),
            st.fixed_dictionaries({}, optional={"timing": st.dictionaries(st.sampled_from(TIMES), VALUES)}),
        ),
    },
)
DOCUMENTS = st.lists(
    st.one_of(
        TREES,
        st.fixed_dictionaries(
            {
                "lanes": st.fixed_dictionaries(
                    {"*": st.fixed_dictionaries({"timing": st.dictionaries(st.sampled_from(TIMES), VALUES)})}
                )
            }
        ),
    ),
    max_size=4,
)


LANES = st.fixed_dictionaries({}, optional={"timing": st.dictionaries(st.sampled_from(TIMES), VALUES)})
LOCALS = st.fixed_dictionaries(
    {"lanes": st.fixed_dictionaries({"in": LANES, "out": LANES})},
    optional={"mqtt": st.dictionaries(st.sampled_from(NAMES), VALUES)},
)
"""A gate has its lanes: no document makes one."""


def keys_of(tree):
    for name in tree.get("mqtt", {}):
        yield ("mqtt", name)
    for lane, table in tree.get("lanes", {}).items():
        for name in table.get("timing", {}):
            yield ("lanes", lane, "timing", name)


def said_by(document, path):
    """What a document says of a key, None for nothing: one lane wins over every lane."""
    if is_set(document, path):
        return value_at(document, path)
    every = (path[0], "*", *path[2:])
    return value_at(document, every) if path[0] == "lanes" and is_set(document, every) else None


@given(LOCALS, DOCUMENTS)
def test_a_technicians_key_never_loses_and_for_every_other_the_last_document_counts(local, documents):
    before = deepcopy((local, documents))
    found = layered(local, [Layer(one, CONFIGURATION) for one in documents])
    assert (local, documents) == before
    paths = {path for tree in (found.tree, local, *documents) for path in keys_of(tree) if "*" not in path}
    for path in paths:
        said = [value for one in documents if (value := said_by(one, path)) is not None]
        if is_set(local, path) and (owner_of(path) is KeyOwner.TECHNICIAN or not said):
            expected = value_at(local, path)
        else:
            expected = said[-1]
        assert value_at(found.tree, path) == expected, path


@given(LOCALS, DOCUMENTS)
def test_laying_the_same_documents_again_changes_nothing(local, documents):
    layers = [Layer(one, CONFIGURATION) for one in documents]
    once = layered(local, layers).tree
    assert layered(once, layers).tree == once


@given(LOCALS, DOCUMENTS)
def test_what_differs_is_told_and_nothing_else(local, documents):
    found = layered(local, [Layer(one, CONFIGURATION) for one in documents])
    for one in found.differences:
        assert value_at(local, one.path) == one.local != one.wanted
        assert value_at(found.tree, one.path) == (one.local if one.wins else one.wanted)
        assert one.wins is (owner_of(one.path) is KeyOwner.TECHNICIAN)
