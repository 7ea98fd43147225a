"""What the server answers: the operations of RFC 7030, and beside them the list of brokers."""

from __future__ import annotations

import base64
import binascii
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from cryptography import x509
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse

from central.est.certificate_database import RegisterError
from central.est.issuer import IssuerError, certificates_only
from central.est.registrar import RefusedError
from central.est.requests import CSR_ATTRIBUTES, MOST_BYTES, RequestInvalidError, read_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.est.registrar import Registrar
    from central.est.requests import CertificateRequest

log = logging.getLogger(__name__)

WELL_KNOWN: Final = "/.well-known/est"
BROKERS: Final = "/gate-agent/brokers"
"""Not of RFC 7030: a gate that finds nothing here has its brokers from its configuration."""
PEER: Final = "peer"
"""In the state of a request: the certificate (DER) that the client has shown, None for none."""
CHALLENGE: Final = 'Basic realm="gate enrolment", charset="UTF-8"'
_BASE64: Final = {"Content-Transfer-Encoding": "base64"}


def est_application(registrar: Registrar, brokers: Sequence[str]) -> FastAPI:
    """The server's application. It expects the client's certificate under PEER of `request.state`."""
    app = FastAPI(openapi_url=None)

    @app.get(f"{WELL_KNOWN}/cacerts")
    async def cacerts() -> Response:
        return _pkcs7(registrar.issuer.chain)

    @app.get(f"{WELL_KNOWN}/csrattrs")
    async def csrattrs() -> Response:
        return Response(base64.encodebytes(CSR_ATTRIBUTES), media_type="application/csrattrs", headers=_BASE64)

    @app.post(f"{WELL_KNOWN}/simpleenroll")
    async def simpleenroll(request: Request) -> Response:
        asked = await _request_of(request)
        user, token = _credentials(request.headers.get("authorization", ""))
        return _pkcs7([await run_in_threadpool(registrar.enrol, token, user, asked)])

    @app.post(f"{WELL_KNOWN}/simplereenroll")
    async def simplereenroll(request: Request) -> Response:
        asked = await _request_of(request)
        peer: bytes | None = getattr(request.state, PEER, None)
        if peer is None:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "show the present certificate in the TLS handshake, or enrol with a token"
            )
        return _pkcs7([await run_in_threadpool(registrar.renew, x509.load_der_x509_certificate(peer), asked)])

    @app.get(BROKERS)
    async def broker_list() -> Response:
        return JSONResponse({"brokers": list(brokers)})

    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        log.warning("%s refused for %s: %s", request.url.path, _address(request), error)
        headers = {"WWW-Authenticate": CHALLENGE} if error.status is HTTPStatus.UNAUTHORIZED else None
        return PlainTextResponse(f"{error}\n", error.status, headers)

    @app.exception_handler(RequestInvalidError)
    async def invalid(request: Request, error: RequestInvalidError) -> Response:
        log.warning("invalid %s from %s: %s", request.url.path, _address(request), error)
        return PlainTextResponse(f"{error}\n", HTTPStatus.BAD_REQUEST)

    @app.exception_handler(IssuerError)
    @app.exception_handler(RegisterError)
    async def unable(_request: Request, error: Exception) -> Response:
        log.error("no certificate can be issued: %s", error)
        return PlainTextResponse(
            "no certificate can be given out now: see the log of the server\n", HTTPStatus.SERVICE_UNAVAILABLE
        )


async def _request_of(request: Request) -> CertificateRequest:
    """The certificate request in a body. Raises RefusedError for another kind of body, RequestInvalidError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/pkcs10":
        words = f"expected the content type application/pkcs10, not {kind or 'none'}"
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has {MOST_BYTES} bytes at most")
    return read_request(body)


def _credentials(header: str) -> tuple[str, str]:
    """The name and the token of an Authorization header (RFC 7617, RFC 6750). Raises RefusedError."""
    scheme, _, value = header.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return "", value.strip()
        case "basic":
            try:
                user, _, token = base64.b64decode(value.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise RefusedError(HTTPStatus.UNAUTHORIZED, "the Authorization header cannot be read") from None
            return user, token
        case _:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "give the one-time token as password, or as bearer token")


def _pkcs7(certificates: Sequence[x509.Certificate]) -> Response:
    body = base64.encodebytes(certificates_only(certificates))
    return Response(body, media_type="application/pkcs7-mime; smime-type=certs-only", headers=_BASE64)


def _address(request: Request) -> str:
    return "unknown" if request.client is None else request.client.host
