"""Gates with loops in the ground and a QR scanner at the post, each the installed agent in a process of its own."""

from contextlib import ExitStack
from dataclasses import dataclass

from drivers.emulators.scanner import ScannerEmulator
from tests.support.gate.gate_site import GATE, SITE
from tests.support.gate.lanes import InputsLane
from tests.support.gate.subscriber import Hearing, Recorded

CONFIGURATION = """\
version = 1

[gate]
id = "{gate}"
site = {site}

[state]
directory = "{state}"

[permits]
root_keys = ["{root_key}"]
{permits}

[clock]
require_synchronised = false

{more}

[lanes.exit-1]
number = 1
direction = "export"
{lane}
{readers}

[lanes.exit-1.rules]
{rules}
"""
SCANNER = """
[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{port}"
"""


@dataclass(frozen=True)
class Answer:
    """What became of a vehicle. `pulses`: how often the barrier was told to open for it."""

    verdict: str
    reason: str
    outcome: str
    pulses: int
    decided: dict

    @property
    def words(self):
        """The answer without its event."""
        return self.verdict, self.reason, self.outcome, self.pulses


PASSED = ("PASS", "OK", "passed", 1)


def denied(reason):
    """The answer to a vehicle that is turned away."""
    return "DENY", reason, "denied", 0


def held(reason):
    """The answer to a vehicle that was left to an officer and drove back."""
    return "MANUAL", reason, "denied", 0


class Gate:
    """A gate in a folder, and the vehicles that come to it; a context manager that ends its agent.

    `timing`: of its lane, for InputsLane. `configure`, then `start` and `ready`. `hearing` has its events as its
    journal has them, `payloads()` their bytes.
    """

    def __init__(self, installed, folder, name=GATE, **timing):
        self.name = name
        self.folder = folder
        self.state = folder / "state"
        self.configuration = folder / "gate.toml"
        self.lane = InputsLane(folder, **timing)
        self.scanner = ScannerEmulator(folder / "scanner")
        self.agent = installed.agent(self.configuration)
        self.payloads = Recorded(self.state / "journal.db")
        self.hearing = Hearing(self.payloads, self.agent.until)
        self._started = 0
        self._since = self._pulses = 0
        self._stack = ExitStack()

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(self.lane)
            stack.enter_context(self.scanner)
            stack.callback(self.agent.__exit__)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def configure(self, root_key, *, permits="", rules='require = "permit"', more="", readers=None):
        """Write the configuration. `permits`, `rules`, `more`: TOML; `readers`: a scanner where nothing is said."""
        text = CONFIGURATION.format(
            gate=self.name,
            site=SITE,
            state=self.state,
            root_key=root_key,
            permits=permits,
            more=more,
            lane=self.lane.toml,
            readers=SCANNER.format(port=self.scanner.line.link) if readers is None else readers,
            rules=rules,
        )
        self.configuration.write_text(text, encoding="utf-8")

    def start(self):
        """Start the agent; `ready` waits for it."""
        self._started = self.hearing.last
        self.agent.start()
        return self

    def ready(self, reader="scanner", state="up"):
        """Wait until the gate reads permits and can move the barrier."""
        for family, wanted in ((reader, state), ("relay", "up"), ("inputs", "up")):
            self.hearing.wait("device.changed", self._started, family=family, state=wanted)
        return self

    # -------------------------------------------------------------------------------------------------- vehicles

    def visit(self, text):
        """A vehicle comes, shows its permit, and drives on or back: an Answer."""
        self.arrive()
        self.scanner.scan(text)
        return self.leave()

    def arrive(self):
        """A vehicle comes to stand at the barrier."""
        self._since, self._pulses = self.hearing.last, self.lane.pulses
        self.lane.arrive(self.agent.until)

    def answer(self):
        """Wait for the decision on the vehicle: its event."""
        return self.hearing.wait("access.decided", self._since, lambda event: event["data"]["verdict"] != "RETRY")

    def leave(self):
        """The vehicle drives on when it may, else back: an Answer."""
        decided = self.answer()
        if decided["data"]["verdict"] == "PASS":
            self.agent.until(lambda: self.lane.pulses > self._pulses, "the pulse")
            self.lane.drive_through(self.agent.until)
        else:
            self.lane.leave(self.agent.until)
        closed = self.hearing.wait("transaction.closed", self._since)
        assert closed["transaction"] == decided["transaction"]
        found = decided["data"]
        return Answer(
            found["verdict"], found["reason"], closed["data"]["outcome"], self.lane.pulses - self._pulses, decided
        )
