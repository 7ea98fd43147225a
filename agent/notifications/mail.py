"""Mail: one message to all recipients by the mail server of the site, bounded in time whatever the server does."""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from typing_extensions import override

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.core.model.printable import printable
from agent.notifications.delivery import DeliveryError
from drivers.text import Text, reason

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from agent.notifications.delivery import Rendered

Security = Literal["starttls", "tls", "none"]
_LINE_BYTES: Final = 8193
_CHUNK: Final = 4096
_SAID: Final = 160


@dataclass(frozen=True, slots=True)
class MailServer:
    """By whom mail is sent, from whom and to whom. `ca_file`: None for the system's list."""

    host: str
    port: int
    security: Security
    sender: str
    recipients: Sequence[str]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 20.0


class MailChannel:
    """Sends messages by one server, on a connection of its own for each."""

    name: Final = "mail"

    def __init__(self, server: MailServer) -> None:
        self._server = server

    @property
    def place(self) -> str:
        """Server and port."""
        return f"{self._server.host}:{self._server.port}"

    def send(self, message: Rendered, utc: float) -> None:
        """Send it. Raises DeliveryError where the server did not take it for everybody."""
        del utc  # The message says when it was made.
        try:
            refused = self._sent(_mail(message, self._server))
        except TlsFilesError as error:
            raise DeliveryError(Text.of(str(error))) from error
        except (smtplib.SMTPException, TimeoutError) as error:
            # smtplib tells a read that took too long as a connection that ended.
            late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
            raise DeliveryError(_late(self._server) if late else _words(error)) from error
        except ssl.SSLCertVerificationError as error:
            said = Text("the certificate of the mail server is not valid: {why}", why=error.verify_message)
            raise DeliveryError(said) from error
        except ssl.SSLError as error:
            said = Text("the TLS handshake with the mail server failed: {why}", why=error.reason or "-")
            raise DeliveryError(said) from error
        except (OSError, UnicodeError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise DeliveryError(Text("the mail server cannot be reached: {why}", why=why)) from error
        if refused:
            raise DeliveryError(
                Text("the mail server does not accept mail for {recipients}", recipients=", ".join(sorted(refused))),
                for_good=True,
            )

    def _sent(self, mail: EmailMessage) -> dict[str, Any]:
        server = self._server
        context = None if server.security == "none" else make_context(TlsFiles(server.ca_file))
        with _Client(server, context if server.security == "tls" else None) as client:
            if server.security == "starttls":
                client.starttls(context=context)
            if server.username is not None:
                client.login(server.username, server.password or "")
            return client.send_message(mail, server.sender, list(server.recipients))


class _Client(smtplib.SMTP):
    """An SMTP client whose whole session ends in time, also where a server sends a byte every second."""

    def __init__(self, server: MailServer, context: ssl.SSLContext | None) -> None:
        self._deadline = time.monotonic() + server.timeout_s
        self._context = context
        super().__init__(server.host, server.port, local_hostname="localhost", timeout=server.timeout_s)

    @override
    def __exit__(self, *args: object) -> None:
        # The goodbye decides nothing: the mail was taken, or it was not.
        with suppress(smtplib.SMTPException, OSError):
            self.docmd("QUIT")
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        if self._context is None:
            return plain
        plain.settimeout(self._left_s())
        return self._context.wrap_socket(plain, server_hostname=host)

    @override
    def send(self, s: Buffer | str) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._left_s())
        super().send(s)

    @override
    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock, self._left_s)
        return super().getreply()

    def _left_s(self) -> float:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Lines:
    """The lines of a connection, within the time that is left."""

    def __init__(self, sock: socket.socket, left_s: Callable[[], float]) -> None:
        self._sock = sock
        self._left_s = left_s
        self._held = b""

    def readline(self, most: int = _LINE_BYTES) -> bytes:
        """The next line, b"" at the end. Raises TimeoutError and OSError."""
        while b"\n" not in self._held and len(self._held) < most:
            self._sock.settimeout(self._left_s())
            more = self._sock.recv(_CHUNK)
            if not more:
                break
            self._held += more
        end = self._held.find(b"\n") + 1 or len(self._held)
        line, self._held = self._held[: min(end, most)], self._held[min(end, most) :]
        return line

    def close(self) -> None:
        """Nothing is held open here."""


def _mail(message: Rendered, server: MailServer) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = printable(message.subject)
    mail["From"] = server.sender
    mail["To"] = ", ".join(server.recipients)
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.utc, UTC))
    mail["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="base64")
    return mail


def _late(server: MailServer) -> Text:
    return Text("the mail server did not finish within {timeout_s} s", timeout_s=f"{server.timeout_s:g}")


def _words(error: Exception) -> Text:
    match error:
        case smtplib.SMTPAuthenticationError():
            return Text(
                "the mail server does not accept mail.username and mail.password ({code})", code=error.smtp_code
            )
        case smtplib.SMTPRecipientsRefused():
            return Text(
                "the mail server does not accept mail for {recipients}", recipients=", ".join(sorted(error.recipients))
            )
        case smtplib.SMTPNotSupportedError():
            return Text("the mail server does not offer what mail.security or mail.username asks for")
        case smtplib.SMTPServerDisconnected():
            return Text("the mail server ended the connection")
        case smtplib.SMTPResponseException() if error.smtp_code > 0:
            raw = error.smtp_error
            said = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
            return Text("the mail server answers {code}: {said}", code=error.smtp_code, said=printable(said)[:_SAID])
        case _:
            return Text("the mail server answers something that is not SMTP")
