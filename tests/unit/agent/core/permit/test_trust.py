"""The trust list: what is accepted, and every way in which one is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from agent.core.crypto import cbor, cose
from agent.core.crypto.keys import Algorithm, KeyInvalidError, SigningKey, key_id
from agent.core.permit import base45, trust
from agent.core.permit.issue import Issuer, trust_list
from agent.core.permit.trust import KeyStatus, Purpose, TrustError, TrustFault

ROOT = SigningKey.from_seed(b"r" * 32)
NEXT = SigningKey.from_seed(b"n" * 32)
ED = SigningKey.from_seed(b"e" * 32)
EC = SigningKey.from_seed(b"c" * 32, Algorithm.ES256)
NOW = 1_795_000_000
CONTEXT = b"gate trust list 1"

LIST = trust_list([Issuer("KHE", ED, (9411, 9412)), Issuer("HSM", EC)], NOW, version=7)
TEXT = trust.seal(LIST, ROOT)
ENTRY = LIST.entries[0]
PREFIX = b"GTL1:"
MESSAGE = base45.decode(TEXT[len(PREFIX) :])
WRONG = [None, True, "\n", b"", -1, {}]


def change(**changes):
    """The list with its first entry changed."""
    return replace(LIST, entries=(replace(ENTRY, **changes), *LIST.entries[1:]))


def refused(text, roots=(ROOT.public,), oldest=1):
    with pytest.raises(TrustError) as raised:
        trust.load(text, roots, oldest)
    assert str(raised.value)
    return raised.value.fault


def signed(payload, root=ROOT, context=CONTEXT):
    return PREFIX + base45.encode(cose.sign(payload, root, context))


def raw():
    return cbor.decode(cose.parse(MESSAGE).payload, cbor.CborLimits(5, 1000))


GOOD = {
    "two issuers": LIST,
    "nobody": replace(LIST, entries=()),
    "a disabled key": change(status=KeyStatus.DISABLED, reason="lost laptop"),
    "a revoked key": change(status=KeyStatus.REVOKED, reason="stolen"),
    "a key that signs lists": change(purpose=Purpose.LISTS),
    "a key that signs commands": change(purpose=Purpose.COMMANDS),
    "a key id of 8 bytes": change(key_id=key_id(ED.public.raw, 8)),
    "as many keys as there may be": replace(
        LIST,
        entries=tuple(
            Issuer(f"issuer {n}", SigningKey.from_seed(n.to_bytes(32, "big")), tuple(range(1, 9))).entry(NOW)
            for n in range(trust.MAX_ENTRIES)
        ),
    ),
}


@pytest.mark.parametrize("wanted", [pytest.param(value, id=name) for name, value in GOOD.items()])
def test_a_sealed_list_is_read_back_as_it_was(wanted):
    assert trust.load(trust.seal(wanted, ROOT), [ROOT.public]) == wanted


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_list_may_end_as_a_line_of_a_file(end):
    assert trust.load(TEXT + end, [ROOT.public]) == LIST


def test_either_pinned_root_will_do():
    roots = [ROOT.public, NEXT.public]
    assert trust.load(trust.seal(LIST, NEXT), roots) == trust.load(TEXT, roots)


def test_a_key_is_found_by_its_id_and_purpose():
    assert LIST.find(ED.public.key_id, Purpose.PERMITS) is ENTRY
    assert LIST.find(ED.public.key_id, Purpose.LISTS) is None
    assert LIST.find(ED.public.key_id[:3], Purpose.PERMITS) is None
    assert LIST.find(b"none", Purpose.PERMITS) is None


def test_the_version_in_use_is_accepted_again_and_an_older_one_is_not():
    assert trust.load(TEXT, [ROOT.public], oldest=7) == LIST
    assert refused(TEXT, oldest=8) is TrustFault.ROLLED_BACK


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(b"", TrustFault.NOT_A_TRUST_LIST, id="nothing"),
        pytest.param(b"GP1:" + TEXT[len(PREFIX) :], TrustFault.NOT_A_TRUST_LIST, id="the prefix of a permit"),
        pytest.param(b"GTL2:" + TEXT[len(PREFIX) :], TrustFault.NOT_A_TRUST_LIST, id="another version"),
        pytest.param(b" " + TEXT, TrustFault.NOT_A_TRUST_LIST, id="a space before it"),
        pytest.param(TEXT + b"\n\n", TrustFault.ENCODING_INVALID, id="two newlines"),
        pytest.param(TEXT.lower().replace(b"gtl1", b"GTL1"), TrustFault.ENCODING_INVALID, id="small letters"),
        pytest.param(PREFIX + base45.encode(MESSAGE[:-1]), TrustFault.STRUCTURE_INVALID, id="cut short"),
        pytest.param(PREFIX + base45.encode(MESSAGE + b"\x00"), TrustFault.STRUCTURE_INVALID, id="a byte too many"),
        pytest.param(PREFIX, TrustFault.STRUCTURE_INVALID, id="only the prefix"),
        pytest.param(b"GTL1:" + b"0" * trust.MAX_TEXT, TrustFault.TOO_LARGE, id="too large"),
        pytest.param(trust.seal(LIST, NEXT), TrustFault.ROOT_UNKNOWN, id="another root"),
        pytest.param(signed(b"\x01", context=b""), TrustFault.SIGNATURE_INVALID, id="no context"),
        pytest.param(signed(b"\x01", context=b"gate trust list 2"), TrustFault.SIGNATURE_INVALID, id="another context"),
        pytest.param(signed(b""), TrustFault.CONTENT_INVALID, id="signed, but empty"),
        pytest.param(signed(b"\x01"), TrustFault.CONTENT_INVALID, id="signed, but a number"),
        pytest.param(signed(b"\xa1\x01\x01"), TrustFault.CONTENT_INVALID, id="signed, but not a list"),
    ],
)
def test_a_list_is_refused_by_its_fault(text, fault):
    assert refused(text) is fault


def test_a_forger_who_names_the_root_is_refused():
    forged = cose.sign(cose.parse(MESSAGE).payload, NEXT, CONTEXT, key_id=ROOT.public.key_id)
    assert refused(PREFIX + base45.encode(forged)) is TrustFault.SIGNATURE_INVALID


def test_no_root_accepts_nothing():
    assert refused(TEXT, roots=()) is TrustFault.ROOT_UNKNOWN


BAD = {
    "version 0": replace(LIST, version=0),
    "an end before the beginning": replace(LIST, expires_at=LIST.issued_at),
    "a time before 2020": replace(LIST, issued_at=1),
    "a key twice": replace(LIST, entries=(ENTRY, ENTRY)),
    "the id of another key": change(key_id=b"abcd"),
    "an id of 3 bytes": change(key_id=key_id(ED.public.raw, 3)),
    "the root itself": change(key=ROOT.public, key_id=ROOT.public.key_id),
    "a key that ends before it begins": change(not_after=ENTRY.not_before),
    "no issuer": change(issuer=""),
    "a reason with a line end": change(reason="a\nb"),
    "a reason that is long": change(reason="a" * 121),
    "site 0": change(sites=(0,)),
    "a site that is true": change(sites=(True,)),
    "a time beyond 64 bits": change(not_after=1 << 64),
    "too many keys": replace(
        LIST,
        entries=tuple(
            Issuer("A", SigningKey.from_seed(n.to_bytes(32, "big"))).entry(NOW) for n in range(trust.MAX_ENTRIES + 1)
        ),
    ),
}


@pytest.mark.parametrize("wanted", [pytest.param(value, id=name) for name, value in BAD.items()])
def test_a_list_that_no_gate_would_take_is_not_sealed(wanted):
    with pytest.raises(TrustError) as raised:
        trust.seal(wanted, ROOT)
    assert raised.value.fault is TrustFault.CONTENT_INVALID


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("field", range(1, 11))
def test_an_entry_with_a_field_of_another_type_is_refused(field, value):
    content = raw()
    content[4][0][field] = value
    assert refused(signed(cbor.encode(content))) is TrustFault.CONTENT_INVALID


@pytest.mark.parametrize("field", range(1, 11))
def test_an_entry_without_a_field_is_refused(field):
    content = raw()
    del content[4][0][field]
    assert refused(signed(cbor.encode(content))) is TrustFault.CONTENT_INVALID


def _unknown_in_list(content):
    content[5] = 1


def _unknown_in_entry(content):
    content[4][0][11] = 1


def _algorithm_of_no_key(content):
    content[4][0][2] = -8


def _algorithm_of_another_key(content):
    content[4][0][2] = -7


def _status_of_nobody(content):
    content[4][0][8] = 4


@pytest.mark.parametrize(
    "edit",
    [_unknown_in_list, _unknown_in_entry, _algorithm_of_no_key, _algorithm_of_another_key, _status_of_nobody],
)
def test_a_signed_list_that_says_what_nobody_knows_is_refused(edit):
    content = raw()
    edit(content)
    assert refused(signed(cbor.encode(content))) is TrustFault.CONTENT_INVALID


@given(st.data())
def test_a_changed_character_makes_a_refused_list(data):
    text = bytearray(TEXT)
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    if bytes(text) != TEXT and bytes(text).rstrip(b"\r\n") != TEXT:
        refused(bytes(text))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise_anything_else(text):
    refused(text)
    refused(PREFIX + text)
    refused(PREFIX + base45.encode(text))
    refused(signed(text))


def test_another_implementation_agrees_on_the_signature():
    message = MESSAGE
    protected = cbor.encode({1: -8, 4: ROOT.public.key_id})
    payload = cose.parse(message).payload
    signature = ROOT.sign(cbor.encode(["Signature1", protected, CONTEXT, payload]))
    older = b"\xd2" + cbor.encode([protected, {}, payload, signature])
    oracle = COSEKey.from_pem(ROOT.to_pem(), kid=ROOT.public.key_id)
    assert COSE.new().decode(older, oracle, external_aad=CONTEXT) == payload
    assert trust.load(PREFIX + base45.encode(older), [ROOT.public]) == LIST


def test_a_root_key_is_pinned_as_hexadecimal_digits():
    assert trust.root_key(ROOT.public.raw.hex()) == ROOT.public


@pytest.mark.parametrize("text", ["", "xyz", "00", ROOT.public.raw.hex() + "00", EC.public.raw.hex()])
def test_a_root_key_of_another_form_is_refused(text):
    with pytest.raises(KeyInvalidError):
        trust.root_key(text)
