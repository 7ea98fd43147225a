"""One cluster for all proofs, and gates at it."""

from contextlib import ExitStack

import pytest

from tests.cluster.gates import Gate
from tests.cluster.kills import BACK_S
from tests.cluster.nodes import Cluster
from tests.support.waiting import eventually

NAMES = [f"gate-{number}" for number in range(1, 5)]
FLEET = ("fleet", "of-the-fleet")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), NAMES, plain=True, users=[FLEET]) as made:
        yield made


@pytest.fixture
def gate(cluster, tmp_path):
    with ExitStack() as stack:

        def make(name, *subscriptions, **changes):
            made = Gate(name, tmp_path, cluster, [], **changes)
            for subscription in subscriptions:
                made.link.client.subscribe(subscription)
            stack.callback(made.stop)
            made.start()
            eventually(lambda: made.up, BACK_S, f"{name} connected")
            return made

        yield make
