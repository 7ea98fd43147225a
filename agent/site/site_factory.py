"""The gate among the others of its site, put together from the settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles
from agent.core.crypto import Algorithm, PublicKey, kid_of
from agent.core.site import Membership, PartitionPolicy
from agent.settings import broker_address
from agent.site.claimant import SiteRules
from agent.site.link import SiteLink, site_settings
from agent.site.service import SiteService
from agent.site.standalone import StandaloneSite
from agent.store.errors import JournalFullError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.crypto import SigningKey
    from agent.mqtt import BrokerLinkView
    from agent.settings import Settings
    from agent.site.own_state_at_peers import OwnState
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

LEAST_GATES = 2
UNKNOWN_KEY: Final = "key_unknown_at_site"
"""The name by which the journal keeps the id of a key that the gate came by in a loss, until the site names it."""


class WrongGateKeyError(ValueError):
    """The key of this gate is not the one that the settings of the site name."""


def site_service(
    settings: Settings,
    key: SigningKey,
    journal: Journal,
    observe: Callable[[BrokerLinkView], None],
    trust: OwnState,
    *,
    new_key: bool,
) -> SiteService | StandaloneSite:
    """The site service of this gate; the standalone one where the site has no other. Starts nothing.

    `observe` hears how the link to the broker of the site is; it must not block. `trust`: the trust state of this gate.
    `new_key`: the gate signs by a key of which its journal knows nothing. Such a gate does not speak with the others
    until the settings name that key: they would believe nothing that it says. May raise JournalError.

    Raises:
        WrongGateKeyError: the settings name another key than the one that the gate had all along.
    """
    site = settings.site
    if len(site.gates) < LEAST_GATES:
        return StandaloneSite(journal)
    gates = {gate.id: PublicKey(Algorithm.ED25519, bytes.fromhex(gate.public_key)) for gate in site.gates}
    apart = _why_apart(settings.gate.id, gates[settings.gate.id], key.public, journal, new_key=new_key)
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
    return SiteService(membership, key, journal, journal.site, link, rules, trust=trust, apart=apart)


def _why_apart(gate: str, named: PublicKey, own: PublicKey, journal: Journal, *, new_key: bool) -> str:
    """Why this gate may not speak with the others, in words; "" where it may. Raises WrongGateKeyError."""
    known, now = journal.kept(UNKNOWN_KEY) or "", kid_of(own)
    if named == own:
        if known:
            _keep(journal, "")
        return ""
    if not new_key and known != now:
        raise WrongGateKeyError(
            f"[[site.gates]] names {named.raw.hex()} as the key of {gate}, but this gate's is {own.raw.hex()}: put it "
            "into the configuration of every gate of the site"
        )
    _keep(journal, now)
    return Text(
        "the other gates of the site do not know this gate's new key: put {key} into site.gates at every gate",
        key=own.raw.hex(),
    )


def _keep(journal: Journal, kid: str) -> None:
    try:
        journal.keep(UNKNOWN_KEY, kid)
    except JournalFullError as error:
        log.error("cannot record that the site does not know this gate's key: %s", error)  # noqa: TRY400 - no bug
