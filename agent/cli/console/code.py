"""The command `gate-agent console code`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import segno

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.console.common import access_of, leave_act
from agent.cli.console.console_addresses import reached
from agent.cli.gate_registry import settings_of
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.console.certificate import CertificateError, certificate
from agent.console.web.addresses import certified_names

if TYPE_CHECKING:
    from agent.settings import Settings


def code(configuration: Configuration = DEFAULT_PATH) -> None:
    """Show a new one-time code to create the first administrator in the browser, and where to open the page.

    Earlier codes become invalid. The address for phones is drawn as a QR code. Compare the fingerprint of the
    certificate with the one in the browser. Exit code 1 if there is an administrator already.
    """
    with access_of(configuration) as access:
        if not access.users.lack_admin():
            fail("console", "there is an administrator already; lost passwords: gate-agent console user reset NAME")
        made = access.code.renew()
        leave_act(access, "code.made", "for the first administrator")
    echo(f"{made}  (valid for 30 minutes, once; enter it on the page of the console)")
    _say_where(settings_of(configuration))


def _say_where(settings: Settings) -> None:
    if not settings.console.enabled:
        echo("the console is off: set console.enabled = true")
        return
    found = reached(settings.console)
    for one in found:
        echo(f"{'on this computer' if one.is_here else 'elsewhere':<18}{one.url}/")
    if any(one.is_encrypted for one in found):
        try:
            shown = certificate(
                settings.console, settings.state.directory, certified_names(settings.console), Clock().now().utc
            )
        except CertificateError as error:
            echo(f"certificate       {error}")
        else:
            echo(f"certificate       SHA-256 {shown.fingerprint}")
    others = [one.url for one in found if not one.is_here]
    if others:
        # Drawn by its own output: a drawing holds nothing that could steer the terminal.
        segno.make(f"{others[0]}/", error="l", micro=False).terminal(compact=True)
    else:
        echo("elsewhere         not reachable: add an address of this computer to console.listen")
