"""A gate that vehicles come to without end: the installed agent, scanners and a relay board on pseudo-terminals.

The agent may be killed and started again at any moment; the pulses that the relays saw are counted.
"""

import threading
from collections import Counter
from contextlib import ExitStack
from random import Random

from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.scanner import ScannerEmulator
from tests.support.gate.gate_site import GATE, SITE, GateSite
from tests.support.waiting import scaled_ms

LANES = 4
EVERY_S = 0.1
NEXT_COMES = 0.4
CONFIGURATION = """\
version = 1

[gate]
id = "{gate}"
site = {site}

[state]
directory = "{state}"

[permits]
trust_list = "{folder}/trust.gtl"
root_keys = ["{root_key}"]

[clock]
require_synchronised = false

[journal]
{journal}

[mqtt]
{mqtt}
"""
LANE = """
[lanes.exit-{number}]
number = {number}
direction = "export"

[lanes.exit-{number}.rules]
without_plate = "pass"

[lanes.exit-{number}.timing]
read_s = 1
decide_s = 2
gone_s = 0.5
blind_passage_s = 1

[lanes.exit-{number}.barrier]
open_channel = {number}
pulse_ms = 200

[lanes.exit-{number}.relay]
kind = "lcus"
port = "{relay}"
timeout_ms = {timeout_ms}
channels = {channels}

[[lanes.exit-{number}.scanners]]
id = "post-{number}"
kind = "serial_lines"
port = "{scanner}"
"""


class Gate:
    """The agent, not started yet, and all around it; a context manager.

    Vehicles come while `traffic` is set, and a permit is shown at one of the lanes every `every_s` on average.
    `pulses`: how often each lane was told to open. `journal_keys`, `mqtt`: keys of the configuration.
    """

    def __init__(self, installed, folder, *, mqtt, seed, state=None, journal_keys=""):
        self.site = GateSite(folder)
        self.pulses = Counter()
        self.traffic = threading.Event()
        self.journal = (state or folder / "state") / "journal.db"
        self.every_s = EVERY_S
        self._dice = Random(seed)  # noqa: S311 - to be repeatable
        self._board = LcusEmulator(folder / "relay-board", channels=LANES)
        self._board.relays.watch(self._switched)
        self._scanners = [ScannerEmulator(folder / f"scanner-{number}") for number in range(1, LANES + 1)]
        self._shown = [""] * LANES
        self.agent = installed.agent(self._configure(mqtt, journal_keys))
        self._closing = threading.Event()
        self._driver = threading.Thread(target=self._drive, name="vehicles", daemon=True)
        self._stack = ExitStack()

    def __enter__(self):
        with self._stack as stack:
            stack.enter_context(self._board)
            for scanner in self._scanners:
                stack.enter_context(scanner)
            self._driver.start()
            stack.callback(self._driver.join)
            stack.callback(self._closing.set)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.agent.__exit__()
        self._stack.close()

    def _configure(self, mqtt, journal_keys):
        text = CONFIGURATION.format(
            gate=GATE,
            site=SITE,
            state=self.journal.parent,
            folder=self.site.folder,
            root_key=self.site.root_key,
            journal=journal_keys,
            mqtt=mqtt,
        )
        for number, scanner in enumerate(self._scanners, 1):
            text += LANE.format(
                number=number,
                relay=self._board.line.link,
                timeout_ms=scaled_ms(200),
                channels=LANES,
                scanner=scanner.line.link,
            )
        self.site.configuration.write_text(text, encoding="utf-8")
        return self.site.configuration

    def _drive(self):
        """Show a permit somewhere, again and again: mostly that of the vehicle that stands there,
        or of the next one.
        """
        while not self._closing.wait(self._dice.uniform(0, 2 * self.every_s)):
            if self.traffic.is_set():
                lane = self._dice.randrange(LANES)
                if not self._shown[lane] or self._dice.random() < NEXT_COMES:
                    self._shown[lane] = self.site.permit(None)
                self._scanners[lane].scan(self._shown[lane])

    def _switched(self, switching):
        if switching.on:
            self.pulses[f"exit-{switching.channel}"] += 1
