"""Central's publisher and a gate, each as it ships, over a real broker that may lose everything."""

from contextlib import ExitStack
from random import Random

import pytest

from agent.clock.clock import Clock
from agent.core.events.event_types import ListsRefused
from tests.support.lists.central import NEXT_KEY, NOW, ROWS, CentralLists, Staying
from tests.support.lists.gates import ListGate
from tests.support.lists.lists import DECLARATIONS, LISTS_KEY, REVOCATIONS, declarations, trusted
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import eventually

pytestmark = needs_mosquitto


@pytest.fixture
def central(tmp_path):
    return CentralLists(tmp_path)


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def gate(tmp_path, broker):
    with ListGate(tmp_path, broker.port) as running:
        running.utc = Clock().now().utc
        yield running


def held(gate, rows):
    """Those of the rows that the gate has, as it has them."""
    return {row.permit_id for row in rows if gate.registry.declaration(row.permit_id) == row}


def revoke(central, rows):
    lines = [f"{row.permit_id.hex()},{row.expires_at},stolen" for row in rows]
    path = central.folder / "revocations.csv"
    path.with_suffix(".new").write_text("\n".join(["permit_id,expires_at,cause", *lines]) + "\n")
    path.with_suffix(".new").replace(path)
    return path


def test_what_central_writes_into_its_files_is_in_force_at_the_gate(central, broker, gate):
    path = revoke(central, [])
    with Staying(central, broker, "--revocations", path, every="1"):
        gate.wait_version(DECLARATIONS, 1).wait_version(REVOCATIONS, 1)
        assert held(gate, ROWS) == {row.permit_id for row in ROWS}
        central.declare(ROWS[5:])
        revoke(central, ROWS[7:8])
        gate.wait_version(DECLARATIONS, 2).wait_version(REVOCATIONS, 2)
        assert held(gate, ROWS) == {row.permit_id for row in ROWS[5:]}
        assert gate.registry.revocation(ROWS[7].permit_id).cause == "stolen"
        said = gate.registry.standings()[0].issued_at
        eventually(lambda: gate.registry.standings()[0].issued_at > said, what="central's word that nothing changed")
    assert gate.noted(ListsRefused) == []


def test_a_broker_that_lost_everything_changes_nothing_at_the_gate_and_is_filled_again(central, broker, gate):
    with Staying(central, broker) as staying:
        gate.wait_version(DECLARATIONS, 1)
        broker.kill()
        broker.start()
        staying.until("messages,", times=2)
        central.declare(ROWS[5:])
        gate.wait_version(DECLARATIONS, 2)
        assert held(gate, ROWS) == {row.permit_id for row in ROWS[5:]}
    assert gate.noted(ListsRefused) == []


def test_a_key_for_lists_is_changed_with_an_overlap_and_the_gate_takes_no_older_one_after(central, broker, gate):
    central.publish(broker, "--declarations", central.declarations)
    gate.wait_version(DECLARATIONS, 1)
    central.trust(trusted(LISTS_KEY, NEXT_KEY, since=NOW - 3600, version=2))
    central.declare(ROWS[1:])
    central.publish(broker, "--declarations", central.declarations, key="next.pem")
    gate.wait_version(DECLARATIONS, 2)
    central.trust(trusted(NEXT_KEY, since=NOW - 3600, version=3))
    central.declare(ROWS[2:])
    central.publish(broker, "--declarations", central.declarations, key="next.pem")
    gate.wait_version(DECLARATIONS, 3)
    assert held(gate, ROWS) == {row.permit_id for row in ROWS[2:]}
    assert gate.noted(ListsRefused) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_publisher_and_broker_die_at_any_moment_and_the_gate_never_holds_what_was_never_published(
    central, broker, gate
):
    dice = Random(5)  # noqa: S311 - the same deaths each time
    pool = declarations(2500, now=NOW)
    contents = [ROWS]
    mixed = seen = 0
    with Lives(central, broker) as publisher:
        for _ in range(25):
            first = dice.randrange(500)
            contents.append(pool[first : first + dice.choice((300, 310, 2000))])
            central.declare(contents[-1])
            if dice.random() < 0.4:
                publisher.die()
            if dice.random() < 0.4:
                broker.kill()
                broker.start()
            for _ in range(20):
                before = gate.version(DECLARATIONS)
                found = held(gate, [*ROWS, *pool])
                if before == gate.version(DECLARATIONS) and before:
                    seen += 1
                    mixed += found not in [{row.permit_id for row in content} for content in contents]
        last = {row.permit_id for row in contents[-1]}
        eventually(lambda: held(gate, [*ROWS, *pool]) == last, 60, "the last content")
    assert mixed == 0
    assert seen > 100


class Lives:
    """A publisher that is killed and begins again."""

    def __init__(self, central, broker):
        self._central, self._broker = central, broker
        self._stack = ExitStack()

    def __enter__(self):
        self._stack.enter_context(Staying(self._central, self._broker))
        return self

    def __exit__(self, *_):
        self._stack.close()

    def die(self):
        """Killed; the next one is at work."""
        self._stack.close()
        self.__enter__()
