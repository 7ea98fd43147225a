"""That a command shows events, and with them plates and people, is recorded as a look at them is on the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cli.terminal import echo

if TYPE_CHECKING:
    from pathlib import Path


def leave_view(state: Path, command: str) -> None:
    """Leave a record that a command showed data of this state folder; the agent reports it in an event.

    Of the folder of a gate alone, not of a copied journal. Where it cannot be left, that is said and the command goes
    on: who may read the folder reads it without this program too.
    """
    # What only these commands need, and the passwords' library with it.
    from agent.cli.console.common import NO_SESSIONS, leave_act  # noqa: PLC0415
    from agent.clock import Clock  # noqa: PLC0415
    from agent.console.access import USERS_FILE, VIEWED, Access, AccessStoreError  # noqa: PLC0415

    if not (state / USERS_FILE).exists():
        return
    try:
        access = Access.open(state, NO_SESSIONS, lambda: Clock().now().utc)
        try:
            leave_act(access, VIEWED, command)
        finally:
            access.close()
    except AccessStoreError as error:
        echo(f"gate-agent: your view could not be recorded: {error}", err=True)
