"""Several gates at one broker that belong to groups, and central's end of commands to those."""

import json
import uuid
from contextlib import ExitStack, contextmanager

from agent.broker import GroupTopics
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from tests.support.mqtt.command_site import LIFE_S, CommandSite
from tests.support.mqtt.commanding import body
from tests.support.mqtt.linking import local
from tests.support.waiting import PATIENCE_S, eventually


def group_body(group, utc, counter, name="rebirth", **changes):
    """A body that is right at this moment for the gates of a group."""
    fields = body(name, counter=counter, iat=int(utc), exp=int(utc) + LIFE_S)
    for of_one_gate in ("gate", "challenge", "lane"):
        fields.pop(of_one_gate, None)
    return fields | {"group": group} | changes


@contextmanager
def gates_of_groups(port, folder, groups, **options):
    """Running gates by their ids. `groups`: what each belongs to."""
    with ExitStack() as stack:
        made = {}
        for gate, own in groups.items():
            site = CommandSite(port, folder / f"{gate}.db", gate=gate, groups=own, **options)
            made[gate] = stack.enter_context(site.running())
        yield made


class GroupSender:
    """Publishes commands to groups, and hears what every gate answers."""

    def __init__(self, port):
        self._client = OneShotClient(local(port), timeout_s=PATIENCE_S)
        self.answers = []

    def __enter__(self):
        self._client.__enter__()
        self._client.subscribe("gate/v1/+/res/#")
        return self

    def __exit__(self, *_):
        self._client.__exit__()

    def publish(self, topic_or_group, payload, name="rebirth", **options):
        topic = topic_or_group if "/" in topic_or_group else GroupTopics(topic_or_group).command(name)
        options.setdefault("correlation", uuid.uuid4().bytes)
        self._client.publish(Outgoing(topic, payload, **options))
        return options["correlation"]

    def send(self, group, payload, count, name="rebirth"):
        """Send it and return the answers of so many gates, by their ids."""
        correlation = self.publish(group, payload, name)
        return eventually(lambda: self._heard(correlation, count), what="the answers")

    def _heard(self, correlation, count):
        self.answers += list(self._client.messages(0.05))
        found = {
            message.topic.split("/")[2]: json.loads(message.payload)
            for message in self.answers
            if message.correlation == correlation
        }
        return found if len(found) >= count else None
