"""How the agent fared over the soak: its memory, its share of the cores, its queue, and how fast it answered."""

import math
import os
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import percentile
from bench.line_chart import Line, Panel, svg
from tests.soak.troubles import children

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_A_S = os.sysconf("SC_CLK_TCK")
WARM_UP_SHARE = 0.2
SAMPLES = 240
LATENCY_PARTS = 30
LOOKS, LEAST_PARTS = 5, 8
"""How many looks are taken together, and in how many parts a line through the memory is worth something."""


@dataclass(frozen=True)
class Sample:
    """One look. `at_s`: since the begin. CPU in percent of a core, since the sample before; memory in MB."""

    at_s: float
    agent_mb: float
    workers_mb: float
    agent_cpu: float
    workers_cpu: float
    queue: int
    pid: int
    files: int
    threads: int


class Course:
    """Looks at the agent again and again, in a thread of its own. `every_s`: so that there are some 240 looks."""

    def __init__(self, world, for_s):
        self.samples = []
        self.begun_at = time.monotonic()
        self._world = world
        self._every_s = max(1.0, for_s / SAMPLES)
        self._over = threading.Event()
        self._spent = {}
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(self._every_s):
            sample = self._look()
            if sample is not None:
                self.samples.append(sample)

    def _look(self):
        try:
            pid = self._world.agent.pid
            workers = children(pid)
            return Sample(
                at_s=time.monotonic() - self.begun_at,
                agent_mb=_resident_mb(pid),
                workers_mb=sum(map(_resident_mb, workers)),
                agent_cpu=self._cpu(pid),
                workers_cpu=sum(map(self._cpu, workers)),
                queue=max(0, self._world.recorded() - self._world.consumer.count()),
                pid=pid,
                files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
                threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
            )
        except (OSError, IndexError):  # a process ended between two looks
            return None

    def _cpu(self, pid):
        now, ticks = time.monotonic(), _ticks(pid)
        before_at, before = self._spent.get(pid, (now, ticks))
        self._spent[pid] = (now, ticks)
        return 100 * (ticks - before) / TICKS_A_S / (now - before_at) if now > before_at else 0.0

    @property
    def growth_mb_an_hour(self):
        """How what the agent keeps grew in its first life, after the warm-up: least squares.

        None where there is too little. It keeps what it has at the least of some looks: the 20 MB that a log-in needs
        for a moment are not kept.
        """
        first = [sample for sample in self.samples if sample.pid == self.samples[0].pid]
        settled = [sample for sample in first if sample.at_s > WARM_UP_SHARE * first[-1].at_s]
        kept = [min(s.agent_mb for s in looks) for looks in batched(settled, LOOKS)]
        if len(kept) < LEAST_PARTS:
            return None
        every_s = (settled[-1].at_s - settled[0].at_s) / (len(settled) - 1) * LOOKS
        return statistics.linear_regression([n * every_s for n in range(len(kept))], kept).slope * 3600

    def picture(self, latencies):
        """The course as SVG. `latencies`: (monotonic moment, seconds)."""
        minutes = [sample.at_s / 60 for sample in self.samples]
        x = ticks_to(max(minutes))

        def panel(title, lines, least):
            highest = max((y for line in lines for _, y in line.points), default=0.0)
            return Panel(title, "minutes", x, ticks_to(max(least, highest)), lines, percent=False)

        def line(name, values):
            return Line(name, list(zip(minutes, values, strict=True)))

        slow = self._latency_lines(latencies)
        return svg(
            [
                panel(
                    "Memory, MB",
                    [
                        line("agent", [s.agent_mb for s in self.samples]),
                        line("its two vision workers", [s.workers_mb for s in self.samples]),
                    ],
                    100,
                ),
                panel(
                    "CPU, % of a core",
                    [
                        line("agent", [s.agent_cpu for s in self.samples]),
                        line("its two vision workers", [s.workers_cpu for s in self.samples]),
                    ],
                    20,
                ),
                panel("Events that central does not have yet", [line("queue", [s.queue for s in self.samples])], 10),
                panel("From code to relay, s", slow, 0.1),
            ],
            height_px=240,
        )  # fmt: skip

    def _latency_lines(self, latencies):
        last_s = self.samples[-1].at_s
        parts = {}
        for at, seconds in latencies:
            part = int((at - self.begun_at) / last_s * LATENCY_PARTS)
            parts.setdefault(part, []).append(seconds)
        middle = {part: (part + 0.5) * last_s / LATENCY_PARTS / 60 for part in parts}
        return [
            Line(name, [(middle[part], percentile(parts[part], share)) for part in sorted(parts)])
            for name, share in (("half of them", 0.5), ("slowest", 1.0))
        ]


def _resident_mb(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


def _ticks(pid):
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))


def ticks_to(highest):
    """Some round numbers from 0 to the highest."""
    step = 10 ** math.floor(math.log10(highest / 4))
    step = next(step * factor for factor in (1, 2, 5, 10) if step * factor * 6 >= highest)
    return [round(step * number, 6) for number in range(math.ceil(highest / step) + 1)]


def batched(values, count):
    """The values in lists of so many; what is left over at the end stays out."""
    return [values[first : first + count] for first in range(0, len(values) - count + 1, count)]
