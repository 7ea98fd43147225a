"""The EST server of a site for tests, with an authority of its own: in a thread, or as the program that ships."""

import hashlib
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from agent.clock import Clock
from central.est import EstServer, Issuer, Register, Registrar, load_est_settings
from tests.support.waiting import PATIENCE_S, eventually

SITE = 7
GATE = "gate-7"
FAR_S = 20 * 365 * 86_400


class EstSite:
    """A folder with an authority and est.toml.

    `authority_ends_s`: from now on, when the authority ends. `port`: of the server; 0: a free one.
    """

    def __init__(self, folder, *lines, site=SITE, authority_ends_s=FAR_S, utc=None, port=0):
        self.folder, self.site = folder, site
        folder.mkdir(exist_ok=True)
        self.ca, self.configuration = folder / "ca.crt", folder / "est.toml"
        self.utc = utc or (lambda: Clock().now().utc)
        self.ca.write_bytes(self._made_authority(authority_ends_s, f"site {site}"))
        text = [
            f"site = {site}",
            'ca_file = "ca.crt"',
            'ca_key_file = "ca.key"',
            'names = ["localhost"]',
            'listen = "127.0.0.1"',
            f"port = {port}",
            'folder = "state"',
            *lines,
        ]
        self.configuration.write_text("\n".join(text) + "\n")
        self.settings = load_est_settings(self.configuration)
        self.url = ""

    def roll_over(self, ends_s=FAR_S):
        """Have another authority sign from the next start of the server on; both are in its file, as the page says."""
        before = self.ca.read_bytes()
        self.ca.write_bytes(self._made_authority(ends_s, f"site {self.site}, later") + before)

    def _made_authority(self, ends_s, common_name):
        """The certificate of a new authority, PEM; its key is in its file. `ends_s`: from now on."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(int(self.utc()), UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=4000))
            .not_valid_after(now + timedelta(seconds=ends_s))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        (self.folder / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        return certificate.public_bytes(Encoding.PEM)

    @contextmanager
    def opened(self):
        """The registrar on the register of this site, also beside a server."""
        register = Register.open(self.settings.folder, self.site)
        try:
            issuer = Issuer.of_files(self.settings.ca_file, self.settings.ca_key_file)
            yield Registrar.of(self.site, self.settings.certificate_days, issuer, register, self.utc)
        finally:
            register.close()

    def token(self, gate=GATE, hours=1.0):
        """A new token."""
        with self.opened() as registrar:
            return registrar.make_token(gate, hours)

    @contextmanager
    def serving(self):
        """The server in a thread of this process."""
        with self.opened() as registrar:
            server = EstServer(self.settings, registrar)
            self.url = f"https://localhost:{server.port}"
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.stop()
                thread.join(PATIENCE_S)

    @contextmanager
    def process(self):
        """The server as `gate-agent est serve`, in a process of its own."""
        log = self.folder / "serve.log"
        with log.open("wb") as file:
            process = subprocess.Popen([*COMMAND, "est", "serve", "-c", self.configuration], stdout=file, stderr=file)
        try:
            self.url = f"https://localhost:{eventually(lambda: self._port(process, log), what='the server')}"
            yield self
        finally:
            process.terminate()
            process.wait(PATIENCE_S)

    @staticmethod
    def _port(process, log):
        assert process.poll() is None, log.read_text()
        found = re.search(r"at port (\d+)", log.read_text())
        return found[1] if found else None

    def command(self, *arguments):
        """What a command of `gate-agent est` says."""
        done = subprocess.run(
            [*COMMAND, "est", *arguments, "-c", self.configuration],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.stdout


COMMAND = [sys.executable, "-m", "agent.cli.main"]
