"""The trust list: which keys may sign what, for whom and where. A root key that the gate has pinned signs the list.

Its text form is `GTL1:` and the Base45 of a COSE_Sign1: one line of a file, or one MQTT message. The root signs it in a
context of its own (external_aad), so no other signed data can pass for a trust list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.crypto import Algorithm, KeyInvalidError, PublicKey, cbor, cose, key_id
from agent.core.permit import base45
from agent.core.permit.fields import ClaimsError, Fields
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.crypto import SigningKey

PREFIX = b"GTL1:"
MAX_TEXT = 200_000
MAX_ENTRIES = 500

_CONTEXT = b"gate trust list 1"
_LIMITS = cbor.CborLimits(depth=5, items=40 * MAX_ENTRIES)
_TIMES = range(1_577_836_800, 4_102_444_801)
_VERSIONS = range(1, 1 << 32)
_VERSION, _ISSUED_AT, _EXPIRES_AT, _ENTRIES = range(1, 5)
_KEY_ID, _ALGORITHM, _KEY, _ISSUER, _SITES, _NOT_BEFORE, _NOT_AFTER, _STATUS, _REASON, _PURPOSE = range(1, 11)


class Purpose(StrEnum):
    """What a key signs; each key one thing."""

    PERMITS = "permits"
    LISTS = "lists"
    COMMANDS = "commands"


class KeyStatus(StrEnum):
    """Whether a key may be used. DISABLED may come back, REVOKED never does."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REVOKED = "revoked"


_PURPOSES: Mapping[int, Purpose] = dict(enumerate(Purpose, start=1))
_STATUSES: Mapping[int, KeyStatus] = dict(enumerate(KeyStatus, start=1))
_ALGORITHMS: Mapping[int, Algorithm] = {algorithm.identifiers[0]: algorithm for algorithm in Algorithm}


class TrustFault(StrEnum):
    """Why a trust list was refused."""

    TOO_LARGE = "too_large"
    NOT_A_TRUST_LIST = "not_a_trust_list"
    ENCODING_INVALID = "encoding_invalid"
    STRUCTURE_INVALID = "structure_invalid"
    ROOT_UNKNOWN = "root_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    CONTENT_INVALID = "content_invalid"
    ROLLED_BACK = "rolled_back"


class TrustError(ValueError):
    """A trust list was refused; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: TrustFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One key. Times are Unix seconds, both ends included. `sites`: where it holds; empty is everywhere."""

    key: PublicKey
    key_id: bytes
    issuer: str
    sites: tuple[int, ...]
    not_before: int
    not_after: int
    status: KeyStatus = KeyStatus.ACTIVE
    reason: str = ""
    purpose: Purpose = Purpose.PERMITS


@dataclass(frozen=True, slots=True)
class TrustList:
    """The keys of one version. Times are Unix seconds; a list is stale from `expires_at` on."""

    version: int
    issued_at: int
    expires_at: int
    entries: tuple[TrustEntry, ...]

    def find(self, wanted: bytes, purpose: Purpose) -> TrustEntry | None:
        """Return the key with this id, if it is there for this purpose."""
        return next((entry for entry in self.entries if entry.key_id == wanted and entry.purpose is purpose), None)


def root_key(text: str) -> PublicKey:
    """Return the root key that a configuration pins: 64 hexadecimal digits, an Ed25519 public key.

    Raises:
        KeyInvalidError: it is something else.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raise KeyInvalidError(Text("a root key is 64 hexadecimal digits")) from None
    return PublicKey(Algorithm.ED25519, raw)


def seal(trust: TrustList, root: SigningKey) -> bytes:
    """Return the signed text of a trust list.

    Raises:
        TrustError: the list says something that `load` would refuse.
    """
    try:
        payload = cbor.encode(_list_value(trust))
    except cbor.CborError as error:
        raise TrustError(TrustFault.CONTENT_INVALID, f"the trust list cannot be written: {error}") from None
    text = PREFIX + base45.encode(cose.sign(payload, root, _CONTEXT))
    load(text, [root.public])  # the signer is held to what the gates will ask
    return text


def load(text: bytes, roots: Sequence[PublicKey], oldest: int = 1) -> TrustList:
    """Return the trust list of a signed text, which may end in one newline.

    `roots`: the pinned keys, the current and the next. `oldest`: the lowest version to accept, that of the list in use.
    Whether the list is stale is for the caller to judge, who knows the time and the rule for a gate that was offline.

    Raises:
        TrustError: the text is no trust list, not signed by a pinned key, not well-formed, or older than the one in
        use.
    """
    signed = _open(text.removesuffix(b"\n").removesuffix(b"\r"))
    root = next((key for key in roots if key.key_id == signed.key_id), None)
    if root is None:
        raise TrustError(
            TrustFault.ROOT_UNKNOWN,
            Text("signed by {key_id}, which is not a pinned root key", key_id=signed.key_id.hex()),
        )
    if not signed.holds(root, _CONTEXT):
        raise TrustError(TrustFault.SIGNATURE_INVALID, Text("the signature of the root key is not valid"))
    try:
        trust = _read(cbor.decode(signed.payload, _LIMITS))
        _agree(trust, roots)
    except (cbor.CborError, ClaimsError, KeyInvalidError) as error:
        raise TrustError(
            TrustFault.CONTENT_INVALID, Text("signed, but not well-formed: {error}", error=error)
        ) from None
    if trust.version < oldest:
        raise TrustError(
            TrustFault.ROLLED_BACK,
            Text("version {version} is older than {oldest}, the one in use", version=trust.version, oldest=oldest),
        )
    return trust


def _open(text: bytes) -> cose.Signed:
    if len(text) > MAX_TEXT:
        raise TrustError(
            TrustFault.TOO_LARGE,
            Text("{count} bytes; the limit for a trust list is {max_text}", count=len(text), max_text=MAX_TEXT),
        )
    if not text.startswith(PREFIX):
        raise TrustError(TrustFault.NOT_A_TRUST_LIST, Text("it does not begin with {prefix}", prefix=PREFIX.decode()))
    try:
        return cose.parse(base45.decode(text[len(PREFIX) :]))
    except base45.Base45Error as error:
        raise TrustError(TrustFault.ENCODING_INVALID, Text("not Base45: {error}", error=error)) from None
    except cose.CoseError as error:
        raise TrustError(TrustFault.STRUCTURE_INVALID, Text("not a COSE_Sign1: {error}", error=error)) from None


def _read(item: cbor.Value) -> TrustList:
    fields = Fields(item, "field")
    entries = fields.take_field(_ENTRIES)
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise ClaimsError(Text("the entries are not an array of at most {max_entries}", max_entries=MAX_ENTRIES))
    trust = TrustList(
        version=fields.integer(_VERSION, _VERSIONS),
        issued_at=fields.integer(_ISSUED_AT, _TIMES),
        expires_at=fields.integer(_EXPIRES_AT, _TIMES),
        entries=tuple(_entry(entry) for entry in entries),
    )
    fields.finish()
    return trust


def _entry(item: cbor.Value) -> TrustEntry:
    fields = Fields(item, "entry field")
    algorithm = _ALGORITHMS.get(fields.integer(_ALGORITHM, range(-256, 0)))
    if algorithm is None:
        raise ClaimsError(Text("an algorithm that no key here uses"))
    entry = TrustEntry(
        key=PublicKey(algorithm, fields.octets(_KEY, range(32, 66))),
        key_id=fields.octets(_KEY_ID, range(4, 9)),
        issuer=fields.text(_ISSUER, range(1, 65)),
        sites=_sites(fields.take_field(_SITES)),
        not_before=fields.integer(_NOT_BEFORE, _TIMES),
        not_after=fields.integer(_NOT_AFTER, _TIMES),
        status=_STATUSES[fields.integer(_STATUS, range(1, len(_STATUSES) + 1))],
        reason=fields.text(_REASON, range(121)),
        purpose=_PURPOSES[fields.integer(_PURPOSE, range(1, len(_PURPOSES) + 1))],
    )
    fields.finish()
    return entry


def _sites(item: cbor.Value) -> tuple[int, ...]:
    if not isinstance(item, list):
        raise ClaimsError(Text("the sites are not an array"))
    sites = [site for site in item if isinstance(site, int) and not isinstance(site, bool) and 0 < site < 1 << 32]
    if len(sites) != len(item):
        raise ClaimsError(Text("a site that is not a number above 0"))
    return tuple(sites)


def _agree(trust: TrustList, roots: Sequence[PublicKey]) -> None:
    """Check what the fields say of one another."""
    if not trust.issued_at < trust.expires_at:
        raise ClaimsError(Text("the list ends before it begins"))
    seen: set[bytes] = set()
    for entry in trust.entries:
        name = entry.key_id.hex()
        if entry.key_id != key_id(entry.key.raw, len(entry.key_id)):
            raise ClaimsError(Text("key id {name} is not that of its key", name=name))
        if entry.key_id in seen:
            raise ClaimsError(Text("key id {name} occurs twice", name=name))
        if entry.key in roots:
            raise ClaimsError(Text("key {name} is a root key, which signs trust lists only", name=name))
        if not entry.not_before < entry.not_after:
            raise ClaimsError(Text("key {name} ends before it begins", name=name))
        seen.add(entry.key_id)


def _list_value(trust: TrustList) -> cbor.Value:
    return {
        _VERSION: trust.version,
        _ISSUED_AT: trust.issued_at,
        _EXPIRES_AT: trust.expires_at,
        _ENTRIES: [_entry_value(entry) for entry in trust.entries],
    }


def _entry_value(entry: TrustEntry) -> cbor.Value:
    return {
        _KEY_ID: entry.key_id,
        _ALGORITHM: entry.key.algorithm.identifiers[0],
        _KEY: entry.key.raw,
        _ISSUER: entry.issuer,
        _SITES: list(entry.sites),
        _NOT_BEFORE: entry.not_before,
        _NOT_AFTER: entry.not_after,
        _STATUS: list(KeyStatus).index(entry.status) + 1,
        _REASON: entry.reason,
        _PURPOSE: list(Purpose).index(entry.purpose) + 1,
    }
