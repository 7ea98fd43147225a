"""The files of a gate that is to be enrolled, and what is in them."""

import ssl
from dataclasses import replace

from cryptography import x509

from agent.broker import TlsFiles, make_context
from agent.clock import Clock
from agent.enrolment import CertificatePair, Endpoint, EnrolmentFiles, EnrolmentPlan, EstClient, enrol
from tests.support.est.est_site import GATE

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h): OpenSSL leaves the dates to a test that moves its own clock."""


class GateFiles:
    """A folder as `/etc/gate-agent`, and the enrolment of its gate."""

    def __init__(self, folder, name="gate"):
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self.pair = CertificatePair(self.folder / "gate.pem", self.folder / "gate.key")
        self.files = EnrolmentFiles(self.pair, self.folder / "broker-ca.pem", self.folder / "est-ca.pem")

    def enrol(self, site, token, url=None, timeout_s=20.0, utc=None, **changes):
        """Enrol the gate; `changes` of the plan."""
        plan = replace(EnrolmentPlan(GATE, token, site.fingerprint, None), **changes)
        client = EstClient(Endpoint.parse(url or site.url), timeout_s)
        return enrol(plan, client, self.files, Clock().now().utc if utc is None else utc)

    @property
    def certificate(self):
        return x509.load_pem_x509_certificate(self.pair.certificate_file.read_bytes())

    def good_for_the_link(self):
        """Whether the link to the broker takes the files as they are."""
        make_context(TlsFiles(self.files.broker_ca, self.pair.certificate_file, self.pair.key_file))
        return True

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


def leave_dates_alone(mocker):
    """Have TLS not look at dates, on both sides: it knows the real clock alone."""
    for name in ("wrap_socket", "wrap_bio"):
        real = getattr(ssl.SSLContext, name)

        def wrap(context, *arguments, real=real, **named):
            context.verify_flags |= NO_CHECK_TIME
            return real(context, *arguments, **named)

        mocker.patch.object(ssl.SSLContext, name, wrap)
