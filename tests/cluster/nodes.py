"""A real cluster of three RabbitMQ nodes on loopback, made from the samples that ship; only places and ports are put
in.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.mqtt.one_shot_client import OneShotClient, OneShotClientError
from tests.support.lists.lists import SITE
from tests.support.mqtt.mosquitto import free_port
from tests.support.pki.certificates import Authority
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "config" / "rabbitmq"
SERVER = Path("/usr/lib/rabbitmq/lib")
NODES = (1, 2, 3)
BOOT_S = 120.0
TOOL_S = 60.0
# One scheduler a node that does not spin while idle: three nodes and everything else share a small machine.
ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


def home():
    """Where Debian's package keeps the server; None where it is not installed."""
    found = sorted(SERVER.glob("rabbitmq_server-*"))
    return found[-1] if found else None


class Node:
    """One node, on the same ports over all its lives. It is ended by `kill`, like a machine that loses power."""

    def __init__(self, number, folder, epmd_port, files):
        self.number = number
        self.name = f"rmq{number}@localhost"
        self.mqtts = free_port()
        self.amqps = free_port()
        self.mqtt = free_port()
        self._dist = free_port()
        self._folder = folder / f"node-{number}"
        self._folder.mkdir()
        self._files = files
        self.log = self._folder / "node.log"
        self.process = None
        self.environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self._folder / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
        }

    def configure(self, nodes, *, changes=(), plain=False):
        """Write the node's files: the sample with its places put in; `changes`: further lines in place of others.

        `plain`: one more listener for MQTT, on loopback without TLS, for a fleet that has no certificates.
        """
        certificate, key = self._files["server"]
        text = (SAMPLE / "rabbitmq.conf").read_text()
        places = [
            ("mqtt.listeners.ssl.default = 8883", f"mqtt.listeners.ssl.1 = 127.0.0.1:{self.mqtts}"),
            ("listeners.ssl.default = 5671", f"listeners.ssl.1 = 127.0.0.1:{self.amqps}"),
            ("/etc/rabbitmq/certs/ca.crt", str(self._files["ca"])),
            ("/etc/rabbitmq/certs/broker.crt", str(certificate)),
            ("/etc/rabbitmq/certs/broker.key", str(key)),
            *((f"rabbit@node-{node.number}", node.name) for node in nodes),
            ("disk_free_limit.absolute = 5GB", "disk_free_limit.absolute = 1GB"),
            *changes,
        ]
        if plain:
            places.append(("mqtt.listeners.tcp = none", f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.mqtt}"))
        for sample, real in places:
            assert sample in text, sample
            text = text.replace(sample, real)
        (self._folder / "rabbitmq.conf").write_text(text + "log.console.level = warning\n")
        shutil.copy(SAMPLE / "enabled_plugins", self._folder / "enabled_plugins")

    def start(self):
        """Start it; it is not ready yet."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [home() / "sbin" / "rabbitmq-server"],
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self):
        """Whether it takes gates and consumers."""
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
        return all(_listens(port) for port in (self.mqtts, self.amqps))

    @property
    def pid(self):
        """The process id of the Erlang machine, which stands below the script that starts it."""
        return int((self._folder / "pid").read_text())

    def kill(self):
        """End it and all that it started at once."""
        if self.process is not None:
            _end_group(self.process)
            self.process = None

    def control(self, *arguments, tool="rabbitmqctl"):
        """Run one of RabbitMQ's tools against this node; its output."""
        process = subprocess.Popen(
            [home() / "sbin" / tool, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=TOOL_S)
        finally:
            _end_group(process)
        assert process.returncode == 0, f"{tool} {arguments}: {out[-2000:]}{err[-2000:]}"
        return out


class Cluster:
    """Three nodes that found each other, with the definitions of the sample for these gates.

    `files(name)`: CA, certificate and key of a gate or of `central`. `users`: names and passwords of others, who may do
    everything. Every process that it started is gone at its end.
    """

    central_password = "of-a-test"  # noqa: S105

    def __init__(self, folder, gates, *, changes=(), plain=False, users=()):
        self._authority = Authority(folder)
        self._epmd_port = free_port()
        self._epmd = None
        self._definitions = folder / "definitions.json"
        # The nodes' common secret. Each would make one that finds none, and three that start at once make three.
        cookie = folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        server = self._authority.issue("broker", hosts=("localhost", "127.0.0.1"))
        self._files = {"ca": self._authority.ca, "server": server}
        for name in (*gates, "central"):
            self._files[name] = self._authority.issue(name)
        self._gates = list(gates)
        self._users = users
        self.nodes = [Node(number, folder, self._epmd_port, self._files) for number in NODES]
        for node in self.nodes:
            node.configure(self.nodes, changes=changes, plain=plain)

    def files(self, name):
        """The paths of CA, certificate and key of a client."""
        return self._files["ca"], *self._files[name]

    def one_shot(self, name, node=0, client_id=None):
        """A short-lived client by the certificate of this name, at one node; to be entered."""
        address = BrokerAddress("localhost", self.nodes[node].mqtts, tls=True)
        return OneShotClient(address, tls=TlsFiles(*self.files(name)), client_id=client_id or name)

    def __enter__(self):
        try:
            self._start_epmd()
            for node in self.nodes:
                node.start()
            self.wait()
            self.define()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(10)

    def _start_epmd(self):
        """Erlang's names daemon, our own: the nodes would leave one behind otherwise."""
        environment = {"PATH": "/usr/bin:/bin", "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self._epmd_port)}
        self._epmd = subprocess.Popen(["epmd"], env=environment, stdin=subprocess.DEVNULL)
        eventually(lambda: _listens(self._epmd_port), what="epmd listening")

    def wait(self):
        """Wait until all nodes take gates and consumers, and know each other."""
        for node in self.nodes:
            eventually(node.ready, BOOT_S, f"{node.name} ready")
        eventually(lambda: self.running() == len(self.nodes), BOOT_S, "three running nodes")

    def running(self):
        """How many nodes run, as the first one sees it."""
        told = json.loads(self.nodes[0].control("cluster_status", "--formatter", "json", "--quiet"))
        return len(told["running_nodes"])

    def define(self):
        """Import what definitions.py writes, and see that the queue of the events has all three members."""
        made = subprocess.run(
            [sys.executable, SAMPLE / "definitions.py", "--site", str(SITE), *self._gates],
            capture_output=True,
            text=True,
            check=True,
        )
        self._definitions.write_text(made.stdout)
        self.nodes[0].control("import_definitions", str(self._definitions))
        self.nodes[0].control("change_password", "central", self.central_password)
        self.nodes[0].control("delete_user", "guest")
        for name, password in self._users:
            self.nodes[0].control("add_user", name, password)
            self.nodes[0].control("set_permissions", name, ".*", ".*", ".*")
        eventually(lambda: self.members() == len(self.nodes), 30, "three members of the queue")

    def queues(self, *columns):
        """The queues, as mappings from column to value."""
        told = self.nodes[0].control("list_queues", "--formatter", "json", "--quiet", *columns)
        return json.loads(told)

    def members(self):
        """How many members of the queue of the events are online."""
        return max((len(one["online"]) for one in self.queues("name", "online") if one["name"] == "events"), default=0)

    def settle(self):
        """Wait until all nodes are back, with all members of the queue, and take a client's subscription in time.

        A node that has just come back has members long before it binds queues again as fast as its clients expect.
        """
        self.wait()
        eventually(lambda: self.members() == len(self.nodes), BOOT_S, "three members of the queue")
        for node in self.nodes:
            eventually(lambda node=node: self._subscribes(node), BOOT_S, f"{node.name} taking a subscription")

    def _subscribes(self, node):
        """Whether a client of central can subscribe at this node."""
        try:
            with self.one_shot("central", node.number - 1, "central-probe") as probe:
                probe.subscribe("gate/v1/+/status")
        except OneShotClientError:
            return False
        return True

    def waiting(self):
        """How many events wait in the queue, ready or under way to a consumer."""
        return next(one["messages"] for one in self.queues("name", "messages") if one["name"] == "events")


def _end_group(process):
    """End a process of its own session: the script, the Erlang machine and its helpers, and nobody else."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def errors(node):
    """The lines of the node's log that tell of errors, without their times."""
    return [
        re.sub(r"^\S+ \S+ ", "", line)
        for line in node.log.read_text(errors="replace").splitlines()
        if "[error]" in line
    ]
