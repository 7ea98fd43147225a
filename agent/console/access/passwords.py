"""Passwords: how they are kept (Argon2id, RFC 9106), and which are refused (NIST SP 800-63B, 3.1.1)."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHORTEST: Final = 12
LONGEST: Final = 128
LEAST_SCORE: Final = 3
LOOKED_AT: Final = 72
WAITING_LIMIT: Final = 4
MADE_UP_LENGTH: Final = 16
PLAIN_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without those that are taken for one another."""

_RUSSIAN_KEYS: Final = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")


class PasswordRefusedError(Exception):
    """The password will not do. `text`: why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


class BusyError(Exception):
    """Too many passwords wait to be checked."""


def check_strength(password: str, known: Sequence[str]) -> None:
    """See whether a new password will do. `known`: what others may guess that he took, such as his name.

    Raises PasswordRefusedError.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        raise PasswordRefusedError(Text("The password must have {least} characters or more.", least=SHORTEST))
    if len(text) > LONGEST:
        raise PasswordRefusedError(Text("The password must have no more than {most} characters.", most=LONGEST))
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists are large, and seldom needed

    # Also as it would read had the keyboard been switched, which is what "йцукен..." is.
    for each in (text[:LOOKED_AT], text[:LOOKED_AT].lower().translate(_RUSSIAN_KEYS)):
        if zxcvbn(each, user_inputs=[*known])["score"] < LEAST_SCORE:
            raise PasswordRefusedError(
                Text("This password is too easy to guess. Use several words that do not belong together.")
            )


def made_up_password() -> str:
    """A password to be given to somebody, who then chooses his own: 78 bits, in groups that can be read out."""
    letters = "".join(secrets.choice(PLAIN_LETTERS) for _ in range(MADE_UP_LENGTH))
    return "-".join(letters[place : place + 4] for place in range(0, MADE_UP_LENGTH, 4))


class Hasher:
    """Makes and checks the hashes, one at a time.

    Each takes memory and some 50 ms of a core that the gate needs too. Those who come by a browser of theirs have
    places of their own among those who wait: strangers who try many names keep none of them out.
    """

    def __init__(self) -> None:
        # Three passes over 19 MiB: the least that OWASP asks of Argon2id is two.
        self._hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
        self._turn = threading.Lock()
        self._waiting, self._known = (threading.BoundedSemaphore(WAITING_LIMIT) for _ in range(2))

    def hash(self, password: str) -> str:
        """The hash to keep. Raises BusyError."""
        with self._turn_taken(self._waiting):
            return self._hasher.hash(_normal(password))

    def verify(self, kept: str | None, password: str, *, known: bool = False) -> bool:
        """Whether the password is that of the hash. None costs the same time and is no. Raises BusyError.

        `known`: it comes by a browser, or in a session, of the user himself.
        """
        with self._turn_taken(self._known if known else self._waiting):
            try:
                self._hasher.verify(kept or self._nobodys, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def is_old(self, kept: str) -> bool:
        """Whether the hash was made by weaker rules than today's."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("of nobody")

    @contextmanager
    def _turn_taken(self, places: threading.BoundedSemaphore) -> Iterator[None]:
        if not places.acquire(blocking=False):
            raise BusyError
        try:
            with self._turn:
                yield
        finally:
            places.release()


def _normal(password: str) -> str:
    """One form for what looks the same, whatever keyboard it came from (NFKC)."""
    return unicodedata.normalize("NFKC", password)
