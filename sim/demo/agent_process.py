"""The agent of the demo: this product's own command, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.demo.site import Site

STOP_TIMEOUT_S = 15.0


def start_agent(site: Site) -> subprocess.Popen[bytes]:
    """Start it by the site's configuration; its log is a file of the site."""
    with site.agent_log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - this product's own command
            [sys.executable, "-m", "agent.cli.main", "run", str(site.configuration)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def stop_agent(agent: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, where it still runs; kill it where it does not."""
    if agent.poll() is not None:
        return
    agent.terminate()
    try:
        agent.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
