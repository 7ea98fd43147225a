"""The topic tree as a table: who publishes what, how, and for how long a broker keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from agent.core.commands import GROUP_COMMANDS
from agent.core.contract.schemas import EVENTS
from agent.core.model import CommandName

ROOT: Final = "gate/v1/{gate}"
GROUP_ROOT: Final = "gate/v1/group/{group}"
RESULT_EXPIRY_S: Final = 3600
STATUS_EXPIRY_S: Final = 90
HEALTH_EXPIRY_S: Final = 180

CLOUDEVENT: Final = "application/cloudevents+json"
JSON: Final = "application/json"
JOSE: Final = "application/jose"
JPEG: Final = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, or one kind of topic.

    `name`: in documents. `path`: below `root`. `by`: who publishes. `schema`: the name of its schema in
    agent.core.contract.schemas, None for a picture. `expiry_s`: of a usual message, None: none. `expiry`: the rule in
    words.
    """

    name: str
    path: str
    by: Literal["gate", "central"]
    summary: str
    schema: str | None
    content_type: str
    qos: int
    retain: bool
    expiry_s: int | None
    expiry: str
    user_properties: tuple[str, ...] = ()
    root: str = ROOT

    @property
    def address(self) -> str:
        """The whole topic, with its parameters in braces."""
        return f"{self.root}/{self.path}"


STATUS: Final = Channel(
    "status",
    "status",
    "gate",
    "The state of the gate: on every heartbeat, change and connect. Also the last will.",
    "status",
    JSON,
    1,
    retain=True,
    expiry_s=STATUS_EXPIRY_S,
    expiry="after 3 heartbeats; `offline` and `lost` stay",
)
BIRTH: Final = Channel(
    "birth",
    "birth",
    "gate",
    "What the gate is and can do: on every connect.",
    "birth",
    JSON,
    1,
    retain=True,
    expiry_s=None,
    expiry="never",
)
HEALTH: Final = Channel(
    "health",
    "health",
    "gate",
    "How well the gate works: every minute, and when a problem appears or ends.",
    "health",
    JSON,
    1,
    retain=True,
    expiry_s=HEALTH_EXPIRY_S,
    expiry="after 3 minutes",
)
ACK: Final = Channel(
    "ack",
    "ack",
    "central",
    "The watermark: after every stored batch, even if all of it was known.",
    "ack",
    JSON,
    1,
    retain=True,
    expiry_s=None,
    expiry="never",
)
EVIDENCE: Final = Channel(
    "evidence",
    "evidence/{sha256}",
    "gate",
    "A picture: on the command `send_evidence`, or automatically if the gate is configured so. Or a support bundle: on "
    "`send_bundle`, with the content type application/zip.",
    None,
    JPEG,
    1,
    retain=False,
    expiry_s=None,
    expiry="never",
    user_properties=("gate", "sha256"),
)


def event_channel(kind: str) -> Channel:
    """The channel of an event type."""
    return Channel(
        f"event.{kind}",
        f"event/{kind}",
        "gate",
        _first_sentence(EVENTS[kind].__doc__),
        f"event/{kind}",
        CLOUDEVENT,
        1,
        retain=False,
        expiry_s=None,
        expiry="never",
        user_properties=("id", "seq", "boot", "stream"),
    )


def command_channel(name: CommandName) -> Channel:
    """The channel of a command."""
    return Channel(
        f"command.{name}",
        f"cmd/{name}",
        "central",
        f"The command `{name}`: a compact JWS with the body as payload.",
        f"command/{name}",
        JOSE,
        1,
        retain=False,
        expiry_s=None,
        expiry="after `exp` - `iat` seconds",
    )


def group_command_channel(name: CommandName) -> Channel:
    """The channel of a command to a group of gates."""
    return Channel(
        f"group.command.{name}",
        f"cmd/{name}",
        "central",
        f"The command `{name}` to all gates of a group: a compact JWS with the body as payload.",
        f"command/group/{name}",
        JOSE,
        1,
        retain=False,
        expiry_s=None,
        expiry="after `exp` - `iat` seconds",
        root=GROUP_ROOT,
    )


def result_channel(name: CommandName) -> Channel:
    """The channel of a command's results."""
    return Channel(
        f"result.{name}",
        f"res/{name}",
        "gate",
        f"The result of the command `{name}`.",
        "result",
        JSON,
        1,
        retain=False,
        expiry_s=RESULT_EXPIRY_S,
        expiry="after 1 hour",
    )


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).split(". ", maxsplit=1)[0].rstrip(".") + "."


CHANNELS: Final = (
    *(event_channel(kind) for kind in EVENTS),
    STATUS,
    BIRTH,
    HEALTH,
    ACK,
    *(command_channel(name) for name in CommandName),
    *(group_command_channel(name) for name in CommandName if name in GROUP_COMMANDS),
    *(result_channel(name) for name in CommandName),
    EVIDENCE,
)
"""All of them."""
