"""All proofs. A test compares this table with docs/proofs.md and the Makefile.

What each usually takes was measured on two cores; `make prove` runs the cheapest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.proofs.proof import Need, Proof
from tools.proofs.readings.failures import lived_through, lost_events, pictures_read, soaked, stressed
from tools.proofs.readings.measurements import measured_file, measured_table
from tools.proofs.readings.pytest_runs import pytest_runs
from tools.proofs.readings.rules import (
    changed_programs,
    explored,
    guided_inputs,
    hostile_inputs,
    lane_steps,
    raced,
)
from tools.proofs.readings.systems import (
    clustered,
    from_nothing,
    on_a_machine,
    other_tools,
    queried,
    rolled_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.proofs.proof import Output, Reading

LONG_ELSEWHERE: Final = (
    "tests/browser",
    "tests/packaging",
    "tests/unit/agent/uploads",
    "tests/system/test_central_node.py",
)
"""Tests marked `long` that another proof of this table runs."""
_REST: Final = " ".join(f"--ignore={path}" for path in LONG_ELSEWHERE)


def _both(one: Callable[[Output], Reading], other: Callable[[Output], Reading]) -> Callable[[Output], Reading]:
    """The figures of both readings of one output."""
    return lambda output: one(output) + other(output)


PROOFS: Final = (
    Proof(
        "test-generators",
        "make test-generators",
        "Tools by other authors read the published contract without errors.",
        45,
        _both(other_tools, pytest_runs),
    ),
    Proof(
        "fuzz",
        "make fuzz",
        "A million hostile inputs break nothing that reads untrusted bytes.",
        50,
        hostile_inputs,
    ),
    Proof(
        "test-uploads",
        "make test-uploads",
        "1,000 pictures arrive whole in object storage that fails, and events do not wait for them.",
        55,
        _both(pytest_runs, measured_table),
    ),
    Proof(
        "test-central",
        "make test-central",
        "Every query of the dashboards is fast with a thousand gates and a month of events.",
        60,
        queried,
        disk_gb=4,
    ),
    Proof(
        "soak-lane",
        "make soak-lane",
        "10,000 vehicles and 8 million random steps never break the rules of a lane.",
        290,
        lane_steps,
    ),
    Proof(
        "test-cluster",
        "make test-cluster",
        "Gates and consumers lose no event while the nodes of a RabbitMQ cluster are killed.",
        325,
        _both(clustered, pytest_runs),
    ),
    Proof(
        "fuzz-guided",
        "make fuzz-guided",
        "Hostile inputs that coverage guides break nothing that reads untrusted bytes, in an hour.",
        3900,
        guided_inputs,
    ),
    Proof(
        "races",
        "make races",
        "Gates that compete for the same permits never let one pass twice, even while their network is split.",
        400,
        raced,
    ),
    Proof(
        "test-browser",
        "make test-browser",
        "Every page of the console works in a browser, in four languages, on desktop and phone.",
        580,
        pytest_runs,
    ),
    Proof(
        "properties",
        "make properties",
        "The rules hold for new random inputs.",
        600,
        pytest_runs,
    ),
    Proof(
        "test-package",
        "make test-package",
        "The Debian package survives upgrades, rollbacks and everything that can break an upgrade.",
        720,
        pytest_runs,
        (Need.ROOT, Need.CONTAINERS),
        disk_gb=4,
    ),
    Proof(
        "test",
        "make test",
        "Style, types and imports are in order, and all tests pass except the longer ones.",
        810,
        pytest_runs,
        contains=("make check",),
    ),
    Proof(
        "soak-vision",
        "make soak-vision",
        "A vision worker reads 100,000 pictures with faults mixed in, and its memory does not grow.",
        1200,
        pictures_read,
        seed="1",
    ),
    Proof(
        "test-fleet",
        "make test-fleet",
        "Roll-outs to twenty gates, a year of a certificate, and the way from a box to the first event.",
        1350,
        rolled_out,
        (Need.ROOT, Need.CONTAINERS),
        disk_gb=4,
        contains=(
            "python -m tests.fleet.rollout",
            "python -m tests.fleet.certificates",
            "python -m tests.fleet.first_event",
        ),
    ),
    Proof(
        "faults",
        "make faults",
        "No event is lost while agent, broker, consumer, power, network and disk fail hundreds of times.",
        1500,
        lost_events,
        (Need.ROOT,),
    ),
    Proof(
        "bench",
        "make bench",
        "The product is as fast as its goals say.",
        1800,
        measured_file,
        disk_gb=4,
        file="build/bench.json",
    ),
    Proof(
        "proofs",
        f'make proofs LONG="{_REST}"',
        "All other tests marked `long` pass: kills in the middle of a pulse, pulled cables, power cuts.",
        1800,
        pytest_runs,
    ),
    Proof(
        "model",
        "make model",
        "No sequence of inputs breaks a rule of lanes, sites, sessions, clock and lists, within bounds.",
        1900,
        explored,
    ),
    Proof(
        "test-vm",
        "make test-vm",
        "The package works on a machine whose devices are unplugged, power is cut, clock is set and disk is full.",
        2400,
        on_a_machine,
        disk_gb=6,
        seed="20261126",
    ),
    Proof(
        "bench-reading",
        "make bench-reading",
        "The readers of codes and plates reach their goals, and read as well as readers by other authors.",
        3600,
        measured_table,
        (Need.PICTURES,),
        disk_gb=4,
    ),
    Proof(
        "mutants",
        "make mutants",
        "The tests notice when a rule or a codec is changed in any small way.",
        3600,
        changed_programs,
        disk_gb=4,
    ),
    Proof(
        "test-bare",
        "make test-bare",
        "The product installs and runs in a bare Debian 12 and 13, and on arm64.",
        3600,
        from_nothing,
        (Need.ROOT, Need.NAMESPACES),
        disk_gb=6,
    ),
    Proof(
        "soak",
        "make soak SOAK_S=7200",
        "The whole agent keeps all its rules for two hours with twenty times the traffic and all faults mixed.",
        7500,
        soaked,
    ),
    Proof(
        "site",
        "make site",
        "A whole site keeps its rules for a day at twenty times speed, with all troubles and an update in the middle.",
        5400,
        lived_through,
        (Need.ROOT, Need.CONTAINERS),
        disk_gb=4,
    ),
    Proof(
        "stress-loops",
        'make stress RUNS=1 KIND="busy loops"',
        "No test depends on the speed of the computer: beside three busy loops.",
        4800,
        stressed,
    ),
    Proof(
        "stress-suites",
        'make stress RUNS=1 KIND="second suite"',
        "No test depends on the speed of the computer: beside the same tests.",
        4800,
        stressed,
    ),
    Proof(
        "stress-half",
        'make stress RUNS=1 KIND="half a core"',
        "No test depends on the speed of the computer: on half a core.",
        4800,
        stressed,
        (Need.ROOT,),
    ),
)
