"""Short-lived clients of a broker that knows its clients by their certificates."""

from contextlib import ExitStack, contextmanager

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.mqtt.one_shot_client import OneShotClient
from tests.support.waiting import PATIENCE_S


def certified_client(broker, name, *, client_id=None, port=None):
    """A client with the certificate of this name, to be entered; it comes in where that name does, or at `port`."""
    address = BrokerAddress("localhost", port or broker.port_of(name), tls=True)
    return OneShotClient(address, tls=TlsFiles(*broker.files(name)), client_id=client_id, timeout_s=PATIENCE_S)


@contextmanager
def entrance(broker):
    """Gives a function that connects as a gate or as central, by its name; all leave at the end."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(certified_client(broker, name))
