"""`gate-agent run` in a process of its own in which something is changed before, as a fault would change it."""

import sys
import textwrap
from types import SimpleNamespace

from tests.support.gate.gate_site import GateSite
from tests.support.gate.installed import ROOT, AgentProcess

PROGRAM = """\
#!{python}
import sys, threading
from agent.cli import main, run
{change}
main.main()
"""


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
