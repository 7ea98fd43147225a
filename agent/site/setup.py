"""The gate among the others of its site, put together from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.broker import TlsFiles
from agent.core.crypto import Algorithm, PublicKey
from agent.core.site import Membership, PartitionPolicy
from agent.settings import broker_address
from agent.site.claimant import SiteRules
from agent.site.link import SiteLink, site_settings
from agent.site.service import SiteService
from agent.site.standalone import StandaloneSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.crypto import SigningKey
    from agent.mqtt import LinkView
    from agent.settings import Settings
    from agent.site.own_state import OwnState
    from agent.store.journal import Journal

LEAST_GATES = 2


class WrongGateKeyError(ValueError):
    """The key of this gate is not the one that the settings of the site name."""


def site_service(
    settings: Settings, key: SigningKey, journal: Journal, observe: Callable[[LinkView], None], trust: OwnState
) -> SiteService | StandaloneSite:
    """The site service of this gate; the standalone one where the site has no other. Starts nothing.

    `observe` hears how the link to the broker of the site is; it must not block. `trust`: the trust state of this gate.

    Raises:
        WrongGateKeyError: the other gates would believe nothing that this one says.
    """
    site = settings.site
    if len(site.gates) < LEAST_GATES:
        return StandaloneSite(journal)
    gates = {gate.id: PublicKey(Algorithm.ED25519, bytes.fromhex(gate.public_key)) for gate in site.gates}
    if gates[settings.gate.id] != key.public:
        raise WrongGateKeyError(
            f"[[site.gates]] names {gates[settings.gate.id].raw.hex()} as the key of {settings.gate.id}, but this "
            "gate's is"
            f" {key.public.raw.hex()}: put it into the configuration of every gate of the site"
        )
    membership = Membership(settings.gate.site, settings.gate.id, gates)
    link = SiteLink(
        site_settings(
            settings.gate.id,
            tuple(broker_address(url) for url in site.brokers),
            TlsFiles(site.ca_file, site.certificate_file, site.key_file),
            site.username,
            None if site.password is None else site.password.get_secret_value(),
        ),
        settings.gate.site,
        membership.peers,
        observe,
    )
    rules = SiteRules(PartitionPolicy(site.partition_policy), site.claim_timeout_s)
    return SiteService(membership, key, journal, journal.site, link, rules, trust=trust)
