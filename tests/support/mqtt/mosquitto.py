"""A real broker for tests, and independent clients of it: mosquitto, mosquitto_sub, mosquitto_pub."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest

from tests.support.waiting import PATIENCE_S, eventually, scaled

SAMPLE = Path(__file__).parents[3] / "config" / "mosquitto"
HOST = "broker.example"
"""The broker in the samples and on their page."""
PORTS = range(12_000, 32_000)
MOSQUITTO = which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None or which("mosquitto_sub") is None, reason="mosquitto and mosquitto-clients are not installed"
)


def _version():
    """The version of this mosquitto, as numbers; () where there is none."""
    if MOSQUITTO is None:
        return ()
    said = subprocess.run([MOSQUITTO, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


needs_word_on_takeover = pytest.mark.skipif(
    _version() < (2, 0, 13), reason="mosquitto before 2.0.13 ends a client whose id another has taken without a word"
)


def _loopback():
    """Where a broker listens, in the words of its configuration: at all that "localhost" stands for.

    A bridge of mosquitto tries the first address of a name only, and that is ::1 on a Debian as it is installed.
    """
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return "127.0.0.1"
    return "localhost"


def free_port():
    """A TCP port that nobody listens at.

    None of those that the kernel gives to outgoing connections: one of them would take it while a broker is down.
    """
    with _taken() as probe:
        return probe.getsockname()[1]


def _taken():
    """A socket that holds such a port against all who look for one; a server with SO_REUSEADDR may listen there."""
    while True:
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", secrets.choice(PORTS)))
        except OSError:
            holder.close()
        else:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return holder


def _answers(port, address="127.0.0.1"):
    """Whether the broker hangs up on what is neither MQTT nor TLS: then its loop runs.

    A port that only listens is too early: of 1,500 brokers ended at once after it did, four missed their SIGTERM
    (mosquitto 2.0.21 takes a signal from before its loop for none).
    """
    with socket.socket() as probe:
        if probe.connect_ex((address, port)):
            return False
        probe.settimeout(PATIENCE_S)
        with suppress(ConnectionResetError):
            probe.sendall(bytes(16))
            return probe.recv(1) == b""
        return True


class Broker:
    """One mosquitto on 127.0.0.1, on the same port over all its lives.

    `listener` are lines for the listener (TLS, access list); without any it is plain and open to all. `environment`:
    variables that it starts with.
    """

    def __init__(self, folder: Path, *lines: str, listener: tuple[str, ...] = ("allow_anonymous true",)):
        self.port = self._own_port()
        self.log = folder / f"mosquitto-{self.port}.log"
        self._conf = folder / f"mosquitto-{self.port}.conf"
        user = ["user root"] if os.geteuid() == 0 else []
        text = [*user, "set_tcp_nodelay true", *lines, f"listener {self.port} 127.0.0.1", *listener, "log_type all"]
        self._conf.write_text("\n".join(text) + "\n")
        self.process: subprocess.Popen | None = None
        self.environment: dict[str, str] = {}

    def _own_port(self):
        """A port that no other broker of any run of the tests takes while this one is there, also while it is down."""
        holder = _taken()
        weakref.finalize(self, holder.close)
        return holder.getsockname()[1]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-v", "-c", self._conf], stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        eventually(self._listens, what="mosquitto listening")
        return self

    def _listens(self):
        assert self.process.poll() is None, self.log.read_text()
        return all(_answers(*place) for place in self._places())

    def _places(self):
        """The ports, and the address of each where it is not the usual one."""
        return [(self.port,)]

    def kill(self):
        """End it like a power cut of its machine does."""
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _end(self, sign):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(sign)
            self.process.wait(PATIENCE_S)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def says(self, text):
        return text in self.log.read_text(errors="replace")


class SampleBroker(Broker):
    """mosquitto with the samples that ship, and certificates made by the commands of their page; only places put in.

    `port`: where gates come in; `central_port`: where central does. `others`: further gates that get a certificate.
    `address`: where gates reach it from other machines, which call it HOST; without one they are on this machine.
    `rules`: lines at the end of the access list. `revocations`: the list of certificates that were taken back.
    """

    def __init__(
        self,
        folder: Path,
        gate: str,
        *others: str,
        address: str | None = None,
        rules: str = "",
        revocations: Path | None = None,
    ):
        super().__init__(folder)
        self.central_port = self._own_port()
        self._folder, self._address = folder, address
        page = (SAMPLE / "README.md").read_text()
        commands = page.split("```sh\n")[1].split("```")[0]
        names = "DNS:localhost" if address is None else f"DNS:{HOST},DNS:localhost"
        for example, real in ((f"DNS:{HOST}", names), (f" {HOST} ", " localhost "), ("gate-1", gate)):
            assert example in commands
            commands = commands.replace(example, real)
        commands = commands.replace(f"mv {HOST}", "mv localhost")
        commands += "".join(f"issue {other} clientAuth\n" for other in others)
        subprocess.run(["sh", "-eu", "-c", commands], cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S)
        access = folder / "gates.acl"
        access.write_text((SAMPLE / "gates.acl").read_text() + rules)
        access.chmod(0o600 if os.geteuid() == 0 else 0o644)
        text = (SAMPLE / "mosquitto.conf").read_text() + (SAMPLE / "central-listener.conf").read_text()
        for example, real in (
            ("listener 8883", f"listener {self.port} {address or _loopback()}"),
            ("listener 8884", f"listener {self.central_port} {_loopback()}"),
            ("/etc/mosquitto/certs/", f"{folder}/"),
            ("/etc/mosquitto/gates.acl", str(access)),
            ("/var/lib/mosquitto/", f"{folder}/"),
        ):
            assert example in text
            text = text.replace(example, real)
        if revocations is not None:
            example = f"#crlfile {folder}/ca.crl"
            assert example in text
            text = text.replace(example, f"crlfile {revocations}")
        user = "user root\n" if os.geteuid() == 0 else ""
        self._conf.write_text(user + text)

    def _places(self):
        return [(self.port, self._address or "127.0.0.1"), (self.central_port,)]

    def port_of(self, name):
        """The port at which a client with the certificate of this name comes in."""
        return self.central_port if name == "central" else self.port

    def files(self, name):
        """The paths of CA, certificate and key of a client."""
        return self._folder / "ca.crt", self._folder / f"{name}.crt", self._folder / f"{name}.key"


class Listener:
    """A mosquitto_sub process: `messages` are its JSON objects (topic, qos, retain, payload, properties) in order."""

    def __init__(self, port, *topics, options=()):
        self.messages: list[dict] = []
        arguments = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-V",
            "5",
            "-q",
            "1",
            "-d",
            "-F",
            "%j",
            *options,
        ]
        for topic in topics:
            arguments += ["-t", topic]
        self._subscribed = threading.Event()
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._subscribed.wait(PATIENCE_S), "mosquitto_sub did not subscribe"
        return self

    def __exit__(self, *_):
        # Once in some thousand tests it does not end after SIGTERM, which it answers inside its signal handler.
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            if line.startswith("{"):
                self.messages.append(json.loads(line))
            elif "Subscribed" in line:
                self._subscribed.set()

    def on(self, topic):
        """The messages to one topic, or to all below it when it ends in a slash."""
        return [
            m for m in list(self.messages) if m["topic"] == topic or (topic[-1] == "/" and m["topic"].startswith(topic))
        ]


def publish(port, topic, payload, *options):
    """Publish with mosquitto_pub."""
    subprocess.run(
        [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-V",
            "5",
            "-q",
            "1",
            "-t",
            topic,
            "-s" if payload else "-n",
            *options,
        ],
        input=payload if isinstance(payload, bytes) else payload.encode(),
        check=True,
        timeout=PATIENCE_S,
    )


def stored(port, topic, options=()):
    """The message retained at a topic, None when there is none."""
    done = subprocess.run(
        [
            "mosquitto_sub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-V",
            "5",
            "-t",
            topic,
            "-C",
            "1",
            "-W",
            str(max(1, round(scaled(1)))),
            "-F",
            "%j",
            *options,
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return json.loads(done.stdout) if done.stdout.strip() else None
