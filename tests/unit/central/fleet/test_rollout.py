"""A roll-out over simulated gates: stages, a bad stage that stops it, and a tool that is killed at any point."""

import json
import re
from collections import deque
from types import SimpleNamespace

import pytest

from agent.core.fleet import (
    DocumentFault,
    HeldFleet,
    applied,
    begun,
    fleet_report,
    judged_document,
    put_on_trial,
    read_signed,
    taken_in,
    undone,
)
from agent.core.fleet.document_lifecycle import CUT_OFF
from agent.fleet import FleetTopics
from central.fleet import (
    PlanError,
    RolloutError,
    RolloutFile,
    RolloutPhase,
    RolloutRun,
    Signer,
    count_stage,
    read_plan,
)
from tests.support.fleet.documents import KEY, KEY_ID, rules

UTC = 1_800_000_000
GATES = [f"gate-{number}" for number in range(1, 21)]
PLAN = """
name = "window-6"
kind = "configuration"
for = "all"
cause = "more on its way at one time"
text_file = "layer.toml"
sites = [17, 18]
gates = {gates}

[[stages]]
percent = 5
soak_s = 60
[[stages]]
percent = 50
[[stages]]
percent = 100

[stop]
most_failed = {most_failed}
answer_s = 600
{more}
"""


def plan_in(folder, text="[mqtt]\nwindow = 6\n", most_failed=0, more="", gates=GATES):
    (folder / "layer.toml").write_text(text)
    (folder / "plan.toml").write_text(PLAN.format(gates=json.dumps(gates), most_failed=most_failed, more=more))
    return read_plan(folder / "plan.toml")


class Gate:
    """A gate as the core has it: what it takes it tries at once, and tells in its health."""

    def __init__(self, name, bad, site):
        self.name, self.bad, self.held, self.is_silent, self.is_busy = name, bad, HeldFleet(), False, False
        self.topics = FleetTopics(site)

    def take(self, topic, payload):
        place = self.topics.parse(topic)
        if place is None or not payload:
            return
        found = judged_document(payload.decode(), place, rules(self.name, ()), self.held.floors, None)
        if found is None:
            return
        self.held = taken_in(self.held, found, UTC)
        if found.signed in self.held.waiting and not self.is_busy:
            self.held = begun(put_on_trial(self.held, found, (), was_whole=True), "p", 0.0, UTC)
            if self.bad:
                self.held = undone(self.held, DocumentFault.NOT_CONNECTED, CUT_OFF, UTC)
            else:
                self.held = applied(self.held, UTC)

    def health(self):
        told = {
            "fleet": fleet_report(self.held, [read_signed(one)[0] for one in self.held.in_force], (), ()).model_dump(
                mode="json"
            )
        }
        told["fleet"]["field_of_a_later_version"] = 1
        return SimpleNamespace(topic=f"gate/v1/{self.name}/health", payload=json.dumps(told).encode())


@pytest.fixture(autouse=True)
def _no_syncs(monkeypatch):
    """The tool keeps its file at every step: whether that is durable is tested where files are replaced."""
    monkeypatch.setattr("os.fsync", lambda _handle: None)


class KilledError(BaseException):
    """The tool was killed."""


class World:
    """Gates behind a broker that keeps what is retained. `calls_left`: the tool is killed after so many publishes."""

    def __init__(self, bad=()):
        self.gates = {name: Gate(name, name in bad, 17 + number % 2) for number, name in enumerate(GATES)}
        self.retained, self.utc, self.calls_left, self.said = {}, float(UTC), None, []
        self.waiting = deque()

    def subscribe(self, *_):
        pass

    def messages(self, _timeout_s):
        """What waits, as a client keeps it; where nothing does, time goes on and every gate says how it is."""
        if not self.waiting:
            self.utc += 30
            self.waiting.extend(gate.health() for gate in self.gates.values() if not gate.is_silent)
        while self.waiting:
            yield self.waiting.popleft()

    def publish(self, message):
        if self.calls_left is not None:
            if self.calls_left == 0:
                raise KilledError
            self.calls_left -= 1
        self.retained[message.topic] = message.payload
        for gate in self.gates.values():
            if not gate.is_silent:
                gate.take(message.topic, message.payload)
        return SimpleNamespace(refused=False, words="")

    def run(self, plan, path):
        tool = RolloutRun(plan, RolloutFile(path, plan), Signer(KEY, KEY_ID), self, lambda: self.utc, self.said.append)
        tool.listen(0.001)
        tool.go_on(0.001)
        return tool

    @property
    def with_it(self):
        return [gate.name for gate in self.gates.values() if gate.held.in_force]


def test_a_roll_out_goes_through_its_stages_to_all_gates(tmp_path):
    plan, world = plan_in(tmp_path), World()
    tool = world.run(plan, tmp_path / "state.json")
    assert tool.state.phase is RolloutPhase.DONE
    assert world.with_it == GATES
    assert [line for line in world.said if line.startswith("stage")] == [
        "stage 1 of 3: version 1, 1 gates",
        "stage 2 of 3: version 2, 10 gates",
        "stage 3 of 3: version 3, 20 gates",
    ]
    assert "the stage soaks for 60 s" in world.said
    for site in (17, 18):
        root = f"site/v1/{site}/lists/fleet/configuration/all"
        assert (bool(world.retained[root]), world.retained[f"{root}/next"]) == (True, b"")


def test_a_bad_stage_stops_it_and_the_other_gates_keep_what_they_had(tmp_path):
    plan = plan_in(tmp_path)
    second = [gate for gate in plan.meant(1, {}) if gate not in plan.meant(0, {})]
    world = World(bad=second[:3])
    tool = world.run(plan, tmp_path / "state.json")
    assert (tool.state.phase, tool.state.stage) == (RolloutPhase.STOPPED, 1)
    assert "of 10 gates refused or undid the document: gate-" in tool.state.why
    assert sorted(world.with_it) == sorted(set(plan.meant(1, {})) - set(second[:3]))
    assert "site/v1/17/lists/fleet/configuration/all" not in world.retained
    again = world.run(plan, tmp_path / "state.json")
    assert again.state == tool.state


def test_so_many_failures_as_the_plan_allows_do_not_stop_it(tmp_path):
    plan, world = plan_in(tmp_path, most_failed=2), World(bad=GATES[:2])
    assert world.run(plan, tmp_path / "state.json").state.phase is RolloutPhase.DONE
    assert set(world.with_it) == set(GATES[2:])


def test_gates_that_say_nothing_stop_it_when_their_time_is_over(tmp_path):
    plan, world = plan_in(tmp_path), World()
    for gate in plan.meant(1, {})[:5]:
        world.gates[gate].is_silent = True
    tool = world.run(plan, tmp_path / "state.json")
    assert tool.state.phase is RolloutPhase.STOPPED
    assert "said nothing in 600 s" in tool.state.why


def test_gates_that_stay_busy_stop_it_when_their_time_is_over(tmp_path):
    plan, world = plan_in(tmp_path, more="busy_s = 3600"), World()
    for gate in plan.meant(1, {})[:2]:
        world.gates[gate].is_busy = True
    tool = world.run(plan, tmp_path / "state.json")
    assert tool.state.phase is RolloutPhase.STOPPED
    assert re.search(r"^[12] of 1?[01] gates are still busy after 3600 s: gate-", tool.state.why)
    assert 3600 <= world.utc - tool.state.began_at <= 3600 + 60
    assert any(
        re.search(r"[12] of them busy with the document; waiting until 2027-01-15 09:\d\d UTC$", line)
        for line in world.said
    )
    count = count_stage(plan, tool.state, tool.reports.words, tool.reports.groups)
    assert (count.busy, bool(count.unfinished)) == ((), True)


def test_a_few_busy_gates_do_not_hold_the_others_up_without_end(tmp_path):
    """As one that lost its connection in the middle of its trial."""
    plan, world = plan_in(tmp_path, more="busy_s = 3600\nmost_silent_percent = 50"), World()
    slow = next(gate for gate in plan.meant(1, {}) if gate not in plan.meant(0, {}))
    world.gates[slow].is_busy = True
    tool = world.run(plan, tmp_path / "state.json")
    assert tool.state.phase is RolloutPhase.DONE
    assert sorted(world.with_it) == sorted(set(GATES) - {slow})
    assert count_stage(plan, tool.state, tool.reports.words, tool.reports.groups).unfinished == (slow,)


@pytest.mark.parametrize("calls", [0, 1, 2, 3, 6])
def test_a_tool_that_is_killed_goes_on_where_it_was(tmp_path, calls):
    plan, world = plan_in(tmp_path), World()
    world.calls_left = calls
    with pytest.raises(KilledError):
        world.run(plan, tmp_path / "state.json")
    world.calls_left = None
    tool = world.run(plan, tmp_path / "state.json")
    assert (tool.state.phase, tool.state.version) == (RolloutPhase.DONE, 3)
    assert world.with_it == GATES
    assert all(gate.held.outcomes[0].version == 3 for gate in world.gates.values())


def test_a_stage_begins_in_its_window_only(tmp_path):
    plan, world = plan_in(tmp_path, more='[window]\nbegin = "23:00"\nend = "01:00"\n'), World()
    world.utc += 14.8 * 3600  # a little before 23:00
    world.run(plan, tmp_path / "state.json")
    assert "the next stage begins between 23:00 and 01:00 UTC" in world.said
    window = plan.file.window
    day = 86_400 * 20_000
    assert [window.holds(day + hour * 3600) for hour in (22, 23, 0, 1, 12)] == [False, True, True, False, False]


def test_a_newer_version_than_any_that_gates_have_seen_is_taken(tmp_path):
    plan, world = plan_in(tmp_path), World()
    world.run(plan, tmp_path / "state.json")
    other = plan_in(tmp_path, "[mqtt]\nwindow = 7\n")
    with pytest.raises(RolloutError, match="another document"):
        RolloutFile(tmp_path / "state.json", other).read()
    tool = world.run(other, tmp_path / "other.json")
    assert (tool.state.phase, tool.state.version) == (RolloutPhase.DONE, 6)


def test_what_gates_say_by_events_counts_as_what_they_say_in_health(tmp_path):
    plan = plan_in(tmp_path)
    file = RolloutFile(tmp_path / "state.json", plan)
    state, reports = file.read()
    document = plan.document(0, 4, UTC)
    state = state.model_copy(update={"stage": 2, "version": 4, "sent": True})

    def event(gate, kind, **data):
        told = {"data": {"kind": "configuration", "audience": "all", "version": 4, "digest": document.digest} | data}
        return SimpleNamespace(topic=f"gate/v1/{gate}/event/{kind}", payload=json.dumps(told).encode())

    assert reports.take(event("gate-1", "fleet.document", state="applied"))
    assert reports.take(event("gate-2", "fleet.document", state="undone", code="not_connected"))
    assert reports.take(event("gate-3", "fleet.document", state="trial"))
    assert not reports.take(event("gate-4", "fleet.document", state="refused", digest=""))
    assert not reports.take(event("gate-1", "fleet.document", state="refused", version=3))
    for payload in (b"", b"[]", b'{"fleet": 7}', b'{"data": {"state": []}}'):
        assert not reports.take(SimpleNamespace(topic="gate/v1/gate-5/health", payload=payload))
    count = count_stage(plan, state, reports.words, reports.groups)
    assert (count.applied, count.failed, count.busy) == (("gate-1",), ("gate-2",), ("gate-3",))
    assert len(count.silent) == len(GATES) - 3


def test_gates_that_were_busy_when_it_stopped_are_told_as_unfinished_until_more_is_heard_of_them(tmp_path):
    plan = plan_in(tmp_path)
    file = RolloutFile(tmp_path / "state.json", plan)
    state, reports = file.read()
    state = state.model_copy(update={"stage": 2, "version": 4, "sent": True, "phase": RolloutPhase.STOPPED})

    def said(gate, word):
        data = {"kind": "configuration", "audience": "all", "version": 4, "digest": state.digest, "state": word}
        topic = f"gate/v1/{gate}/event/fleet.document"
        return SimpleNamespace(topic=topic, payload=json.dumps({"data": data}).encode())

    for gate, word in (("gate-1", "undone"), ("gate-2", "trial"), ("gate-3", "waiting")):
        reports.take(said(gate, word))
    count = count_stage(plan, state, reports.words, reports.groups)
    assert (count.failed, count.busy, count.unfinished) == (("gate-1",), (), ("gate-2", "gate-3"))
    assert count.meant == len(GATES)
    reports.take(said("gate-2", "applied"))
    count = count_stage(plan, state, reports.words, reports.groups)
    assert (count.applied, count.unfinished) == (("gate-2",), ("gate-3",))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('kind = "configuration"', 'kind = "firmware"'), "kind"),
        (('text_file = "layer.toml"', 'text_fil = "layer.toml"'), 'did you mean "text_file"'),
        (("percent = 100", "percent = 60"), "percent = 100"),
        (('for = "all"', 'for = "everybody"'), "expected"),
        (("sites = [17, 18]", "sites = []"), "sites"),
        (('"gate-2"', '"gate-1"'), "each gate once"),
        (("[stop]", "[stop"), "line"),
        (("answer_s = 600", "busy_s = 300"), "stop.busy_s must be more than trial_s"),
    ],
)
def test_a_plan_with_a_mistake_is_told_with_its_file_and_key(tmp_path, change, told):
    plan_in(tmp_path)
    text = (tmp_path / "plan.toml").read_text()
    assert change[0] in text
    (tmp_path / "plan.toml").write_text(text.replace(*change))
    with pytest.raises(PlanError, match=r"plan\.toml") as refused:
        read_plan(tmp_path / "plan.toml")
    assert told in str(refused.value)


def test_a_document_that_sets_what_is_not_its_kinds_is_refused_before_it_is_sent(tmp_path):
    with pytest.raises(PlanError, match=r"layer.toml.*lists.fresh_s \(policy\)"):
        plan_in(tmp_path, "[lists]\nfresh_s = 60\n")


def test_a_stage_of_a_few_gates_has_one_at_least(tmp_path):
    plan = plan_in(tmp_path, gates=["gate-1", "gate-2", "gate-3"])
    assert [len(plan.meant(stage, {})) for stage in range(3)] == [1, 2, 3]
