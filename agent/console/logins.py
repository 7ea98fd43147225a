"""Logging in: limits, lock-outs, the password, a fresh session, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

from agent.console.access.address_limits import household
from agent.console.access.passwords import BusyError, PasswordRefusedError
from agent.console.access.roles import Person, Role
from agent.console.access.users import UserRefusedError, spelled_name
from agent.console.errors import RefusedError
from drivers.text import Text, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from agent.console.access.access import Access
    from agent.console.access.failure_log import FailureLog
    from agent.console.access.users import User
    from agent.console.dependencies import Gate

_WRONG: Final = Text("The name or the password is wrong.")


@dataclass(frozen=True, slots=True)
class Entered:
    """Tokens for a browser by which somebody has logged in: of his new session, and of the browser itself."""

    session: str
    browser: str


@dataclass(frozen=True, slots=True)
class _Source:
    """Where passwords come from, for the limits. `known`: a browser, or a session, of the user himself."""

    key: str
    known: bool = False


class Logins:
    """Lets people in.

    Methods wait for the disk and for a password's hash; they raise RefusedError and AccessStoreError.
    """

    def __init__(self, gate: Gate, access: Access, failures: FailureLog) -> None:
        self._gate = gate
        self._access = access
        self._failures = failures

    def enter(self, name: str, password: str, address: str, browser: str = "") -> Entered:
        """Log somebody in. `browser`: the token of his browser, where it has one.

        What is refused is refused in the same words and time whether the name exists or not.
        """
        name = spelled_name(name)
        source = self._source(name, address, browser)
        self._see_free(name, source)
        user = self._verified(name, password)
        if user is None:
            self._failed(name, address, source)
        self._access.lockouts.entered(name, source.key)
        self._access.names.entered(name, source.key)
        entered = Entered(self._access.sessions.open(name), self._access.known_browsers.remember(name, browser))
        self._gate.audit(Person(name, user.role, address), "session.opened")
        return entered

    def check(self, person: Person, password: str) -> None:
        """See that somebody who is logged in knows his password, under limits of his session."""
        source = _Source(f"session:{person.session}", known=True)
        self._see_free(person.name, source)
        if self._verified(person.name, password) is None:
            self._failed(
                person.name, person.address, source, text=Text("The present password is wrong; nothing was changed.")
            )
        self._access.lockouts.entered(person.name, source.key)

    def make_first(self, code: str, name: str, password: str, address: str) -> str:
        """Make the first admin, who has the one-time code, and log him in; returns the token of his session."""
        self._limit(address)
        if not self._access.users.lack_admin():
            raise RefusedError(HTTPStatus.CONFLICT, Text("There is an administrator already. Log in, or ask that one."))
        if not self._access.code.is_right(code):
            self._access.refusals.count("code")
            self._failures.failed(None, address)
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                Text("The code is wrong or no longer valid. Get a new one with sudo gate-agent console code."),
            )
        name = spelled_name(name)
        made_or_refused(lambda: self._access.users.add(name, Role.ADMIN, password, first=True))
        self._access.code.end()
        self._gate.audit(
            Person(name, Role.ADMIN, address),
            "user.added",
            detail=Text("{name}: {said}", name=name, said=Text("the first admin")),
        )
        return self._access.sessions.open(name)

    def _source(self, name: str, address: str, browser: str) -> _Source:
        """Where a password comes from.

        A browser that the user has logged in by counts apart from the rest of its address.
        """
        known = self._access.known_browsers.find(browser, name)
        return _Source(household(address)) if known is None else _Source(f"browser:{known}", known=True)

    def _see_free(self, name: str, source: _Source) -> None:
        """See that this source may try this name now."""
        self._limit(source.key)
        if wait_s := self._access.lockouts.wait_s(name, source.key):
            self._refuse("locked", _locked(ceil(wait_s)))
        if not source.known and (wait_s := self._access.names.wait_s(name, source.key)):
            self._refuse("slowed", _slowed(ceil(wait_s)))

    def _refuse(self, reason: str, text: Text) -> NoReturn:
        self._access.refusals.count(reason)
        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, text)

    def _limit(self, source: str) -> None:
        if wait_s := self._access.logins.wait_s(source):
            self._refuse("login_rate", _too_often(ceil(wait_s)))

    def _verified(self, name: str, password: str) -> User | None:
        try:
            return self._access.users.verified(name, password)
        except BusyError:
            raise busy() from None

    def _failed(self, name: str, address: str, source: _Source, text: Text = _WRONG) -> NoReturn:
        """Note a wrong password, and say so."""
        self._access.refusals.count("login")
        known = self._access.users.find(name)
        self._failures.failed(None if known is None else known.name, address)
        locked_s = self._access.lockouts.failed(name, source.key)
        if not source.known:
            self._access.names.failed(name, source.key)
        if locked_s and known is not None:
            detail = Text(
                "{name}: {said}",
                name=name,
                said=Text("locked for {locked_s} s after wrong passwords", locked_s=f"{locked_s:.0f}"),
            )
            self._gate.audit_nobody(address, "user.locked", detail)
        raise RefusedError(HTTPStatus.FORBIDDEN, text)


def _logins(request: Request) -> Logins:
    logins: Logins = request.app.state.logins
    return logins


AtLogins = Annotated[Logins, Depends(_logins)]
"""The parameter by which a route gets them: `def page(logins: AtLogins)`."""


def _locked(seconds: int) -> Text:
    return ngettext(
        "Too many wrong passwords for this name. Try again in {seconds} second.",
        "Too many wrong passwords for this name. Try again in {seconds} seconds.",
        seconds,
        seconds=seconds,
    )


def _slowed(seconds: int) -> Text:
    return ngettext(
        "Many log-in attempts for this name. Try again in {seconds} second.",
        "Many log-in attempts for this name. Try again in {seconds} seconds.",
        seconds,
        seconds=seconds,
    )


def _too_often(seconds: int) -> Text:
    return ngettext(
        "Too many attempts from this device. Try again in {seconds} second.",
        "Too many attempts from this device. Try again in {seconds} seconds.",
        seconds,
        seconds=seconds,
    )


def busy() -> RefusedError:
    """What is told when too many passwords wait to be checked."""
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, Text("Many log in at this moment. Try again in a few seconds."))


def see_same(password: str, again: str) -> None:
    """See that a new password was typed alike twice."""
    if password != again:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Text("The two new passwords differ."))


def made_or_refused(work: Callable[[], object]) -> None:
    """Do work on users; what is wrong with it becomes what the person is told."""
    try:
        work()
    except (UserRefusedError, PasswordRefusedError) as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error.text) from None
    except BusyError:
        raise busy() from None
