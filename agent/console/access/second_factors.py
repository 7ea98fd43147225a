"""Second factors of the users: one-time codes of an app on a telephone, and recovery codes for when it is lost.

Passkeys are in a module of their own; who has one has a second factor too.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.access import totp
from agent.console.access.passwords import PLAIN_LETTERS, made_up_password
from agent.console.access.second_factor_key import FactorSealError
from agent.console.access.sessions import end_sessions
from agent.console.access.users import UserRefusedError
from agent.core.model import ReportOnce
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent.console.access.database import AccessDatabase
    from agent.console.access.second_factor_key import FactorSeal

log = logging.getLogger(__name__)

RECOVERY_CODES: Final = 10
MOST_DRIFT_STEPS: Final = 20
"""The clocks of gate and telephone may part by 10 min where nobody sets the gate's: step by step, each log-in one."""


@dataclass(frozen=True, slots=True)
class FactorStanding:
    """What somebody has set up. `app_since_utc`: since when an app makes codes; None: none does.

    `passkeys`: how many. `codes_left`: recovery codes that were not used yet.
    """

    app_since_utc: float | None
    passkeys: int
    codes_left: int


@dataclass(frozen=True, slots=True)
class FactorUse:
    """A code that was right, and is used up now. `codes_left`: as above; `recovered`: it was a recovery code."""

    codes_left: int
    recovered: bool


class SecondFactors:
    """Who has one, and which codes are right. Methods may raise AccessStoreError.

    The disk has the secrets sealed and the recovery codes as hashes. A code is right once: the step of the last one is
    kept, and none before it is taken again (RFC 6238, section 5.2).
    """

    def __init__(self, database: AccessDatabase, seal: FactorSeal, utc: Callable[[], float]) -> None:
        self._database = database
        self._seal = seal
        self._utc = utc
        self._reported = ReportOnce()

    def standing(self, user: str) -> FactorStanding | None:
        """The second factor of a user; None: he has none."""
        return self.standings().get(user)

    def standings(self) -> dict[str, FactorStanding]:
        """Those of all users who have one, by name."""
        query = (
            "SELECT name, (SELECT since_utc FROM second_factors WHERE user = users.name), "
            "(SELECT count(*) FROM passkeys WHERE user = users.name), "
            "(SELECT count(*) FROM recovery_codes WHERE user = users.name) FROM users "
            "WHERE name IN (SELECT user FROM second_factors UNION SELECT user FROM passkeys)"
        )
        rows = self._database.read(lambda db: db.execute(query).fetchall())
        return {user: FactorStanding(*rest) for user, *rest in rows}

    def proposed(self) -> bytes:
        """A new secret, which nobody has yet."""
        return secrets.token_bytes(totp.SECRET_BYTES)

    def enrol(self, user: str, secret: bytes, code: str, session: str) -> tuple[str, ...] | None:
        """Take a secret, in the place of one before, where the code shows that the telephone has it; None: it does not.

        Returns new recovery codes. All sessions of the user end but this one (its key). Raises UserRefusedError for
        nobody.
        """
        utc = self._utc()
        step = totp.matching_step(secret, _digits(code), totp.step_of(utc))
        if step is None:
            return None
        row = (user, self._seal.seal(user, secret), step, step - totp.step_of(utc), utc)
        codes = _made_up_codes()

        def work(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone() is None:
                raise UserRefusedError(Text("There is no user {name} any more.", name=user))
            db.execute("DELETE FROM second_factors WHERE user = ?", (user,))
            db.execute("INSERT INTO second_factors VALUES (?, ?, ?, ?, ?)", row)
            db.execute("DELETE FROM recovery_codes WHERE user = ?", (user,))
            _keep_codes(db, user, codes)
            end_sessions(db, user, but=session)

        self._database.write(work)
        return codes

    def spend(self, user: str, code: str) -> FactorUse | None:
        """Use a code up; None: it is wrong, was used before, or the user has no second factor."""
        digits = _digits(code)
        recovered = len(digits) != totp.DIGITS or not digits.isdecimal()
        used = self._spend_recovery(user, code) if recovered else self._spend_step(user, digits)
        if not used:
            return None
        standing = self.standing(user)
        return FactorUse(0 if standing is None else standing.codes_left, recovered)

    def renew_codes(self, user: str) -> tuple[str, ...]:
        """Other recovery codes in the place of those that he has. Raises UserRefusedError where he has no factor."""
        codes = _made_up_codes()

        def work(db: sqlite3.Connection) -> None:
            _must_have(db, user)
            db.execute("DELETE FROM recovery_codes WHERE user = ?", (user,))
            _keep_codes(db, user, codes)

        self._database.write(work)
        return codes

    def remove(self, user: str, session: str = "") -> None:
        """Forget all second factors of a user; all his sessions end but this one (its key).

        Raises UserRefusedError where he has none.
        """

        def work(db: sqlite3.Connection) -> None:
            _must_have(db, user)
            for table in ("second_factors", "passkeys", "recovery_codes"):
                db.execute(f"DELETE FROM {table} WHERE user = ?", (user,))  # noqa: S608 - names from here
            end_sessions(db, user, but=session)

        self._database.write(work)

    def _spend_step(self, user: str, digits: str) -> bool:
        query = "SELECT sealed, last_step, drift_steps FROM second_factors WHERE user = ?"
        row = self._database.read(lambda db: db.execute(query, (user,)).fetchone())
        if row is None:
            return False
        sealed, last_step, drift_steps = row
        try:
            secret = self._seal.opened(user, sealed)
        except FactorSealError as error:
            if self._reported.is_new(str(error)):
                log.error("%s", error)  # noqa: TRY400 - no bug
            return False
        now = totp.step_of(self._utc())
        step = totp.matching_step(secret, digits, now + drift_steps)
        if step is None or step <= last_step:
            return False
        drift = max(-MOST_DRIFT_STEPS, min(MOST_DRIFT_STEPS, step - now))
        # Of two who come with the same code at once, one finds the row as it was.
        change = (
            "UPDATE second_factors SET last_step = ?, drift_steps = ? WHERE user = ? AND sealed = ? AND last_step < ?"
        )
        values = (step, drift, user, sealed, step)
        return self._database.write(lambda db: db.execute(change, values).rowcount) == 1

    def _spend_recovery(self, user: str, code: str) -> bool:
        row = (user, _hash(user, code))
        query = "SELECT 1 FROM recovery_codes WHERE user = ? AND hash = ?"
        if self._database.read(lambda db: db.execute(query, row).fetchone()) is None:
            return False
        change = "DELETE FROM recovery_codes WHERE user = ? AND hash = ?"
        return self._database.write(lambda db: db.execute(change, row).rowcount) == 1


def _digits(code: str) -> str:
    """A code as it is compared: apps show it in two groups."""
    return "".join(code.split())


def _made_up_codes() -> tuple[str, ...]:
    """Of 78 bits each: hashes of them can be on the disk, and nobody finds the code to one."""
    return tuple(made_up_password() for _ in range(RECOVERY_CODES))


def _keep_codes(db: sqlite3.Connection, user: str, codes: tuple[str, ...]) -> None:
    db.executemany("INSERT INTO recovery_codes VALUES (?, ?)", [(user, _hash(user, code)) for code in codes])


def _must_have(db: sqlite3.Connection, user: str) -> None:
    query = "SELECT 1 FROM second_factors WHERE user = ? UNION SELECT 1 FROM passkeys WHERE user = ?"
    if db.execute(query, (user, user)).fetchone() is None:
        raise UserRefusedError(Text("{name} has no second factor.", name=user))


def _hash(user: str, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in PLAIN_LETTERS)
    return hashlib.sha256(f"{user}:{plain}".encode()).hexdigest()
