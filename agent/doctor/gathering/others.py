"""Asks the brokers and the lists."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from agent.doctor.facts import BrokerFacts, ListFacts, ListsFacts
from agent.link import reasons
from agent.link.guest import Guest, GuestError
from agent.link.messages import Outgoing
from agent.link.tls import TlsFiles
from agent.link.topics import Topics
from agent.service.parallel import at_once
from agent.settings import broker_address
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.link.brokers import BrokerAddress
    from agent.settings import Settings
    from agent.settings.model import Mqtt, Site
    from agent.store.registry import Registry

ANSWER_S: Final = 5.0
LIMIT_S: Final = 4 * ANSWER_S
MS_PER_S: Final = 1000.0
NO_ANSWER: Final = "no answer in time"


def brokers(settings: Settings, health: Callable[[], bytes]) -> tuple[BrokerFacts, ...]:
    """A visit to every broker that the settings name, all at once. `health`: what is published there, not retained."""
    central = settings.mqtt.brokers if settings.mqtt.enabled else ()
    visits: list[tuple[str, Callable[[], BrokerFacts], BrokerFacts]] = [
        *((url, _visit(settings, settings.mqtt, url, health), _late(url)) for url in central),
        *((url, _visit(settings, settings.site, url, None), _late(url)) for url in settings.site.brokers),
    ]
    return tuple(at_once(visits, LIMIT_S))


def lists(registry: Registry, settings: Settings, utc: float) -> ListsFacts:
    """The lists. `utc`: now, Unix seconds."""
    rules = settings.lists
    try:
        trust, standings = registry.trust(), registry.standings()
    except RegistryError as error:
        return ListsFacts(trouble=str(error))
    held = {standing.kind: standing for standing in standings}
    kinds = list(dict.fromkeys((*rules.require, *held)))
    return ListsFacts(
        trust_version=0 if trust is None else trust.version,
        trust_ends_s=None if trust is None else trust.expires_at - utc,
        lists=tuple(
            ListFacts(kind.value, one.version, one.rows, max(0.0, utc - one.issued_at), kind in rules.require)
            if (one := held.get(kind)) is not None
            else ListFacts(kind.value, 0, 0, None, required=True)
            for kind in kinds
        ),
        fresh_s=rules.fresh_s,
        known_only_s=rules.known_only_s,
    )


def _visit(
    settings: Settings, section: Mqtt | Site, url: str, health: Callable[[], bytes] | None
) -> Callable[[], BrokerFacts]:
    return lambda: _visited(settings.gate.id, section, broker_address(url), health)


def _visited(
    gate: str, section: Mqtt | Site, address: BrokerAddress, health: Callable[[], bytes] | None
) -> BrokerFacts:
    """Connect as the gate does, subscribe to what it reads, publish what it writes."""
    password = section.password
    guest = Guest(
        address,
        tls=TlsFiles(section.ca_file, section.certificate_file, section.key_file),
        user=section.username,
        password=None if password is None else password.get_secret_value(),
        timeout_s=ANSWER_S,
    )
    begun_at = time.monotonic()
    try:
        with guest:
            connect_ms = (time.monotonic() - begun_at) * MS_PER_S
            if health is None:
                return BrokerFacts(address.url, address.tls, connect_ms=connect_ms)
            gives = _subscribed(guest, Topics(gate).ack)
            takes, publish_ms = _published(guest, Topics(gate).health, health())
            return BrokerFacts(
                address.url, address.tls, connect_ms=connect_ms, publish_ms=publish_ms, takes=takes, gives=gives
            )
    except GuestError as error:
        return BrokerFacts(address.url, address.tls, trouble=str(error))


def _subscribed(guest: Guest, topic: str) -> str:
    try:
        guest.subscribe(topic)
    except GuestError as error:
        return str(error)
    return ""


def _published(guest: Guest, topic: str, payload: bytes) -> tuple[str, float | None]:
    begun_at = time.monotonic()
    try:
        receipt = guest.publish(Outgoing(topic, payload, content_type="application/json"))
    except GuestError as error:
        return str(error), None
    if receipt.code is None or reasons.refused(receipt.code):
        return receipt.words, None
    return "", (time.monotonic() - begun_at) * MS_PER_S


def _late(url: str) -> BrokerFacts:
    address = broker_address(url)
    return BrokerFacts(address.url, address.tls, trouble=NO_ANSWER)
