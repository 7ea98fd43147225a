"""`gate-agent run` in a process of its own in which something is changed before, as a fault would change it."""

import sys
import textwrap
from types import SimpleNamespace

from tests.support.gate.gate_site import GateSite
from tests.support.gate.installed import ROOT, AgentProcess
from tests.support.waiting import scaled

PROGRAM = """\
#!{python}
import sys, threading
from agent.cli import main, run
{change}
main.main()
"""


DRAINING = f"""
from agent.assembly import app, central_connection
central_connection.STOP_DRAIN_S = {scaled(1.0)}
app.STOP_S["link"] += {scaled(1.0)}
from agent.cli.main import main
main()
"""


def draining_agent(configuration):
    """The command of an agent whose stop gives the last events longer to leave, as much as this machine is slower.

    Where nobody acknowledges them, it takes all of that time.
    """
    return [sys.executable, "-c", DRAINING, "run", str(configuration)]


def altered_agent(folder, change, environment=None):
    """The agent of a gate with one simulated lane, not started yet, and its site.

    `change`: lines of Python run before.
    """
    program = folder / "altered_gate_agent.py"
    program.write_text(PROGRAM.format(python=sys.executable, change=textwrap.dedent(change)))
    program.chmod(0o755)
    site = GateSite(folder)
    path = site.configure('relay = { kind = "simulated" }', mqtt="enabled = false")
    installation = SimpleNamespace(command=program, scratch=folder)
    return AgentProcess(installation, path, {"PYTHONPATH": str(ROOT)} | (environment or {})), site
