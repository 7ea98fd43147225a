# ruff: noqa: INP001 - a script by itself
"""Writes the definitions of a cluster for gates: users, what they may do, and the queue of the events.

    python3 definitions.py --site 9411 gate-1 gate-2 ... >definitions.json    (or: --file gates.txt)
    rabbitmqctl import_definitions definitions.json

To be imported when all three nodes stand: a quorum queue gets its members from the nodes that are there when it is
made. More gates, at any time: with --add, which leaves out all but these gates; an import writes what it names anew.
Needs nothing but Python 3.

`--site` is the number of the site of all gates that are named: of its lists they may read, and of no other's. Gates of
several sites: one call a site, all but the first with --add.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

Definitions = dict[str, list[dict[str, object]]]

VHOST = "/"
QUEUE = "events"
CENTRAL = "central"
QUEUE_BYTES = 20_000_000_000
QUORUM = 3
MQTT_QUEUE = "mqtt-(subscription|will)-"
# One level of a topic. RabbitMQ translates between the dots of AMQP and the slashes of MQTT: no dots here.
# The queues of a session are named after its client id, and end in qos0 or qos1; those of central begin with its name.
GATE_ID = re.compile(rf"(?!{CENTRAL})(?!group$)(?!.*qos[01]$)[A-Za-z0-9][A-Za-z0-9_-]{{0,63}}")

# Topics as AMQP routing keys; {username} is put in by RabbitMQ. A gate writes below its own name and nowhere else.
GATE_WRITES = r"^gate\.v1\.{username}\.(event\..+|status|birth|health|res\..+|evidence\..+)$"
# Its own status as well: what it said of itself before a restart, so that it does not know less now. Commands to groups
# of gates: which are its own stands in its configuration, and each names its group under the signature.
GATE_READS = r"^gate\.v1\.{username}\.(ack|status|cmd\.(#|.+))$|^gate\.v1\.group\.[^.]+\.cmd\.(#|.+)$"
# The lists of its site: all of them are read, and only what it lacks is said.
SITE_WRITES = r"|^site\.v1\.{site}\.lists\.[a-z]+\.want$"
SITE_READS = r"|^site\.v1\.{site}\.lists\.(#|.+)$"
CENTRAL_WRITES = r"^gate\.v1\.([^.]+\.(ack|cmd\..+)|group\.[^.]+\.cmd\..+)$|^site\.v1\.[0-9]+\.lists\..+$"
CENTRAL_READS = (
    r"^gate\.v1\.[^.]+\.(event|res|evidence)\.(#|.+)$|^gate\.v1\.[^.]+\.(status|birth|health)$"
    r"|^site\.v1\.[0-9]+\.lists\.(#|.+)$"
)


def user(name: str) -> dict[str, object]:
    """A user without a password: only a certificate with this CN lets it in."""
    return {"name": name, "password_hash": "", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []}


def permission(name: str, *, configure: str, write: str, read: str) -> dict[str, object]:
    """What a user may do with queues and exchanges, as regular expressions."""
    return {"user": name, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def gate_permission(gate: str) -> dict[str, object]:
    """A gate makes its own MQTT queues, and those of its doctor.

    It publishes to and subscribes at the exchange of MQTT. A last will with a delay waits in a queue of its own, into
    which RabbitMQ puts it by way of amq.default, in the gate's name. By AMQP the same right reaches every queue, so
    rabbitmq.conf lets nobody in by AMQP without a password.
    """
    own = rf"{MQTT_QUEUE}{re.escape(gate)}(\.doctor)?(qos[01])?"
    access = rf"amq\.topic|{own}"
    return permission(gate, configure=f"^{own}$", write=rf"^({access}|amq\.default)$", read=f"^({access})$")


def central_permission() -> dict[str, object]:
    """Central reads the queue of the events, and what gates say of themselves; it publishes watermarks and commands."""
    own = rf"{MQTT_QUEUE}{CENTRAL}.*|amq\.gen-.*"
    access = rf"^(amq\.topic|{QUEUE}|{own})$"
    return permission(CENTRAL, configure=rf"^({own})$", write=access, read=access)


def topic_permission(name: str, *, write: str, read: str) -> dict[str, object]:
    """Which topics a user may publish to and subscribe to."""
    return {"user": name, "vhost": VHOST, "exchange": "amq.topic", "write": write, "read": read}


def gate_topics(gate: str, site: int | None) -> dict[str, object]:
    """A gate's own topics, and the lists of its site."""
    write, read = (GATE_WRITES, GATE_READS)
    if site is not None:
        write += SITE_WRITES.replace("{site}", str(site))
        read += SITE_READS.replace("{site}", str(site))
    return topic_permission(gate, write=write, read=read)


def definitions(gates: list[str], *, site: int | None = None, add: bool = False) -> Definitions:
    """All that the cluster must know; `add`: of these gates alone.

    Raises ValueError for a gate id that cannot be one here. `site`: the number of the gates' site; without, they may
    read no lists.
    """
    for gate in gates:
        if not GATE_ID.fullmatch(gate):
            message = (
                f"{gate!r} cannot be a gate id at RabbitMQ: 1 to 64 of A-Z a-z 0-9 _ -, no dots, not 'group', not "
                f"beginning with {CENTRAL!r} and not ending in 'qos0' or 'qos1'"
            )
            raise ValueError(message)
    made: Definitions = {
        "users": [user(name) for name in gates],
        "permissions": [gate_permission(gate) for gate in gates],
        "topic_permissions": [gate_topics(gate, site) for gate in gates],
    }
    return made if add else merged(made, whole())


def whole() -> Definitions:
    """What is there once: central, the queue of the events and how they come into it."""
    queue = {
        "name": QUEUE,
        "vhost": VHOST,
        "durable": True,
        "auto_delete": False,
        "arguments": {
            "x-queue-type": "quorum",
            "x-quorum-initial-group-size": QUORUM,
            # A full queue refuses, and the gate keeps the event; the default would drop the oldest without a word.
            "x-overflow": "reject-publish",
            "x-max-length-bytes": QUEUE_BYTES,
            # The default of 20 would throw away an event that a struggling consumer gave back 20 times.
            "x-delivery-limit": -1,
        },
    }
    binding = {
        "source": "amq.topic",
        "vhost": VHOST,
        "destination": QUEUE,
        "destination_type": "queue",
        "routing_key": "gate.v1.*.event.#",
        "arguments": {},
    }
    return {
        "vhosts": [{"name": VHOST}],
        "users": [user(CENTRAL)],
        "permissions": [central_permission()],
        "topic_permissions": [topic_permission(CENTRAL, write=CENTRAL_WRITES, read=CENTRAL_READS)],
        "queues": [queue],
        "bindings": [binding],
    }


def merged(*parts: Definitions) -> Definitions:
    """The lists of all parts, one after the other."""
    return {name: [one for part in parts for one in part.get(name, [])] for part in parts for name in part}


def main() -> int:
    """Print the definitions for the gates of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gates", nargs="*", metavar="GATE", help="id of a gate: the CN of its certificate")
    parser.add_argument("--file", type=Path, help="a file with one gate id a line")
    parser.add_argument("--site", type=int, help="number of the gates' site, whose lists they may read")
    parser.add_argument("--add", action="store_true", help="these gates alone: the rest is there already")
    arguments = parser.parse_args()
    listed = arguments.file.read_text(encoding="utf-8").split() if arguments.file else []
    try:
        made = definitions([*arguments.gates, *listed], site=arguments.site, add=arguments.add)
    except ValueError as error:
        sys.stderr.write(f"definitions.py: {error}\n")
        return 2
    sys.stdout.write(json.dumps(made, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
