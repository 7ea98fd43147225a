"""Logging in: limits, lock-outs, the password, the second factor, a fresh session, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from fastapi import Depends, Request

from agent.console.access.address_limits import household
from agent.console.access.passwords import BusyError, PasswordRefusedError
from agent.console.access.roles import Person, Role
from agent.console.access.second_factors import FactorUse
from agent.console.access.users import UserRefusedError, spelled_name
from agent.console.errors import RefusedError
from agent.core.model import OnceEvery
from drivers.text import Text, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from agent.console.access.access import Access
    from agent.console.access.failure_log import FailureLog
    from agent.console.access.passkeys import PasskeyAnswer
    from agent.console.access.users import User
    from agent.console.dependencies import Gate

T = TypeVar("T")

_WRONG: Final = Text("The name or the password is wrong.")
_WRONG_WITH_CODE: Final = Text(
    "The name, the password or the code is wrong. A code works only once: wait for the next code."
)
_ANYWHERE: Final = "second factor"
"""The source under which wrong codes after right passwords are counted, from wherever they come."""

TOLD_EVERY_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Entered:
    """Tokens for a browser by which somebody has logged in: of his new session, and of the browser itself."""

    session: str
    browser: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody gives beside his password: a code, or what a passkey answered."""

    code: str = ""
    passkey: PasskeyAnswer | None = None


NOTHING: Final = Proof()


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
        self._may_tell = OnceEvery(TOLD_EVERY_S)

    def enter(self, name: str, password: str, address: str, browser: str = "", proof: Proof = NOTHING) -> Entered:
        """Log somebody in. `browser`: the token of his browser, where it has one. `proof`: of his second factor.

        What is refused is refused in the same words and time whether the name exists or not, and so are a wrong
        password and a wrong code.
        """
        name = spelled_name(name)
        source = self._source(name, address, browser)
        self._see_free(name, source)
        user = self._verified(name, password, source)
        if user is None or not self._proved(user, proof, address, source):
            self._failed(name, address, source, _WRONG_WITH_CODE if self._access.asks_for_codes() else _WRONG)
        self._access.lockouts.entered(name, source.key)
        self._access.names.entered(name, source.key)
        entered = Entered(self._access.sessions.open(name), self._access.known_browsers.remember(name, browser))
        self._gate.audit(Person(name, user.role, address), "session.opened")
        return entered

    def check(self, person: Person, password: str) -> None:
        """See that somebody who is logged in knows his password, under limits of his session."""
        source = _Source(f"session:{person.session}", known=True)
        self._see_free(person.name, source)
        if self._verified(person.name, password, source) is None:
            self._failed(
                person.name, person.address, source, text=Text("The current password is wrong; nothing was changed.")
            )
        self._access.lockouts.entered(person.name, source.key)

    def check_both(self, person: Person, password: str, proof: Proof) -> None:
        """The same, and where he has a second factor also that."""
        source = _Source(f"session:{person.session}", known=True)
        self._see_free(person.name, source)
        user = self._verified(person.name, password, source)
        if user is None or not self._proved(user, proof, person.address, source):
            self._failed(
                person.name,
                person.address,
                source,
                text=Text("The password or the code is wrong; nothing was changed."),
            )
        self._access.lockouts.entered(person.name, source.key)

    def make_first(self, code: str, name: str, password: str, address: str) -> str:
        """Make the first admin, who has the one-time code, and log him in; returns the token of his session."""
        self._limit(address)
        if not self._access.users.lack_admin():
            raise RefusedError(
                HTTPStatus.CONFLICT, Text("There is already an administrator. Log in, or ask that person.")
            )
        if not self._access.code.is_right(code):
            self._access.refusals.count("code")
            self._failures.failed(None, address)
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                Text("The code is wrong or no longer valid. Get a new code with sudo gate-agent console code."),
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

    def _verified(self, name: str, password: str, source: _Source) -> User | None:
        try:
            return self._access.users.verified(name, password, known=source.known)
        except BusyError:
            raise busy() from None

    def _proved(self, user: User, proof: Proof, address: str, source: _Source) -> bool:
        """Whether somebody who knows the password of a user has his second factor too, or needs none.

        Wrong codes are limited for all sources together: only who knows the password can make any, so nobody else is
        kept out by that, and the user's own browsers are counted apart.
        """
        access = self._access
        if access.factors.standing(user.name) is None:
            return True
        counted = source.key if source.known else _ANYWHERE
        is_free = not access.lockouts.wait_s(user.name, counted)
        used = self._spent(user.name, proof) if is_free else None
        if used is None:
            access.refusals.count("code")
            if not source.known:
                access.lockouts.failed(user.name, _ANYWHERE)
            if self._may_tell(user.name, self._gate.now().at):
                detail = Text("{name}: {said}", name=user.name, said=Text("the password was right, the code was not"))
                self._gate.audit_nobody(address, "second_factor.refused", detail)
            return False
        access.lockouts.entered(user.name, _ANYWHERE)
        if used.recovered:
            self._gate.audit(
                Person(user.name, user.role, address),
                "second_factor.recovered",
                detail=Text("by a recovery code; {left} are left", left=used.codes_left),
            )
        return True

    def _spent(self, name: str, proof: Proof) -> FactorUse | None:
        """Use a code or an answer up; None: it is wrong."""
        if proof.passkey is None:
            return self._access.factors.spend(name, proof.code)
        return FactorUse(0, recovered=False) if self._access.passkeys.spend(name, proof.passkey) else None

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
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, Text("Server busy. Try again in a few seconds."))


def see_same(password: str, again: str) -> None:
    """See that a new password was typed alike twice."""
    if password != again:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Text("The two new passwords differ."))


def made_or_refused(work: Callable[[], T]) -> T:
    """Do work on users, and return what it does; what is wrong with it becomes what the person is told."""
    try:
        return work()
    except (UserRefusedError, PasswordRefusedError) as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error.text) from None
    except BusyError:
        raise busy() from None
