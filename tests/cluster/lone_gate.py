"""One gate in a process of its own, so that it can be killed.

python -m tests.cluster.lone_gate NAME FOLDER PORT CA CERTIFICATE KEY
"""

import signal
import sys
from pathlib import Path
from types import SimpleNamespace

from tests.cluster.gates import Gate


def main():
    name, folder, port, *files = sys.argv[1:]
    cluster = SimpleNamespace(files=lambda _name: map(Path, files))
    Gate(name, Path(folder), cluster, [], port=int(port)).start()
    signal.pause()


if __name__ == "__main__":
    main()
