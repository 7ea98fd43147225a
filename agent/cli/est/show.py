"""The command `gate-agent est show`: which gates are enrolled, until when, and which tokens wait."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.cli.est.common import EstConfiguration, issuer_of, register_of, settings_of
from agent.cli.terminal import echo
from agent.clock import Clock
from central.est import DEFAULT_PATH


def show(server_settings: EstConfiguration = DEFAULT_PATH) -> None:
    """List the newest certificate of each gate with its expiry date, the unused tokens, and the authority."""
    settings = settings_of("est show", server_settings)
    now = Clock().now().utc
    with register_of("est show", settings) as register:
        newest = {row.gate: row for row in register.certificates()}
        for gate, row in sorted(newest.items()):
            state = "revoked" if row.revoked_at is not None else "ended" if row.ends_at <= now else "valid"
            echo(f"gate {gate}: {state}, ends {_day(row.ends_at)}, serial {row.serial:x}")
        for waiting in register.tokens():
            if waiting.used_at is None and waiting.expires_at > now:
                echo(f"token for {waiting.gate}: until {_day(waiting.expires_at)}")
    ends = issuer_of("est show", settings).certificate.not_valid_after_utc
    echo(f"authority of site {settings.site}: ends {ends:%Y-%m-%d}")


def _day(utc: float) -> str:
    return f"{datetime.fromtimestamp(utc, UTC):%Y-%m-%d %H:%M}Z"
