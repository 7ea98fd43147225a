"""The commands `gate-agent command`, as they are typed, against a gate's command processor behind a real broker."""

import json
import socket
import stat
from itertools import takewhile

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.command import app
from agent.clock.clock import Clock
from agent.core.commands.check import CommandKey, Proved, ReceivedCommand, judge, prove
from agent.core.commands.command import CommandAnswer, Result
from agent.core.crypto import JwsType, jws
from agent.core.crypto.keys import SigningKey
from agent.core.model import CommandName
from agent.mqtt.one_shot_client import OneShotClient
from central.command_client import TRIES
from tests.support.mqtt.command_site import ROOT, CommandSite
from tests.support.mqtt.commanding import GATE, letter, situation
from tests.support.mqtt.group_sites import gates_of_groups
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S, eventually, scaled


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "keys" / "duty.pem"
    made = run("keygen", path)
    assert made.exit_code == exit_codes.OK, made.output
    return path


def words(key_file, **changes):
    options = {
        "key": key_file,
        "kid": "duty",
        "gate": GATE,
        "operator": "officer 7",
        "cause": "test",
        "lane": "in-1",
    } | changes
    return [
        word for name, value in options.items() if value is not None for word in (f"--{name.replace('_', '-')}", value)
    ]


def test_a_key_is_private_and_its_public_half_is_printed(tmp_path):
    made = run("keygen", tmp_path / "duty.pem")
    secret = SigningKey.from_pem((tmp_path / "duty.pem").read_bytes())
    assert made.stdout == f'public_key = "{secret.public.raw.hex()}"\n'
    assert stat.S_IMODE((tmp_path / "duty.pem").stat().st_mode) == 0o600
    again = run("keygen", tmp_path / "duty.pem")
    assert (again.exit_code, "already exists" in again.stderr) == (exit_codes.FAILED, True)


@pytest.mark.parametrize(
    ("name", "options", "arguments"),
    [
        ("open", {}, {}),
        (
            "replay",
            {"lane": None, "argument": ["stream=s", "first=2", "last=9"]},
            {"stream": "s", "first": 2, "last": 9},
        ),
        (
            "send_evidence",
            {"lane": None, "argument": [f"pictures={'ab' * 32},{'12' * 32}"]},
            {"pictures": ("ab" * 32, "12" * 32)},
        ),
        ("snapshot", {"argument": ["camera=front"]}, {"camera": "front"}),
        (
            "display",
            {"argument": ["seconds=60", "texts.en=Go to window 3, please", "texts.ru=Вам к окну 3"]},
            {
                "seconds": 60,
                "texts": {"en": "Go to window 3, please", "ru": "Вам к окну 3"},
                "message": None,
                "transaction": None,
            },
        ),
        ("set_log_level", {"lane": None, "argument": ["level=debug", "for_s=60"]}, {"level": "debug", "for_s": 60}),
    ],
)
def test_what_is_signed_is_taken_by_a_gate(key, name, options, arguments):
    given = options.pop("argument", [])
    more = [word for argument in given for word in ("-a", argument)]
    done = run("sign", name, *words(key, challenge="c0ffee", counter=7, **options), *more)
    assert done.exit_code == exit_codes.OK, done.output
    public = SigningKey.from_pem(key.read_bytes()).public
    keys = {"duty": CommandKey("duty", public, frozenset(CommandName))}
    proved = prove(letter(done.stdout.strip().encode(), name), GATE, keys)
    assert isinstance(proved, Proved), proved
    command = judge(proved, situation(utc=None))
    assert (command.name, command.counter, command.arguments) == (name, 7, arguments)
    assert command.expires_at - command.issued_at == 30


def test_the_counter_is_the_time_where_none_is_given(key):
    first, second = (run("sign", "open", *words(key, challenge="c")).stdout.strip() for _ in range(2))
    public = SigningKey.from_pem(key.read_bytes()).public
    counters = [json.loads(jws.verified(text, public, JwsType.COMMAND))["counter"] for text in (first, second)]
    assert 1_700_000_000_000 < counters[0] <= counters[1]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("open", {"lane": None}, "lane: "),
        ("reload_lists", {}, "lane: "),
        ("open", {"gate": "a/b"}, "the gate id"),
        ("open", {"operator": "x" * 65}, "operator: "),
        ("open", {"cause": "two\nlines"}, "one line"),
        ("replay", {"lane": None}, "arguments: "),
        ("open", {"key": "/nowhere.pem"}, "cannot be read"),
        ("open", {"argument": "force=yes"}, "arguments.force: "),
        ("display", {"argument": "texts.de=Los"}, "arguments.texts.de"),
        ("display", {"argument": "texts=Go"}, "arguments.texts: "),
    ],
)
def test_what_every_gate_would_refuse_is_not_signed(key, name, options, said):
    done = run("sign", name, *words(key, challenge="c", **options))
    assert done.exit_code == exit_codes.FAILED
    assert said in done.stderr
    assert done.stdout == ""


def test_an_argument_without_a_value_is_not_understood(key):
    assert run("sign", "open", *words(key, challenge="c"), "-a", "force").exit_code == exit_codes.USAGE


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def site(broker, tmp_path, key):
    public = SigningKey.from_pem(key.read_bytes()).public
    keys = {"duty": CommandKey("duty", public, frozenset(CommandName))}
    with CommandSite(broker.port, tmp_path / "journal.db", keys=keys, utc=Clock().now().utc).running() as site:
        yield site


def send(broker, key, name="open", *more, **options):
    return run("send", name, *words(key, broker=f"mqtt://127.0.0.1:{broker.port}", **options), *more)


def give_an_old_challenge(broker, site):
    """Put it in the place of the gate's own, which may come a moment after the link is up."""
    status = f"{ROOT}/status"
    eventually(lambda: site.processor.challenge in str(stored(broker.port, status)), what="the gate's own status")
    publish(broker.port, status, json.dumps({"state": "online", "challenge": "old"}), "-r")


def heard_so_far(broker, listener):
    """All commands that a listener has heard, and nothing of those to come."""
    last = f"{ROOT}/cmd/the/last"  # no gate subscribes to it
    publish(broker.port, last, "")
    return list(takewhile(lambda message: message.topic != last, listener.messages(PATIENCE_S)))


@pytest.fixture
def nobodys_port():
    """A port that is taken, so that nobody comes to listen at it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@needs_mosquitto
def test_a_command_is_sent_and_its_result_told(broker, site, key):
    done = send(broker, key)
    assert (done.exit_code, done.stdout) == (exit_codes.OK, f"{GATE}: open: done\nas ordered\n")
    assert [command.name for command in site.executors.carried_out] == ["open"]


@needs_mosquitto
def test_the_result_is_printed_as_json_where_wanted(broker, site, key):
    site.executors.answers[CommandName.LOCK] = CommandAnswer(Result.NOT_DONE, "no", {"a": 1})
    done = send(broker, key, "lock", "--json")
    result = json.loads(done.stdout)
    assert (done.exit_code, result["result"], result["data"]) == (exit_codes.FAILED, "not_done", {"a": 1})
    told = send(broker, key, "lock")
    assert told.stdout == f"{GATE}: lock: not_done\nno\na: 1\n"


@needs_mosquitto
def test_a_refusal_is_told_with_its_code(broker, site, key):
    done = send(broker, key, lane="out-9")
    assert done.exit_code == exit_codes.FAILED
    assert f"{GATE}: open: refused (LANE_UNKNOWN)" in done.stdout


@needs_mosquitto
def test_a_challenge_that_changed_meanwhile_is_taken_up(broker, site, key):
    give_an_old_challenge(broker, site)
    assert send(broker, key).exit_code == exit_codes.OK
    assert [event["code"] for event in site.data("command.refused")] == ["CHALLENGE_WRONG"]


@needs_mosquitto
def test_of_the_commands_of_one_order_a_gate_obeys_one_at_most(broker, site, key):
    """The answer that the challenge was wrong is not signed: a broker can make it up, and have both commands."""
    give_an_old_challenge(broker, site)
    with OneShotClient(local(broker.port)) as spy:
        spy.subscribe(f"{ROOT}/cmd/#")
        assert send(broker, key).exit_code == exit_codes.OK
        heard = heard_so_far(broker, spy)
    public = SigningKey.from_pem(key.read_bytes()).public
    first, last = (
        json.loads(jws.verified(message.payload.decode(), public, JwsType.COMMAND)) for message in (heard[0], heard[-1])
    )
    assert first["challenge"] != last["challenge"]
    assert first["id"] == last["id"]
    assert heard[0].correlation != heard[-1].correlation


@needs_mosquitto
def test_a_lost_result_is_asked_for_with_the_same_bytes(broker, site, key, monkeypatch):
    real = site.processor._results.publish
    lost = []

    def lose_the_first(*arguments):
        lost.append(arguments) if not lost else real(*arguments)

    monkeypatch.setattr(site.processor._results, "publish", lose_the_first)
    done = send(broker, key, timeout=scaled(TRIES))
    assert done.exit_code == exit_codes.OK
    assert len(site.executors.carried_out) == 1


@needs_mosquitto
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "does not answer"),
        ({"state": "lost", "challenge": "c"}, "is lost"),
        ({"state": "offline"}, "is offline"),
        ({"state": "online", "challenge": None}, "takes no commands"),
        ({"state": "online", "challenge": "c"}, "is not connected to this broker now"),
    ],
)
def test_a_gate_that_takes_no_commands_is_told_why(broker, key, status, said):
    # A gate that never was: the broker keeps the subscription of one that was for a while.
    publish(broker.port, "gate/v1/nobody/status", "" if status is None else json.dumps(status), "-r")
    done = send(broker, key, gate="nobody", timeout=max(1, scaled(1)))
    assert (done.exit_code, done.stdout) == (exit_codes.FAILED, "")
    assert said in done.stderr


@needs_mosquitto
def test_a_gate_that_never_answers_is_waited_for_with_patience(broker, key):
    publish(broker.port, f"{ROOT}/status", json.dumps({"state": "online", "challenge": "c"}), "-r")
    heard, patience_s = [], max(1, scaled(1))
    with OneShotClient(local(broker.port)) as deaf:
        deaf.subscribe(f"{ROOT}/cmd/#")
        done = send(broker, key, timeout=patience_s)
        heard = heard_so_far(broker, deaf)
    assert (done.exit_code, f"no answer within {patience_s:g} s" in done.stderr) == (exit_codes.FAILED, True)
    assert len({message.payload for message in heard}) == 1
    assert len(heard) == TRIES
    assert all((m.response_topic, m.expiry_s, m.retained) == (f"{ROOT}/res/open", 30, False) for m in heard)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"broker": "http://x"}, "must begin with mqtts://"),
        ({"certificate": "a.crt"}, "a certificate needs its key file"),
    ],
)
def test_a_broker_that_cannot_be_one_is_told(key, options, said):
    done = run("send", "open", *words(key, **({"broker": "mqtt://127.0.0.1:1"} | options)))
    assert (done.exit_code, said in done.stderr) == (exit_codes.FAILED, True)


def test_a_broker_that_is_not_there_is_told(key, nobodys_port):
    done = run("send", "open", *words(key, broker=f"mqtt://127.0.0.1:{nobodys_port}"))
    assert (done.exit_code, "nothing listens" in done.stderr) == (exit_codes.FAILED, True)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("replay", {"lane": None}, "arguments: Field required"),
        ("open", {"lane": None}, "lane"),
        ("open", {"gate": "no.dots"}, "may not hold '.'"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_before_the_broker_is_asked(key, nobodys_port, name, options, told):
    done = run("send", name, *words(key, broker=f"mqtt://127.0.0.1:{nobodys_port}", **options))
    assert done.exit_code == exit_codes.FAILED
    assert told in done.stderr
    assert "nothing listens" not in done.stderr


def test_a_command_to_a_group_is_signed_without_a_challenge(key):
    done = run("sign", "rebirth", *words(key, gate=None, group="north", lane=None))
    assert done.exit_code == exit_codes.OK, done.output
    secret = SigningKey.from_pem(key.read_bytes())
    keys = {"duty": CommandKey("duty", secret.public, frozenset(CommandName))}
    proved = prove(ReceivedCommand("rebirth", done.stdout.strip().encode(), retained=False, group="north"), GATE, keys)
    assert isinstance(proved, Proved)
    assert (proved.group, proved.body.name) == ("north", CommandName.REBIRTH)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("open", {"gate": None, "group": "north"}, "open is only for a single gate"),
        ("rebirth", {"gate": None, "group": "north"}, "lane: Input should be None"),
        ("rebirth", {"gate": None, "group": "North!", "lane": None}, "group: String should match pattern"),
        ("rebirth", {"group": "north", "lane": None}, "give either --gate or --group"),
        ("rebirth", {"gate": None, "lane": None}, "give either --gate or --group"),
        ("rebirth", {"lane": None}, "a command to a gate needs the challenge of its current status"),
    ],
)
def test_what_no_gate_of_a_group_would_obey_is_not_signed(key, name, options, said):
    done = run("sign", name, *words(key, **options))
    assert done.exit_code != exit_codes.OK
    assert said in " ".join(done.stderr.replace("│", " ").split())


@needs_mosquitto
def test_a_command_to_a_group_is_answered_by_each_of_its_gates(broker, tmp_path, key):
    groups, utc = {"gate-1": ("north",), "gate-2": ("north",), "gate-3": ("south",)}, Clock().now().utc
    keys = {"duty": CommandKey("duty", SigningKey.from_pem(key.read_bytes()).public, frozenset(CommandName))}
    with gates_of_groups(broker.port, tmp_path, groups, keys=keys, utc=utc) as gates:
        options = words(key, gate=None, group="north", lane=None, broker=f"mqtt://127.0.0.1:{broker.port}", timeout=3)
        done = run("send", "rebirth", *options)
        assert (done.exit_code, done.stdout) == (
            exit_codes.OK,
            "gate-1: rebirth: done\nas ordered\ngate-2: rebirth: done\nas ordered\n",
        )
        assert gates["gate-3"].executors.carried_out == []
        nobody = [{"north": "east", 3: 1}.get(word, word) for word in options]
        done = run("send", "rebirth", *nobody)
    assert (done.exit_code, "no gate of the group east has answered within 1 s" in done.stderr) == (
        exit_codes.FAILED,
        True,
    )
