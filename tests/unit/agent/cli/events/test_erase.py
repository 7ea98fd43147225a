"""The command `gate-agent events erase`: what it asks of the agent, and what it tells of the answer."""

import json
import threading
from contextlib import closing

import pytest
from typer.testing import CliRunner

from agent.cli.events import app
from agent.core.events import digest_of_value
from agent.recording import ErasureAnswer, ErasureRequests
from agent.store.journal import ErasureScope
from tests.support.store.personal import open_erasable, plate, vehicle
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def state(tmp_path):
    open_erasable(tmp_path).close()
    return tmp_path


def run(state, *options, given=""):
    return CliRunner().invoke(app, ["erase", "--journal", str(state / "journal.db"), *options], input=given)


class Agent:
    """Answers the first request that comes."""

    def __init__(self, state, answer):
        self._requests, self._answer, self.asked = ErasureRequests(state), answer, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _work(self):
        while not self._stop.wait(0.02):
            for request in self._requests.waiting():
                self.asked.append(request)
                self._requests.answer(request, self._answer)


def test_a_value_is_read_from_standard_input_and_only_its_digest_is_left_for_the_agent(state):
    with Agent(state, ErasureAnswer(12, 3, 2, 1)) as agent:
        done = run(state, "--value", "--cause", "asked for", "--yes", "--wait", str(PATIENCE_S), given=f"{plate(4)}\n")
    assert (done.exit_code, done.stdout) == (0, "erased: 12 values of 3 events, 2 pictures, 1 copy\n")
    assert (agent.asked[0].digest, agent.asked[0].cause) == (digest_of_value(plate(4)), "asked for")
    assert plate(4) not in agent.asked[0].model_dump_json()


def test_events_are_named_by_their_numbers_and_nothing_kept_is_exit_code_1(state):
    with Agent(state, ErasureAnswer(0, 0)) as agent:
        done = run(state, "--from", "3", "--to", "9", "--cause", "x", "--yes", "--wait", str(PATIENCE_S))
    assert done.exit_code == 1
    assert (agent.asked[0].first, agent.asked[0].last, agent.asked[0].digest) == (3, 9, "")


def test_what_could_not_be_erased_is_told(state):
    with Agent(state, ErasureAnswer(2, 1, trouble="no disk")):
        done = run(state, "--from", "3", "--to", "9", "--cause", "x", "--yes", "--wait", str(PATIENCE_S))
    assert done.exit_code == 1
    assert "could not erase everything: no disk" in done.output


def test_it_is_asked_whether_it_is_meant(state):
    assert run(state, "--from", "1", "--to", "2", "--cause", "x", given="n\n").exit_code == 1
    assert list(ErasureRequests(state).waiting()) == []


def test_without_an_agent_the_request_waits_for_the_next_one(state):
    done = run(state, "--from", "1", "--to", "2", "--cause", "x", "--yes", "--wait", "0")
    assert done.exit_code == 1
    assert "the agent does it when it runs" in done.output
    assert [one.first for one in ErasureRequests(state).waiting()] == [1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "say what"),
        (["--from", "1"], "say what"),
        (["--from", "5", "--to", "4"], "--to must not be before --from"),
        (["--digest", "abc"], "digest"),
        (["--value"], "no value was given"),
    ],
)
def test_what_cannot_be_meant_is_refused(state, options, said):
    done = run(state, *options, "--cause", "x", "--yes", given="\n")
    assert done.exit_code == 2
    assert said in done.output


def test_an_export_has_the_values_in_a_file_of_its_own_and_its_events_verify_without_it(tmp_path):
    with closing(open_erasable(tmp_path)) as journal:
        journal.record(vehicle(4))
        journal.erase(ErasureScope(1, 1), "request")
        first, second, _third = journal.range(1, 3)
    file, source = tmp_path / "events.jsonl", ["--journal", str(tmp_path / "journal.db")]
    assert CliRunner().invoke(app, ["export", *source, "--values"]).exit_code == 2
    done = CliRunner().invoke(app, ["export", *source, "--out", str(file), "--values"])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl.values").read_text().splitlines()]
    assert [one["seq"] for one in lines] == [1, 2, 3]
    assert {one["digest"] for one in lines[0]["erased"]} == {one.digest for one in first.disclosures}
    assert lines[1] == {"seq": 2, "disclosures": [one.text for one in second.disclosures], "erased": []}
    assert (tmp_path / "events.jsonl.values").stat().st_mode & 0o777 == 0o600
    assert CliRunner().invoke(app, ["verify", str(file)]).exit_code == 0


def test_a_journal_that_is_not_there_is_told(tmp_path):
    done = run(tmp_path, "--from", "1", "--to", "2", "--cause", "x", "--yes")
    assert done.exit_code == 1
    assert "there is no journal" in done.output


def test_a_shown_event_has_its_values_and_says_what_was_erased_and_the_stored_bytes_have_neither(tmp_path):
    with closing(open_erasable(tmp_path)) as journal:
        journal.record(vehicle(4))
        journal.record(vehicle(5))
        journal.erase(ErasureScope(1, 3), "request")
    shown = CliRunner().invoke(app, ["tail", "--journal", str(tmp_path / "journal.db")]).stdout
    assert (plate(4) in shown, plate(5) in shown, "plate=erased" in shown, "sd:" in shown) == (False, True, True, False)
    stored = CliRunner().invoke(app, ["tail", "--json", "--journal", str(tmp_path / "journal.db")]).stdout
    assert (plate(5) in stored, "sd:" in stored) == (False, True)
