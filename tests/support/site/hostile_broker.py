"""A hostile broker between gates, made of real ones: each gate is at a mosquitto of its own, and what goes from one to
another is carried by hand, or is not.
"""

import threading
from contextlib import ExitStack

from agent.broker.addresses import BrokerAddress
from agent.core.site.messages import EVERYBODY
from agent.devices.port_supervisor import PortState
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.site.link import SiteLink, SiteTopics, site_settings
from tests.support.mqtt.mosquitto import Broker
from tests.support.site.sites import SITE, Hub, SiteGate, membership_of, said_in
from tests.support.waiting import PATIENCE_S, eventually

QUIET_S = 0.1
TOPICS = SiteTopics(SITE)


class HostileBroker(Hub):
    """A hub whose gates are connected by MQTT. To be entered before gates join; `gates`: their names."""

    def __init__(self, folder, gates):
        super().__init__()
        self._names = gates
        self._brokers = {gate: Broker(folder, "persistence false") for gate in gates}
        self._carriers = {}
        self._stack = ExitStack()
        self._ending = threading.Event()
        self._threads = []

    def __enter__(self):
        with self._stack as entering:
            for gate, broker in self._brokers.items():
                entering.enter_context(broker)
                address = BrokerAddress("127.0.0.1", broker.port, tls=False)
                carrier = entering.enter_context(OneShotClient(address, timeout_s=PATIENCE_S))
                carrier.subscribe(f"site/v1/{SITE}/#")
                self._carriers[gate] = carrier
            self._stack = entering.pop_all()
        for gate in self._names:
            self._threads.append(threading.Thread(target=self._carry, args=(gate,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._stack.close()

    def gate(self, folder, name, **options):
        """A gate that is connected to its broker."""
        address = BrokerAddress("127.0.0.1", self._brokers[name].port, tls=False)
        link = SiteLink(site_settings(name, (address,)), SITE, membership_of(name, self._names).peers)
        gate = SiteGate(self, folder, name, gates=self._names, link=link, **options)
        eventually(lambda: link.view.state is PortState.UP, what=f"{name} connected")
        return gate

    def _carry(self, gate):
        while not self._ending.is_set():
            for message in self._carriers[gate].messages(QUIET_S):
                to = said_in(message.payload)["to"]
                self.post(gate, self._names if to == EVERYBODY else [to], message.payload)

    def hand_over(self, sender, receivers, text):
        said = said_in(text)
        for gate in receivers:
            if gate not in {sender, said["gate"]}:
                topic = TOPICS.rows(said["gate"]) if said["to"] == EVERYBODY else TOPICS.to(gate)
                self._carriers[gate].publish(Outgoing(topic, text))
