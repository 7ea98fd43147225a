"""The command processor over a real broker and a real journal.

What it accepts is recorded first, done once and always answered.
"""

import hashlib
import threading
import time
from types import SimpleNamespace

import pytest

from agent.core.commands.command import CommandAnswer, Result
from agent.core.commands.record import CommandTaken
from agent.core.model import CommandName, span_id_of
from agent.mqtt import challenges
from agent.mqtt.command_processor import INBOX_LIMIT
from agent.mqtt.command_refusals import EVENTS_A_MINUTE
from agent.mqtt.messages import Incoming, Outgoing
from agent.store.errors import JournalFullError
from tests.support.mqtt.command_site import ROOT, CommandSender, CommandSite, Executors
from tests.support.mqtt.commanding import GATE, KEY, OTHER_KEY, READER, signed
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, stored
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = needs_mosquitto


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), "max_inflight_messages 200") as running:
        yield running


@pytest.fixture
def site(broker, tmp_path):
    with CommandSite(broker.port, tmp_path / "journal.db").running() as site:
        yield site


@pytest.fixture
def central(broker, site):
    with CommandSender(broker.port) as central:
        yield central


def test_a_command_is_recorded_done_and_answered(site, central):
    fields = site.body("lock")
    result = central.send(signed(fields), "lock", correlation=b"42", response_topic=f"{ROOT}/res/mine")
    assert result == {
        "command": fields["id"],
        "gate": GATE,
        "name": "lock",
        "result": "done",
        "code": None,
        "detail": "as ordered",
        "data": {},
        "challenge": site.processor.challenge,
        "traceparent": None,
        "tracestate": None,
    }
    eventually(lambda: len(central.raw) == 2)
    assert [(m.topic, m.correlation, m.expiry_s > 3500, m.retained) for m in central.raw] == [
        (f"{ROOT}/res/lock", b"42", True, False),
        (f"{ROOT}/res/mine", b"42", True, False),
    ]
    assert [kind for kind, _ in site.journal.events] == ["command.accepted", "command.executed"]
    accepted = site.data("command.accepted")[0]
    assert accepted["operator"] == "officer 7"
    assert accepted["fingerprint"] == hashlib.sha256(KEY.public.raw).hexdigest()
    assert site.journal.real.command_counter("duty") == fields["counter"]
    (command,) = site.executors.carried_out
    assert (command.id, command.lane) == (fields["id"], "in-1")


def test_the_event_is_on_the_disk_before_anything_is_done(site, central):
    seen = []
    site.executors.answers[CommandName.OPEN] = lambda _: seen.extend(site.journal.types) or CommandAnswer(Result.DONE)
    central.send(site.command())
    assert seen == ["command.accepted"]


def test_what_an_executor_answers_is_passed_on(site, central):
    site.executors.answers[CommandName.OPEN] = CommandAnswer(
        Result.NOT_DONE, "the relay is away", {"lane": "in-1", "n": [1]}
    )
    result = central.send(site.command())
    assert (result["result"], result["detail"], result["data"]) == (
        "not_done",
        "the relay is away",
        {"lane": "in-1", "n": [1]},
    )
    assert site.data("command.executed")[0]["result"] == "not_done"


def test_a_repeat_gets_the_stored_answer_and_does_nothing(site, central):
    payload = site.command("lock")
    first = central.send(payload, "lock")
    site.processor._challenges.rotate(0.0)
    second = central.send(payload, "lock", correlation=b"again")
    assert second | {"challenge": first["challenge"]} == first
    assert central.raw[-1].correlation == b"again"
    assert len(site.executors.carried_out) == 1
    assert site.journal.types == ["command.accepted", "command.executed"]


TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "congo=1"}


def test_the_trace_of_a_command_is_in_its_results_and_a_span_inside_it_in_its_events(site, central):
    payload = signed(fields := site.body("lock", **TRACE))
    for _ in range(2):  # its repeat too
        assert TRACE.items() <= central.send(payload, "lock").items()
    refused = central.send(signed(site.body("lock", counter=1, **TRACE)), "lock")
    assert refused["code"] == "COUNTER_USED"
    assert TRACE.items() <= refused.items()
    span = f"00-4bf92f3577b34da6a3ce929d0e0e4736-{span_id_of('command', GATE, fields['id'])}-01"
    told = [(one["type"], one.get("traceparent"), one.get("tracestate")) for one in site.journal.sealed]
    assert told[:2] == [("command.accepted", span, "congo=1"), ("command.executed", span, "congo=1")]


def test_a_trace_that_is_not_right_is_left_aside_and_the_command_is_obeyed(site, central):
    for wrong in ({"traceparent": "00-0-0-0"}, {"traceparent": 7}, {"tracestate": "congo=1"}, {"tracestate": []}):
        result = central.send(signed(site.body("lock", **wrong)), "lock")
        assert (result["result"], result["traceparent"], result["tracestate"]) == ("done", None, None)
    assert all("traceparent" not in one for one in site.journal.sealed)


def test_another_command_with_a_used_id_is_refused(site, central):
    fields = site.body()
    central.send(signed(fields))
    result = central.send(signed(site.body(id=fields["id"])))
    assert (result["code"], result["detail"]) == ("COUNTER_USED", "its id was used by another command")
    assert len(site.executors.carried_out) == 1


def test_a_counter_holds_over_restarts(broker, tmp_path):
    path = tmp_path / "journal.db"
    with CommandSite(broker.port, path).running() as site, CommandSender(broker.port) as central:
        central.send(site.command(counter=50))
    with CommandSite(broker.port, path, boot="b2").running() as site, CommandSender(broker.port) as central:
        assert central.send(site.command(counter=50))["code"] == "COUNTER_USED"
        assert central.send(site.command(counter=51))["result"] == "done"


def test_a_command_of_an_interrupted_run_is_answered_as_unknown(broker, tmp_path):
    path = tmp_path / "journal.db"
    site = CommandSite(broker.port, path)
    left = signed(fields := site.body("lock"))
    digest = hashlib.sha256(left).hexdigest()
    site.recorder.bind([], commands=[CommandTaken(fields["id"], digest, "duty", fields["counter"], "lock", "in-1")])
    with site.running(), CommandSender(broker.port) as central:
        eventually(lambda: site.data("command.executed"))
        assert central.send(left, "lock")["result"] == "unknown"
        assert site.data("command.executed")[0]["result"] == "unknown"
        assert site.executors.carried_out == []
        assert site.journal.real.unanswered_commands() == []


def test_a_refused_command_is_an_event_and_answered_with_its_code(site, central):
    result = central.send(signed(site.body(), key=OTHER_KEY))
    assert (result["result"], result["code"], result["command"]) == ("refused", "SIGNATURE_INVALID", None)
    known = central.send(signed(fields := site.body(), key=OTHER_KEY, kid=READER))
    assert (known["code"], known["command"]) == ("NOT_PERMITTED", fields["id"])
    events = eventually(lambda: len(found := site.data("command.refused")) == 2 and found)
    assert [(e["code"], e["name"], e["key"], e["count"]) for e in events] == [
        ("SIGNATURE_INVALID", "open", None, 1),
        ("NOT_PERMITTED", "open", READER, 1),
    ]
    assert site.executors.carried_out == []


def test_a_retained_command_is_refused_live_and_not_even_heard_when_stored(broker, tmp_path):
    path = tmp_path / "journal.db"
    with CommandSite(broker.port, path).running() as site, CommandSender(broker.port) as central:
        stale = site.command()
        assert central.send(stale, retain=True)["code"] == "RETAINED"
    with CommandSite(broker.port, path).running() as site, CommandSender(broker.port) as central:
        central.send(site.command("lock"), "lock")
        assert [c.name for c in site.executors.carried_out] == ["lock"]
        assert len(site.data("command.refused")) == 1
        central.publish(b"", retain=True)


def test_clearing_a_retained_command_is_not_a_command(site, central):
    central.send(site.command(), retain=True)
    central.publish(b"", retain=True)
    assert stored(central.port, f"{ROOT}/cmd/open") is None
    # A bridge hands it on without the flag, and what comes twice comes twice.
    central.publish(b"")
    central.publish(b"", "lock")
    # Commands are taken in the order in which they came: what came before this one has been looked at.
    assert central.send(site.command("lock"), "lock")["result"] == "done"
    assert site.refused() == 1
    assert [result["code"] for result in central.results] == ["RETAINED", None]


def test_without_keys_no_command_is_offered_and_none_taken(broker, tmp_path):
    site = CommandSite(broker.port, tmp_path / "journal.db", keys={})
    assert (site.processor.challenge, site.processor.offer) == (None, None)
    with site.running(), CommandSender(broker.port) as central:
        assert central.send(site.command(challenge="x"))["code"] == "KEY_UNKNOWN"


def test_the_birth_offers_what_the_keys_may(site):
    offer = site.processor.offer
    assert (offer.keys, offer.max_life_s, offer.names) == (("duty", "reader"), 120, tuple(CommandName))


def test_while_the_journal_cannot_be_written_nothing_is_done(site, central):
    site.journal.fails = JournalFullError("the disk is full")
    payload = site.command()
    result = central.send(payload)
    assert (result["code"], result["detail"]) == ("GATE_FAULT", "the journal cannot be written; nothing was done")
    assert site.executors.carried_out == []
    site.journal.fails = None
    assert central.send(payload)["result"] == "done"
    eventually(lambda: site.recorder.retry() or site.data("command.refused"))
    assert [event["code"] for event in site.data("command.refused")] == ["GATE_FAULT"]


def test_an_answer_that_cannot_be_written_yet_is_still_known(site, central):
    def fail_after(_command):
        site.journal.fails = JournalFullError("the disk is full")
        return CommandAnswer(Result.DONE, "just in time")

    site.executors.answers[CommandName.OPEN] = fail_after
    payload = site.command()
    assert central.send(payload)["detail"] == "just in time"
    assert central.send(payload)["detail"] == "just in time"
    assert len(site.executors.carried_out) == 1
    site.journal.fails = None
    eventually(lambda: site.recorder.retry() or site.data("command.executed"))
    assert site.data("command.executed")[0]["detail"] == "just in time"


def test_while_the_journal_cannot_be_read_nothing_is_done(site, central, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(site.journal.real, "command", lambda _: 1 / 0)
        assert central.send(site.command())["code"] == "GATE_FAULT"
    assert site.executors.carried_out == []
    assert central.send(site.command())["result"] == "done"


def test_what_the_last_run_left_is_settled_as_soon_as_the_journal_can_be_read(broker, tmp_path, monkeypatch):
    site = CommandSite(broker.port, tmp_path / "journal.db")
    real = site.journal.real.unanswered_commands
    monkeypatch.setattr(site.journal.real, "unanswered_commands", lambda: 1 / 0)
    with site.running(), CommandSender(broker.port) as central:
        assert central.send(site.command())["code"] == "GATE_FAULT"
        monkeypatch.setattr(site.journal.real, "unanswered_commands", real)
        eventually(lambda: site.processor._unfinished_answered)
        assert central.send(site.command())["result"] == "done"


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: 1 / 0,
        CommandAnswer(Result.DONE, "", {"x": b"no json"}),
        lambda _: CommandAnswer(Result.DONE, "", {"x": float("nan")}),
    ],
)
def test_an_executor_that_fails_is_answered_with_its_error(site, central, answer):
    site.executors.answers[CommandName.OPEN] = answer
    result = central.send(site.command())
    assert result["result"] == "failed"
    assert "Error" in result["detail"]
    assert site.data("command.executed")[0]["result"] == "failed"


def test_an_executor_that_hangs_holds_up_no_refusal_and_nothing_runs_beside_it(site, central, monkeypatch):
    monkeypatch.setattr(site.processor._executions, "_limit_s", 0.1)
    release = threading.Event()
    site.executors.answers[CommandName.OPEN] = lambda _: release.wait(PATIENCE_S) and CommandAnswer(Result.DONE)
    result = central.send(site.command())
    assert (result["result"], "did not finish" in result["detail"]) == ("unknown", True)
    assert central.send(signed(site.body(), key=OTHER_KEY))["code"] == "SIGNATURE_INVALID"
    busy = central.send(site.command("lock"), "lock")
    assert (busy["result"], "still busy with open" in busy["detail"]) == ("not_done", True)
    monkeypatch.undo()
    release.set()
    eventually(lambda: central.send(site.command("lock"), "lock")["result"] == "done")


def test_a_machine_without_threads_does_nothing_and_says_so(site, central, monkeypatch):
    def no_thread(_run):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as broken:
        broken.setattr("agent.service.worker.Worker.start", no_thread)
        result = central.send(site.command())
    assert (result["result"], result["detail"]) == ("failed", "can't start new thread; nothing was done")
    assert site.executors.carried_out == []


def test_the_processor_stops_in_time_also_while_something_runs(site, central):
    release = threading.Event()
    site.executors.answers[CommandName.OPEN] = lambda _: (
        release.wait(PATIENCE_S) and CommandAnswer(Result.DONE, "at last")
    )
    central.publish(site.command())
    eventually(lambda: site.executors.carried_out)
    assert not site.processor.stop(0.05)
    release.set()
    assert site.processor.stop(scaled(5))
    assert site.data("command.executed")[0]["detail"] == "at last"


def test_what_no_executor_is_there_for_is_not_done(broker, tmp_path):
    class Fewer(Executors):
        def mapping(self):
            return {}

    with (
        CommandSite(broker.port, tmp_path / "j.db", executors=Fewer()).running() as site,
        CommandSender(broker.port) as central,
    ):
        assert central.send(site.command())["result"] == "not_done"


def test_commands_are_judged_by_the_challenge_alone_while_the_clock_is_not_synchronised(site, central):
    site.clock.synced = False
    assert central.send(site.command(iat=5, exp=105))["result"] == "done"
    assert central.send(site.command(iat=5, exp=105, challenge="old"))["code"] == "CHALLENGE_WRONG"
    site.clock.synced = True
    assert central.send(site.command(iat=5, exp=105))["code"] == "EXPIRED"


def test_the_challenge_changes_with_the_connection_and_the_birth_tells_it(site, central, broker, monkeypatch):
    monkeypatch.setattr(challenges, "GRACE_S", scaled(challenges.GRACE_S))
    before = site.processor.challenge
    payload = site.command()
    connections = site.client.view.connections
    site.client.reconnect("test")
    eventually(lambda: site.client.view.connections > connections)
    after = site.processor.challenge
    assert after != before
    for topic in ("birth", "status"):
        eventually(lambda topic=topic: after in str(stored(broker.port, f"{ROOT}/{topic}")))
    # Signed just before, it is still taken; two changes later it is not.
    assert central.send(payload)["result"] == "done"
    old = site.command(challenge=before)
    site.processor._challenges.rotate(0.0)
    assert central.send(old)["code"] == "CHALLENGE_WRONG"


def test_a_challenge_that_has_stood_for_long_is_changed_and_announced(site, broker, monkeypatch):
    before = site.processor.challenge
    monkeypatch.setattr(challenges, "ROTATE_EVERY_S", 0.0)
    eventually(lambda: site.processor.challenge != before)
    monkeypatch.undo()
    eventually(lambda: site.processor.challenge in str(stored(broker.port, f"{ROOT}/status")))


@pytest.mark.parametrize(
    "topic",
    [
        "gate/v1/khorgos-04/res/open",
        f"{ROOT}/status",
        f"{ROOT}/res/",
        f"{ROOT}/res/a/b",
        f"{ROOT}/res/$x",
        f"{ROOT}/res/{'x' * 300}",
    ],
)
def test_results_go_nowhere_but_below_the_gates_own_results(site, central, topic):
    central.send(site.command(), response_topic=topic)
    central.send(site.command("lock"), "lock")
    assert [message.topic for message in central.raw] == [f"{ROOT}/res/open", f"{ROOT}/res/lock"]
    assert site.client.view.connections == 1


def test_a_correlation_that_is_too_long_is_left_out(site, central):
    central.send(site.command(), correlation=b"x" * 257)
    assert central.raw[0].correlation is None


def test_a_flood_is_folded_into_few_events_and_counted_exactly(site, central, monkeypatch):
    # However slowly this machine makes the flood: no more are answered than at once, and told than it has minutes.
    monkeypatch.setattr(site.processor._answering, "_per_s", 0.0)
    began_at = time.monotonic()
    count = 300
    for _ in range(count):
        central.publish(b"nonsense", "open")
    eventually(lambda: site.refused() + site.processor._overflow == count)
    last = central.send(site.command("lock"), "lock")
    assert last["result"] == "done"
    assert site.processor.stop(scaled(5))
    refused = site.data("command.refused")
    assert len(refused) <= 12 + EVENTS_A_MINUTE * (time.monotonic() - began_at) / 60
    assert sum(event["count"] for event in refused) == count
    assert {event["code"] for event in refused} <= {"NOT_A_JWS", "RATE_LIMITED"}
    assert len(central.results) < 100


def test_more_than_the_processor_accepts_are_refused_and_counted(site, central):
    hold = threading.Event()
    site.executors.answers[CommandName.OPEN] = lambda _: hold.wait(PATIENCE_S) and CommandAnswer(Result.DONE)
    central.publish(site.command())
    eventually(lambda: site.executors.carried_out)
    for _ in range(INBOX_LIMIT + 9):
        central.publish(b"nonsense")
    eventually(lambda: site.processor._overflow == 9)
    hold.set()
    eventually(lambda: site.refused() == INBOX_LIMIT + 9)
    assert site.processor.stop(scaled(10))
    limited = [event for event in site.data("command.refused") if event["code"] == "RATE_LIMITED"]
    assert sum(event["count"] for event in limited) == 9


def test_forged_signatures_cost_a_bounded_number_of_verifications(site, central, monkeypatch):
    monkeypatch.setattr(site.processor._verifying, "_per_s", 0.0)
    forged = [signed(site.body(), key=OTHER_KEY) for _ in range(50)]
    for payload in forged:
        central.publish(payload)
    eventually(lambda: site.refused() == 50)
    assert site.processor.stop(scaled(5))
    counts = {event["code"]: 0 for event in site.data("command.refused")}
    for event in site.data("command.refused"):
        counts[event["code"]] += event["count"]
    assert counts == {"SIGNATURE_INVALID": 40, "RATE_LIMITED": 10}


def test_a_command_that_waited_longer_than_it_lives_is_not_done(site, central):
    site.clock.synced = False
    late = Incoming(f"{ROOT}/cmd/lock", site.command("lock", iat=5, exp=7), 1, retained=False)
    site.processor._inbox.put((time.monotonic() - 2, late))
    assert eventually(lambda: central.results)[0]["code"] == "EXPIRED"
    assert site.executors.carried_out == []


@pytest.mark.parametrize("synced", [True, False])
def test_a_command_whose_life_ends_while_it_is_recorded_is_not_done(site, central, monkeypatch, synced):
    def slow(_drafts, _ledger):
        if synced:
            site.clock._utc += 200
        else:
            later = SimpleNamespace(monotonic=lambda: time.monotonic() + 200)
            monkeypatch.setattr("agent.mqtt.command_processor.time", later)

    site.clock.synced = synced
    site.journal.hook = slow
    payload = site.command("lock")
    result = central.send(payload, "lock")
    told = "it expired while it was being recorded; nothing was done"
    assert (result["result"], result["detail"]) == ("not_done", told)
    assert central.send(payload, "lock")["result"] == "not_done"
    assert site.executors.carried_out == []
    assert site.journal.types == ["command.accepted", "command.executed"]


@pytest.mark.parametrize("topic", ["cmd", "cmd/", "cmd/a/open", "cmd/open/"])
def test_a_command_on_any_other_topic_is_refused(site, central, topic):
    central._client.publish(Outgoing(f"{ROOT}/{topic}", site.command()))
    assert eventually(lambda: site.data("command.refused"))[0]["code"] == "WRONG_TOPIC"
    assert site.executors.carried_out == []


def test_results_wait_for_the_link(site, central):
    def reconnect(_command):
        before = site.client.view
        site.client.reconnect("test")
        # Until the end of the connection is noticed it takes what is published, and may lose it.
        eventually(lambda: site.client.view != before)
        return CommandAnswer(Result.DONE, "waited")

    site.executors.answers[CommandName.OPEN] = reconnect
    assert central.send(site.command())["detail"] == "waited"
