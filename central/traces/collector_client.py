"""The collector: OTLP over HTTP, one request after another."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from central.traces.vehicle_span import request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from central.traces.vehicle_span import VehicleSpan

TIMEOUT_S: Final = 10.0
ANSWER_BYTES: Final = 65_536
_TAKEN: Final = range(200, 300)
_REFUSED: Final = frozenset({400, 413, 422})
"""Of the spans themselves: the same ones would be refused again. All else may be another answer tomorrow."""


class CollectorError(OSError):
    """The collector cannot be reached, or does not take anything now; says which, and what it answered."""


class SpansRefusedError(ValueError):
    """The collector will never take these spans; says what it answered."""


class CollectorClient:
    """Sends spans to one URL, such as http://127.0.0.1:4318/v1/traces.

    `ca`: what the certificate of an https URL must lead to, None for the system's. `token`: a bearer token, or None.
    """

    def __init__(self, url: str, *, ca: Path | None = None, token: str | None = None) -> None:
        """Raises OSError where `ca` cannot be used."""
        self._url = urlsplit(url)
        self._path = f"{self._url.path or '/'}{'?' if self._url.query else ''}{self._url.query}"
        self._tls = ssl.create_default_context(cafile=ca) if self._url.scheme == "https" else None
        self._headers = {"Content-Type": "application/json", "User-Agent": "gate-central"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def send(self, spans: Sequence[VehicleSpan]) -> str:
        """Send spans; what the collector says of those that it did not take, empty where it took all.

        Raises CollectorError, SpansRefusedError.
        """
        try:
            with closing(self._connection()) as connection:
                connection.request("POST", self._path, request(spans), self._headers)
                answer = connection.getresponse()
                status, body = answer.status, answer.read(ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise CollectorError(f"{self._url.netloc}: {str(error) or type(error).__name__}") from None
        if status in _REFUSED:
            raise SpansRefusedError(f"{status}: {_words(body)}")
        if status not in _TAKEN:
            raise CollectorError(f"{self._url.netloc} answered {status}: {_words(body)}")
        return _partial(body)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)


def _partial(body: bytes) -> str:
    """What an answer says of spans that were not taken: the partialSuccess of OTLP."""
    try:
        said = json.loads(body or b"{}").get("partialSuccess") or {}
        rejected, words = int(said.get("rejectedSpans") or 0), str(said.get("errorMessage") or "")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""  # it was taken; how the collector says so is its own matter
    return f"{rejected} spans were not taken: {words}" if rejected else words


def _words(body: bytes) -> str:
    return " ".join(body.decode("utf-8", "replace").split())[:200]
