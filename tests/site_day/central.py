"""Central as it ships, with what a site needs beside broker, database, consumer and EST server: lists and exporter."""

import re
import signal
import subprocess
import urllib.request

from tests.fleet.central_side import AGENT, CONSUMER, SITE, CentralSide
from tests.site_day.seen import said_of
from tests.support.mqtt.mosquitto import HOST, SampleBroker, free_port
from tests.support.waiting import PATIENCE_S

BETWEEN_GATES = """
user {gate}.site
topic read site/v1/{site}/to/{gate}
topic write site/v1/{site}/to/+
topic read site/v1/{site}/rows/+
topic write site/v1/{site}/rows/{gate}
"""
EXPORTER = '[exporter]\nlisten = "127.0.0.1"\nport = {port}\n'
LISTS_S = 20
STRANGER = "stranger"
"""Someone who has a certificate of the site's broker, but is not a gate of the site."""


class Service:
    """A program of central that may be killed and started again, with its log."""

    def __init__(self, folder, name, *command):
        self._command, self._log, self._process = command, folder / f"{name}.log", None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._end(signal.SIGTERM)

    def start(self):
        with self._log.open("ab") as file:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, sign):
        if self._process.poll() is None:
            self._process.send_signal(sign)
            self._process.wait(PATIENCE_S)


class SiteCentral(CentralSide):
    """`window`: the trade window, whose folder has the files of revoked permits and watched vehicles.

    `site_broker`: that through which the gates ask one another. `consumer`: the service that stores events.
    """

    def __init__(self, folder, bridge, gates, window):
        super().__init__(folder, bridge, gates, consumer=None)
        self._window = window
        (folder / "site").mkdir()
        rules = "".join(BETWEEN_GATES.format(gate=gate, site=SITE) for gate in gates)
        names = [f"{gate}.site" for gate in gates]
        self.site_broker = SampleBroker(folder / "site", *names, STRANGER, address=bridge.address, rules=rules)
        self._exporter_port = free_port()

    def _begin(self):
        super()._begin()
        enter = self._stack.enter_context
        with self._central_file.open("a") as file:
            file.write(EXPORTER.format(port=self._exporter_port))
        enter(self.site_broker)
        configured = ("--config", self._central_file)
        self.consumer = enter(Service(self.folder, "consumer", *CONSUMER, "consume", *configured))
        enter(Service(self.folder, "exporter", *CONSUMER, "export", *configured))
        enter(Service(self.folder, "lists", *AGENT, "lists", "publish", *self._lists()))

    def _lists(self):
        window, folder = self._window.folder, self.folder
        (window / "lists.pem").write_bytes(self._window.lists_key.to_pem())
        return [
            *("--every", str(LISTS_S), "--site", str(SITE), "--state", window / "lists"),
            *("--key", window / "lists.pem", "--trust-list", window / "trust.gtl"),
            *("--root-key", self._window.root_key, "--broker", f"mqtts://localhost:{self.broker.central_port}"),
            *("--ca", folder / "ca.crt", "--certificate", folder / "central.crt"),
            *("--certificate-key", folder / "central.key"),
            *("--revocations", window / "revocations.csv", "--watch", window / "watch.csv"),
        ]

    host = HOST
    """By which name the gates know its brokers."""

    @property
    def address(self):
        """Where they are in the network of the gates."""
        return self._bridge.address

    def shown_by_exporter(self):
        """The names of the gates in the exporter's metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._exporter_port}/metrics", timeout=PATIENCE_S) as answer:
            return set(re.findall(r'gate="([^"]+)"', answer.read().decode()))

    def behind(self):
        """How many events the gates have said that they have, and that are not stored yet."""
        return self.asked("SELECT coalesce(sum(lag), 0)::int FROM gate_progress")[0][0]

    def streams(self):
        """The payloads of all events, by number, of each gate and stream."""
        rows = self.asked(
            "SELECT s.gate, s.stream, e.seq, e.payload FROM events e JOIN streams s ON s.id = e.stream_id"
        )
        found = {}
        for gate, stream, seq, payload in rows:
            found.setdefault((gate, stream), {})[seq] = bytes(payload)
        return found

    def said(self):
        """What all events say, in the order of time."""
        found = [said_of(gate, stream, events) for (gate, stream), events in self.streams().items()]
        return sorted((one for each in found for one in each), key=lambda one: (one.at, one.seq))
