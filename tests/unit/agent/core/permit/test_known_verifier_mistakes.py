"""What verifiers of signed codes got wrong in the field, each as a test that a gate does not do it too.

The mistakes are those of published issues of health pass and ticket verifiers, and of the CBOR library's defaults.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from hashlib import sha256

import pytest

from agent.core.clock.trust import ClockFloor, ClockObservation, ClockState, HoldoverRules, observe
from agent.core.crypto import cbor, cose
from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.lists.chunks import MAX_CHUNK_BYTES, ChunkRef, unpack_chunk
from agent.core.lists.errors import ListError
from agent.core.lists.freshness import DataState, FreshnessRules, ListStanding, standing_of
from agent.core.model.instant import Instant
from agent.core.model.ledger import LedgerState
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Revocation
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import base45, claims
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, issue_jws, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from agent.core.permit.trust import KeyStatus
from agent.core.site.permit_uses import ClaimRefusal
from tests.support.lane.judging import DATA, KNOWN, answer, declared
from tests.support.lists.lists import REVOCATIONS, declarations, revocations
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.site.ledgers import ask
from tests.support.store.journals import PERMIT as PERMIT_ID
from tests.support.store.journals import consume, open_journal, reserve
from tests.support.store.registries import open_registry, put_whole

EC = SigningKey.from_seed(b"c" * 32, Algorithm.ES256)
TRUST = trust_list([Issuer("KHE", KEY), Issuer("HSM", EC)], NOW - DAY_S)
FORMS = frozenset({PermitForm.SIGNED, PermitForm.JWS})
CONTEXT = GateContext(9411, 1, "export", clock_trusted=True, clock_skew_s=60, forms=FORMS)
TEXT = issue(PERMIT, KEY).encode()
MESSAGE = base45.decode(TEXT[4:])


def reason(text=TEXT, context=CONTEXT, trust=TRUST, utc=NOW):
    return verify_permit(text, context, trust, utc).reason


def wrapped(message):
    return b"GP1:" + base45.encode(message)


def entries(**changes):
    return replace(TRUST, entries=(replace(TRUST.entries[0], **changes), *TRUST.entries[1:]))


# ------------------------------------------------------------------------------------------------ of the issues


def test_zip_bomb_decompressed_without_limit():
    """A permit is never inflated; a chunk of a list is only after its digest, and never beyond its bound."""
    assert reason(wrapped(zlib.compress(MESSAGE))) is Reason.STRUCTURE_INVALID
    bomb = zlib.compress(bytes(64 * MAX_CHUNK_BYTES), 9)
    assert len(bomb) < MAX_CHUNK_BYTES // 8
    with pytest.raises(ListError, match="inflated"):
        unpack_chunk(bomb, ChunkRef(sha256(bomb).digest(), 1, len(bomb)))
    ended = zlib.compress(cbor.encode([b"row"])) + b"more"
    with pytest.raises(ListError, match="bytes follow"):
        unpack_chunk(ended, ChunkRef(sha256(ended).digest(), 1, len(ended)))


@pytest.mark.parametrize("prefix", [b"", b"HC1:", b"gp1:", b"GP1", b"GP1;", b" GP1:", b"GP1:GP1:"])
def test_prefix_not_checked(prefix):
    assert reason(prefix + TEXT[4:]) is not Reason.OK


@pytest.mark.parametrize("tail", [b"\n", b" ", b"!", b"A", b"AAA", b"\x00"])
def test_validation_went_on_after_base45_failed_and_a_tail_of_garbage_was_accepted(tail):
    assert reason(TEXT + tail) in {Reason.ENCODING_INVALID, Reason.STRUCTURE_INVALID}
    assert reason(wrapped(MESSAGE + tail)) is Reason.STRUCTURE_INVALID


@pytest.mark.parametrize("text", [b"https://example.com", b"WIFI:S:x;;", b"\xff\xfe", b"", b"GP", b"1234567890"])
def test_random_qr_gives_certificate_expired(text):
    assert reason(text) is Reason.NOT_A_PERMIT


def test_expired_signer_key_token_still_valid():
    assert reason(trust=entries(not_after=NOW - 61)) is Reason.KEY_EXPIRED
    assert reason(trust=entries(not_before=NOW + 61)) is Reason.KEY_EXPIRED


def test_revocations_not_reloaded_after_a_day():
    """Their age is known at every decision: what may pass becomes less, and in the end an officer decides."""
    rules = FreshnessRules(required=frozenset({ListKind.REVOCATIONS}))
    age = {
        hours: standing_of([ListStanding(ListKind.REVOCATIONS, 3, NOW, 0)], TRUST, rules, NOW + 3600 * hours)
        for hours in (0, 3, 23, 25)
    }
    assert [found.state for found in age.values()] == list(DataState)
    verdicts = [answer(known=replace(KNOWN, data=replace(DATA, state=state)))[0] for state in DataState]
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.MANUAL, Verdict.MANUAL]


def test_expired_revocations_kept(tmp_path):
    rows = declarations(10)
    registry = open_registry(tmp_path / "registry.db")
    put_whole(registry, REVOCATIONS, revocations(rows))
    last = max(row.expires_at for row in rows)
    assert registry.forget(last + 1)[ListKind.REVOCATIONS] == 10
    assert all(registry.revocation(row.permit_id) is None for row in rows)
    registry.close()


def test_phone_clock_set_back_makes_an_expired_pass_valid():
    floor = ClockFloor(utc=PERMIT.expires_at + 7 * DAY_S, synced_utc=None)
    set_back = ClockObservation(Instant(5.0, float(NOW)), synchronised=True, error_s=0.01, floor=floor)
    trust = observe(None, set_back, HoldoverRules())
    assert trust.state is ClockState.UNTRUSTED
    assert reason(context=replace(CONTEXT, clock_trusted=trust.trusted)) is Reason.CLOCK_UNTRUSTED


@pytest.mark.parametrize("utc", [0, NOW - 9 * DAY_S, NOW + 9999 * DAY_S])
def test_clock_wrong_gives_invalid_signature(utc):
    assert reason(context=replace(CONTEXT, clock_trusted=False), utc=utc) is Reason.CLOCK_UNTRUSTED


def test_offline_for_two_days_the_trust_list_expired_and_everything_was_refused():
    """The text's own checks do not look at the list's end; what it means is a state, and never a refusal."""
    ended = replace(TRUST, expires_at=NOW - 3600)
    assert reason(trust=ended) is Reason.OK
    rules = FreshnessRules()
    states = [standing_of((), ended, rules, NOW - 3600 + age).state for age in (-1, 0, 5 * 3600, 48 * 3600)]
    assert states == list(DataState)
    declared_here = replace(KNOWN, data=replace(DATA, state=DataState.KNOWN_ONLY), declaration=declared())
    assert answer(known=declared_here) == (Verdict.PASS, Reason.OK)
    assert answer(known=replace(declared_here, data=replace(DATA, state=DataState.TOO_OLD)))[0] is Verdict.MANUAL


def test_forged_by_a_stolen_key_passes():
    """The key is disabled for all its permits; and where declarations are required, what nobody
    declared never passed.
    """
    for status in (KeyStatus.DISABLED, KeyStatus.REVOKED):
        assert reason(trust=entries(status=status)) is Reason.KEY_REVOKED
    assert answer(declaration="required") == (Verdict.DENY, Reason.DECLARATION_UNKNOWN)
    revoked = replace(KNOWN, revocation=Revocation(PERMIT.permit_id, NOW + DAY_S, "stolen"))
    assert answer(known=revoked) == (Verdict.DENY, Reason.PERMIT_REVOKED)


def _cose(protected, unprotected, payload=None, key=KEY):
    said = claims.encode(PERMIT) if payload is None else payload
    header = cbor.encode(protected)
    signature = key.sign(cbor.encode(["Signature1", header, b"", said]))
    return wrapped(b"\xd2" + cbor.encode([header, unprotected, said, signature]))


def test_key_id_in_the_unprotected_header():
    kid = KEY.public.key_id
    assert reason(_cose({1: -19, 4: kid}, {})) is Reason.OK
    assert reason(_cose({1: -19}, {4: kid})) is Reason.STRUCTURE_INVALID
    assert reason(_cose({1: -19, 4: kid}, {4: kid})) is Reason.STRUCTURE_INVALID
    assert reason(_cose({4: kid}, {1: -19})) is Reason.STRUCTURE_INVALID


def test_wrong_key_id():
    assert reason(_cose({1: -19, 4: b"none"}, {})) is Reason.KEY_UNKNOWN
    assert reason(_cose({1: -7, 4: EC.public.key_id}, {})) is Reason.SIGNATURE_INVALID


def test_last_write_wins_when_two_scanners_take_one_ticket(tmp_path):
    """One ledger, that of the permit's home gate, has the word: of two claims of one use one is granted."""
    home = open_journal(tmp_path / "home.db")
    first = home.site.claim(ask("p1", gate="khorgos-04"))
    second = home.site.claim(ask("q1", gate="khorgos-05"))
    assert (first.refusal, second.refusal) == (None, ClaimRefusal.RESERVED)
    assert home.use_state(PERMIT_ID, "t1").open_reservation is None
    home.close()


def test_last_write_wins_when_the_gate_itself_is_one_of_the_two(tmp_path):
    home = open_journal(tmp_path / "home.db")
    home.record([], [reserve(1, "t1", PERMIT_ID, "v", "export")])
    assert home.site.claim(ask("p1")).refusal is ClaimRefusal.RESERVED
    home.record([], [consume(1, "t1", PERMIT_ID)])
    assert home.site.claim(ask("p2")).refusal is ClaimRefusal.USED
    assert consume(1, "t1", PERMIT_ID).state is LedgerState.CONSUMED
    home.close()


# ------------------------------------------------------------------------------------------------ of the parsers


PAYLOAD = claims.encode(PERMIT)
MAP = cbor.decode(PAYLOAD)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(PAYLOAD + b"\x00", id="bytes after the item"),
        pytest.param(b"\xa7" + PAYLOAD[1:] + b"\x01\x63KHE", id="a key twice"),
        pytest.param(b"\xbf" + PAYLOAD[1:] + b"\xff", id="an indefinite length"),
        pytest.param(b"\xd8\x23\x61a", id="tag 35: a regular expression"),
        pytest.param(b"\xd8\x24\x61a", id="tag 36: an e-mail"),
        pytest.param(b"\xd8\x1c\x81\xd8\x1d\x00", id="tags 28 and 29: a list within itself"),
        pytest.param(b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01", id="tag 4: a decimal with a billion digits"),
        pytest.param(b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01", id="tag 5: a float beyond all"),
        pytest.param(b"\xc2\x41\x01", id="tag 2: a big number"),
        pytest.param(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", id="an array of 2^64"),
        pytest.param(b"\x81" * 300 + b"\x00", id="300 levels"),
        pytest.param(b"\xb8\x06" + PAYLOAD[1:], id="a length in two bytes where one does"),
        pytest.param(b"\xf9\x3c\x00", id="a float"),
        pytest.param(b"\xf7", id="undefined"),
    ],
)
def test_what_a_lenient_cbor_parser_takes_is_refused_though_it_is_signed(payload):
    assert reason(wrapped(cose.sign(payload, KEY))) is Reason.CLAIMS_INVALID


def test_one_permit_has_many_texts_and_the_ledger_took_them_for_many():
    """The other root of an ES256 signature verifies too, and anyone can compute it: the identity is the permit's id."""
    permit = replace(PERMIT, issuer="HSM")
    signed = cose.parse(base45.decode(issue(permit, EC)[4:].encode()))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = signed.signature[:32], int.from_bytes(signed.signature[32:], "big")
    twin = wrapped(b"\xd2" + cbor.encode([signed.protected, {}, signed.payload, r + (order - s).to_bytes(32, "big")]))
    results = [verify_permit(text, CONTEXT, TRUST, NOW) for text in (issue(permit, EC).encode(), twin)]
    assert [result.reason for result in results] == [Reason.OK, Reason.OK]
    assert results[0].permit == results[1].permit
    as_jws = verify_permit(issue_jws(permit, EC).encode(), CONTEXT, TRUST, NOW).permit
    assert as_jws.permit_id == permit.permit_id
