"""The addresses of the console, and which of them must be encrypted."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.console.web.addresses import certified_names, is_encrypted
from agent.settings.model.agent import Console

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400


def test_only_the_computers_own_addresses_may_be_plain():
    auto = Console(listen=("127.0.0.1", "::1", "10.0.0.5"), names=("gate.example",))
    assert [is_encrypted(auto, host) for host in auto.listen] == [False, False, True]
    assert is_encrypted(Console(tls="always"), "127.0.0.1")
    assert {"10.0.0.5", "gate.example", "localhost"} <= set(certified_names(auto))
