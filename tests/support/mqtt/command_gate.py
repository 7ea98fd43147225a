"""A gate's command processor as a process of its own, to be killed.

`python -m tests.support.mqtt.command_gate PORT JOURNAL EFFECTS`. Its executor leaves a line with the command's id in
the file EFFECTS, a moment after it was asked and a moment before it answers. Prints "up" when it takes commands.
"""

import sys
import threading
import uuid
from pathlib import Path

from agent.clock.clock import Clock
from agent.core.commands.command import CommandAnswer, Result
from agent.core.model import CommandName
from tests.support.mqtt.command_site import CommandSite

MOMENT_S = 0.02


class Effects:
    """Executors whose effect is a line in a file."""

    def __init__(self, path):
        self._file = path.open("ab", buffering=0)

    def mapping(self):
        return dict.fromkeys(CommandName, self._run)

    def _run(self, command):
        moment = threading.Event()
        moment.wait(MOMENT_S)
        self._file.write(f"{command.id}\n".encode())
        moment.wait(MOMENT_S)
        return CommandAnswer(Result.DONE, "as ordered")


def main(port, journal, effects):
    utc = Clock().now().utc
    site = CommandSite(int(port), Path(journal), boot=str(uuid.uuid4()), executors=Effects(Path(effects)), utc=utc)
    with site.running():
        sys.stdout.write("up\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
