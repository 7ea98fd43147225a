"""A client of EST (RFC 7030): the authority's certificates, a first certificate by a token, and a next one by the old.

It asks only for what the RFC has. The list of brokers is the one thing beside it, and a server may lack it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import pkcs7

from agent.broker import BrokerAddress
from agent.enrolment.http_exchange import TIMEOUT_S, exchange
from agent.enrolment.server_trust import blind_context
from drivers.text import Text

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from cryptography import x509

    from agent.enrolment.endpoint import Endpoint
    from agent.enrolment.http_exchange import Answer

WELL_KNOWN: Final = "/.well-known/est"
BROKERS: Final = "/gate-agent/brokers"
MOST_CERTIFICATES: Final = 16
MOST_BROKERS: Final = 16
WORDS: Final = 300
"""Characters of a refusal that are repeated."""


class EstError(Exception):
    """The server refuses, or its answer cannot be used; the message says why. `status`: of HTTP, 0 for none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class WaitError(EstError):
    """Somebody at the server has to agree first. `retry_after_s`: when to ask again, with the same key."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            Text("the server waits for approval; ask again in {after} s", after=f"{retry_after_s:.0f}"),
            HTTPStatus.ACCEPTED,
        )
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class EstClient:
    """A server, asked on a connection of its own for each operation. Everything raises EstError and ExchangeError."""

    endpoint: Endpoint
    timeout_s: float = TIMEOUT_S

    def authorities(self, context: ssl.SSLContext | None) -> list[x509.Certificate]:
        """The certificates of the authority (4.1). `context`: None for a server that is not known yet."""
        answer = exchange(
            self.endpoint,
            blind_context() if context is None else context,
            "GET",
            f"{WELL_KNOWN}/cacerts",
            timeout_s=self.timeout_s,
        )
        return _certificates(answer)

    def enrol(self, context: ssl.SSLContext, request: bytes, user: str, token: str) -> list[x509.Certificate]:
        """A first certificate (4.2.1), by a one-time token as password. `request`: PKCS #10, DER."""
        basic = base64.b64encode(f"{user}:{token}".encode()).decode()
        return self._granted(context, "simpleenroll", request, (("Authorization", f"Basic {basic}"),))

    def renew(self, context: ssl.SSLContext, request: bytes) -> list[x509.Certificate]:
        """The next certificate (4.2.2), by the present one, which `context` shows."""
        return self._granted(context, "simplereenroll", request)

    def brokers(self, context: ssl.SSLContext) -> tuple[str, ...]:
        """The brokers that the server knows; empty where it has no such list. A list that is no good is an error."""
        answer = exchange(self.endpoint, context, "GET", BROKERS, timeout_s=self.timeout_s)
        if answer.status != HTTPStatus.OK:
            return ()
        try:
            found: Any = json.loads(answer.body)
            urls = tuple(found["brokers"])[: MOST_BROKERS + 1]
            for url in urls:
                BrokerAddress.parse(url)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EstError(Text("the brokers that the server names cannot be used: {error}", error=error)) from error
        if len(urls) > MOST_BROKERS:
            raise EstError(Text("the server names more than {most} brokers", most=MOST_BROKERS))
        return urls

    def _granted(
        self, context: ssl.SSLContext, operation: str, request: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> list[x509.Certificate]:
        answer = exchange(
            self.endpoint,
            context,
            "POST",
            f"{WELL_KNOWN}/{operation}",
            headers=[
                ("Content-Type", "application/pkcs10"),
                ("Content-Transfer-Encoding", "base64"),
                *headers,
            ],
            body=base64.encodebytes(request),
            timeout_s=self.timeout_s,
        )
        return _certificates(answer)


def _certificates(answer: Answer) -> list[x509.Certificate]:
    """The certificates of a certs-only PKCS #7 answer. Raises EstError."""
    if answer.status == HTTPStatus.ACCEPTED:
        raise WaitError(_retry_after_s(answer.headers.get("retry-after", "")))
    if answer.status != HTTPStatus.OK:
        said = " ".join(answer.body[: 4 * WORDS].decode("utf-8", "replace").split())[:WORDS]
        shown = "".join(character if character.isprintable() else "?" for character in said) or "-"
        raise EstError(Text("the server says {status}: {said}", status=answer.status, said=shown), answer.status)
    try:
        der = base64.b64decode(b"".join(answer.body.split()), validate=True)
        found = list(pkcs7.load_der_pkcs7_certificates(der))
    except (binascii.Error, ValueError, TypeError) as error:
        raise EstError(Text("the server's answer contains no certificates: {error}", error=error)) from error
    if not 0 < len(found) <= MOST_CERTIFICATES:
        raise EstError(Text("the server's answer contains {count} certificates", count=len(found)))
    return found


def _retry_after_s(header: str) -> float:
    return float(header) if header.isdecimal() and len(header) < 8 else 3600.0  # noqa: PLR2004 - not later than weeks
