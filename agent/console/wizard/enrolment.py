"""The enrolment of the gate by a form: the server is asked who it is, somebody compares, then the certificate is got.

The token stays on the gate: a page gets a number for it. What was in use is in use until a new pair is whole.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from agent.enrolment import (
    Endpoint,
    EnrolmentPlan,
    EstClient,
    ServerTrust,
    common_name,
    digest_of,
    enrol,
)
from agent.service.parallel import Job
from agent.setup import ENROLMENT_ERRORS, GatePlace, TypedServer, grouped, refusal_advice, refusal_words
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from agent.enrolment import EnrolmentStage, Outcome

MOST: Final = 8
OFFER_S: Final = 1800.0
"""For so long a token that was typed can be used again without typing it."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that a server names. `fingerprint`: its SHA-256 in hex; `shown`: the same as people compare it."""

    name: str
    fingerprint: str
    shown: str


@dataclass(frozen=True, slots=True)
class EnrolmentOffer:
    """A server that answered, and what was typed. `at`: monotonic seconds.

    `is_known`: the fingerprint came with a code, and the server has it: nobody has to compare.
    """

    number: str
    person: str
    typed: TypedServer
    authorities: tuple[Authority, ...]
    at: float

    @property
    def is_known(self) -> bool:
        """Whether the code says by which authority the server is known."""
        return self.typed.fingerprint is not None


@dataclass(frozen=True, slots=True)
class EnrolmentProgress:
    """How far an enrolment is. `trouble`, `advice`: why it failed, and what to do.

    `offer`, `fingerprint`: with which it can be tried again. `ends`: when the certificate does. `brokers`: those that
    the server names.
    """

    state: Literal["none", "running", "done", "failed"] = "none"
    person: str = ""
    url: str = ""
    stage: EnrolmentStage | None = None
    trouble: Text | None = None
    advice: Text | None = None
    offer: str = ""
    fingerprint: str = ""
    ends: datetime | None = None
    brokers: tuple[str, ...] = field(default=())


NONE: Final = EnrolmentProgress()


class GateEnrolment:
    """One enrolment at a time, of one gate. For all threads. `utc`: Unix seconds, `at`: monotonic seconds."""

    def __init__(self, configuration: Path, utc: Callable[[], float], at: Callable[[], float]) -> None:
        self._configuration = configuration
        self._utc, self._at = utc, at
        self._lock = threading.Lock()
        self._offers: OrderedDict[str, EnrolmentOffer] = OrderedDict()
        self._progress = NONE
        self._job: Job[None] | None = None

    @property
    def progress(self) -> EnrolmentProgress:
        """How far it is, or what came of it."""
        job, found = self._job, self._progress
        if found.state != "running" or job is None or job.error is None:
            return found
        said = Text("Internal error in the console; details are in the log. The gate keeps working.")
        return replace(found, state="failed", trouble=said)

    def forget(self) -> None:
        """Forget what came of the last one; one that runs goes on."""
        with self._lock:
            if self.progress.state != "running":
                self._progress = NONE

    def ask(self, person: str, typed: TypedServer) -> EnrolmentOffer:
        """Ask a server for its authorities. The token is not shown to it. Blocks some seconds.

        Raises ExchangeError, EstError, and ServerTrustError where the code names another authority.
        """
        found = EstClient(Endpoint.parse(typed.url)).authorities(None)
        if typed.fingerprint is not None:
            ServerTrust.of_fingerprint(typed.fingerprint, found)
            found = [one for one in found if digest_of(one) == typed.fingerprint]
        authorities = tuple(Authority(common_name(one), digest_of(one).hex(), grouped(digest_of(one))) for one in found)
        made = EnrolmentOffer(secrets.token_urlsafe(16), person, typed, authorities, self._at())
        with self._lock:
            self._offers[made.number] = made
            while len(self._offers) > MOST:
                self._offers.popitem(last=False)
        return made

    def offer(self, number: str, person: str) -> EnrolmentOffer | None:
        """What that person was offered; None where it was not, or too long ago."""
        with self._lock:
            found = self._offers.get(number)
        return found if found is not None and found.person == person and self._at() - found.at <= OFFER_S else None

    def begin(
        self, offer: EnrolmentOffer, fingerprint: str, on_end: Callable[[EnrolmentProgress], None] = lambda _: None
    ) -> bool:
        """Begin, with the authority of that fingerprint; whether it did: one that runs already goes on.

        `on_end`: hears what came of it, before pages do.
        """
        with self._lock:
            if self.progress.state == "running":
                return False
            self._progress = EnrolmentProgress(
                "running", offer.person, offer.typed.url, offer=offer.number, fingerprint=fingerprint
            )
            self._job = Job("setup-enrolment", lambda: self._run(offer.typed, on_end))
        return True

    def _run(self, typed: TypedServer, on_end: Callable[[EnrolmentProgress], None]) -> None:
        try:
            place = GatePlace.of(self._configuration)
            plan = EnrolmentPlan(place.gate, typed.token, bytes.fromhex(self._progress.fingerprint), None)
            client = EstClient(Endpoint.parse(typed.url))
            ended = _ended(self._progress, enrol(plan, client, place.files, self._utc(), self._begun))
        except ENROLMENT_ERRORS as error:
            ended = replace(self._progress, state="failed", trouble=refusal_words(error), advice=refusal_advice(error))
        on_end(ended)
        self._progress = ended

    def _begun(self, stage: EnrolmentStage) -> None:
        self._progress = replace(self._progress, stage=stage)


def _ended(progress: EnrolmentProgress, outcome: Outcome) -> EnrolmentProgress:
    return replace(progress, state="done", ends=outcome.certificate.not_valid_after_utc, brokers=outcome.brokers)
