"""The signed head and the signed deltas."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.crypto import cose
from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.lists.chunks import MAX_CHUNK_ROWS, MAX_CHUNK_SIZE, ChunkRef
from agent.core.lists.codec import encode_row
from agent.core.lists.errors import ListError, ListFault
from agent.core.lists.signed_list import (
    MAX_CHUNKS,
    MAX_DELTA_BYTES,
    MAX_DELTA_ROWS,
    MAX_HEAD_BYTES,
    ListDelta,
    ListHead,
    open_delta,
    open_head,
    read_delta,
    read_head,
    seal_delta,
    seal_head,
)
from agent.core.model.list_kinds import ListKind
from agent.core.permit import trust
from agent.core.permit.base45 import decode
from agent.core.permit.trust import KeyStatus, Purpose, TrustList
from tests.support.lists.lists import LISTS_KEY, ROOT, SITE, declarations, trust_text, trusted
from tests.support.pki.permits import NOW

ROWS = declarations(4)
HEAD = ListHead(
    ListKind.DECLARATIONS, SITE, 7, NOW, NOW + 3600, 5, (ChunkRef(bytes(range(32)), 10, 999), ChunkRef(bytes(32), 1, 1))
)
DELTA = ListDelta(
    ListKind.DECLARATIONS, SITE, 5, 6, NOW, tuple(map(encode_row, ROWS[:2])), (ROWS[2].permit_id, ROWS[3].permit_id)
)
TRUST = trusted()
OTHER = SigningKey.from_seed(b"o" * 32)
P256 = SigningKey.from_seed(b"p" * 32, Algorithm.ES256)
PARTS = [
    pytest.param(seal_head(HEAD, LISTS_KEY), open_head, HEAD, id="head"),
    pytest.param(seal_delta(DELTA, LISTS_KEY), open_delta, DELTA, id="delta"),
]


def refused(open_, data, trust_list=TRUST, site=SITE, utc=NOW):
    with pytest.raises(ListError) as caught:
        open_(data, trust_list, site, utc)
    return caught.value.fault


@pytest.mark.parametrize(("data", "open_", "said"), PARTS)
class TestBoth:
    def test_it_comes_back_as_it_was_with_the_key_that_signed_it(self, data, open_, said):
        opened = open_(data, TRUST, SITE, NOW)
        assert (opened.said, opened.key_id) == (said, LISTS_KEY.public.key_id)

    def test_a_key_that_is_not_in_the_trust_list_signs_nothing(self, data, open_, said):
        assert said
        assert refused(open_, data, trusted(OTHER)) is ListFault.KEY_UNKNOWN

    @pytest.mark.parametrize("purpose", [Purpose.PERMITS, Purpose.COMMANDS])
    def test_a_key_of_another_purpose_signs_no_lists(self, data, open_, said, purpose):
        assert said
        assert refused(open_, data, trusted(purpose=purpose)) is ListFault.KEY_OF_OTHER_PURPOSE

    @pytest.mark.parametrize("status", [KeyStatus.DISABLED, KeyStatus.REVOKED])
    def test_a_key_that_was_disabled_or_revoked_signs_nothing(self, data, open_, said, status):
        assert said
        entries = tuple(replace(entry, status=status) for entry in TRUST.entries)
        assert refused(open_, data, replace(TRUST, entries=entries)) is ListFault.KEY_REVOKED

    def test_a_key_signs_within_its_times_only_both_ends_included(self, data, open_, said):
        begin, end = TRUST.entries[0].not_before, NOW + 600
        within = replace(TRUST, entries=(replace(TRUST.entries[0], not_after=end),))
        assert refused(open_, data, within, utc=begin - 1) is ListFault.KEY_EXPIRED
        assert refused(open_, data, within, utc=end + 1) is ListFault.KEY_EXPIRED
        assert open_(data, within, SITE, begin).said == said
        assert open_(data, within, SITE, end).said == said

    def test_a_key_signs_for_its_sites_only(self, data, open_, said):
        assert open_(data, trusted(sites=(7, SITE)), SITE, NOW).said == said
        assert refused(open_, data, trusted(sites=(7,))) is ListFault.WRONG_SITE

    def test_what_is_for_another_site_is_refused(self, data, open_, said):
        assert said
        assert refused(open_, data, site=7) is ListFault.WRONG_SITE

    def test_a_signature_of_another_key_under_the_same_name_does_not_hold(self, data, open_, said):
        assert said
        payload = cose.parse(data).payload
        context = b"gate list head 1" if open_ is open_head else b"gate list delta 1"
        forged = cose.sign(payload, OTHER, context, key_id=LISTS_KEY.public.key_id)
        assert refused(open_, forged) is ListFault.SIGNATURE_INVALID

    @pytest.mark.parametrize(
        "context", [b"", b"gate trust list 1", b"gate list head 1", b"gate list delta 1", b"gate list head 2"]
    )
    def test_a_signature_of_another_context_does_not_hold(self, data, open_, said, context):
        own = b"gate list head 1" if open_ is open_head else b"gate list delta 1"
        signed = cose.sign(cose.parse(data).payload, LISTS_KEY, context)
        if context == own:
            assert open_(signed, TRUST, SITE, NOW).said == said
        else:
            assert refused(open_, signed) is ListFault.SIGNATURE_INVALID

    def test_a_key_of_the_other_algorithm_signs_lists_too(self, data, open_, said):
        assert data
        signed = seal_head(HEAD, P256) if open_ is open_head else seal_delta(DELTA, P256)
        assert open_(signed, trusted(P256), SITE, NOW).said == said

    @pytest.mark.parametrize("change", ["", "00", "d2", "d28440a04040", "a0", "d1"])
    def test_what_is_no_signed_message_is_refused(self, data, open_, said, change):
        assert said
        assert data
        assert refused(open_, bytes.fromhex(change)) is ListFault.STRUCTURE_INVALID

    def test_what_is_cut_short_or_followed_by_more_is_refused(self, data, open_, said):
        assert said
        for length in range(0, len(data), 7):
            assert refused(open_, data[:length]) is ListFault.STRUCTURE_INVALID
        assert refused(open_, data + b"\0") is ListFault.STRUCTURE_INVALID

    def test_what_is_too_large_is_refused_unread(self, data, open_, said):
        assert said
        longest = MAX_HEAD_BYTES if open_ is open_head else MAX_DELTA_BYTES
        assert refused(open_, data + bytes(longest)) is ListFault.TOO_LARGE

    def test_every_change_of_a_byte_is_refused(self, data, open_, said):
        assert said
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 0x01
            refused(open_, bytes(changed))


def test_a_head_is_no_delta_a_delta_no_head_and_a_trust_list_neither():
    head, delta = seal_head(HEAD, LISTS_KEY), seal_delta(DELTA, LISTS_KEY)
    assert refused(open_delta, head) is ListFault.SIGNATURE_INVALID
    assert refused(open_head, delta) is ListFault.SIGNATURE_INVALID
    text = trust_text(TRUST)
    raw = decode(text.removeprefix(trust.PREFIX))
    assert refused(open_head, raw, trusted(ROOT)) is ListFault.SIGNATURE_INVALID
    with pytest.raises(trust.TrustError):
        trust.load(head, [LISTS_KEY.public])


def test_a_head_says_nothing_any_more_from_its_end_on():
    data = seal_head(HEAD, LISTS_KEY)
    assert open_head(data, TRUST, SITE, HEAD.expires_at - 0.001).said == HEAD
    assert refused(open_head, data, utc=HEAD.expires_at) is ListFault.EXPIRED


def test_the_signature_is_judged_before_the_content():
    payload = cbor2.dumps({1: 99}, canonical=True)
    unsigned = cose.sign(payload, OTHER, b"gate list head 1", key_id=LISTS_KEY.public.key_id)
    assert refused(open_head, unsigned) is ListFault.SIGNATURE_INVALID
    signed = cose.sign(payload, LISTS_KEY, b"gate list head 1")
    assert refused(open_head, signed) is ListFault.CONTENT_INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"site": 0},
        {"version": 0},
        {"version": 4},
        {"version": 1 << 32},
        {"issued_at": 5},
        {"expires_at": NOW},
        {"snapshot": 0},
        {"snapshot": 8},
        {"chunks": (ChunkRef(bytes(31), 1, 1),)},
        {"chunks": (ChunkRef(bytes(32), 0, 1),)},
        {"chunks": (ChunkRef(bytes(32), MAX_CHUNK_ROWS + 1, 1),)},
        {"chunks": (ChunkRef(bytes(32), 1, 0),)},
        {"chunks": (ChunkRef(bytes(32), 1, MAX_CHUNK_SIZE + 1),)},
        {"chunks": (ChunkRef(bytes(32), True, 1),)},
        {"chunks": HEAD.chunks * MAX_CHUNKS},
    ],
    ids=lambda change: f"{next(iter(change))}",
)
def test_a_head_that_a_gate_would_refuse_is_not_signed(change):
    with pytest.raises(ListError) as caught:
        seal_head(replace(HEAD, **change), LISTS_KEY)
    assert caught.value.fault in {ListFault.CONTENT_INVALID, ListFault.TOO_LARGE}


@pytest.mark.parametrize(
    "change",
    [
        {"site": 0},
        {"since": 0},
        {"since": 6},
        {"since": 7},
        {"version": 1 << 32},
        {"issued_at": 5},
        {"upserts": (b"",)},
        {"upserts": (bytes(1025),)},
        {"upserts": (b"x",) * (MAX_DELTA_ROWS + 1)},
        {"upserts": (bytes(1024),) * 600},
        {"removed": (b"",)},
        {"removed": (bytes(65),)},
        {"removed": (b"x", b"x")},
        {"removed": (1,)},
    ],
    ids=lambda change: f"{next(iter(change))}",
)
def test_a_delta_that_a_gate_would_refuse_is_not_signed(change):
    with pytest.raises(ListError) as caught:
        seal_delta(replace(DELTA, **change), LISTS_KEY)
    assert caught.value.fault in {ListFault.CONTENT_INVALID, ListFault.TOO_LARGE}


def test_the_largest_head_and_the_fullest_delta_fit():
    head = replace(HEAD, chunks=(ChunkRef(bytes(32), MAX_CHUNK_ROWS, MAX_CHUNK_SIZE),) * MAX_CHUNKS)
    assert open_head(seal_head(head, LISTS_KEY), TRUST, SITE, NOW).said == head
    delta = replace(DELTA, upserts=(bytes(90),) * MAX_DELTA_ROWS, removed=())
    assert open_delta(seal_delta(delta, LISTS_KEY), TRUST, SITE, NOW).said == delta


def test_the_wire_is_what_the_page_shows():
    head = cbor2.loads(cose.parse(seal_head(HEAD, LISTS_KEY)).payload)
    chunks = [[chunk.digest, chunk.rows, chunk.size] for chunk in HEAD.chunks]
    assert head == {1: 1, 2: SITE, 3: 7, 4: NOW, 5: NOW + 3600, 6: 5, 7: chunks}
    delta = cbor2.loads(cose.parse(seal_delta(DELTA, LISTS_KEY)).payload)
    assert delta == {1: 1, 2: SITE, 3: 6, 4: NOW, 5: 5, 6: list(DELTA.upserts), 7: list(DELTA.removed)}


@pytest.mark.parametrize("key", range(1, 8))
@pytest.mark.parametrize("value", [None, -1, "x", b"x", [], {}, 1 << 40, True])
def test_a_signed_field_of_another_form_is_refused(key, value):
    for data, open_, context in (
        (seal_head(HEAD, LISTS_KEY), open_head, b"gate list head 1"),
        (seal_delta(DELTA, LISTS_KEY), open_delta, b"gate list delta 1"),
    ):
        content = cbor2.loads(cose.parse(data).payload) | {key: value}
        if key in {6, 7} and value == []:
            continue  # no chunks, or no rows, is a form that they have
        signed = cose.sign(cbor2.dumps(content, canonical=True), LISTS_KEY, context)
        assert refused(open_, signed) in {ListFault.CONTENT_INVALID, ListFault.WRONG_SITE}


@given(st.binary(max_size=200))
def test_random_bytes_open_nothing_and_raise_nothing_else(data):
    for candidate in (data, b"\xd2" + data):
        for open_ in (open_head, open_delta):
            with pytest.raises(ListError):
                open_(candidate, TRUST, SITE, NOW)
        for read in (read_head, read_delta):
            with pytest.raises(ListError):
                read(candidate)


def test_a_trust_list_without_keys_opens_nothing():
    empty = TrustList(1, NOW, NOW + 1, ())
    assert refused(open_head, seal_head(HEAD, LISTS_KEY), empty) is ListFault.KEY_UNKNOWN
