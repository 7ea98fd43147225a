"""Logging in to a camera: HTTP digest (RFC 7616) with MD5 and SHA-256, and Basic only where it may be. Pure.

No library of the product does it. The password is in the values of this module and in no text that it makes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SCHEME: Final = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$)\s*")
_PARAMETER: Final = re.compile(r'\s*,*\s*([A-Za-z][A-Za-z0-9*-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_ESCAPED: Final = re.compile(r"\\(.)")
_TO_ESCAPE: Final = re.compile(r'(["\\])')
_ALGORITHMS: Final = {"MD5": "md5", "SHA-256": "sha256"}
_BEST_FIRST: Final = ("SHA-256", "MD5")
_SESSION: Final = "-SESS"
_MOST_COUNT: Final = 0xFFFF_FFFF


class LoginError(Exception):
    """The camera asks for a login that cannot be given to it. The message says what to change."""


class BasicAloneError(LoginError):
    """The camera takes a login only in a form that everybody on the network can read."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that a camera offers. `scheme` in small letters; the names of `parameters` too."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def algorithm(self) -> str:
        """As `SHA-256`, without `-sess`; MD5 where none is named."""
        return self.parameters.get("algorithm", "MD5").upper().removesuffix(_SESSION)

    @property
    def is_session(self) -> bool:
        """Whether the key is made of the first nonces."""
        return self.parameters.get("algorithm", "").upper().endswith(_SESSION)

    @property
    def is_stale(self) -> bool:
        """Whether the answer before was right, and only its nonce too old."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def is_served(self) -> bool:
        """Whether an answer to it can be made."""
        offered = [one.strip().lower() for one in self.parameters.get("qop", "auth").split(",")]
        known = self.algorithm in _ALGORITHMS and "auth" in offered
        return self.scheme == "digest" and known and "nonce" in self.parameters and "realm" in self.parameters


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """The ways to log in of the headers WWW-Authenticate, of which each may hold several."""
    found: list[Challenge] = []
    for header in headers:
        place = 0
        while scheme := _SCHEME.match(header, place):
            place = scheme.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(header, place):
                value = parameter[3] if parameter[2] is None else _ESCAPED.sub(r"\1", parameter[2])
                parameters.setdefault(parameter[1].lower(), value)
                place = parameter.end()
            found.append(Challenge(scheme[1].lower(), parameters))
    return found


class Login:
    """What is answered to one camera's challenges, from request to request.

    `basic`: whether the password may be sent as it is, which is for connections that nobody can read, or where somebody
    has asked for it. `make_cnonce`: makes a new random text.
    """

    def __init__(self, user: str, password: str, make_cnonce: Callable[[], str], *, basic: bool = False) -> None:
        self._user = user
        self._password = password
        self._make_cnonce = make_cnonce
        self._basic = basic
        self._challenge: Challenge | None = None
        self._nonce = ""
        self._count = 0
        self._session_cnonce = ""

    def challenged(self, headers: Iterable[str]) -> Challenge:
        """Take the best way that is offered, and return it. Raises LoginError where none can be gone."""
        offered = challenges(headers)
        served = [one for one in offered if one.is_served]
        basic = [one for one in offered if one.scheme == "basic"]
        if not served and basic and not self._basic:
            raise BasicAloneError(
                Text(
                    "it offers only Basic, which would send the password in readable form; set it to "
                    "digest, or use tls, or allow_basic if no one else is on the network"
                )
            )
        if not served and not basic:
            raise LoginError(Text("it offers no login that the agent supports; set it to digest with MD5 or SHA-256"))
        taken = min(served, key=lambda one: _BEST_FIRST.index(one.algorithm)) if served else basic[0]
        self._challenge = taken
        self.next_nonce(taken.parameters.get("nonce", ""))
        return taken

    def next_nonce(self, nonce: str) -> None:
        """Take the nonce that a camera names for the next request (Authentication-Info: nextnonce)."""
        self._nonce, self._count, self._session_cnonce = nonce, 0, ""

    def authorization(self, method: str, target: str) -> str | None:
        """The header Authorization of a request; None before the first challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return self._digest(challenge, method, target)

    def _digest(self, challenge: Challenge, method: str, target: str) -> str:
        given = challenge.parameters
        realm, cnonce = given["realm"], self._make_cnonce()
        self._session_cnonce = self._session_cnonce or cnonce
        self._count = self._count % _MOST_COUNT + 1
        count = f"{self._count:08x}"

        def hashed(*parts: str) -> str:
            data = ":".join(parts).encode()
            return hashlib.new(_ALGORITHMS[challenge.algorithm], data, usedforsecurity=False).hexdigest()

        key = hashed(self._user, realm, self._password)
        if challenge.is_session:
            key = hashed(key, self._nonce, self._session_cnonce)
        request = hashed(method, target)
        fields = {"username": self._user, "realm": realm, "nonce": self._nonce, "uri": target}
        if "qop" in given:
            response = hashed(key, self._nonce, count, cnonce, "auth", request)
            plain = {"nc": count, "qop": "auth"}
            fields["cnonce"] = cnonce
        else:
            response, plain = hashed(key, self._nonce, request), {}
        fields["response"] = response
        fields |= {name: given[name] for name in ("opaque",) if name in given}
        plain |= {name: given[name] for name in ("algorithm",) if name in given}
        shown = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        return "Digest " + ", ".join([*shown, *(f"{name}={value}" for name, value in plain.items())])


def _quoted(value: str) -> str:
    return '"' + _TO_ESCAPE.sub(r"\\\1", value) + '"'


def next_nonce_of(header: str) -> str | None:
    """The nonce in a header Authentication-Info; None where it names none."""
    found = {name.lower(): (quoted or plain) for name, quoted, plain in _PARAMETER.findall(header)}
    return found.get("nextnonce") or None
