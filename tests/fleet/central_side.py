"""The central side as it ships: mosquitto with the samples, PostgreSQL, the consumer, the EST server, roll-outs."""

import json
import re
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from central.database import connect
from central.fleet import RolloutFile, count_stage, read_plan
from tests.fleet.waits import InVainError, Watch
from tests.support.consumer.postgres import Postgres
from tests.support.mqtt.mosquitto import HOST, SampleBroker, free_port
from tests.support.waiting import PATIENCE_S, eventually

SITE = 17
GROUP = "north"
EST_HOST = "est.example"
FLEET_KEY = "fleet-2027"
AGENT = (sys.executable, "-m", "agent.cli.main")
CONSUMER = (sys.executable, "-c", "from central.operation.main import main; main()")
RULES = """
user {gate}
topic read gate/v1/group/{group}/cmd/+
topic read site/v1/{site}/lists/#
topic write site/v1/{site}/lists/+/want
"""
EST = """\
site = {site}
ca_file = "{folder}/ca.crt"
ca_key_file = "{folder}/ca.key"
names = ["{host}", "localhost"]
listen = "{address}"
port = {port}
folder = "{folder}/est"
brokers = ["mqtts://{broker}"]
"""
CONSUMER_FILE = """\
[broker]
urls = ["mqtts://localhost:{port}"]
ca = "ca.crt"
certificate = "central.crt"
key = "central.key"
[database]
url = "{url}"
"""
EVENTS = """
SELECT s.gate, e.seq, extract(epoch FROM e.stored_at), e.type, e.payload
FROM events e JOIN streams s ON s.id = e.stream_id {which} ORDER BY e.stored_at, e.seq
"""


@dataclass(frozen=True)
class Stored:
    """An event as central stored it. `at`: when, Unix seconds."""

    gate: str
    seq: int
    at: float
    type: str
    payload: bytes

    @property
    def data(self):
        return json.loads(self.payload)["data"]

    @property
    def spoken(self):
        """All that the gate said, and `at`: when by its clock, Unix seconds."""
        said = json.loads(self.payload)
        return {**said, "at": datetime.fromisoformat(said["time"]).timestamp()}


class CentralSide:
    """`gates`: those that may come in. `bridge`: the network from which they do.

    `est`, `consumer`: the programs that serve; no consumer: None.
    """

    def __init__(self, folder, bridge, gates, *, est=AGENT, consumer=CONSUMER):
        self.folder, self._bridge, self._est, self._consumer = folder, bridge, est, consumer
        rules = "".join(RULES.format(gate=gate, group=GROUP, site=SITE) for gate in gates)
        self.broker = SampleBroker(folder, "unused", address=bridge.address, rules=rules)
        self.gates = gates
        self._est_port = free_port()
        self._stack = ExitStack()

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _begin(self):
        self._stack.enter_context(self.broker)
        self.url = self._stack.enter_context(Postgres()).new_database()
        self._central_file = self.folder / "central.toml"
        self._central_file.write_text(CONSUMER_FILE.format(port=self.broker.central_port, url=self.url))
        subprocess.run([*CONSUMER, "migrate", "--config", self._central_file], check=True, capture_output=True)
        if self._consumer is not None:
            command = (*self._consumer, "consume", "--config", self._central_file)
            self._stack.enter_context(self._running("consumer", *command))
        self._est_file = self.folder / "est.toml"
        self._est_file.write_text(
            EST.format(
                site=SITE,
                folder=self.folder,
                host=EST_HOST,
                address=self._bridge.address,
                port=self._est_port,
                broker=f"{HOST}:{self.broker.port}",
            )
        )
        log = self._stack.enter_context(self._running("est", *self._est, "est", "serve", "-c", self._est_file))
        eventually(lambda: "at port" in log.read_text() or None, what="the EST server")
        said = self._agent("command", "keygen", self.folder / "fleet.pem")
        self.fleet_key = re.search(r'public_key = "([0-9a-f]{64})"', said)[1]

    @contextmanager
    def _running(self, name, *command):
        """A service of central; its log."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE_S)

    def _agent(self, *words):
        done = subprocess.run([*AGENT, *words], check=False, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    @property
    def hosts(self):
        """The content of /etc/hosts of a gate."""
        return f"{self._bridge.address} {HOST} {EST_HOST}\n"

    def code(self, gate):
        """The text with address, token and fingerprint that central gives to the technician."""
        said = self._agent("est", "token", gate, "-c", self._est_file)
        return re.search(r"^code: (\S+)$", said, re.MULTILINE)[1]

    # --------------------------------------------------------------------------------------------- what central knows

    def asked(self, question, values=()):
        with closing(connect(self.url, read_only=True)) as database:
            return database.execute(question, values).fetchall()

    def stored(self, kind=None):
        """The events, in the order in which they were stored."""
        which = ("", ()) if kind is None else ("WHERE e.type = %s", (kind,))
        return [
            Stored(gate, seq, float(at), found, bytes(payload))
            for gate, seq, at, found, payload in self.asked(EVENTS.format(which=which[0]), which[1])
        ]

    def online(self):
        """The gates that are connected, as their status says."""
        return {gate for (gate,) in self.asked("SELECT gate FROM gates WHERE state = 'online'")}

    def watermark(self, gate):
        """Up to which event of a gate's newest stream central has all."""
        found = self.asked("SELECT watermark FROM streams WHERE gate = %s ORDER BY id DESC LIMIT 1", (gate,))
        return found[0][0] if found else 0

    def lose_one(self, gate):
        """Lose an event of a gate, as no central may."""
        lose = "DELETE FROM events WHERE seq = 3 AND stream_id IN (SELECT id FROM streams WHERE gate = %s)"
        with closing(connect(self.url)) as database:
            database.execute(lose, (gate,))

    # ----------------------------------------------------------------------------------------------------- roll-outs

    def roll_out(self, name, **fields):
        """Bring a document out by `gate-agent fleet apply`, to its end; `plan_text` and others are described there."""
        return Rollout(self, name, **fields)

    def apply(self, plan, state):
        """The process of `gate-agent fleet apply`."""
        ca, certificate, key = self.broker.files("central")
        command = [
            *(*AGENT, "fleet", "apply", plan, "--state", state, "--key", self.folder / "fleet.pem"),
            *("--kid", FLEET_KEY, "--broker", f"mqtts://localhost:{self.broker.central_port}"),
            *("--ca", ca, "--certificate", certificate, "--certificate-key", key),
        ]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


class Rollout:
    """One roll-out. `text`: of its document. `gates`: whose answers are waited for. `percents`: the stages.

    `lines`: what the tool said, with the seconds since it began.
    """

    def __init__(self, central, name, *, kind, text, for_whom, gates, percents, trial_s, stop=""):
        self.name, self.kind, self.gates, self.lines = name, kind, gates, []
        self._central = central
        folder = central.folder / name
        folder.mkdir()
        (folder / "text.toml").write_text(text)
        self.plan, self.state = folder / "plan.toml", folder / "state.json"
        stages = "".join(f"[[stages]]\npercent = {percent}\n" for percent in percents)
        self.plan.write_text(
            f'name = "{name}"\nkind = "{kind}"\nfor = "{for_whom}"\ncause = "a proof"\ntext_file = "text.toml"\n'
            f"sites = [{SITE}]\ngates = {json.dumps(gates)}\ntrial_s = {trial_s}\nsteady_s = 2\n{stages}"
            f"[stop]\nanswer_s = 3600\n{stop}"
        )

    def stages(self):
        """The gates that each stage adds, by the plan."""
        plan, known, found = read_plan(self.plan), set(), []
        for number in range(len(plan.stages)):
            new = [gate for gate in plan.meant(number, {}) if gate not in known]
            known.update(new)
            found.append(new)
        return found

    def run(self, say, stage_s):
        """Bring it out, and wait for its end; the exit code of the tool.

        Raises InVainError where a stage takes longer than `stage_s`: a tool waits for hours, as it must.
        """
        began = time.monotonic()
        process = self._central.apply(self.plan, self.state)
        with Watch(stage_s, process.kill) as watch:
            for line in process.stdout:
                if line.startswith("stage "):
                    watch.next_part()
                self.lines.append((time.monotonic() - began, line.rstrip()))
                say(f"{self.name}: {line.rstrip()}")
            self.code = process.wait()
        self.took_s = time.monotonic() - began
        if watch.is_late:
            raise InVainError(f"an answer to {self.name} of", stage_s, self._unanswered())
        return self.code

    def reached(self):
        """The gates to which it went, by what the tool has kept."""
        plan, state, reports = self._kept()
        return frozenset(plan.meant(state.stage, reports.groups)) if state.stage >= 0 else frozenset()

    def _unanswered(self):
        """The gates of this stage without an answer, each with what it said last."""
        plan, state, reports = self._kept()
        count = count_stage(plan, state, reports.words, reports.groups)
        silent = [f"{gate} (silent)" for gate in count.silent]
        busy = [f"{gate} ({reports.words[gate].state.value})" for gate in count.busy]
        where = f"in stage {state.stage + 1}" if state.stage >= 0 else "before its first stage"
        return sorted([*silent, *busy]) or [f"the tool itself, {where}"]

    def _kept(self):
        plan = read_plan(self.plan)
        return plan, *RolloutFile(self.state, plan).read()
