"""The gate's own certificates: gets the first ones, renews them, and knows when each expires.

May read and replace the certificate and key files that the configuration names. May connect to one EST server (RFC
7030). It keeps the old pair until the new one is complete. It creates private keys here, and they never leave the gate.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.enrolment.certificate_pair import CertificatePair, PairError
    from agent.enrolment.certificate_request import AnswerError, common_name
    from agent.enrolment.code import CodeError, EnrolmentCode
    from agent.enrolment.endpoint import Endpoint
    from agent.enrolment.enrolling import EnrolmentFiles, EnrolmentPlan, EnrolmentStage, Outcome, enrol
    from agent.enrolment.est_client import EstClient, EstError, WaitError
    from agent.enrolment.expiry import MOST_KEYS, Expiry, ExpiryFile, ExpiryTable, renewal_utc
    from agent.enrolment.http_exchange import Answer, ExchangeError, exchange
    from agent.enrolment.pair_trial import PairLink
    from agent.enrolment.renewal import CertificateRenewal, RenewalView
    from agent.enrolment.server_trust import ServerTrust, ServerTrustError, digest_of, fingerprint
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "MOST_KEYS",
    "Answer",
    "AnswerError",
    "CertificatePair",
    "CertificateRenewal",
    "CodeError",
    "Endpoint",
    "EnrolmentCode",
    "EnrolmentFiles",
    "EnrolmentPlan",
    "EnrolmentStage",
    "EstClient",
    "EstError",
    "ExchangeError",
    "Expiry",
    "ExpiryFile",
    "ExpiryTable",
    "Outcome",
    "PairError",
    "PairLink",
    "RenewalView",
    "ServerTrust",
    "ServerTrustError",
    "WaitError",
    "common_name",
    "digest_of",
    "enrol",
    "exchange",
    "fingerprint",
    "renewal_utc",
]
