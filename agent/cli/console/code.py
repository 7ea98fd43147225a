"""The command `gate-agent console code`."""

from __future__ import annotations

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.console.common import access_of, leave_act
from agent.cli.terminal import echo, fail


def code(configuration: Configuration = DEFAULT_PATH) -> None:
    """Show a new one-time code with which the first administrator is made in the browser. Codes before it are void.

    Exit code 1 where there is an administrator already.
    """
    with access_of(configuration) as access:
        if not access.users.lack_admin():
            fail("console", "there is an administrator already; lost passwords: gate-agent console user reset NAME")
        made = access.code.renew()
        leave_act(access, "code.made", "for the first administrator")
    echo(f"{made}  (good for half an hour and for once; enter it on the page of the console)")
