"""Asks the brokers and the lists."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles, Topics
from agent.core.permit.trust import KeyStatus
from agent.devices import PortState
from agent.doctor.facts import BrokerFacts, IssuerKeyFacts, ListFacts, ListsFacts
from agent.enrolment import MOST_KEYS
from agent.mqtt import OneShotClient, OneShotClientError, Outgoing, reason_codes
from agent.service.parallel import at_once
from agent.settings import broker_address
from agent.store.errors import RegistryError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.broker import BrokerAddress
    from agent.core.permit.trust import TrustList
    from agent.mqtt import BrokerLinkView, MqttClient, Receipt
    from agent.settings import Mqtt, Settings, Site
    from agent.store.registry import Registry

ANSWER_S: Final = 5.0
LIMIT_S: Final = 4 * ANSWER_S
MS_PER_S: Final = 1000.0
NO_ANSWER: Final = Text("no answer in time")
CLIENT_SUFFIX: Final = ".doctor"
_FULL_PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Links:
    """The connections of the running agent, None for one that it does not have."""

    central: MqttClient | None = None
    site: BrokerLinkView | None = None


NO_LINKS: Final = Links()


def brokers(settings: Settings, health: Callable[[], bytes], links: Links = NO_LINKS) -> tuple[BrokerFacts, ...]:
    """How every broker does that the settings name, all at once. `health`: what is published there, not retained.

    Where the agent is connected, its own connection is used: a broker may end it when another comes with its
    certificate.
    """
    gate, mqtt, site = settings.gate.id, settings.mqtt, settings.site
    visits: list[tuple[str, Callable[[], BrokerFacts], BrokerFacts]] = []
    for address in map(broker_address, mqtt.brokers if mqtt.enabled else ()):
        if links.central is not None and _is_up_at(links.central.view, address):
            look = partial(_measured, links.central, address, Topics(gate).health, health)
        else:
            look = partial(_visited, gate, mqtt, address, health)
        visits.append((address.url, look, _late(address)))
    for address in map(broker_address, site.brokers):
        if links.site is not None and _is_up_at(links.site, address):
            look = partial(_known, links.site, address)
        else:
            look = partial(_visited, gate, site, address, None)
        visits.append((address.url, look, _late(address)))
    return tuple(at_once(visits, LIMIT_S))


def lists_facts(registry: Registry, settings: Settings, utc: float) -> ListsFacts:
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
        trust_ends=None if trust is None else datetime.fromtimestamp(trust.expires_at, UTC),
        keys=() if trust is None else tuple(_keys(trust)),
        lists=tuple(
            ListFacts(kind.value, one.version, one.rows, max(0.0, utc - one.issued_at), kind in rules.require)
            if (one := held.get(kind)) is not None
            else ListFacts(kind.value, 0, 0, None, required=True)
            for kind in kinds
        ),
        fresh_s=rules.fresh_s,
        known_only_s=rules.known_only_s,
    )


def _keys(trust: TrustList) -> Iterator[IssuerKeyFacts]:
    """The keys that may be used, those that end first."""
    held = [one for one in trust.entries if one.status is KeyStatus.ACTIVE]
    for one in sorted(held, key=lambda entry: entry.not_after)[:MOST_KEYS]:
        yield IssuerKeyFacts(one.key_id.hex(), one.issuer, datetime.fromtimestamp(one.not_after, UTC))


def _is_up_at(view: BrokerLinkView, address: BrokerAddress) -> bool:
    return view.state is PortState.UP and view.url == address.url


def _known(view: BrokerLinkView, address: BrokerAddress) -> BrokerFacts:
    """Of a broker that the agent is connected to.

    `detail` of the view: what the broker refuses of its subscriptions.
    """
    return BrokerFacts(address.url, address.tls, gives=view.detail)


def _measured(link: MqttClient, address: BrokerAddress, topic: str, health: Callable[[], bytes]) -> BrokerFacts:
    """The same, and how long it takes to answer what is published."""
    facts, message = _known(link.view, address), Outgoing(topic, health(), content_type="application/json")
    receipts: queue.SimpleQueue[Receipt] = queue.SimpleQueue()
    pause, begun_at = threading.Event(), time.monotonic()
    while not link.publish(message, receipts.put):
        if time.monotonic() - begun_at > ANSWER_S:
            return replace(facts, takes=NO_ANSWER)
        pause.wait(_FULL_PAUSE_S)
    try:
        receipt = receipts.get(timeout=ANSWER_S)
    except queue.Empty:
        return replace(facts, takes=NO_ANSWER)
    if receipt.code is None or reason_codes.refused(receipt.code):
        return replace(facts, takes=receipt.words)
    return replace(facts, publish_ms=(time.monotonic() - begun_at) * MS_PER_S)


def _visited(
    gate: str, section: Mqtt | Site, address: BrokerAddress, health: Callable[[], bytes] | None
) -> BrokerFacts:
    """Connect as the gate does, subscribe to what it reads, publish what it writes."""
    password = section.password
    client = OneShotClient(
        address,
        tls=TlsFiles(section.ca_file, section.certificate_file, section.key_file),
        user=section.username,
        password=None if password is None else password.get_secret_value(),
        client_id=f"{gate}{CLIENT_SUFFIX}",
        timeout_s=ANSWER_S,
    )
    begun_at = time.monotonic()
    try:
        with client:
            connect_ms = (time.monotonic() - begun_at) * MS_PER_S
            if health is None:
                return BrokerFacts(address.url, address.tls, connect_ms=connect_ms)
            gives = _subscribed(client, Topics(gate).ack)
            takes, publish_ms = _published(client, Topics(gate).health, health())
            return BrokerFacts(
                address.url, address.tls, connect_ms=connect_ms, publish_ms=publish_ms, takes=takes, gives=gives
            )
    except OneShotClientError as error:
        return BrokerFacts(address.url, address.tls, trouble=str(error))


def _subscribed(client: OneShotClient, topic: str) -> str:
    try:
        client.subscribe(topic)
    except OneShotClientError as error:
        return str(error)
    return ""


def _published(client: OneShotClient, topic: str, payload: bytes) -> tuple[str, float | None]:
    begun_at = time.monotonic()
    try:
        receipt = client.publish(Outgoing(topic, payload, content_type="application/json"))
    except OneShotClientError as error:
        return str(error), None
    if receipt.code is None or reason_codes.refused(receipt.code):
        return receipt.words, None
    return "", (time.monotonic() - begun_at) * MS_PER_S


def _late(address: BrokerAddress) -> BrokerFacts:
    return BrokerFacts(address.url, address.tls, trouble=NO_ANSWER)
