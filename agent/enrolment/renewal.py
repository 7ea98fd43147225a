"""Renewal: each certificate in time, by the one before it, for as many years as the gate stands.

The present certificate holds while the next one is asked for, and a third of its life remains for the server to come
back. The link shows the new one at once, and goes back to the one before where no broker takes it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final

from agent.enrolment.certificate_pair import PairError
from agent.enrolment.certificate_request import AnswerError, checked_chain, common_name, request_for
from agent.enrolment.est_client import EstError, WaitError
from agent.enrolment.expiry import renewal_utc
from agent.enrolment.http_exchange import ExchangeError
from agent.enrolment.pair_trial import PairTrial, TrialEnd
from agent.enrolment.server_trust import ServerTrust, ServerTrustError
from agent.service.worker import Backoff, Worker
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography import x509

    from agent.core.model import Instant
    from agent.enrolment.certificate_pair import CertificatePair
    from agent.enrolment.est_client import EstClient
    from agent.enrolment.pair_trial import PairLink

log = logging.getLogger(__name__)

LOOK_S: Final = 60.0
FIRST_RETRY_S: Final = 60.0
LATEST_RETRY_S: Final = 6 * 3600.0
LATEST_WAIT_S: Final = 86_400.0
STOP_TIMEOUT_S: Final = 2.0
LIMIT_S: Final = 300.0
"""For one pair: two exchanges of half a minute, each with the resolver's time before it."""
_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class RenewalView:
    """How the renewal of one pair stands. `since_utc`: Unix seconds, None for nothing.

    `trouble`: why the last attempt failed, `since_utc` that of the first one that did, `attempts` how many have.
    """

    subject: str
    trouble: str = ""
    since_utc: float | None = None
    attempts: int = 0


class CertificateRenewal:
    """A thread that looks at each pair once a minute.

    `pairs`: by the section of the configuration that names them. `trust_file`: the authority of the server, None for
    those of the system; it is read for each attempt. `now`: both clocks. `links`: those that show a pair; one that
    nothing shows counts as it lies.
    """

    def __init__(
        self,
        client: EstClient | None,
        pairs: Mapping[str, CertificatePair],
        trust_file: Path | None,
        now: Callable[[], Instant],
        links: Mapping[str, PairLink],
        random: Random | None = None,
    ) -> None:
        """`client`: None where no server is configured: then only what a power cut left is put right."""
        self._client = client
        self._pairs = dict(pairs)
        self._trials = {name: PairTrial(name, pairs[name], link) for name, link in links.items() if name in pairs}
        self._trust_file = trust_file
        self._now = now
        self._random = Random() if random is None else random  # noqa: S311 - spreads retries, keeps nothing secret
        self._views = {subject: RenewalView(subject) for subject in pairs}
        self._retry_at: dict[str, float] = {}
        self.worker = Worker("renewal", self._run, limit_s=LIMIT_S, backoff=Backoff(LOOK_S, LATEST_RETRY_S))

    @property
    def views(self) -> tuple[RenewalView, ...]:
        """How each pair stands."""
        return tuple(self._views.values())

    def troubles(self) -> Mapping[str, str]:
        """Why the renewal of a pair fails, for each that does."""
        return {view.subject: view.trouble for view in self.views if view.trouble}

    def start(self) -> None:
        """Put right what a power cut left, and begin to look."""
        for subject, pair in self._pairs.items():
            try:
                if pair.recover():
                    log.info("the new certificate of %s is in use now", subject)
            except PairError as error:
                log.warning("the new certificate of %s: %s", subject, error)
        self.worker.start()

    def stop(self) -> bool:
        """Look no more, within a bounded time; False: an attempt is still under way, and left behind."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def look(self) -> None:
        """Renew what is due, and leave what failed until its next attempt."""
        if self._client is None:
            return
        for subject, pair in self._pairs.items():
            self.worker.touch()
            try:
                if self._is_on_trial(subject) or self._now().at < self._retry_at.get(subject, float("-inf")):
                    continue
                self._renew_due(self._client, subject, pair)
            except WaitError as error:
                self._note(subject, str(error), min(max(error.retry_after_s, FIRST_RETRY_S), LATEST_WAIT_S))
            except (EstError, ExchangeError, AnswerError, PairError, ServerTrustError, OSError) as error:
                self._note(subject, str(error), self._pause_s(self._views[subject].attempts))

    def _run(self) -> None:
        while not self.worker.wait(LOOK_S):
            self.look()

    def _is_on_trial(self, subject: str) -> bool:
        """Whether the present pair has yet to be taken by a broker. Raises PairError."""
        trial = self._trials.get(subject)
        if trial is None:
            return False
        match trial.look(self._now()):
            case TrialEnd.RUNNING:
                return True
            case TrialEnd.UNDONE:
                trouble = Text("no broker accepts the new certificate; the previous certificate is in use again")
                self._note(subject, trouble, LATEST_WAIT_S)
                return True
            case TrialEnd.NONE | TrialEnd.PROVEN:
                return False

    def _renew_due(self, client: EstClient, subject: str, pair: CertificatePair) -> None:
        present = pair.certificate()
        if present is None:
            raise PairError(Text("there is no certificate yet: run gate-agent enrol with a token"))
        if self._now().utc < renewal_utc(present):
            self._views[subject] = RenewalView(subject)
            return
        trust = ServerTrust.of_file(self._trust_file)
        try:
            context = trust.context((pair.certificate_file, pair.key_file))
            authorities = client.authorities(context)
            key = pair.next_key()
            name = common_name(present)
            answer = client.renew(context, request_for(name, key, present.subject))
        except (EstError, ExchangeError, OSError) as error:
            self._check_ended(present, error)
            raise
        chain = checked_chain(answer, key, name, authorities, self._now().utc)
        if self._now().utc >= renewal_utc(chain[0]):
            date = f"{chain[0].not_valid_after_utc:%Y-%m-%d}"
            raise AnswerError(Text("the new certificate ends on {date} and is due for renewal already", date=date))
        pair.put(chain)
        self._retry_at.pop(subject, None)
        log.info("the certificate of %s is renewed and ends at %s", subject, chain[0].not_valid_after_utc)
        if subject in self._trials:
            self._trials[subject].begin(self._now().at)
        else:
            self._views[subject] = RenewalView(subject)

    def _check_ended(self, present: x509.Certificate, error: Exception) -> None:
        """Say what to do where the present certificate has ended, by which no next one can be had. Raises EstError."""
        if self._now().utc >= present.not_valid_after_utc.timestamp() and not isinstance(error, WaitError):
            date = f"{present.not_valid_after_utc:%Y-%m-%d}"
            message = Text(
                "the certificate expired on {date}: run gate-agent enrol with a new token ({error})",
                date=date,
                error=error,
            )
            raise EstError(message) from error

    def _note(self, subject: str, trouble: str, pause_s: float) -> None:
        now, before = self._now(), self._views[subject]
        if trouble != before.trouble:
            log.warning("the certificate of %s could not be renewed: %s; trying again", subject, trouble)
        self._retry_at[subject] = now.at + pause_s
        since = now.utc if before.since_utc is None else before.since_utc
        self._views[subject] = replace(before, trouble=trouble, since_utc=since, attempts=before.attempts + 1)

    def _pause_s(self, attempts: int) -> float:
        longest = min(LATEST_RETRY_S, FIRST_RETRY_S * (1 << min(attempts, _DOUBLINGS)))
        return longest * (0.5 + 0.5 * self._random.random())
