"""The gate's certificates in the running agent: their renewal, and when everything ends that the gate goes by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.core.model import ExpiryKind
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
    from collections.abc import Iterator

    from agent.clock import Clock
    from agent.core.permit.trust import TrustList
    from agent.settings import Settings
    from agent.store.registry import Registry


def certificate_renewal(settings: Settings, clock: Clock) -> CertificateRenewal:
    """The renewal of the client certificates at central's broker and at the site's."""
    url = settings.enrolment.url
    pairs: dict[str, CertificatePair] = {}
    for name, section in (("mqtt", settings.mqtt), ("site", settings.site)):
        if section.certificate_file is None or section.key_file is None:
            continue
        pair = CertificatePair(section.certificate_file, section.key_file)
        if pair not in pairs.values():
            pairs[name] = pair
    client = None if url is None else EstClient(Endpoint.parse(url))
    return CertificateRenewal(client, pairs, settings.enrolment.ca_file, clock.now)


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
