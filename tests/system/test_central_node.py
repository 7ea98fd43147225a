"""The consumer of examples/central-node, in TypeScript by the documents alone, between mosquitto and a real gate."""

import json
import secrets
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from shutil import which

import pytest

from agent.core.crypto.keys import SigningKey
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.gate.lanes import BlindLane
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.waiting import PATIENCE_S, eventually

CONSUMER = Path(__file__).parents[2] / "examples" / "central-node"
TSC = CONSUMER / "node_modules" / "typescript" / "bin" / "tsc"
pytestmark = [
    needs_mosquitto,
    pytest.mark.long,
    pytest.mark.skipif(which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not TSC.exists(), reason="examples/central-node is not installed: tools/setup_generators.sh"),
]


class CentralNode:
    """The consumer as a process; `told` is what it said, one object a line."""

    def __init__(self, folder, port, *options):
        self.told = []
        broker = ("--broker", f"mqtt://127.0.0.1:{port}", "--store", folder / "events")
        command = ["node", CONSUMER / "dist" / "central.js", *broker, *options]
        self._process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """End it as a loss of power does."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def said(self, word):
        """What it said that has this word."""
        return [one for one in list(self.told) if word in one]


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["node", TSC], cwd=CONSUMER, check=True, timeout=PATIENCE_S)


def key_file(folder, name):
    """A private key in a file, and its public half in hex."""
    key = SigningKey.from_seed(secrets.token_bytes(32))
    file = folder / f"{name}.pem"
    file.write_bytes(key.to_pem())
    return file, key.public.raw.hex()


def gate_key(installed, folder):
    """The gate's public key in hex, carried by hand as docs/integrity.md asks; "" while there is none."""
    told = installed.run("events", "key", "--state", folder / "state").stdout
    return next((word for word in told.split() if len(word) == 64), "")


def stored(folder):
    """The payloads that the consumer has on its disk, by seq."""
    found = {}
    for file in (folder / "events").rglob("*.events"):
        rest = file.read_bytes()
        while rest:
            length, _, rest = rest.partition(b" ")
            payload, rest = rest[: int(length)], rest[int(length) + 1 :]
            found[json.loads(payload)["seq"]] = payload
    return found


def test_it_stores_acknowledges_and_orders_and_loses_nothing_when_it_is_killed(installed, broker, tmp_path):
    (orders, order_key), (acks, ack_key) = key_file(tmp_path, "duty"), key_file(tmp_path, "ack")
    more = f"""
[[commands.keys]]
id = "duty"
public_key = "{order_key}"

[[mqtt.ack_keys]]
id = "central"
public_key = "{ack_key}"
"""
    site = GateSite(tmp_path)
    with ExitStack() as stack:
        lane = stack.enter_context(BlindLane(tmp_path))
        agent = stack.enter_context(
            installed.agent(site.configure(lane.toml, mqtt=plain_broker(broker.port), more=more))
        )
        agent.until(lambda: gate_key(installed, tmp_path), "the gate's key")
        public = gate_key(installed, tmp_path)
        options = ("--ack-key", acks, "--gate-key", f"{GATE}={public}", "--gate", GATE, "--key", orders)
        first = stack.enter_context(
            CentralNode(tmp_path, broker.port, *options, "--order", "lock", "--lane", "exit-1", "--cause", "test")
        )
        agent.until(lambda: first.said("result"), "the answer to its command")
        assert first.said("result")[0]["result"] == "done"
        first.kill()
        second = stack.enter_context(
            CentralNode(tmp_path, broker.port, *options, "--order", "unlock", "--lane", "exit-1", "--cause", "test")
        )
        agent.until(lambda: second.said("result"), "the answer after it was killed")
        assert second.said("result")[0]["result"] == "done"
        agent.stop()
        exported = installed.run("events", "export", "--journal", site.journal).stdout.encode().splitlines()
        eventually(lambda: len(stored(tmp_path)) == len(exported), PATIENCE_S, "all events at central")
        assert [payload for _, payload in sorted(stored(tmp_path).items())] == exported
        assert [one["signed"] for one in second.said("stored")][-1] is not None, "the gate's checkpoint vouches"
        assert not first.said("refused")
        assert not second.said("refused")
        # The gate, which takes only signed acknowledgements, sends nothing again: central has them all.
        types = [json.loads(line)["type"] for line in exported]
        assert "command.executed" in types
        assert "acknowledgement.refused" not in types
