"""What was really issued: permits in every form, trust lists, heads, deltas and chunks, and the keys behind them."""

from __future__ import annotations

from dataclasses import replace

from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.lists.chunks import pack_chunks
from agent.core.lists.codec import encode_row
from agent.core.lists.signed_list import ListDelta, ListHead, seal_delta, seal_head
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus, Revocation, Subject, Watched
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, issue_jws, trust_list
from agent.core.permit.permit_verification import GateContext
from agent.core.permit.reference import digest_of, reference_of
from agent.core.permit.trust import Purpose
from tests.support.pki.permits import KEY, NOW, PERMIT

EC = SigningKey.from_seed(b"c" * 32, Algorithm.ES256)
LISTS = SigningKey.from_seed(b"l" * 32)
ROOT = SigningKey.from_seed(b"r" * 32)
STRANGER = SigningKey.from_seed(b"s" * 32)
STRANGER_EC = SigningKey.from_seed(b"t" * 32, Algorithm.ES256)
SITE = 9411

_ISSUERS = trust_list([Issuer("KHE", KEY), Issuer("HSM", EC), Issuer("central", LISTS)], NOW - DAY_S)
TRUST = replace(_ISSUERS, entries=(*_ISSUERS.entries[:2], replace(_ISSUERS.entries[2], purpose=Purpose.LISTS)))
CONTEXT = GateContext(
    SITE, 1, "export", clock_trusted=True, clock_skew_s=60, forms=frozenset(PermitForm) - {PermitForm.PLATE}
)

SMALL = replace(PERMIT, max_uses=1)
FULL = replace(PERMIT, plate="新AD12345", plate_kind="new_energy_small", driver_hmac=bytes(range(12)), lane_mask=0b111)
ELSEWHERE = replace(FULL, site=9412, permit_id=b"elsewher")

SIGNED = tuple(
    issue(replace(permit, issuer=issuer), key).encode()
    for permit in (SMALL, FULL, ELSEWHERE)
    for issuer, key in (("KHE", KEY), ("HSM", EC))
)
JWS = tuple(
    issue_jws(replace(permit, issuer=issuer), key).encode()
    for permit in (SMALL, FULL, ELSEWHERE)
    for issuer, key in (("KHE", KEY), ("HSM", EC))
)
SECRETS = tuple(bytes([number]) * 10 for number in range(1, 4))
REFERENCES = tuple(reference_of(secret).encode() for secret in SECRETS)
DECLARATIONS = tuple(
    Declaration(
        permit_id=bytes([number]) * 8,
        status=DeclarationStatus.RELEASED,
        issuer="KHE",
        not_before=PERMIT.not_before,
        expires_at=PERMIT.expires_at,
        declaration=PERMIT.declaration,
        vin=PERMIT.vin,
        plate="新A12345",
        plate_kind="civil",
        energy=1,
        site=SITE,
        lane_mask=0b11,
        direction="export",
        max_uses=2,
        reference=digest_of(secret),
        exporter="exporter",
    )
    for number, secret in enumerate(SECRETS)
)
BY_REFERENCE = {row.reference: row for row in DECLARATIONS if row.reference is not None}
ISSUED = frozenset((*SIGNED, *JWS, *REFERENCES))

TRUST_TEXTS = (trust.seal(TRUST, ROOT), trust.seal(replace(TRUST, version=2, entries=TRUST.entries[:1]), ROOT))
ROWS = (
    (ListKind.DECLARATIONS, tuple(map(encode_row, DECLARATIONS))),
    (ListKind.REVOCATIONS, (encode_row(Revocation(b"revoked!", NOW + DAY_S, "sold")),)),
    (
        ListKind.WATCH,
        tuple(
            encode_row(Watched(subject, value, "stop it"))
            for subject, value in (
                (Subject.VIN, PERMIT.vin),
                (Subject.PLATE, "新A12345"),
                (Subject.PERMIT, "00112233445566ff"),
                (Subject.DECLARATION, PERMIT.declaration_number),
            )
        ),
    ),
)
CHUNKS = tuple(chunk for _, rows in ROWS for chunk in pack_chunks(rows))
HEADS = tuple(
    seal_head(ListHead(kind, SITE, 7, NOW, NOW + DAY_S, 5, tuple(chunk.ref for chunk in pack_chunks(rows))), LISTS)
    for kind, rows in ROWS
)
DELTAS = tuple(
    seal_delta(ListDelta(kind, SITE, 5, 6, NOW, tuple(rows), (b"12345678",)), LISTS) for kind, rows in ROWS[:2]
)
