"""Memory that the agent does not need any more goes back to the system, whichever thread needed it."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import httpx

from tests.support.gate.gate_site import GateSite
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import eventually, scaled

HASHED_BYTES = 19 * 1024 * 1024
THREADS = 4
HASHING = f"""
import threading
from agent.console.access.passwords import Hasher
from agent.service.memory import give_back_memory

def resident_pages():
    return int(open("/proc/self/statm").read().split()[1])

assert give_back_memory()
hasher, all_there = Hasher(), threading.Barrier({THREADS} + 1)

def work():
    hasher.hash("")
    all_there.wait()  # hashed: now it is measured
    all_there.wait()

hasher.hash("")
before = resident_pages()
for _ in range({THREADS}):
    threading.Thread(target=work).start()
all_there.wait()
print((resident_pages() - before) * 4096)
all_there.wait()
"""
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "memory"

[console]
enabled = true
port = {port}
"""
STORE_BYTES = 1 << 26
"""What the C library reserves for the store of small blocks of a thread that does not share one (HEAP_MAX_SIZE)."""


def test_the_memory_for_a_passwords_hash_does_not_stay_with_the_thread_that_made_it():
    done = subprocess.run(
        [sys.executable, "-c", HASHING], check=True, capture_output=True, text=True, timeout=scaled(30)
    )
    assert int(done.stdout) < HASHED_BYTES


def test_all_threads_of_the_agent_share_two_stores_of_small_blocks(tmp_path):
    site, port = GateSite(tmp_path), free_port()
    site.configure(LANE.format(port=port), mqtt="enabled = false")
    command = [sys.executable, "-m", "agent.cli.main", "run", site.configuration]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as agent:
        try:
            eventually(lambda: _answers(port), 60, "the console")
            assert len(_stores(agent.pid)) == 1, "beside the first one, which is the heap of the process"
        finally:
            agent.kill()


def _answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _stores(pid):
    """Where in the memory of a process the stores begin: such a block is aligned, its first part in use, its rest not
    yet. What lies right below it and is in use, too, the system shows as one with it.
    """
    lines = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    parts = [(*(int(end, 16) for end in line[0].split("-")), line[1]) for line in lines]
    return [
        last - STORE_BYTES
        for (first, end, used), (begin, last, unused) in pairwise(parts)
        if (used, unused) == ("rw-p", "---p")
        and begin == end
        and last % STORE_BYTES == 0
        and first <= last - STORE_BYTES < begin
    ]
