"""Passkeys in the forms of pages: what a page asks the browser, and what comes back."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import Form

from agent.console.access.cookies import form_token
from agent.console.access.passkeys import LONGEST_ANSWER, PasskeyAnswer, challenge_of
from agent.console.access.relying_party import relying_party_of
from agent.console.logins import NOTHING, Proof

if TYPE_CHECKING:
    from fastapi import Request

    from agent.console.access import Access

PasskeyField: TypeAlias = Annotated[str, Form(max_length=LONGEST_ANSWER)]
"""The field of a form that passkeys.js fills: the answer as JSON; empty: none was used."""


@dataclass(frozen=True, slots=True)
class PasskeyQuestion:
    """What a page asks a browser: its challenge in base64url, for a name of the gate."""

    challenge: str
    name: str


def passkey_question(request: Request, access: Access) -> PasskeyQuestion | None:
    """A new question for this browser; None where it was led here by what no browser makes passkeys for."""
    party = relying_party_of(request)
    if party is None:
        return None
    challenge = access.challenges.make(form_token(request))
    return PasskeyQuestion(base64.urlsafe_b64encode(challenge).decode().rstrip("="), party.id)


def passkey_answer(request: Request, access: Access, answer: str) -> PasskeyAnswer | None:
    """What came back, where it is for a challenge of this browser that was not answered before; else None."""
    party, challenge = relying_party_of(request), challenge_of(answer)
    if party is None or not access.challenges.spend(challenge, form_token(request)):
        return None
    return PasskeyAnswer(answer, challenge, party)


def proof_of(request: Request, access: Access, code: str, answer: str) -> Proof:
    """The proof that a form brings: by a passkey where one was used, else by a code."""
    if not answer:
        return Proof(code)
    given = passkey_answer(request, access, answer)
    return NOTHING if given is None else Proof(passkey=given)
