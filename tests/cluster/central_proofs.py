"""gate-central at a real cluster of RabbitMQ nodes: two workers by AMQP, a real database, real gates.

Run by `make test-cluster`.
"""

import signal
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager

import pytest

from central.database import connect
from tests.cluster.gates import ACK_KEY
from tests.cluster.kills import BACK_S
from tests.support.consumer.postgres import needs_postgres, postgres
from tests.support.waiting import PATIENCE_S, eventually

__all__ = ["postgres"]
pytestmark = [pytest.mark.timeout(300), needs_postgres]
PROGRAM = (sys.executable, "-c", "from central.operation.main import main; main()")
EVENTS = 60


@pytest.fixture
def config(cluster, postgres, tmp_path):
    """A configuration for all three nodes, with a new database that has its tables."""
    ca, certificate, key = cluster.files("central")
    (tmp_path / "ack.pem").write_bytes(ACK_KEY.to_pem())
    (tmp_path / "password").write_text(cluster.central_password)
    urls = [f"amqps://localhost:{node.amqps}" for node in cluster.nodes]
    path = tmp_path / "central.toml"
    path.write_text(f"""
[broker]
urls = {urls!r}
ca = "{ca}"
certificate = "{certificate}"
key = "{key}"
user = "central"
password_file = "password"
[database]
url = "{postgres.new_database()}"
[acknowledgements]
key = "ack.pem"
""")
    subprocess.run([*PROGRAM, "migrate", "--config", path], check=True)
    return path


@contextmanager
def worker(config, name):
    """A worker; gives its process."""
    with config.with_name(f"worker-{name}.log").open("wb") as log:
        command = [*PROGRAM, "consume", "--worker", name, "--config", config]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def asked(config, question):
    url = config.read_text().partition('[database]\nurl = "')[2].partition('"')[0]
    with closing(connect(url, read_only=True)) as database:
        return database.execute(question).fetchall()


def test_two_workers_store_and_acknowledge_the_events_of_gates_and_note_what_the_gates_say_of_themselves(config, gate):
    with ExitStack() as stack:
        first, _ = (stack.enter_context(worker(config, name)) for name in ("1", "2"))
        made = [gate(f"gate-{number}") for number in (1, 2)]
        for number in range(EVENTS):
            for one in made:
                one.record()
            if number == EVENTS // 2:
                first.kill()
        eventually(lambda: all(one.journal.watermark == one.journal.head for one in made), BACK_S, "all acknowledged")
        rows = asked(config, "SELECT gate, watermark, last_seq FROM streams ORDER BY gate")
        assert rows == [(f"gate-{n}", one.journal.head, one.journal.head) for n, one in enumerate(made, 1)]
        assert asked(config, "SELECT * FROM conflicts") == []
        states = "SELECT gate, state FROM gates WHERE status_at IS NOT NULL ORDER BY gate"
        eventually(
            lambda: asked(config, states) == [("gate-1", "online"), ("gate-2", "online")], BACK_S, "both statuses"
        )
