"""TLS to the broker: the context from the gate's files, and connection errors in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from typing_extensions import override

from agent.service.cleanup import on_failure
from drivers.text import Text, joined, reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.broker.addresses import BrokerAddress


class TlsFilesError(Exception):
    """A certificate or key file cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. `ca`: whom the broker's certificate must come from, None for the system's list.

    `certificate` and `key`: who this gate is; both or none.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate needs its key file, and a key its certificate file")


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho forgets it then without closing it."""

    @override
    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close and raise ssl.SSLError or OSError."""
        with on_failure(self.close):
            super().do_handshake(block)


def make_context(files: TlsFiles) -> ssl.SSLContext:
    """Read the files and make a client context (TLS 1.2 or later, host name checked). Raises TlsFilesError."""
    if files.ca is not None:
        _check_readable(files.ca, Text("CA"))
    try:
        context = ssl.create_default_context(cafile=None if files.ca is None else str(files.ca))
    except OSError as error:
        message = Text("the CA file {file} contains no usable PEM certificate: {error}", file=files.ca, error=error)
        raise TlsFilesError(message) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    if files.certificate is not None and files.key is not None:
        _load_own(context, files.certificate, files.key)
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    _check_readable(certificate, Text("certificate"))
    _check_readable(key, Text("key"))
    try:
        # Without a callback an encrypted key would ask for its password on the terminal, and the gate would hang.
        context.load_cert_chain(str(certificate), str(key), password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = Text(
                "the key {key} does not belong to the certificate {certificate}", key=key, certificate=certificate
            )
        else:
            message = Text(
                "the certificate {certificate} with the key {key} cannot be used: {error}; both must be plain PEM",
                certificate=certificate,
                key=key,
                error=error,
            )
        raise TlsFilesError(message) from error


def _check_readable(path: Path, what: Text) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError as error:
        message = Text("the {what} file {path} does not exist", what=what, path=path)
        raise TlsFilesError(message) from error
    except PermissionError as error:
        message = Text(
            "the agent's user cannot read the {what} file {path}: check owner and mode", what=what, path=path
        )
        raise TlsFilesError(message) from error
    except OSError as error:
        message = Text("the {what} file {path} cannot be read: {why}", what=what, path=path, why=reason(error))
        raise TlsFilesError(message) from error


# Numbers of OpenSSL's certificate verification (X509_V_ERR_*, x509_vfy.h).
_VERIFY_WORDS: Mapping[int, str] = MappingProxyType(
    {
        9: Text("the broker's certificate is not valid yet: check the clock of this gate, then the certificate"),
        10: Text("the broker's certificate has expired: renew it at the broker (and check the clock of this gate)"),
        18: Text("the broker's certificate is self-signed: put it, or its CA, into the CA file"),
        19: Text("the broker's certificate comes from a CA that is not in the CA file"),
        20: Text("the broker's certificate comes from a CA that is not in the CA file"),
        21: Text("the broker's certificate comes from a CA that is not in the CA file"),
        23: Text("the broker's certificate was revoked"),
        62: Text("the broker's certificate is not for this host name: use the name in the certificate, or renew it"),
        64: Text("the broker's certificate is not for this IP address: use the name in the certificate, or renew it"),
    }
)

# Words in OpenSSL's texts of alerts that a broker sends about the gate's own certificate.
_ALERT_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "ALERT_CERTIFICATE_REQUIRED": Text("the broker requires a certificate from this gate: set certificate and key"),
        "ALERT_UNKNOWN_CA": Text("the broker does not know the CA of this gate's certificate"),
        "ALERT_CERTIFICATE_EXPIRED": Text("this gate's certificate has expired: renew it"),
        "ALERT_CERTIFICATE_REVOKED": Text("this gate's certificate was revoked"),
        "ALERT_BAD_CERTIFICATE": Text("the broker does not accept this gate's certificate"),
        "ALERT_CERTIFICATE_UNKNOWN": Text("the broker does not accept this gate's certificate"),
        "ALERT_ACCESS_DENIED": Text("the broker does not accept this gate's certificate"),
        "ALERT_HANDSHAKE_FAILURE": Text(
            "the broker ended the TLS handshake: it requires a certificate from this gate, or other ciphers"
        ),
        "ALERT_PROTOCOL_VERSION": Text("the broker does not support TLS 1.2 or later"),
        "WRONG_VERSION_NUMBER": Text("that port does not use TLS: use mqtt:// or the broker's TLS port"),
        "UNEXPECTED_EOF": Text("the other side ended the connection during the TLS handshake: does the port use TLS?"),
    }
)


def alert_words(text: str) -> str | None:
    """What a TLS alert or error named in `text` means; None where it names none that is known."""
    folded = text.upper().replace(" ", "_")
    return next((meaning for name, meaning in _ALERT_WORDS.items() if name in folded), None)


def explain(error: Exception, address: BrokerAddress) -> str:
    """Why the connection could not be made, in words."""
    return joined([address.url, _cause(error, address)], ": ")


def _cause(error: Exception, address: BrokerAddress) -> str:
    match error:
        case TlsFilesError():
            return str(error)
        case UnicodeError():
            return Text("{host} cannot be a host name", host=repr(address.host))
        case ssl.SSLError():
            return _tls_cause(error)
        case OSError():
            return _network_cause(error, address)
        case _:
            return f"{type(error).__name__}: {error}"


def _tls_cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        told = Text("the broker's certificate is not valid: {verify_message}", verify_message=error.verify_message)
        return _VERIFY_WORDS.get(error.verify_code, told)
    return alert_words(str(error)) or Text("the TLS handshake failed: {reason}", reason=error.reason or error)


def _network_cause(error: OSError, address: BrokerAddress) -> str:
    match error:
        case socket.gaierror():
            return Text(
                "the name {host} cannot be resolved ({strerror}): check it and the DNS of this gate",
                host=address.host,
                strerror=error.strerror,
            )
        case ConnectionRefusedError():
            return Text("nothing listens at port {port}: is the broker running?", port=address.port)
        case ConnectionResetError():
            port = Text("port {port}", port=address.port)
            hint = (
                Text("does {port} use TLS?", port=port)
                if address.tls
                else Text("does {port} require TLS (mqtts://)?", port=port)
            )
            return Text("the other side ended the connection: {hint}", hint=hint)
        case TimeoutError():
            return Text("no answer in time: is the network up, and the port open in the firewall?")
        case _:
            return error.strerror or str(error)
