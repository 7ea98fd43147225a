"""Every kind of signed thing offered as every other kind, all by one key that every reader trusts: all refused (L5)."""

import base64
import json
from dataclasses import replace

import pytest

from agent.core.anchors import SignedText, sign_document
from agent.core.commands.check import CommandKey, Proved, ReceivedCommand, judge, prove
from agent.core.commands.command import Command
from agent.core.crypto import ISSUED_UNTYPED, JwsError, JwsType, SigningKey, jws
from agent.core.events.acknowledgement import AckPolicy, ReadAck, read_ack, sign_ack
from agent.core.events.chain import Point
from agent.core.events.checkpoint import Checkpoint, ExportStatement, opened, signed
from agent.core.fleet import DocumentRefusedError, FleetDocument, sign_fleet_document
from agent.core.fleet.document import open_signed
from agent.core.lists.codec import encode_row
from agent.core.lists.errors import ListError
from agent.core.lists.signed_list import ListDelta, ListHead, open_delta, open_head, seal_delta, seal_head
from agent.core.model.command_name import CommandName
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Revocation
from agent.core.model.reasons import Reason
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, issue_jws, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from agent.core.permit.trust import Purpose, TrustError
from agent.core.site.messages import RowsRequest, SiteMessageError
from agent.core.site.signed_messages import Membership
from agent.core.trust_state import HeadRecord, HeadRecordError, opened_head, signed_head
from tests.support.mqtt.commanding import GATE, UTC, body, group_signed, situation
from tests.support.mqtt.commanding import signed as signed_command
from tests.support.mqtt.group_sites import group_body
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.site.sites import PLACE

PUBLIC = KEY.public
OTHER = SigningKey.from_seed(b"o" * 32)
KID = jws.kid_of(PUBLIC)  # the one name of the key everywhere
LONG_ID = bytes.fromhex(KID)
STREAM, DIGEST, TIME = "stream-1", "ab" * 32, "2026-11-29T12:00:00.000Z"
SITE = PERMIT.site

_LISTED = trust_list([Issuer(PERMIT.issuer, KEY)], NOW - DAY_S)
PERMIT_KEYS = replace(_LISTED, entries=(replace(_LISTED.entries[0], key_id=LONG_ID),))
LIST_KEYS = replace(_LISTED, entries=(replace(_LISTED.entries[0], purpose=Purpose.LISTS),))
CONTEXT = GateContext(
    SITE, 1, "export", clock_trusted=True, clock_skew_s=60, forms=frozenset({PermitForm.SIGNED, PermitForm.JWS})
)
# The other gate of the site signs by the same key too; this gate is "other" there, as it takes no word of its own.
GATES = {"other": OTHER.public, GATE: PUBLIC}
OWN, SPEAKER = (Membership(SITE, gate, GATES) for gate in ("other", GATE))

ACK = json.loads(sign_ack(GATE, Point(STREAM, 7, DIGEST), KEY, KID))
HEAD = HeadRecord(gate=GATE, stream=STREAM, seq=7, digest=DIGEST, rows=0, utc_ms=NOW * 1000)
GROUP_BODY = group_body("north", UTC, 1)
ISSUED = {
    "permit (COSE)": issue(PERMIT, KEY, key_id=LONG_ID).encode(),
    "permit (JWS)": issue_jws(PERMIT, KEY, key_id=LONG_ID).encode(),
    "command": signed_command(body(), key=KEY, kid=KID),
    "command to a group": group_signed(GROUP_BODY, key=KEY, kid=KID),
    "checkpoint": signed(Checkpoint(gate=GATE, stream=STREAM, time=TIME, seq=7, digest=DIGEST), KEY).encode(),
    "export": signed(
        ExportStatement(
            gate=GATE, stream=STREAM, time=TIME, first=1, last=7, prev=DIGEST, digest=DIGEST, events=7, sha256=DIGEST
        ),
        KEY,
    ).encode(),
    "message between gates": SPEAKER.sealed(RowsRequest(stream=STREAM, after=7), "other", PLACE, KEY),
    "acknowledgement": ACK["signature"].encode(),
    "head": signed_head(HEAD, KEY).encode(),
    "change of anchors": sign_document(b'{"number": 2}', KEY, f"central:{KID}").encode(),
    "fleet document": sign_fleet_document(
        FleetDocument.model_validate(
            {"kind": "policy", "for": "all", "version": 1, "iat": NOW, "exp": NOW + DAY_S, "cause": "x", "text": ""}
        ),
        KEY,
        KID,
    ).encode(),
    "trust list": trust.seal(trust_list([Issuer(PERMIT.issuer, OTHER)], NOW - DAY_S), KEY),
    "list head": seal_head(ListHead(ListKind.REVOCATIONS, SITE, 7, NOW, NOW + DAY_S, 7, ()), KEY),
    "list delta": seal_delta(
        ListDelta(ListKind.REVOCATIONS, SITE, 5, 6, NOW, (encode_row(Revocation(b"revoked!", NOW + DAY_S, "x")),), ()),
        KEY,
    ),
}
TYPES = {
    "permit (JWS)": JwsType.PERMIT,
    "command": JwsType.COMMAND,
    "command to a group": JwsType.GROUP_COMMAND,
    "checkpoint": JwsType.CHECKPOINT,
    "export": JwsType.EXPORT,
    "message between gates": JwsType.SITE_MESSAGE,
    "acknowledgement": JwsType.ACKNOWLEDGEMENT,
    "head": JwsType.HEAD,
    "change of anchors": JwsType.ANCHORS,
    "fleet document": JwsType.FLEET,
}


def takes_permit(data):
    return verify_permit(data, CONTEXT, PERMIT_KEYS, NOW).reason is Reason.OK


def takes_command(data):
    keys = {KID: CommandKey(KID, PUBLIC, frozenset(CommandName))}
    proved = prove(ReceivedCommand("open", data, False), GATE, keys)
    return isinstance(proved, Proved) and isinstance(judge(proved, situation()), Command)


def takes_group_command(data):
    keys = {KID: CommandKey(KID, PUBLIC, frozenset(CommandName))}
    proved = prove(ReceivedCommand("rebirth", data, False, "north"), GATE, keys)
    return isinstance(proved, Proved) and isinstance(judge(proved, situation()), Command)


def takes_acknowledgement(data):
    """As it is, and as the signature of an acknowledgement that says what the text is about."""
    policy = AckPolicy(GATE, {KID: PUBLIC})
    wrapped = json.dumps({"stream": STREAM, "seq": 7, "signature": data.decode("ascii", "replace")}).encode()
    return any(isinstance(read_ack(each, policy), ReadAck) for each in (data, wrapped))


def takes_change(data):
    assert SignedText.read(text(data)).holds(PUBLIC)


def taking(read, *refusals):
    """Whether `read` takes bytes; its own refusals, and no other error, are a no."""

    def takes(data):
        try:
            read(data)
        except refusals:
            return False
        return True

    return takes


def text(data):
    return data.decode("ascii", "replace")


READERS = {
    "permit (COSE)": takes_permit,
    "permit (JWS)": takes_permit,
    "command": takes_command,
    "command to a group": takes_group_command,
    "checkpoint": taking(lambda data: opened(text(data), PUBLIC, Checkpoint), JwsError),
    "export": taking(lambda data: opened(text(data), PUBLIC, ExportStatement), JwsError),
    "message between gates": taking(OWN.opened, SiteMessageError),
    "acknowledgement": takes_acknowledgement,
    "head": taking(lambda data: opened_head(text(data), PUBLIC), HeadRecordError),
    "change of anchors": taking(takes_change, JwsError),
    "fleet document": taking(lambda data: open_signed(text(data), PUBLIC), DocumentRefusedError),
    "trust list": taking(lambda data: trust.load(data, [PUBLIC]), TrustError),
    "list head": taking(lambda data: open_head(data, LIST_KEYS, SITE, NOW), ListError),
    "list delta": taking(lambda data: open_delta(data, LIST_KEYS, SITE, NOW), ListError),
}


def test_every_type_of_signed_text_is_in_the_matrix():
    """L5: a kind that is added belongs here."""
    assert set(TYPES.values()) == set(JwsType)
    assert READERS.keys() == ISSUED.keys()


@pytest.mark.parametrize("kind", ISSUED)
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_takes_its_own_kind_and_no_other(kind, reader):
    """L5: one key, trusted for everything, and still no kind stands for another."""
    assert READERS[reader](ISSUED[kind]) is (READERS[reader] is READERS[kind])


def signed_again(data, typ):
    """The same payload, signed anew by the same key, under another type; None: under none."""
    head, payload, _ = data.split(b".")
    kid = json.loads(base64.urlsafe_b64decode(head + b"=="))["kid"]
    header = {"alg": "EdDSA", "kid": kid} | ({} if typ is None else {"typ": typ})
    message = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=") + b"." + payload
    return message + b"." + base64.urlsafe_b64encode(KEY.sign(message)).rstrip(b"=")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("typ", [*JwsType, "JWT", "JOSE", "", "gate-permit", "application/{}", "{} "], ids=str)
def test_a_right_payload_under_another_type_is_refused(kind, typ):
    """L5: the type decides, whatever the payload says."""
    named = typ.format(TYPES[kind].value)
    assert READERS[kind](signed_again(ISSUED[kind], named)) is (named == TYPES[kind])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("reader", TYPES)
def test_without_a_type_only_what_was_recorded_before_there_were_types_is_itself(kind, reader):
    """L5: checkpoints and exports of earlier agents stay provable, and are told apart by their fields."""
    untyped = signed_again(ISSUED[kind], None)
    assert READERS[reader](untyped) is (kind == reader and TYPES[kind] in ISSUED_UNTYPED)


def test_what_lies_untyped_by_the_same_key_is_no_checkpoint_with_any_field_more_or_less():
    """L5: why an earlier agent's message between gates, or its export, never becomes a checkpoint."""
    fields = {"gate": GATE, "stream": STREAM, "time": TIME, "seq": 7, "digest": DIGEST}
    head, _, rest = ISSUED["checkpoint"].split(b".")
    for wrong in (
        *({name: value for name, value in fields.items() if name != left_out} for left_out in fields),
        *(fields | {more: "x"} for more in ("v", "site", "to", "said", "first", "sha256", "id", "name", "exp")),
        fields | {"seq": "7"},
    ):
        payload = base64.urlsafe_b64encode(json.dumps(wrong).encode()).rstrip(b"=")
        assert not READERS["checkpoint"](signed_again(b".".join((head, payload, rest)), None))
