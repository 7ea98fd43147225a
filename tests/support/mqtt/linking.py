"""A gate's link put together for tests, over a real journal."""

from contextlib import contextmanager
from itertools import groupby

from agent.broker.addresses import BrokerAddress
from agent.core.events.chain import ClockReading
from agent.core.events.event_types import Draft, GateStopping
from agent.devices.port_supervisor import PortState
from agent.mqtt.central_link import CentralLink
from agent.mqtt.client_settings import ClientSettings
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.presence import GateIdentity
from agent.store.journal.journal import Journal
from tests.support.waiting import PATIENCE_S, scaled

GATE = "khorgos-03"
UTC = 1_800_000_000.0


def clock():
    return ClockReading(utc=UTC, synced=True, error_ms=3)


def local(port, *, tls=False, host="127.0.0.1"):
    return BrokerAddress(host, port, tls)


def quick(*ports, **changes):
    """Settings of a client with short pauses, and patience, for the brokers at these ports."""
    settings = {
        "gate": GATE,
        "brokers": tuple(port if isinstance(port, BrokerAddress) else local(port) for port in ports),
        "first_retry_s": 0.05,
        "retry_cap_s": 0.2,
        "start_spread_s": 0.01,
        "connect_timeout_s": scaled(5.0),
        "answer_timeout_s": scaled(5.0),
        "keepalive_s": max(1, round(scaled(15))),
    }
    return ClientSettings(**(settings | changes))


def heard_upto(client, last):
    """The payloads that a one-shot client hears, in order, until the marker `last` comes, which is not among them."""
    payloads = []
    for message in client.messages(PATIENCE_S):
        if message.payload == last:
            return payloads
        payloads.append(message.payload)
    raise AssertionError(f"{last} did not come after {payloads}")


@contextmanager
def journal_at(path, boot="b1"):
    journal = Journal.open(path, gate=GATE, boot=boot, clock=clock, max_bytes=1 << 26)
    try:
        yield journal
    finally:
        journal.close()


def record(journal, count=1):
    """Write that many events, in transactions of 200 at most."""
    for start in range(0, count, 200):
        batch = min(200, count - start)
        journal.record([Draft(GateStopping(cause=f"test {start + i}"), None, None, UTC) for i in range(batch)])


class Observer:
    """Keeps all views it was shown."""

    def __init__(self):
        self.views = []

    def __call__(self, view):
        self.views.append(view)

    @property
    def states(self):
        return [state for state, _ in groupby(view.state for view in list(self.views))]

    def details(self):
        return " | ".join(view.detail for view in self.views)

    def is_up(self):
        return bool(self.views) and self.views[-1].state is PortState.UP


@contextmanager
def linked(journal, settings, delivery=None, **options):
    """A link that runs; it must stop in time afterwards."""
    identity = GateIdentity(GATE, "0.1.0", "b1", {"lanes": ["in-1"]})
    link = CentralLink(
        settings,
        DeliverySettings(resend_s=scaled(1.0)) if delivery is None else delivery,
        identity,
        journal,
        clock,
        **options,
    )
    link.start()
    try:
        yield link
    finally:
        assert link.stop(scaled(6)), "the link did not stop in time"
