"""Every address of the console with made-up values, by its own OpenAPI description: none makes it
fail (schemathesis).
"""

from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, given, settings

from agent.console.access.sessions import csrf_token
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import scaled

EXAMPLES = 2
MANY_EXAMPLES = 200


class Attack:
    """Sends cases as an admin, who is logged in anew where a case has logged him out, and keeps what made the console
    fail.
    """

    def __init__(self, gate):
        self._gate = gate
        self._token = gate.token("admin")
        self.sent = 0
        self.answers = set()
        self.failed = []
        # Imported here, as in `run`: it is large, and every process that runs tests collects this module.
        import schemathesis  # noqa: PLC0415

        self.schema = schemathesis.openapi.from_url(f"{gate.url}/api/openapi.json", **self._as_admin())

    def _as_admin(self):
        sessions = self._gate.app.console.access.sessions
        if sessions.find(self._token) is None:
            self._token = self._gate.token("admin")
        return {"headers": {"cookie": f"gate-session={self._token}", "x-csrf-token": csrf_token(self._token)}}

    def send(self, case):
        response = case.call(base_url=self._gate.url, allow_redirects=False, timeout=scaled(30), **self._as_admin())
        self.sent += 1
        self.answers.add(response.status_code)
        if response.status_code >= 500:
            self.failed.append((case.method, case.formatted_path, response.status_code, case.body))

    def run(self, operation, examples):
        from schemathesis import GenerationMode  # noqa: PLC0415

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) | operation.as_strategy())
        def attack(case):
            self.send(case)

        attack()


@pytest.fixture
def attack(tmp_path, caplog):
    caplog.set_level(logging.CRITICAL, "urllib3")
    with ConsoleGate(tmp_path) as gate:
        gate.app.console.access.requests._burst = gate.app.console.access.logins._burst = 1e9
        yield Attack(gate)


@pytest.mark.parametrize(
    "examples", [EXAMPLES, pytest.param(MANY_EXAMPLES, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
def test_no_made_up_request_makes_the_console_fail(attack, examples):
    operations = [found.ok() for found in attack.schema.get_all_operations()]
    endless = [each for each in operations if each.path.startswith("/live/")]
    for operation in operations:
        if operation not in endless:
            attack.run(operation, examples)
    assert attack.failed == []
    assert attack.sent >= len(operations) - len(endless)
    assert {200, 422} <= attack.answers
