"""The kinds of signed texts, identified by the `typ` of the protected header (RFC 7515 section 4.1.9)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class JwsType(StrEnum):
    """What a signed text is: the media type without `application/`, as RFC 8725 section 3.11 asks of explicit typing.

    Who signs one and opens one says which it is, so that no text stands for one of another kind, by whatever key. What
    is signed as COSE (`GP1:` permits, the trust list, lists) has a context of its own instead (external_aad).
    """

    PERMIT = "gate-permit+jwt"
    COMMAND = "gate-command+jwt"
    GROUP_COMMAND = "gate-group-command+jwt"
    CHECKPOINT = "gate-checkpoint+jwt"
    EXPORT = "gate-export+jwt"
    SITE_MESSAGE = "gate-site-message+jwt"
    ACKNOWLEDGEMENT = "gate-acknowledgement+jwt"
    HEAD = "gate-head+jwt"
    ANCHORS = "gate-anchors+jwt"
    FLEET = "gate-fleet+jwt"


ISSUED_UNTYPED: Final = frozenset({JwsType.CHECKPOINT, JwsType.EXPORT})
"""The kinds that are also opened without a `typ`, never with another one.

Agents before the types recorded checkpoints and exported files; those lie in journals, at central and with auditors,
and must be provable for as long as they are kept. Nothing else is taken for one: who opens such a text demands exactly
the fields of its kind (agent.core.events.checkpoint), and no other kind that a gate's key ever signed has them. Permits
always had their type. Commands and messages between gates live for minutes: only the very bytes of a command that was
obeyed before are still known without one, to be answered as they were (agent.core.commands.check).
"""
