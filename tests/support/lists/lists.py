"""Declarations and other rows by the thousand, and a site that signs them, for tests and benches."""

from dataclasses import dataclass, field
from random import Random

from agent.core.crypto.keys import SigningKey
from agent.core.lists.chunks import Chunk, pack_chunks
from agent.core.lists.codec import encode_row, row_key
from agent.core.lists.signed_list import ListDelta, ListHead, seal_delta, seal_head
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus, Revocation
from agent.core.permit import trust, vin
from agent.core.permit.claims import PERMIT_ID_BYTES
from agent.core.permit.issue import DAY_S
from agent.core.permit.trust import Purpose, TrustEntry, TrustList
from agent.core.plates.formats import PlateKind
from tests.support.pki.permits import NOW

SITE = 9411
ROOT = SigningKey.from_seed(b"r" * 32)
LISTS_KEY = SigningKey.from_seed(b"l" * 32)
HOUR_S = 3600

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SERIAL = "0123456789" + _LETTERS
_VIN = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_MAKERS = ("LSVAA4", "LGXCE6", "LFV3A2", "LVGBV8", "HESXL1", "LNBSC1", "LB37X7", "LC0CE4")
_MODELS = ("Chery Tiggo 8", "BYD Song Plus", "Geely Monjaro", "Haval Jolion", "Changan UNI-K", "Zeekr 001")
_COLOURS = ("white", "black", "grey", "blue", "red")
_EXPORTERS = ("Khorgos Auto Export", "Xinjiang Trade", "Silk Road Vehicles", "Urumqi Motor Logistics")


def declarations(count, *, seed=1, now=NOW):
    """So many plausible RELEASED declarations, no VIN, plate or permit id twice; the same ones for the same seed."""
    dice = Random(seed)  # noqa: S311 - plausible rows, no secrets
    return [_declaration(dice, number, now) for number in range(count)]


def _declaration(dice, number, now):
    begin = now - dice.randrange(48 * HOUR_S)
    bare = dice.choice(_MAKERS) + "".join(dice.choices(_VIN, k=5)) + f"{number:06d}"
    frame = bare[:8] + "0" + bare[9:]
    frame = frame[:8] + vin.check_digit(frame) + frame[9:]
    serial = _serial(number)
    return Declaration(
        permit_id=dice.randbytes(PERMIT_ID_BYTES),
        status=DeclarationStatus.RELEASED,
        issuer="KHE",
        not_before=begin,
        expires_at=begin + 72 * HOUR_S,
        declaration=9411_2026_0_000000000 + number,
        vin=frame,
        plate=f"新{serial}",
        plate_kind=PlateKind.CIVIL,
        energy=dice.randrange(1, 6),
        site=SITE,
        lane_mask=0,
        direction="export",
        max_uses=1,
        reference=dice.randbytes(16) if number % 10 == 0 else None,
        exporter=dice.choice(_EXPORTERS),
        model=dice.choice(_MODELS),
        colour=dice.choice(_COLOURS),
    )


def _serial(number):
    """Letter and five characters, spread so that neighbours in the list are no neighbours on the road."""
    value = (number * 7_368_787 + 12_345) % (24 * 34**5)
    text = ""
    for _ in range(5):
        value, place = divmod(value, 34)
        text = _SERIAL[place] + text
    return _LETTERS[value] + text


def revocations(rows, cause="cancelled by the exporter"):
    """A revocation of each declaration."""
    return [Revocation(row.permit_id, row.expires_at, cause) for row in rows]


def trusted(*keys, purpose=Purpose.LISTS, since=NOW - DAY_S, life_s=90 * DAY_S, sites=(), version=1):
    """A trust list in which these keys may sign lists; LISTS_KEY when none is named."""
    entries = tuple(
        TrustEntry(key.public, key.public.key_id, "central", sites, since, since + life_s, purpose=purpose)
        for key in keys or (LISTS_KEY,)
    )
    return TrustList(version, since, since + 30 * DAY_S, entries)


def trust_text(trusted_list, root=ROOT):
    """The signed text of a trust list."""
    return trust.seal(trusted_list, root)


@dataclass(frozen=True)
class Snapshot:
    """A signed snapshot: `data` of the head, its chunks."""

    head: ListHead
    data: bytes
    chunks: tuple[Chunk, ...] = field(repr=False)

    @property
    def packed(self):
        """The bytes of the chunks."""
        return [chunk.data for chunk in self.chunks]


def snapshot(kind, rows, *, version=1, issued_at=NOW, key=LISTS_KEY, site=SITE, life_s=30 * DAY_S):
    """The snapshot of these rows at a version."""
    chunks = tuple(pack_chunks(map(encode_row, sorted(rows, key=row_key))))
    head = ListHead(kind, site, version, issued_at, issued_at + life_s, version, tuple(chunk.ref for chunk in chunks))
    return Snapshot(head, seal_head(head, key), chunks)


def delta(kind, since, version, *, upserts=(), removed=(), issued_at=NOW, key=LISTS_KEY, site=SITE):
    """A signed delta. `upserts`: rows, `removed`: their keys."""
    said = ListDelta(kind, site, since, version, issued_at, tuple(map(encode_row, upserts)), tuple(removed))
    return seal_delta(said, key)


def head_after(snap, version, *, issued_at=NOW, key=LISTS_KEY):
    """The signed head of a later version with the chunks of a snapshot."""
    head = ListHead(
        snap.head.kind, snap.head.site, version, issued_at, snap.head.expires_at, snap.head.snapshot, snap.head.chunks
    )
    return seal_head(head, key)


DECLARATIONS, REVOCATIONS, WATCH = ListKind
