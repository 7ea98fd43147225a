"""From the start of the agent's process to READY=1, with every part configured: broker, boards, camera.

And the CPU time, user and system, that starts take: of the agent, of a vision worker, of commands. The least of the
starts counts: what else the machine does only ever adds to it.

Usage: bench/starting.py [--starts N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass, field

from bench.figures import Figure, p50, table
from bench.gate import BenchGate
from bench.processes import cpu_s, family
from bench.scratch import scratch

GOAL_S = 3.0
COMMANDS = (("--version",), ("config", "check", "config/gate.toml"), ("permit", "--help"), ("events", "--help"))


@dataclass(slots=True)
class Starts:
    """What starts took, each in seconds: of the agent to READY=1, in time and in CPU time, and CPU time of the others.

    `worker_cpu_s`: of a vision worker, until its camera streams. `command_cpu_s`: by the words of a command.
    """

    ready_s: list[float] = field(default_factory=list)
    agent_cpu_s: list[float] = field(default_factory=list)
    worker_cpu_s: list[float] = field(default_factory=list)
    command_cpu_s: dict[str, list[float]] = field(default_factory=dict)


def measure(starts: int) -> Starts:
    """That many starts of the agent over one state directory, and of each command."""
    found = Starts()
    with scratch() as folder, BenchGate(folder) as gate:
        for _ in range(starts):
            agent = gate.start('kind = "simulated"')
            found.ready_s.append(agent.ready_s)
            found.agent_cpu_s.append(cpu_s(agent.pid))
            gate.wait_for_camera()
            found.worker_cpu_s += [cpu_s(pid) for pid, name in family(agent.pid).items() if name == "worker"]
            agent.stop()
    for words in COMMANDS:
        found.command_cpu_s[" ".join(words)] = [command_cpu_s(words) for _ in range(starts)]
    return found


def command_cpu_s(words: tuple[str, ...]) -> float:
    """CPU time of one command and of what it starts."""
    command = [sys.executable, "-m", "agent.cli.main", *words]
    # Not awaited as others are: the kernel tells the time of a process only to who awaits it by its id.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"gate-agent {' '.join(words)} ended with {process.returncode}"
        raise RuntimeError(message)
    return used.ru_utime + used.ru_stime


def figures(found: Starts) -> list[Figure]:
    times = found.ready_s
    note = f"n={len(times)}, worst {max(times):.2f} s; the agent waits for no device"
    return [
        Figure("process start to READY=1, p50", p50(times), "s", GOAL_S, note=note),
        Figure("CPU of a start: agent to READY=1, least", min(found.agent_cpu_s), "s"),
        Figure("CPU of a start: vision worker until its camera streams, least", min(found.worker_cpu_s), "s"),
        *(Figure(f"CPU of a start: {words}, least", min(each), "s") for words, each in found.command_cpu_s.items()),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    found = figures(measure(parser.parse_args().starts))
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
