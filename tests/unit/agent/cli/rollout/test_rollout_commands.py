"""The commands `gate-agent fleet plan | status`, beside the simulator under the same name."""

import json
import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from agent.core.fleet import DocumentState
from agent.core.fleet.document_lifecycle import CUT_OFF
from agent.i18n import Language, translate
from central.fleet import RolloutFile, RolloutPhase
from tests.unit.central.fleet.test_rollout import World, plan_in


def run(*arguments):
    return CliRunner().invoke(application(arguments), list(arguments))


def test_a_plan_is_shown_with_the_gates_of_each_stage(tmp_path):
    plan_in(tmp_path, gates=["gate-1", "gate-2", "gate-3"])
    found = run("fleet", "plan", str(tmp_path / "plan.toml"))
    assert found.exit_code == 0, found.output
    assert [line.partition(":")[0] for line in found.output.splitlines()[1:]] == ["stage 1", "stage 2", "stage 3"]


def test_a_plan_with_a_mistake_is_refused_in_one_line(tmp_path):
    plan_in(tmp_path)
    (tmp_path / "plan.toml").write_text("nme = 1\n")
    found = run("fleet", "plan", str(tmp_path / "plan.toml"))
    assert found.exit_code == 1
    assert 'did you mean "name"' in found.output


def test_the_status_is_what_the_tool_keeps(tmp_path):
    plan, world = plan_in(tmp_path), World(bad=["gate-3"])
    world.run(plan, tmp_path / "state.json")
    paths = [str(tmp_path / "plan.toml"), "--state", str(tmp_path / "state.json")]
    told = json.loads(run("fleet", "status", *paths, "--json").output)
    assert (told["phase"], told["failed"]) == ("stopped", ["gate-3"])
    told = run("fleet", "status", *paths).output
    assert "gate-3: version 2 undone (not_connected): the agent ended before the trial of the document was over" in told


def test_the_status_after_a_stop_calls_no_gate_busy_and_says_how_to_hear_more(tmp_path):
    plan, world = plan_in(tmp_path), World(bad=["gate-3"])
    tool = world.run(plan, tmp_path / "state.json")
    assert tool.state.phase is RolloutPhase.STOPPED
    word = next(word for word in tool.reports.words.values() if word.state is DocumentState.APPLIED)
    gate = next(name for name, one in tool.reports.words.items() if one is word)
    tool.reports.words[gate] = replace(word, state=DocumentState.TRIAL, in_force="")
    RolloutFile(tmp_path / "state.json", plan).keep(tool.state, tool.reports)
    paths = [str(tmp_path / "plan.toml"), "--state", str(tmp_path / "state.json")]
    told = json.loads(run("fleet", "status", *paths, "--json").output)
    assert (told["busy"], told["unfinished"]) == ([], [gate])
    told = run("fleet", "status", *paths).output
    assert "unfinished: 1\n" in told
    assert "`fleet apply` with the same plan asks again" in told


def test_a_gate_that_undid_the_text_before_says_why_that_was(tmp_path):
    plan, world = plan_in(tmp_path, most_failed=2), World(bad=["gate-3"])
    assert world.run(plan, tmp_path / "state.json").state.phase is RolloutPhase.DONE
    told = run("fleet", "status", str(tmp_path / "plan.toml"), "--state", str(tmp_path / "state.json")).output
    assert (
        "gate-3: version 3 undone (undone_before): this gate has undone the same text before (not_connected: " in told
    )
    assert CUT_OFF in told


def test_why_a_gate_went_back_is_shown_in_the_readers_language(tmp_path):
    plan, world = plan_in(tmp_path), World(bad=["gate-3"])
    world.run(plan, tmp_path / "state.json")
    paths = [str(tmp_path / "plan.toml"), "--state", str(tmp_path / "state.json")]
    told = run("fleet", "status", *paths, "--language", "ru").output
    assert f"gate-3: версия 2, отменён (not_connected): {translate(CUT_OFF, Language.RU)}" in told
    assert CUT_OFF not in told
    assert not re.search(r"\b(undone|stage|version|stopped|applied|failed|silent)\b", told)


@pytest.mark.parametrize("command", [["fleet"], ["fleet", "simulate"]])
def test_the_simulator_is_reached_with_its_name_and_without(command):
    found = run(*command, "--broker", "nonsense", "--gates", "1")
    assert found.exit_code == 2
    assert "--broker" in found.output
