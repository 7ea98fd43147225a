"""The permit issuer: orders in, signed permits and their declarations out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.crypto import SigningKey
from agent.core.model import Declaration, DeclarationStatus, trace_of
from agent.core.permit import (
    PERMIT_ID_BYTES,
    SECRET_BYTES,
    ClaimsError,
    PermitForm,
    declaration_of,
    digest_of,
    issue_jws,
    reference_of,
)
from agent.core.permit.issue import issue
from central.issuing.order import OrderError, OrderProblem, Terms, permit_of
from central.issuing.qr_symbol import Level, Symbol

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.permit import Permit
    from central.issuing.order import PermitOrder


@dataclass(frozen=True, slots=True)
class Issued:
    """A permit ready to hand out. `text`: what goes into the QR code.

    `declaration`: the row for the lists of the site.
    """

    text: str
    permit: Permit
    declaration: Declaration

    def symbol(self, level: Level = Level.M) -> Symbol:
        """Return the QR code of the text."""
        return Symbol.of(self.text, level)


class PermitIssuer:
    """Issue permits with one key, for one site.

    `form`: SIGNED, JWS or REFERENCE. `status`: what the declarations begin with; only RELEASED may pass.
    """

    def __init__(
        self,
        key: SigningKey,
        terms: Terms,
        form: PermitForm = PermitForm.SIGNED,
        status: DeclarationStatus = DeclarationStatus.RELEASED,
    ) -> None:
        """Take over the key.

        Raises:
            ValueError: a form that no text has.
        """
        if form is PermitForm.PLATE:
            raise ValueError("a permit by plate has no text to issue: publish its declaration")
        self._key = key
        self._key_id = key.public.key_id
        self._form = form
        self._status = status
        self.terms = terms

    @classmethod
    def open(cls, key_file: Path, issuer: str, site: int, form: PermitForm = PermitForm.SIGNED) -> PermitIssuer:
        """Open an issuer with the private key of a PEM file.

        Raises:
            OSError: the file cannot be read.
            KeyInvalidError: it holds no key.
        """
        return cls(SigningKey.from_pem(key_file.read_bytes()), Terms(issuer, site), form)

    def checked(self, order: PermitOrder, now: int) -> Permit:
        """Return the permit that an order asks for, unsigned. `now`: Unix seconds.

        Raises:
            OrderError: with everything that is wrong with the order.
        """
        permit = permit_of(order, self.terms, secrets.token_bytes(PERMIT_ID_BYTES), self._key_id, now)
        if self._form is PermitForm.JWS:  # the one form whose text can become too long
            try:
                issue_jws(permit, self._key)
            except ClaimsError as error:
                raise OrderError((OrderProblem("permit", f"a text that gates look at, but {error}"),)) from None
        return permit

    def issue(self, order: PermitOrder, now: int) -> Issued:
        """Issue the permit of an order. `now`: Unix seconds.

        Raises:
            OrderError: with everything that is wrong with the order.
        """
        return self.signed(self.checked(order, now), order)

    def signed(self, permit: Permit, order: PermitOrder) -> Issued:
        """Sign what `checked` returned for an order."""
        permit = replace(permit, form=self._form)
        reference = None
        if self._form is PermitForm.REFERENCE:
            secret = secrets.token_bytes(SECRET_BYTES)
            text, reference = reference_of(secret), digest_of(secret)
        elif self._form is PermitForm.JWS:
            text = issue_jws(permit, self._key)
        else:
            text = issue(permit, self._key)
        return Issued(text, permit, self._declaration(permit, order, reference))

    def _declaration(self, permit: Permit, order: PermitOrder, reference: bytes | None) -> Declaration:
        declaration = declaration_of(permit, self._status, reference)
        return replace(
            declaration,
            exporter=order.exporter,
            model=order.model,
            colour=order.colour,
            trace=trace_of(order.traceparent),
        )
