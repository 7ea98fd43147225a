"""The webhook: one signed POST over HTTPS a message, as https://www.standardwebhooks.com has it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.core.notices import WebhookAddress, webhook_key, webhook_signature
from agent.enrolment import Endpoint, ExchangeError, exchange
from agent.notifications.delivery import DeliveryError
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from agent.enrolment import Answer
    from agent.notifications.delivery import Rendered

GONE: Final = 410
_OK: Final = range(200, 300)
_REDIRECTED: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """Who gets the messages. `secret`: whsec_ and base64. `ca_file`: None for the system's list."""

    url: str
    secret: str = field(repr=False)
    ca_file: Path | None = None
    timeout_s: float = 15.0


class WebhookChannel:
    """Posts messages to one address. A redirect is never followed: it would lead to where nobody allowed."""

    name: Final = "webhook"

    def __init__(self, receiver: WebhookReceiver) -> None:
        """Raises ValueError where the address or the secret is none."""
        self._receiver = receiver
        self._address = WebhookAddress.parse(receiver.url)
        self._key = webhook_key(receiver.secret)

    @property
    def place(self) -> str:
        """The host alone: the path of some receivers is a secret."""
        return self._address.host

    def send(self, message: Rendered, utc: float) -> None:
        """Post it. Raises DeliveryError unless the receiver says that it has it."""
        body = json.dumps(message.data, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(utc)
        headers = [
            ("Content-Type", "application/json"),
            ("User-Agent", "gate-agent"),
            ("Idempotency-Key", f'"{message.id}"'),
            ("webhook-id", message.id),
            ("webhook-timestamp", str(timestamp)),
            ("webhook-signature", webhook_signature(self._key, message.id, timestamp, body)),
        ]
        endpoint = Endpoint(self._address.host, self._address.port)
        try:
            # Made for each: the file may have been exchanged.
            context = make_context(TlsFiles(self._receiver.ca_file))
            answer = exchange(
                endpoint,
                context,
                "POST",
                self._address.target,
                headers=headers,
                body=body,
                timeout_s=self._receiver.timeout_s,
            )
        except (ExchangeError, TlsFilesError) as error:
            raise DeliveryError(Text.of(str(error))) from error
        _judge(answer)


def _judge(answer: Answer) -> None:
    if answer.status in _OK:
        return
    if answer.status in _REDIRECTED:
        raise DeliveryError(
            Text(
                "the receiver answers {status}, which names another address: enter that address in webhook.url",
                status=answer.status,
            )
        )
    if answer.status == GONE:
        raise DeliveryError(Text("the receiver answers 410: it no longer takes messages"), for_good=True)
    said = Text("the receiver answers {status}", status=answer.status)
    raise DeliveryError(said, after_s=_after_s(answer.headers.get("retry-after", "")))


def _after_s(value: str) -> float:
    """Seconds of a Retry-After header; 0 for a date and for all else."""
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= len("999999") else 0.0
