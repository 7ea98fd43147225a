"""A gate's lists in a process of its own, which may stand in a network namespace: it says when it has what.

Arguments: folder, host and port of the broker. Times are monotonic seconds, the same in all processes of a computer.
"""

import sys
import threading
import time
from pathlib import Path

from agent.broker.addresses import BrokerAddress
from agent.core.lists.sync_io import SyncRules
from tests.support.lists.gates import ListGate


def main(folder, host, port):
    address = BrokerAddress(host, int(port), tls=False)
    pause = threading.Event()
    told = ()
    sys.stdout.write(f"begin {time.monotonic()}\n")
    with ListGate(Path(folder), address, rules=SyncRules()) as gate:
        while True:
            now = tuple((each.kind.value, each.version, each.rows) for each in gate.registry.standings())
            if now != told:
                told = now
                sys.stdout.write(f"has {time.monotonic()} {' '.join(map(str, now[-1]))}\n")
                sys.stdout.flush()
            pause.wait(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
