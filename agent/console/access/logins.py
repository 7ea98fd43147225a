"""Logging in: limits, lock-outs, the password, a fresh session, and the record of it."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from agent.console.access.passwords import BusyError, PasswordRefusedError
from agent.console.access.person import Person, Role
from agent.console.access.users import UserRefusedError, spelled
from agent.console.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from agent.console.access.access import Access
    from agent.console.access.failure_log import FailureLog
    from agent.console.access.users import User
    from agent.console.desk import Gate


class Logins:
    """Lets people in. Methods wait for the disk and for a password's hash; they raise RefusedError and AccessStoreError."""

    def __init__(self, gate: Gate, access: Access, failures: FailureLog) -> None:
        self._gate = gate
        self._access = access
        self._failures = failures

    def enter(self, name: str, password: str, address: str) -> str:
        """Log somebody in; returns the token of his new session.

        What is refused is refused in the same words and time whether the name exists or not.
        """
        self._limit(address)
        name = spelled(name)
        if wait_s := self._access.lockouts.wait_s(name):
            self._access.refusals.count("locked")
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "login.locked", seconds=ceil(wait_s))
        user = self._verified(name, password)
        if user is None:
            self._failed(name, address)
        self._access.lockouts.forget(name)
        token = self._access.sessions.open(name)
        self._gate.audit(Person(name, user.role, address), "session.opened")
        return token

    def check(self, person: Person, password: str) -> None:
        """See that somebody who is logged in knows his password, under the same limits."""
        self._limit(person.address)
        if wait_s := self._access.lockouts.wait_s(person.name):
            self._access.refusals.count("locked")
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "login.locked", seconds=ceil(wait_s))
        if self._verified(person.name, password) is None:
            self._failed(person.name, person.address, text="account.wrong_password")

    def make_first(self, code: str, name: str, password: str, address: str) -> str:
        """Make the first admin, who has the one-time code, and log him in; returns the token of his session."""
        self._limit(address)
        if not self._access.users.lack_admin():
            raise RefusedError(HTTPStatus.CONFLICT, "first.over")
        if not self._access.code.is_right(code):
            self._access.refusals.count("code")
            self._failures.failed(None, address)
            raise RefusedError(HTTPStatus.FORBIDDEN, "first.wrong_code")
        name = spelled(name)
        made_or_refused(lambda: self._access.users.add(name, Role.ADMIN, password, first=True))
        self._access.code.end()
        self._gate.audit(Person(name, Role.ADMIN, address), "user.added", detail=f"{name}: the first admin")
        return self._access.sessions.open(name)

    def _limit(self, address: str) -> None:
        if wait_s := self._access.logins.wait_s(address):
            self._access.refusals.count("login_rate")
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "login.too_often", seconds=ceil(wait_s))

    def _verified(self, name: str, password: str) -> User | None:
        try:
            return self._access.users.verified(name, password)
        except BusyError:
            raise busy() from None

    def _failed(self, name: str, address: str, text: str = "login.wrong") -> NoReturn:
        """Note a wrong password, and say so."""
        self._access.refusals.count("login")
        known = self._access.users.find(name)
        self._failures.failed(None if known is None else known.name, address)
        locked_s = self._access.lockouts.failed(name)
        if locked_s and known is not None:
            detail = f"{name}: locked for {locked_s:.0f} s after wrong passwords"
            self._gate.audit_nobody(address, "user.locked", detail)
        raise RefusedError(HTTPStatus.FORBIDDEN, text)


def _logins(request: Request) -> Logins:
    logins: Logins = request.app.state.logins
    return logins


AtLogins = Annotated[Logins, Depends(_logins)]
"""The parameter by which a route gets them: `def page(logins: AtLogins)`."""


def busy() -> RefusedError:
    """What is told when too many passwords wait to be checked."""
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "login.busy")


def see_same(password: str, again: str) -> None:
    """See that a new password was typed alike twice."""
    if password != again:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "password.differ")


def made_or_refused(work: Callable[[], object]) -> None:
    """Do work on users; what is wrong with it becomes what the person is told."""
    try:
        work()
    except (UserRefusedError, PasswordRefusedError) as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error.text, **error.values) from None
    except BusyError:
        raise busy() from None
