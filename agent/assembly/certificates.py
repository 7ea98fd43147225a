"""The gate's certificates in the running agent: their renewal, and when each certificate, list and key expires."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agent.core.model import ExpiryKind
from agent.devices import PortState
from agent.enrolment import (
    CertificatePair,
    CertificateRenewal,
    Endpoint,
    EstClient,
    ExpiryFile,
    ExpiryTable,
)
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.clock import Clock
    from agent.core.permit.trust import TrustList
    from agent.mqtt import MqttClient
    from agent.settings import Settings
    from agent.store.registry import Registry


@dataclass(frozen=True, slots=True)
class ClientLink:
    """A client as the link that shows a pair."""

    client: MqttClient

    @property
    def attempts(self) -> int:
        """How many attempts to connect have begun since the agent started."""
        return self.client.attempts

    @property
    def stood(self) -> int:
        """Which of them led to the newest connection that stood; 0: none did."""
        return self.client.view.attempt

    @property
    def is_up(self) -> bool:
        """Whether a connection stands."""
        return self.client.view.state is PortState.UP

    def reconnect(self, cause: str) -> None:
        """End the connection of now, and go on to the next broker."""
        self.client.reconnect(cause)


def certificate_renewal(
    settings: Settings, clock: Clock, clients: Mapping[str, MqttClient | None]
) -> CertificateRenewal:
    """The renewal of the client certificates at central's broker and at the site's.

    `clients`: who shows them, by section; None: nobody does.
    """
    url = settings.enrolment.url
    pairs: dict[str, CertificatePair] = {}
    for name, section in (("mqtt", settings.mqtt), ("site", settings.site)):
        if section.certificate_file is None or section.key_file is None:
            continue
        pair = CertificatePair(section.certificate_file, section.key_file)
        if pair not in pairs.values():
            pairs[name] = pair
    client = None if url is None else EstClient(Endpoint.parse(url))
    links = {name: ClientLink(one) for name, one in clients.items() if one is not None}
    return CertificateRenewal(client, pairs, settings.enrolment.ca_file, clock.now, links)


def expiry_table(settings: Settings, registry: Registry, renewal: CertificateRenewal) -> ExpiryTable:
    """When all certificates, authorities and keys end that these settings and the trust list name."""
    return ExpiryTable(tuple(_files(settings)), partial(_trust, registry), renewal.troubles)


def _files(settings: Settings) -> Iterator[ExpiryFile]:
    renewed = settings.enrolment.url is not None
    for name, section in (("mqtt", settings.mqtt), ("site", settings.site)):
        if section.certificate_file is not None:
            yield ExpiryFile(ExpiryKind.CERTIFICATE, name, section.certificate_file, own=True, renewed=renewed)
        if section.ca_file is not None:
            yield ExpiryFile(ExpiryKind.AUTHORITY, name, section.ca_file, own=False)
    if settings.enrolment.ca_file is not None:
        yield ExpiryFile(ExpiryKind.AUTHORITY, "enrolment", settings.enrolment.ca_file, own=False)
    if settings.console.enabled and settings.console.certificate_file is not None:
        yield ExpiryFile(ExpiryKind.CERTIFICATE, "console", settings.console.certificate_file, own=True)


def _trust(registry: Registry) -> TrustList | None:
    try:
        return registry.trust()
    except RegistryError:  # the doctor and the lists report it
        return None
