"""Where the journal of the gate on this machine is, and the option that names another."""

from pathlib import Path
from typing import Annotated, Final

import typer

from agent.cli.owner_rights import act_at

DEFAULT_STATE: Final = Path("/var/lib/gate-agent")
DEFAULT_JOURNAL: Final = DEFAULT_STATE / "journal.db"

_VARIABLE: Final = "GATE_AGENT_JOURNAL"
_HELP: Final = "The journal's file."
JournalPath = Annotated[
    Path, typer.Option("--journal", "-j", envvar=_VARIABLE, callback=act_at, help=_HELP, show_default=True)
]
JournalLater = Annotated[Path, typer.Option("--journal", "-j", envvar=_VARIABLE, help=_HELP, show_default=True)]
"""For a command that also writes a file of its caller's."""
