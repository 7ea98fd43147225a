"""The command `gate-agent est serve`: the command of the server's unit."""

from __future__ import annotations

import logging
import os
import ssl

from agent.cli.est.common import EstConfiguration, register_of, registrar_of, settings_of
from agent.cli.terminal import fail
from agent.service.systemd_notify import Notifier
from central.est import DEFAULT_PATH, EstServer


def serve(server_settings: EstConfiguration = DEFAULT_PATH) -> None:
    """Run the EST server (RFC 7030) of a site until SIGTERM or Ctrl-C. It renews the revocation list once a day."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    settings = settings_of("est serve", server_settings)
    with register_of("est serve", settings) as register:
        try:
            server = EstServer(settings, registrar_of("est serve", settings, register))
        except (OSError, ssl.SSLError) as error:
            fail("est serve", error)
        Notifier.from_environment(os.environ).ready(f"site {settings.site}, port {server.port}")
        server.run()
