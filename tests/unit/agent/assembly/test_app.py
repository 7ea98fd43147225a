"""The parts of a whole gate: each thread is known to those who watch, and each stop says what is left."""

from __future__ import annotations

import ast
import sys
import threading
from contextlib import closing
from operator import attrgetter
from pathlib import Path

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.model import WitnessReading
from agent.service.worker import Worker
from agent.settings.configuration_loading import load_configuration
from agent.store.damaged_copies import KEPT, KEPT_S
from agent.store.gate_key import gate_key
from agent.vision.witness import WitnessedPicture
from tests.support.gate.gate_site import GATE, GateSite
from tests.support.gate.simulated_gate import forgotten_boards, gate_app, simulated_lane
from tests.support.waiting import PATIENCE_S, eventually

ROOT = Path(__file__).parents[4]
MORE = """
[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{folder}/scanner"

[[lanes.exit-1.cameras]]
id = "front"
kind = "folder"
path = "{folder}"

[[lanes.exit-1.signs]]
id = "sign"
kind = "simulated"

[lanes.exit-1.voice]
kind = "simulated"

[[lanes.exit-1.witnesses]]
id = "beside"
kind = "hikvision"
host = "127.0.0.1"
port = 1
user = "gate"
password = "hush"

[metrics]
enabled = true
port = 0

[site]
brokers = ["mqtt://127.0.0.1:1"]

[[site.gates]]
id = "{gate}"
public_key = "{key}"

[[site.gates]]
id = "gate-8"
public_key = "{neighbour}"
"""
NOBODY = 'brokers = ["mqtt://127.0.0.1:1"]'


@pytest.fixture
def whole(tmp_path):
    """Settings of a gate that has one of everything which runs on a thread."""
    site, state = GateSite(tmp_path), tmp_path / "state"
    state.mkdir()
    more = MORE.format(
        folder=tmp_path,
        gate=GATE,
        key=gate_key(state).public.raw.hex(),
        neighbour=SigningKey.from_seed(b"8" * 32).public.raw.hex(),
    )
    with forgotten_boards():
        yield load_configuration(site.configure(simulated_lane(tmp_path.name), mqtt=NOBODY, more=more))


# ------------------------------------------------------------------------------------------------- threads

WITHOUT_A_PART = ["link-network", "link-network", "watchdog", "workers"]
"""The network's, which their session watches and replaces; the watchdog, which watches; who records what it finds."""
FOR_A_MOMENT = {"agent/service/parallel.py"}
"""Makes threads for one thing each, whose failure goes to the owner."""


def makers():
    """The modules of the agent's own process that make a worker."""
    found = set()
    for path in sorted((ROOT / "agent").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        if any(ast.unparse(call).split(".")[-1] == "Worker" for call in calls):
            found.add(name)
    return {name for name in found if not name.startswith("agent/vision/worker/")}


def test_every_worker_of_a_gate_stands_beside_its_part_and_there_is_none_that_no_gate_makes(whole, monkeypatch):
    make, made, places = Worker.__init__, [], set()

    def noted(worker, *args, **options):
        make(worker, *args, **options)
        made.append(worker)
        places.add(str(Path(sys._getframe(1).f_code.co_filename).relative_to(ROOT)))

    monkeypatch.setattr(Worker, "__init__", noted)
    app = gate_app(whole)
    app.parts.close()
    known = list(app._lifecycle.workers)
    assert len(known) == len(set(known))
    assert sorted(worker.name for worker in made if worker not in known) == WITHOUT_A_PART
    assert places | FOR_A_MOMENT == makers()


def test_what_a_witness_says_reaches_who_decides_for_its_lane(whole):
    app = gate_app(whole)
    (lane,), (witness,) = app.parts.lanes.units, app.parts.lanes.witnesses
    for at in (1.0, 2.0):
        witness._on_seen(WitnessedPicture(WitnessReading(witness.name, "京A12345", 0.97, at), {}))
    facts = lane.loop._decide.__self__._facts
    assert [one.at for one in facts._witnessed(2.0)] == [2.0]
    assert [one.witness for one in facts._witnessed(0.0)] == ["exit-1/beside"] * 2
    app.parts.close()


# ------------------------------------------------------------------------------------------------- stops


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("what comes from central", "central._lists"),
        ("what comes from central", "central._command_processor"),
        ("what comes from central", "central._pictures"),
        ("what comes from central", "central._health"),
        ("the link to central", "central._link"),
        ("the link to central", "central._link.uplink"),
        ("the doctor", "diagnostics.health_monitor"),
        ("the doctor", "diagnostics._metrics"),
        ("the doctor", "diagnostics._metrics.worker"),
        ("the console", "console.worker"),
        ("the log level", "log_level.worker"),
        ("the site", "site._exchange"),
        ("the record of the stop", "workers"),
    ],
)
def test_a_stop_that_leaves_something_says_so(whole, mocker, part, left):
    app = gate_app(whole)
    (stop,) = [one.stop for phase in app._lifecycle._phases for one in phase.parts if one.name == part]
    app.parts.diagnostics._metrics._server = mocker.Mock()
    owner = attrgetter(left)(app.parts)
    mocker.patch.object(owner, "join" if isinstance(owner, Worker) else "stop", return_value=False)
    ended = stop()
    app.parts.close()
    assert ended is False


def test_no_other_agent_follows_in_a_process_in_which_a_picture_is_still_on_its_way(whole, mocker):
    mocker.patch("agent.assembly.central_connection.STOP_TAKING_S", 0.05)
    app, hangs, let_go = gate_app(whole), threading.Event(), threading.Event()

    def hang():
        hangs.set()
        let_go.wait(PATIENCE_S)
        return 0.0

    mocker.patch.object(app.parts.central._pictures, "_turn", hang)
    app.start()
    try:
        assert hangs.wait(PATIENCE_S)
        assert not app.stop("a new configuration", again=True)
    finally:
        let_go.set()
    eventually(lambda: not app.parts.central._pictures.worker.runs)


def test_a_link_of_which_only_the_network_thread_has_ended_has_not_ended(whole, mocker):
    app = gate_app(whole)
    app.start()
    watch = app.parts.central.client.worker
    stop = watch.stop

    def stop_late(timeout_s):
        stop(timeout_s)
        return False

    mocker.patch.object(watch, "stop", stop_late)
    assert not app.stop("the end of the test")


# ------------------------------------------------------------------------------------------------- the disk


@pytest.mark.parametrize("is_trusted", [True, False])
def test_old_damaged_databases_go_while_the_clock_is_trusted_and_only_then(whole, mocker, is_trusted):
    app = gate_app(whole)
    with closing(app.parts):
        folder = whole.settings.state.directory
        made = [folder / f"registry.db.damaged-{number}" for number in range(KEPT + 1)]
        for path in made:
            path.write_bytes(b"x")
        mocker.patch.object(app.parts.clock_monitor, "trusted", return_value=is_trusted)
        mocker.patch.object(app.parts, "utc", return_value=made[0].stat().st_ctime + KEPT_S + 60)
        app.parts.records.retention.prune()
        assert sum(path.exists() for path in made) == (KEPT if is_trusted else KEPT + 1)
