"""Passkeys (WebAuthn Level 2): a key in a telephone, a computer or a token that signs for one name of the gate.

The disk has public keys alone. What browsers send is read by the library `webauthn`, which only this module knows.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_attestation_object,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from agent.console.access.challenges import handle_of
from agent.console.access.sessions import end_sessions
from agent.console.access.users import UserRefusedError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.access.database import AccessDatabase
    from agent.console.access.relying_party import RelyingParty

MOST_OF_A_USER: Final = 10
LONGEST_LABEL: Final = 40
LONGEST_ANSWER: Final = 8_192
ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
_UNREADABLE: Final = (
    WebAuthnException,
    UnsupportedAlgorithm,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    OverflowError,
)
"""What becomes of bytes that are no answer: the library and those under it do not promise one kind of error."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of a user. `id`: of the credential, in base64url. `name`: of the gate, for which it was made."""

    id: str
    user: str
    label: str
    name: str
    since_utc: float


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What a browser sent, as JSON, for a challenge, at an address of the gate."""

    answer: str
    challenge: bytes
    party: RelyingParty


class Passkeys:
    """The passkeys of all users. Methods may raise AccessStoreError."""

    def __init__(self, database: AccessDatabase, utc: Callable[[], float]) -> None:
        self._database = database
        self._utc = utc

    def of_user(self, user: str) -> list[Passkey]:
        """Those of a user, the oldest first."""
        query = "SELECT id, user, label, name, since_utc FROM passkeys WHERE user = ? ORDER BY since_utc, id"
        return [Passkey(*row) for row in self._database.read(lambda db: db.execute(query, (user,)).fetchall())]

    def options(self, user: str, gate: str, party: RelyingParty, challenge: bytes) -> str:
        """What a browser makes a new passkey by, as JSON."""
        return options_to_json(
            generate_registration_options(
                rp_id=party.id,
                rp_name=gate,
                user_id=handle_of(user),
                user_name=user,
                challenge=challenge,
                # It has to be found without a list of keys, which would tell strangers who has one.
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.PREFERRED,
                ),
                exclude_credentials=[
                    PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in self.of_user(user)
                ],
                supported_pub_key_algs=list(ALGORITHMS),
            )
        )

    def add(self, user: str, given: PasskeyAnswer, label: str, session: str) -> bool:
        """Take a new passkey; False: the answer is none to this challenge, or from elsewhere.

        All sessions of the user end but this one (its key). Raises UserRefusedError for nobody, and where he has as
        many as one may have.
        """
        try:
            credential = parse_registration_credential_json(given.answer)
            # Others say who made the token, by certificates that nobody here could judge.
            if parse_attestation_object(credential.response.attestation_object).fmt != AttestationFormat.NONE:
                return False
            made = verify_registration_response(
                credential=credential,
                expected_challenge=given.challenge,
                expected_rp_id=given.party.id,
                expected_origin=given.party.origin,
                supported_pub_key_algs=list(ALGORITHMS),
            )
        except _UNREADABLE:
            return False
        row = (
            bytes_to_base64url(made.credential_id),
            user,
            made.credential_public_key,
            made.sign_count,
            given.party.id,
            label.strip()[:LONGEST_LABEL],
            self._utc(),
        )

        def work(db: sqlite3.Connection) -> bool:
            if db.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone() is None:
                raise UserRefusedError(Text("There is no user {name} any more.", name=user))
            if db.execute("SELECT count(*) FROM passkeys WHERE user = ?", (user,)).fetchone()[0] >= MOST_OF_A_USER:
                raise UserRefusedError(
                    Text("There are {most} passkeys already; remove some first.", most=MOST_OF_A_USER)
                )
            try:
                db.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                return False  # of another user
            end_sessions(db, user, but=session)
            return True

        return self._database.write(work)

    def spend(self, user: str, given: PasskeyAnswer) -> bool:
        """Whether the answer was made by a passkey of this user, for this challenge and this name of the gate.

        A passkey that counts its uses must have counted on: else there are two of it.
        """
        key = _credential_id(given.answer)
        query = "SELECT public_key, sign_count FROM passkeys WHERE id = ? AND user = ? AND name = ?"
        row = self._database.read(lambda db: db.execute(query, (key, user, given.party.id)).fetchone())
        if row is None:
            return False
        public_key, sign_count = row
        try:
            used = verify_authentication_response(
                credential=given.answer,
                expected_challenge=given.challenge,
                expected_rp_id=given.party.id,
                expected_origin=given.party.origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
            )
        except _UNREADABLE:
            return False
        change = "UPDATE passkeys SET sign_count = ? WHERE id = ? AND user = ? AND sign_count = ?"
        values = (used.new_sign_count, key, user, sign_count)
        return self._database.write(lambda db: db.execute(change, values).rowcount) == 1

    def remove(self, user: str, key: str, session: str) -> None:
        """Forget one; all sessions of the user end but this one (its key).

        Raises UserRefusedError where it is not his.
        """

        def work(db: sqlite3.Connection) -> None:
            if db.execute("DELETE FROM passkeys WHERE id = ? AND user = ?", (key, user)).rowcount != 1:
                raise UserRefusedError(Text("There is no such passkey any more."))
            db.execute(
                "DELETE FROM recovery_codes WHERE user = ? AND user NOT IN "
                "(SELECT user FROM second_factors UNION SELECT user FROM passkeys)",
                (user,),
            )
            end_sessions(db, user, but=session)

        self._database.write(work)


def challenge_of(answer: str) -> bytes:
    """The challenge that an answer says it is for; nothing is proved by that. Empty where it is no answer."""
    try:
        said = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except _UNREADABLE:
        return b""


def _credential_id(answer: str) -> str:
    try:
        found = json.loads(answer)["id"]
    except _UNREADABLE:
        return ""
    return found if isinstance(found, str) else ""
