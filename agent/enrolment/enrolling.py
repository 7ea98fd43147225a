"""The first certificate of a gate: trust, key, request, answer, files. After a power cut it is done again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.enrolment.certificate_pair import CERTIFICATE_MODE, PairError, put_file
from agent.enrolment.certificate_request import checked_chain, common_name, issued_by, request_for
from agent.enrolment.expiry import renewal_utc
from agent.enrolment.server_trust import ServerTrust, pem
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509

    from agent.enrolment.certificate_pair import CertificatePair
    from agent.enrolment.est_client import EstClient


@dataclass(frozen=True, slots=True)
class EnrolmentPlan:
    """Whom to ask for what. `fingerprint`: SHA-256 of the server's authority; else `trust_file` has its certificate.

    `again`: ask for another certificate although there is a good one.
    """

    gate: str
    token: str
    fingerprint: bytes | None
    trust_file: Path | None
    again: bool = False

    def __post_init__(self) -> None:
        if (self.fingerprint is None) == (self.trust_file is None):
            raise ValueError("the server is known by a fingerprint or by a file: give one of them")


class EnrolmentStage(StrEnum):
    """What an enrolment does now, in its order."""

    SERVER = "server"
    CERTIFICATE = "certificate"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class EnrolmentFiles:
    """Where what comes is written. `broker_ca`: the authority of the brokers. `server_ca`: that of the EST server."""

    pair: CertificatePair
    broker_ca: Path
    server_ca: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `kept`: there was a good certificate. `broker_ca_kept`: that file had another content."""

    certificate: x509.Certificate
    brokers: tuple[str, ...]
    kept: bool
    broker_ca_kept: bool


def enrol(
    plan: EnrolmentPlan,
    client: EstClient,
    files: EnrolmentFiles,
    utc: float,
    on_stage: Callable[[EnrolmentStage], None] = lambda _stage: None,
) -> Outcome:
    """Enrol a gate. `utc`: now, Unix seconds. `on_stage`: hears what is begun.

    Raises ServerTrustError, EstError, ExchangeError, AnswerError, PairError, OSError; what was good is unchanged then.
    """
    on_stage(EnrolmentStage.SERVER)
    files.pair.recover()
    trust = (
        ServerTrust.of_file(plan.trust_file)
        if plan.fingerprint is None
        else ServerTrust.of_fingerprint(plan.fingerprint, client.authorities(None))
    )
    context = trust.context()
    authorities = client.authorities(context)
    present = None if plan.again else _good(files.pair, plan.gate, authorities, utc)
    if present is None:
        on_stage(EnrolmentStage.CERTIFICATE)
        key = files.pair.next_key()
        answer = client.enrol(context, request_for(plan.gate, key), plan.gate, plan.token)
        chain = checked_chain(answer, key, plan.gate, authorities, utc)
        on_stage(EnrolmentStage.FILES)
        files.pair.put(chain)
        present, kept = chain[0], False
    else:
        kept = True
    put_file(files.server_ca, trust.authorities, CERTIFICATE_MODE)
    other_ca = _keep_broker_ca(files.broker_ca, pem(authorities))
    return Outcome(
        present,
        client.brokers(context),
        kept=kept,
        broker_ca_kept=other_ca,
    )


def _good(pair: CertificatePair, gate: str, authorities: list[x509.Certificate], utc: float) -> x509.Certificate | None:
    """The present certificate where it is of this gate and these authorities, and not due for renewal; else None."""
    try:
        found = pair.certificate()
    except PairError:
        return None
    if found is None or not pair.usable() or common_name(found) != gate or not issued_by(found, authorities):
        return None
    begun = found.not_valid_before_utc <= datetime.fromtimestamp(utc, UTC)
    return found if begun and utc < renewal_utc(found) else None


def _keep_broker_ca(path: Path, content: bytes) -> bool:
    """Write the brokers' authority where there is none yet; whether another one was there and stays."""
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        put_file(path, content, CERTIFICATE_MODE)
        return False
    except OSError as error:
        raise PairError(Text("{path} cannot be read: {why}", path=path, why=error.strerror)) from error
    return there != content
