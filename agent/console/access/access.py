"""Everything that decides who may come in, put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from agent.console.access.address_limits import (
    LOGIN_BURST,
    LOGINS_PER_S,
    REQUEST_BURST,
    REQUESTS_PER_S,
    SCREEN_BURST,
    SCREENS_PER_S,
    AddressLimits,
)
from agent.console.access.admin_actions import AdminActions
from agent.console.access.bootstrap_code import BootstrapCode
from agent.console.access.challenges import Challenges
from agent.console.access.database import AccessDatabase
from agent.console.access.known_browsers import KnownBrowsers
from agent.console.access.lockouts import Lockouts
from agent.console.access.name_limit import NameLimit
from agent.console.access.passkeys import Passkeys
from agent.console.access.passwords import Hasher
from agent.console.access.pending_second_factors import Enrolments
from agent.console.access.second_factor_key import FactorSeal
from agent.console.access.second_factors import SecondFactors
from agent.console.access.session_clock import SessionClock
from agent.console.access.sessions import SessionRules, Sessions
from agent.console.access.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.console.access.roles import Role


class Refusals:
    """How many requests were refused, by reason. For all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def count(self, reason: str) -> None:
        """One more."""
        with self._lock:
            self._counts[reason] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """All of them since the start."""
        with self._lock:
            return dict(self._counts)


@dataclass(frozen=True, slots=True)
class Access:
    """Users, sessions, and the limits on those who try.

    `requests`, `logins`: how often one address may ask; `screen_requests`: drivers' screens there, so that none of them
    takes from those who look after the gate. `names`: how often one name may be guessed at, from all
    addresses. `factor_roles`: the roles that need a second factor.
    """

    database: AccessDatabase
    users: Users
    sessions: Sessions
    factors: SecondFactors
    enrolments: Enrolments
    passkeys: Passkeys
    passkey_enrolments: Enrolments
    challenges: Challenges
    known_browsers: KnownBrowsers
    lockouts: Lockouts
    names: NameLimit
    code: BootstrapCode
    acts: AdminActions
    requests: AddressLimits
    logins: AddressLimits
    screen_requests: AddressLimits
    refusals: Refusals
    factor_roles: frozenset[Role]

    @classmethod
    def open(
        cls,
        state: Path,
        rules: SessionRules,
        utc: Callable[[], float],
        ticking: SessionClock | None = None,
        factor_roles: frozenset[Role] = frozenset(),
    ) -> Access:
        """Open the file of users in the folder of the gate's state. Raises AccessStoreError."""
        ticking = ticking or SessionClock.of_this_computer()
        database = AccessDatabase(state)
        return cls(
            database,
            Users(database, Hasher(), utc),
            Sessions(database, rules, ticking),
            SecondFactors(database, FactorSeal(state), utc),
            Enrolments(ticking.at),
            Passkeys(database, utc),
            Enrolments(ticking.at),
            Challenges(ticking.at),
            KnownBrowsers(database, utc),
            Lockouts(database, ticking),
            NameLimit(ticking.at),
            BootstrapCode(database, ticking),
            AdminActions(database),
            AddressLimits(REQUEST_BURST, REQUESTS_PER_S, ticking.at),
            AddressLimits(LOGIN_BURST, LOGINS_PER_S, ticking.at),
            AddressLimits(SCREEN_BURST, SCREENS_PER_S, ticking.at),
            Refusals(),
            factor_roles,
        )

    def asks_for_codes(self) -> bool:
        """Whether anybody may have to give a code when he logs in. Raises AccessStoreError."""
        return bool(self.factor_roles) or bool(self.factors.standings())

    def forget_failures(self, name: str) -> None:
        """He has another password: what failed before counts no more."""
        self.lockouts.forget(name)
        self.names.forget(name)

    def close(self) -> None:
        """Close the file."""
        self.database.close()
