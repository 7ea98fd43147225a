"""The users of the console."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.access.passwords import check_strength
from agent.console.access.roles import LOCAL, Role
from agent.console.access.sessions import end_sessions
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.access.database import AccessDatabase
    from agent.console.access.passwords import Hasher

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?")
MOST_USERS: Final = 200


class UserRefusedError(Exception):
    """A user cannot be added or changed so. `text`: why. Nothing was changed."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `must_change`: his password was given to him; `changed_utc`: when it was set."""

    name: str
    role: Role
    disabled: bool
    must_change: bool
    changed_utc: float


class Users:
    """All users. Every method may raise AccessStoreError; whatever changes one ends his sessions."""

    def __init__(self, database: AccessDatabase, hasher: Hasher, utc: Callable[[], float]) -> None:
        self._database = database
        self._hasher = hasher
        self._utc = utc

    def all(self) -> list[User]:
        """Every user, by name."""
        rows = self._database.read(
            lambda db: db.execute(
                "SELECT name, role, disabled, must_change, changed_utc FROM users ORDER BY name"
            ).fetchall()
        )
        return [_user(row) for row in rows]

    def find(self, name: str) -> User | None:
        """The user of a name."""
        row = self._database.read(
            lambda db: db.execute(
                "SELECT name, role, disabled, must_change, changed_utc FROM users WHERE name = ?", (name,)
            ).fetchone()
        )
        return None if row is None else _user(row)

    def role_of(self, name: str) -> Role | None:
        """The role of a user who may log in; None: nobody of that name may."""
        user = self.find(name)
        return None if user is None or user.disabled else user.role

    def lack_admin(self) -> bool:
        """Whether there is nobody who could let others in: then the first admin is to be made."""
        return not self._database.read(_has_admin)

    def verified(self, name: str, password: str, *, known: bool = False) -> User | None:
        """The user, where the password is his and he is not disabled. It takes as long for a name that nobody has.

        `known`: it comes by a browser, or in a session, of the user himself. Raises BusyError.
        """
        row = self._database.read(
            lambda db: db.execute("SELECT hash, disabled FROM users WHERE name = ?", (spelled_name(name),)).fetchone()
        )
        kept = None if row is None else row[0]
        right = self._hasher.verify(kept, password, known=known)
        if not right or row is None or row[1]:
            return None
        if self._hasher.is_old(row[0]):
            fresh = self._hasher.hash(password)
            self._database.write(
                lambda db: db.execute("UPDATE users SET hash = ? WHERE name = ?", (fresh, spelled_name(name)))
            )
        return self.find(spelled_name(name))

    def add(self, name: str, role: Role, password: str, *, first: bool = False, given: bool = False) -> None:
        """Add one. Raises UserRefusedError, PasswordRefusedError, BusyError.

        `first`: only where there is no admin yet. `given`: he did not choose the password, and must before all else.
        """
        name = checked_name(name)
        check_strength(password, [name])
        kept = self._hasher.hash(password)

        def work(db: sqlite3.Connection) -> None:
            if first and _has_admin(db):
                raise UserRefusedError(Text("There is already an administrator. Log in, or ask that person."))
            if db.execute("SELECT count(*) FROM users").fetchone()[0] >= MOST_USERS:
                raise UserRefusedError(Text("There are {most} users already; remove some first.", most=MOST_USERS))
            try:
                db.execute(
                    "INSERT INTO users (name, role, hash, must_change, changed_utc) VALUES (?, ?, ?, ?, ?)",
                    (name, role, kept, given, self._utc()),
                )
            except sqlite3.IntegrityError:
                raise UserRefusedError(Text("There is a user {name} already.", name=name)) from None

        self._database.write(work)

    def set_password(self, name: str, password: str, *, given: bool = False) -> None:
        """Give him another one. Raises as `add`, and UserRefusedError for nobody."""
        check_strength(password, [name])
        kept = self._hasher.hash(password)

        def work(db: sqlite3.Connection) -> None:
            _must_exist(db, name)
            db.execute(
                "UPDATE users SET hash = ?, must_change = ?, changed_utc = ? WHERE name = ?",
                (kept, given, self._utc(), name),
            )
            end_sessions(db, name)

        self._database.write(work)

    def change(self, name: str, *, role: Role | None = None, disabled: bool | None = None) -> None:
        """Change his role, or whether he may log in. Raises UserRefusedError, also where no admin would be left."""

        def work(db: sqlite3.Connection) -> None:
            had = _has_admin(db)
            _must_exist(db, name)
            db.execute(
                "UPDATE users SET role = coalesce(?, role), disabled = coalesce(?, disabled) WHERE name = ?",
                (role, disabled, name),
            )
            if had and not _has_admin(db):
                raise UserRefusedError(Text("There is no other administrator; add one first."))
            end_sessions(db, name)

        self._database.write(work)

    def remove(self, name: str) -> None:
        """Forget him. Raises UserRefusedError, also where no admin would be left."""

        def work(db: sqlite3.Connection) -> None:
            had = _has_admin(db)
            _must_exist(db, name)
            db.execute("DELETE FROM users WHERE name = ?", (name,))
            if had and not _has_admin(db):
                raise UserRefusedError(Text("There is no other administrator; add one first."))

        self._database.write(work)


def spelled_name(name: str) -> str:
    """A name as it is kept, however it was typed."""
    return name.strip().lower()


def checked_name(name: str) -> str:
    """A new user's name. Raises UserRefusedError."""
    name = spelled_name(name)
    if not _NAME.fullmatch(name) or name == LOCAL:
        raise UserRefusedError(
            Text(
                "The name can have up to 32 small Latin letters and digits, with . _ - between them. It "
                'cannot be "local".'
            )
        )
    return name


def _user(row: tuple[str, str, int, int, float]) -> User:
    name, role, disabled, must_change, changed_utc = row
    return User(name, Role(role), bool(disabled), bool(must_change), changed_utc)


def _must_exist(db: sqlite3.Connection, name: str) -> None:
    if db.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone() is None:
        raise UserRefusedError(Text("There is no user {name} any more.", name=name))


def _has_admin(db: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM users WHERE role = ? AND NOT disabled"
    return db.execute(query, (Role.ADMIN,)).fetchone() is not None
