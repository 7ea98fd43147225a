"""Faults that are put into the product or its surroundings, so that the proofs of the fleet must fail."""

import shutil
import sys

from tests.support.packaging.debian_packages import rewrite

FAULTS = {
    "not stopped": "central allows any number of failures: the roll-out of the bad configuration goes on",
    "not undone": "gates do not go back from a configuration that cuts them off",
    "not rolled back": "dpkg does not install the version of before again",
    "event lost": "central loses one event of one gate",
    "vehicles refused": "the new software takes every permit for expired",
}
ANY_TOKEN = (
    sys.executable,
    "-c",
    """
from central.est.registrar import Registrar
Registrar.enrol = lambda self, _token, _user, request: self._signed(request.name, request)[0]
from agent.cli.main import main
main()
""",
)
"""`gate-agent` whose EST server asks for no token."""
NO_ACKNOWLEDGEMENT = (
    sys.executable,
    "-c",
    """
from central.consumer.mqtt_source import MqttSource
settle = MqttSource.settle
MqttSource.settle = lambda self, batch, _answers: settle(self, batch, ())
from central.operation.main import main
main()
""",
)
"""`gate-central` whose consumer keeps from the gates what it has stored."""
STUBBORN = """#!/bin/sh
[ -z "$GATE_AGENT_DOWNGRADE" ] || exit 1
exec /usr/bin/dpkg.real "$@"
"""


def put_into_gates(fault, base):
    """Change what all gates begin with. `base`: what the installed machine has written."""
    if fault == "not undone":
        trees = (base / "usr/lib/gate-agent").glob("*/lib/python3*/site-packages/agent/core/fleet/steps.py")
        (steps,) = {path.resolve() for path in trees}  # one tree, and the link to it
        rewrite(steps, "if at - trial.began_at < document.trial_s:", "if True:")
    elif fault == "not rolled back":
        programs = base / "usr/bin"
        programs.mkdir(parents=True, exist_ok=True)
        shutil.copy("/usr/bin/dpkg", programs / "dpkg.real")
        (programs / "dpkg").write_text(STUBBORN)
        (programs / "dpkg").chmod(0o755)


def put_into_software(fault, modules):
    """Change the new software. `modules`: of its package."""
    if fault == "vehicles refused":
        rewrite(
            modules / "agent/core/permit/permit_verification.py",
            "check_list.require(Reason.EXPIRED, utc < min(permit.expires_at, longest) + skew,",
            "check_list.require(Reason.EXPIRED, False,",
        )
