"""Fleet documents as signed texts, and which of them a gate takes."""

import json

import pytest

from agent.core.crypto import JwsType, jws
from agent.core.fleet import (
    WHOLE,
    Audience,
    DocumentFault,
    DocumentKind,
    DocumentPlace,
    DocumentRefusedError,
    FleetDocument,
    Floor,
    Stage,
    document_bytes,
    judged_document,
    place_of,
    read_signed,
    sign_fleet_document,
)
from tests.support.fleet.documents import DAY_S, KEY, KEY_ID, OTHER_KEY, UTC, document, rules, signed

ALL = DocumentPlace(DocumentKind.CONFIGURATION, Audience.parse("all"), staged=False)
STAGED = DocumentPlace(DocumentKind.CONFIGURATION, Audience.parse("all"), staged=True)


def place(audience, kind=DocumentKind.CONFIGURATION):
    return DocumentPlace(kind, Audience.parse(audience), staged=False)


def judged(text, at=ALL, floors=None, utc=UTC, by=None):
    return judged_document(text, at, by or rules(), floors or {}, utc)


def fault_of(*arguments, **options):
    with pytest.raises(DocumentRefusedError) as refused:
        judged(*arguments, **options)
    return refused.value.fault


def test_a_document_comes_back_as_it_was_signed():
    wanted = document("log.level = 'info'\n", version=7, stage={"seed": "x", "share": 10})
    text = sign_fleet_document(wanted, KEY, KEY_ID)
    found, _ = read_signed(text)
    assert (found.document, found.key) == (wanted, KEY_ID)
    assert json.loads(document_bytes(wanted))["for"] == "all"


@pytest.mark.parametrize(
    ("audience", "gate", "groups", "taken"),
    [
        ("all", "gate-7", (), True),
        ("group:north", "gate-7", ("south", "north"), True),
        ("group:north", "gate-7", ("south",), False),
        ("gate:gate-7", "gate-7", (), True),
        ("gate:gate-7", "gate-8", (), False),
    ],
)
def test_a_document_is_for_all_a_group_or_one_gate(audience, gate, groups, taken):
    text, at, by = signed(for_whom=audience), place(audience), rules(gate, groups)
    if taken:
        assert judged(text, at, by=by).document.for_whom == audience
    else:
        assert fault_of(text, at, by=by) is DocumentFault.WRONG_GATE


def damaged(text):
    head, payload, signature = text.split(".")
    return f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (signed()[: signed().rindex(".")], DocumentFault.NOT_A_DOCUMENT),
        (f"{signed().rpartition('.')[0]}.", DocumentFault.SIGNATURE_INVALID),
        (damaged(signed()), DocumentFault.SIGNATURE_INVALID),
        (signed(key=OTHER_KEY), DocumentFault.SIGNATURE_INVALID),
        (signed(key_id="nobody"), DocumentFault.KEY_UNKNOWN),
        ("x" * 200_000, DocumentFault.TOO_LARGE),
        (jws.write(document_bytes(document()), KEY, KEY_ID, JwsType.ANCHORS), DocumentFault.NOT_A_DOCUMENT),
        (jws.write(b'{"kind": "configuration"}', KEY, KEY_ID, JwsType.FLEET), DocumentFault.CONTENT_INVALID),
        (jws.write(b'{"kind": 1, "kind": 2}', KEY, KEY_ID, JwsType.FLEET), DocumentFault.CONTENT_INVALID),
        (signed(kind="policy"), DocumentFault.WRONG_PLACE),
        (signed(stage={"seed": "x", "share": WHOLE}), DocumentFault.WRONG_PLACE),
        (signed(exp=UTC), DocumentFault.EXPIRED),
        (signed(iat=UTC + 601), DocumentFault.FROM_THE_FUTURE),
    ],
)
def test_a_damaged_half_signed_foreign_or_old_document_is_refused_with_a_word(text, fault):
    assert fault_of(text) is fault


def test_a_clock_that_is_not_trusted_judges_no_time():
    assert judged(signed(exp=UTC), utc=None) is not None


def test_a_key_signs_the_kinds_that_it_may():
    by = rules(may=frozenset({DocumentKind.POLICY}))
    assert fault_of(signed(), by=by) is DocumentFault.KEY_OF_OTHER_KIND
    assert judged(signed(kind="policy"), place("all", DocumentKind.POLICY), by=by) is not None


def test_versions_only_go_up_and_one_that_is_known_is_left_alone():
    text = signed(version=5)
    floors = {ALL.slot: Floor(version=5, identity=read_signed(text)[0].identity)}
    assert judged(text, floors=floors) is None
    assert judged(signed(version=6), floors=floors).document.version == 6
    assert fault_of(signed(version=4), floors=floors) is DocumentFault.ROLLED_BACK
    assert fault_of(signed("# another\n", version=5), floors=floors) is DocumentFault.VERSION_REUSED
    assert judged(signed(version=1, stage={"seed": "x", "share": WHOLE}), STAGED, floors) is not None


def test_a_stage_has_the_gates_that_it_names_and_its_share_of_all():
    gates = [f"gate-{number}" for number in range(2000)]
    share = Stage(seed="may", share=WHOLE // 20)
    assert 60 < sum(share.includes(gate, ()) for gate in gates) < 140
    assert {gate for gate in gates if share.includes(gate, ())} <= {
        gate for gate in gates if Stage(seed="may", share=WHOLE // 2).includes(gate, ())
    }
    assert all(Stage(seed="may", share=WHOLE).includes(gate, ()) for gate in gates)
    assert Stage(seed="may", gates=("gate-3",), groups=("pilot",)).includes("gate-3", ())
    assert Stage(seed="may", groups=("pilot",)).includes("gate-4", ("pilot",))
    assert not Stage(seed="may", groups=("pilot",)).includes("gate-4", ())
    assert place_of("may", "gate-1") != place_of("june", "gate-1")


def test_a_gate_beside_the_stage_leaves_the_document_alone():
    text = signed(version=9, stage={"seed": "x", "gates": ("gate-8",)})
    assert judged(text, STAGED) is None
    assert judged(text, STAGED, by=rules("gate-8")).document.version == 9


@pytest.mark.parametrize("audience", ["", "everybody", "group:", "gate:", "group:a/b", "gate:#", "all:x", "gate:+"])
def test_an_audience_is_one_of_three_forms(audience):
    with pytest.raises(ValueError, match="expected"):
        Audience.parse(audience)


@pytest.mark.parametrize(("iat", "exp"), [(UTC, UTC), (UTC, UTC - 1), (UTC, UTC + 401 * DAY_S)])
def test_a_document_ends_after_its_begin_and_not_much_later(iat, exp):
    with pytest.raises(ValueError, match="expected an end"):
        sign_fleet_document(document(iat=iat, exp=exp), KEY, KEY_ID)


def test_the_same_text_has_the_same_digest_in_every_stage():
    assert document("a = 1").digest == document("a = 1", version=9, stage={"seed": "x", "share": 1}).digest
    assert document("a = 1").digest != document("a = 2").digest
    assert isinstance(document(), FleetDocument)
