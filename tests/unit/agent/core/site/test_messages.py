"""What the gates of a site say to one another."""

import json
from dataclasses import replace

import pytest

from agent.core.crypto import JwsType, jws
from agent.core.model.ledger import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.messages import (
    EVERYBODY,
    LONGEST,
    ROWS_A_MESSAGE,
    Claim,
    ClaimActive,
    ClaimEnded,
    ClaimQuery,
    ClaimReply,
    Hello,
    Rows,
    RowsRequest,
    SiteFault,
    SiteMessageError,
    rows_from_message,
    rows_to_message,
)
from agent.core.site.permit_uses import PeerRow
from tests.support.site.sites import GATES, KEYS, PLACE, SITE, membership_of

VIN = "LSVAA4182E0000000"
PERMIT = "0102030405060708"
CLAIM = Claim(
    id="t1:1", permit=PERMIT, vehicle=VIN, direction="export", max_uses=1, already_exited_s=0.0
)  # fmt: skip
ROW = PeerRow(4, bytes.fromhex(PERMIT), 1, LedgerState.CONSUMED, "t1", 1_795_000_000_000, VIN, "export", "south")
WORDS = [
    Hello(challenge="0a" * 16, answer="0b" * 16, rows_number=7),
    CLAIM,
    ClaimReply(id="t1:1", permit=PERMIT, code=ClaimCode.GRANTED, use=1),
    ClaimEnded(id="t1:1", permit=PERMIT, stream="s", seq=9),
    ClaimQuery(id="t1:1", permit=PERMIT),
    ClaimActive(id="t1:1", permit=PERMIT),
    RowsRequest(stream="s", after=3),
    Rows(stream="s", after=3, rows=rows_to_message([ROW])),
]


class TestMessages:
    @pytest.mark.parametrize("word", WORDS, ids=lambda word: word.kind)
    def test_arrive_as_they_were_said(self, word):
        found = membership_of("north").opened(membership_of("east").sealed(word, "north", PLACE, KEYS["east"]))
        assert (found.gate, found.said, found.same_membership, found.place) == ("east", word, True, PLACE)

    def test_for_everybody_are_for_each(self):
        text = membership_of("east").sealed(WORDS[-1], EVERYBODY, PLACE, KEYS["east"])
        assert {membership_of(gate).opened(text).gate for gate in ("north", "south")} == {"east"}

    def test_rows_are_those_of_the_ledger(self):
        assert rows_from_message(rows_to_message([ROW])) == (ROW,)

    def test_tell_that_the_list_of_gates_is_another(self):
        text = membership_of("east", ("east", "north")).sealed(CLAIM, "north", PLACE, KEYS["east"])
        assert not membership_of("north").opened(text).same_membership

    def test_of_a_gate_that_is_not_on_the_list_are_refused(self):
        other = membership_of("stranger", ("stranger", *GATES))
        assert _fault(other.sealed(CLAIM, "north", PLACE, KEYS["stranger"])) is SiteFault.KEY_UNKNOWN

    def test_that_this_gate_said_itself_are_refused(self):
        assert _fault(membership_of("north").sealed(CLAIM, EVERYBODY, PLACE, KEYS["north"])) is SiteFault.KEY_UNKNOWN

    def test_for_another_gate_are_refused(self):
        assert _fault(membership_of("east").sealed(CLAIM, "south", PLACE, KEYS["east"])) is SiteFault.WRONG_GATE

    def test_of_another_site_are_refused(self):
        assert _fault(membership_of("east", site=8).sealed(CLAIM, "north", PLACE, KEYS["east"])) is SiteFault.WRONG_SITE

    def test_in_the_name_of_another_gate_are_refused(self):
        assert _fault(_signed({**_said(), "gate": "south"})) is SiteFault.WRONG_GATE

    def test_by_the_key_of_another_gate_are_refused(self):
        text = membership_of("east").sealed(CLAIM, "north", PLACE, KEYS["east"]).decode()
        payload = jws.verified(text, KEYS["east"].public, JwsType.SITE_MESSAGE)
        forged = jws.sign(payload, KEYS["stranger"], jws.kid_of(KEYS["east"].public), JwsType.SITE_MESSAGE)
        assert _fault(forged.encode()) is SiteFault.SIGNATURE_INVALID

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            (b"", SiteFault.NOT_SIGNED),
            (b"\xff\xfe", SiteFault.NOT_SIGNED),
            (b"a.b.c", SiteFault.NOT_SIGNED),
            (b"x" * (LONGEST + 1), SiteFault.TOO_LARGE),
        ],
    )
    def test_that_are_no_signed_texts_are_refused(self, text, fault):
        assert _fault(text) is fault

    @pytest.mark.parametrize(
        "change",
        [
            {"v": "2"},
            {"v": None},
            {"session": ""},
            {"session": "5E" * 16},
            {"session": "5e" * 15},
            {"number": 0},
            {"number": -1},
            {"number": 1 << 63},
            {"number": None},
            {"said": {"kind": "hello", "challenge": "no nonce"}},
            {"said": {"kind": "hello", "answer": "00" * 17}},
            {"said": {"kind": "hello", "rows_number": -1}},
            {"more": 1},
            {"site": "seven"},
            {"said": {}},
            {"said": {"kind": "order"}},
            {"said": {**CLAIM.model_dump(mode="json"), "max_uses": 0}},
            {"said": {**CLAIM.model_dump(mode="json"), "permit": "01020304050607"}},
            {"said": {**CLAIM.model_dump(mode="json"), "permit": PERMIT.upper().replace("0", "A")}},
            {"said": {**CLAIM.model_dump(mode="json"), "vehicle": "V" * 65}},
            {"said": {**CLAIM.model_dump(mode="json"), "already_exited_s": -1}},
            {"said": {**CLAIM.model_dump(mode="json"), "id": ""}},
            {"said": {**CLAIM.model_dump(mode="json"), "open": True}},
            {"said": {"kind": "rows", "stream": "s", "after": -1}},
            {"said": {"kind": "rows", "stream": "s", "after": 0, "rows": [[1, 2, 3]]}},
            {"said": {"kind": "rows", "stream": "s", "after": 0, "rows": [rows_to_message([replace(ROW, use=0)])[0]]}},
            {
                "said": {
                    "kind": "rows",
                    "stream": "s",
                    "after": 0,
                    "rows": [rows_to_message([replace(ROW, utc_ms=-1)])[0]],
                }
            },
            {
                "said": {
                    "kind": "rows",
                    "stream": "s",
                    "after": 0,
                    "rows": [rows_to_message([replace(ROW, utc_ms=1 << 63)])[0]],
                }
            },
            {
                "said": {
                    "kind": "rows",
                    "stream": "s",
                    "after": 0,
                    "rows": [rows_to_message([ROW])[0]] * (ROWS_A_MESSAGE + 1),
                }
            },
        ],
    )
    def test_that_say_what_is_not_understood_are_refused(self, change):
        assert _fault(_signed({**_said(), **change})) is SiteFault.CONTENT_INVALID

    @pytest.mark.parametrize("version", [1, 3])
    def test_of_another_version_are_refused_and_say_of_which(self, version):
        """L4: what was said before there were sessions can be said again by whoever has heard it."""
        said = {name: what for name, what in _said().items() if name not in {"session", "number"}}
        with pytest.raises(SiteMessageError) as refused:
            membership_of("north").opened(_signed({**said, "v": version}))
        error = refused.value
        assert (error.fault, error.gate, error.version) == (SiteFault.OTHER_VERSION, "east", version)
        assert str(error).startswith(
            f"east uses version {version} of the messages between gates, this gate version 2: install"
        )

    @pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{", b"\xff", b"1e999", b"[" * 5000])
    def test_that_are_no_json_object_are_refused(self, payload):
        assert _fault(_signed(payload)) is SiteFault.CONTENT_INVALID

    def test_do_not_repeat_what_was_refused(self):
        with pytest.raises(SiteMessageError) as refused:
            membership_of("north").opened(_signed({**_said(), "said": {"kind": "claim", "vehicle": "SECRET"}}))
        assert "SECRET" not in str(refused.value)


def test_a_gate_must_be_on_its_own_list():
    with pytest.raises(ValueError, match="do not name west, which this one is"):
        membership_of("west", ("east", "north"))


def _said():
    return {
        "v": 2, "site": SITE, "roll": membership_of("east").digest, "gate": "east", "to": "north",
        "session": PLACE.session, "number": PLACE.number,
        "said": CLAIM.model_dump(mode="json"),
    }  # fmt: skip


def _signed(what):
    payload = what if isinstance(what, bytes) else json.dumps(what, default=str).encode()
    return jws.sign(payload, KEYS["east"], jws.kid_of(KEYS["east"].public), JwsType.SITE_MESSAGE).encode()


def _fault(text):
    with pytest.raises(SiteMessageError) as refused:
        membership_of("north").opened(text)
    return refused.value.fault
