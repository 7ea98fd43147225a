"""The gate's signatures, as an auditor and central check them with the events commands."""

import base64
import hashlib
import json
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from agent.broker.tls import TlsFiles
from agent.broker.topics import Topics
from agent.cli.events import app
from agent.cli.events.common import pinned
from agent.cli.events.file_check import _statement, _verified
from agent.cli.events.topic_check import Heard, Listening, check_topic
from agent.core.crypto.jws import kid_of
from agent.core.events.chain import Point
from agent.core.events.checkpoint import checkpoint_of
from agent.mqtt.event_messages import REPLAY
from agent.mqtt.messages import Incoming, Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.recording.checkpoints import Checkpointer
from agent.store.gate_key import gate_key
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.pki.signing import KEY, KID, OTHER, signed_chain
from tests.support.store.journals import GATE, STREAM, UTC, device, open_journal
from tests.support.waiting import PATIENCE_S, eventually

COUNT = 20
NEWLINE = 10


@pytest.fixture
def path(tmp_path):
    """A journal of 20 events with two checkpoints, and its key beside it."""
    state = tmp_path / "state"
    state.mkdir()
    key = gate_key(state).signing
    journal = open_journal(state / "journal.db")
    checkpointer = Checkpointer(journal, key, GATE, lambda: UTC, 3600)
    journal.record([device(f"number {number}") for number in range(9)])
    checkpointer.start()
    journal.record([device(f"number {number}") for number in range(9)])
    checkpointer.stop()
    journal.close()
    return state / "journal.db"


@pytest.fixture
def public(path):
    return gate_key(path.parent).public.raw.hex()


@pytest.fixture
def exported(path, tmp_path):
    assert run("export", "-j", path, "-o", tmp_path / "audit.jsonl", "--signed").exit_code == 0
    return tmp_path / "audit.jsonl"


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})


# ------------------------------------------------------------------------------------------------------------- key


def test_the_key_is_printed_for_central_to_pin(path, public, tmp_path):
    told = run("key", "--state", path.parent)
    assert told.stdout.splitlines() == [f"kid {gate_kid(public)}", f"public {public}"]
    assert run("key", "--state", path.parent, "--pem").stdout.startswith("-----BEGIN PUBLIC KEY-----\n")
    none = run("key", "--state", tmp_path)
    assert none.exit_code == 1
    assert "the agent makes it at its first start" in none.stderr
    assert run("key", "--state", path.parent, "--config", "gate.toml").exit_code == 2


def gate_kid(public):
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


# --------------------------------------------------------------------------------------------------------- journals


def test_a_journal_is_verified_with_the_key_beside_it(path):
    told = run("verify", path)
    assert told.exit_code == 0
    assert f"whole, events 1 to {COUNT}" in told.stdout
    assert "signed by the gate up to event 19; events 20 to 20 are not covered by a checkpoint yet" in told.stdout


def test_a_journal_without_its_key_says_that_signatures_were_not_checked(path, public):
    path.with_name("gate.key").unlink()
    told = run("verify", path)
    assert told.exit_code == 0
    assert "signatures were not checked" in told.stdout
    assert "signed by the gate up to event 19" in run("verify", path, "--public-key", public).stdout


def test_another_pinned_key_finds_the_first_foreign_checkpoint(path, public):
    told = run("verify", path, "--public-key", OTHER.public.raw.hex())
    assert told.exit_code == 1
    assert "record 10, event 10: foreign_key" in told.stderr
    both = run("verify", path, "--public-key", OTHER.public.raw.hex(), "--public-key", public)
    assert both.exit_code == 0


def test_a_key_that_others_can_read_is_said_and_the_chain_is_proven_all_the_same(path):
    path.with_name("gate.key").chmod(0o644)
    told = run("verify", path)
    assert "its mode is 0644, expected 0600" in told.stderr
    assert "signatures were not checked" in told.stdout


def test_what_is_no_key_and_what_is_not_asked_is_a_usage_error(path):
    assert run("verify", path, "--public-key", "12").exit_code == 2
    assert run("verify").exit_code == 2
    assert run("verify", path, "--broker", "mqtt://x").exit_code == 2
    assert run("verify", "--broker", "mqtt://x").exit_code == 2
    assert run("verify", "--broker", "http://x", "--gate", "g").exit_code == 2
    assert run("verify", "--broker", "mqtt://x", "--gate", "a/b").exit_code == 2


def test_a_checkpoint_verifies_by_hand_with_nothing_but_the_public_key(path, public):
    journal = open_journal(path)
    payloads = [json.loads(one.payload) for one in journal.range(1, COUNT)]
    journal.close()
    data = payloads[9]["data"]
    signing_input, _, signature = data["signature"].rpartition(".")
    padded = [part + "=" * (-len(part) % 4) for part in (signature, signing_input.split(".")[1])]
    raw, body = (base64.urlsafe_b64decode(part) for part in padded)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(raw, signing_input.encode())
    assert json.loads(body) == {
        "gate": GATE,
        "stream": payloads[9]["stream"],
        "time": "2026-11-18T11:06:40.000Z",
        "seq": 9,
        "digest": payloads[9]["prev"],
    }


# ----------------------------------------------------------------------------------------------------------- files


def test_a_signed_export_is_exactly_what_was_exported(exported, public):
    told = run("verify", exported, "--public-key", public)
    assert told.exit_code == 0, told.stderr
    assert f"exactly what gate {GATE} exported and signed" in told.stdout
    assert f"signed by the gate up to event {COUNT}" in told.stdout


def test_a_part_can_be_exported_signed(path, tmp_path, public):
    part = tmp_path / "part.jsonl"
    run("export", "-j", path, "-o", part, "--signed", "--from", 5, "--to", 8)
    assert "events 5 to 8" in run("verify", part, "--public-key", public).stdout


def test_lines_missing_at_the_end_or_start_of_a_signed_export_are_shown(exported, public):
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[:-3]))
    told = run("verify", exported, "--public-key", public)
    assert told.exit_code == 1
    assert "record 18, event 18: cut_off" in told.stderr
    exported.write_bytes(b"".join(lines[2:]))
    assert "record 1, event 1: gap" in run("verify", exported, "--public-key", public).stderr
    exported.write_bytes(b"")
    assert "record 1, event 1: cut_off" in run("verify", exported, "--public-key", public).stderr


def test_changed_line_ends_of_a_signed_export_are_said(exported, public):
    exported.write_bytes(exported.read_bytes().replace(b"\n", b"\r\n"))
    told = run("verify", exported, "--public-key", public)
    assert told.exit_code == 1
    assert "line ends" in told.stderr


def test_a_signed_export_needs_the_right_key(exported):
    told = run("verify", exported)
    assert (told.exit_code, "give --public-key" in told.stderr) == (1, True)
    told = run("verify", exported, "--public-key", OTHER.public.raw.hex())
    assert (told.exit_code, "foreign_key" in told.stderr) == (1, True)


def test_every_altered_byte_of_a_signature_file_is_noticed(exported, public):
    signature = exported.with_name("audit.jsonl.sig")
    whole = signature.read_bytes()
    for at in range(0, len(whole) - 1, 7):
        signature.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert run("verify", exported, "--public-key", public).exit_code == 1
    signature.write_bytes(b"\xff\xfe")
    assert "signature_invalid" in run("verify", exported, "--public-key", public).stderr


def test_the_signature_of_another_export_does_not_fit(path, exported, tmp_path, public):
    other = tmp_path / "other.jsonl"
    run("export", "-j", path, "-o", other, "--signed", "--to", 15)
    other.with_name("other.jsonl.sig").rename(exported.with_name("audit.jsonl.sig"))
    assert run("verify", exported, "--public-key", public).exit_code == 1


def test_nothing_is_signed_that_is_damaged_missing_or_not_there(path, tmp_path):
    out = tmp_path / "bad.jsonl"
    assert run("export", "-j", path, "--signed").exit_code == 2
    told = run("export", "-j", path, "-o", out, "--signed", "--from", 100)
    assert (told.exit_code, "nothing was signed" in told.stderr) == (1, True)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE events SET payload = CAST(replace(payload, 'number 3', 'number X') AS BLOB)")
    connection.close()
    told = run("export", "-j", path, "-o", out, "--signed")
    assert (told.exit_code, "event 4 is missing or altered" in told.stderr) == (1, True)
    assert not list(tmp_path.glob("bad*"))
    told = run("export", "-j", path, "-o", out)
    assert told.exit_code == 1
    assert "event 4 is damaged: altered" in told.stderr
    assert len(out.read_bytes().splitlines()) == COUNT
    path.with_name("gate.key").unlink()
    told = run("export", "-j", path, "-o", out, "--signed")
    assert (told.exit_code, "sign on the gate" in told.stderr) == (1, True)


def test_a_file_that_was_collected_from_several_gates_is_verified_stream_by_stream(tmp_path):
    ours, _ = signed_chain(6, checkpoint_at=(4,))
    theirs, _ = signed_chain(5, stream="another", gate="khorgos-04")
    file = tmp_path / "central.jsonl"
    rows = [row for pair in zip(ours, theirs, strict=False) for row in pair]
    file.write_bytes(b"\n".join(rows))
    told = run("verify", file, "--public-key", KEY.public.raw.hex())
    assert told.exit_code == 0
    assert "events 1 to 5 of stream another" in told.stdout
    assert "signed by the gate up to event 3" in told.stdout
    del rows[5]
    file.write_bytes(b"\n".join(rows))
    told = run("verify", file)
    assert told.exit_code == 1
    assert "record 7, event 3: gap" in told.stderr
    assert "whole, events 1 to 5" in told.stdout


def spoil_every_byte(file, public, masks):
    """Each position of an exported file with each mask; how many that was."""
    keys = pinned([public])
    statement = _statement(file.with_name(f"{file.name}.sig"), keys)
    whole = file.read_bytes()
    line = 0
    for at, byte in enumerate(whole):
        for mask in masks(at):
            file.write_bytes(whole[:at] + bytes([byte ^ mask]) + whole[at + 1 :])
            found = _verified(file, statement, keys)
            assert found.flaw is not None, (at, mask)
            # A line end that is none any more joins two lines; a new one splits one.
            assert line <= found.flaw.index <= line + (byte == NEWLINE), (at, mask, found.flaw)
        line += byte == NEWLINE
    file.write_bytes(whole)
    assert _verified(file, statement, keys).whole
    return len(whole)


def test_every_altered_byte_of_an_export_is_found_in_its_line(path, tmp_path, public):
    part = tmp_path / "part.jsonl"
    run("export", "-j", path, "-o", part, "--signed", "--from", 9, "--to", 12)
    assert spoil_every_byte(part, public, lambda at: (1 << at % 8,)) > 2000


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_byte_of_a_longer_export_counts(exported, public):
    assert spoil_every_byte(exported, public, lambda at: (1 << at % 8, 0xFF)) > 10_000


# ---------------------------------------------------------------------------------------------------------- topics


CHAIN, POINTS = signed_chain(12, checkpoint_at=(5, 9))
PINNED = {KID: KEY.public}


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def as_events(payloads):
    return [(f"event/{json.loads(one)['type']}", one, False) for one in payloads]


def status(point, key=KEY, gate=GATE):
    text = checkpoint_of(point, gate, key, UTC)
    return ("status", json.dumps({"state": "online", "checkpoint": text}).encode(), True)


def birth(key=KEY):
    public = {"kid": kid_of(key.public), "public": key.public.raw.hex()}
    return ("birth", json.dumps({"gate": GATE, "key": public}).encode(), True)


def listened(broker, messages, *, keys=PINNED, count=12, before=(), for_s=PATIENCE_S):
    """The verdict on messages that come while it listens; `before`: retained ones."""
    send(broker, before)
    known = broker.log.read_text().count("event/#")
    with ThreadPoolExecutor(1) as pool:
        listening = Listening(local(broker.port), TlsFiles(), GATE)
        verdict = pool.submit(check_topic, listening, (None, None), (for_s, count), keys)
        eventually(lambda: broker.log.read_text().count("event/#") > known or verdict.done(), what="the subscription")
        send(broker, messages)
        return verdict.result()


def send(broker, messages):
    with OneShotClient(local(broker.port)) as client:
        for topic, payload, retained in messages:
            receipt = client.publish(Outgoing(f"gate/v1/{GATE}/{topic}", payload, retain=retained))
            assert not receipt.refused


@needs_mosquitto
def test_what_a_gate_sends_is_verified_as_it_comes(broker, capsys):
    assert listened(broker, as_events(CHAIN))
    told = capsys.readouterr().out
    assert "whole, events 1 to 12" in told
    assert "signed by the gate up to event 8; events 9 to 12 are not covered" in told
    assert "12 messages" in told
    assert "NOT PINNED" not in told


@needs_mosquitto
def test_events_sent_again_and_out_of_order_are_no_flaw(broker, capsys):
    sent = [*CHAIN[2:5], CHAIN[7], *CHAIN[3:7], *CHAIN[:2], CHAIN[2], *CHAIN[8:]]
    assert listened(broker, as_events(sent))
    told = capsys.readouterr().out
    assert "whole, events 1 to 12" in told
    assert "15 messages, 3 of them sent again" in told


@needs_mosquitto
def test_events_of_rabbitmq_whose_types_have_become_levels_of_the_topic_are_no_flaw(broker, capsys):
    assert listened(broker, [(topic.replace(".", "/"), *rest) for topic, *rest in as_events(CHAIN)])
    assert "whole, events 1 to 12" in capsys.readouterr().out


@needs_mosquitto
def test_the_signed_head_in_the_status_covers_all_up_to_it(broker, capsys):
    assert listened(broker, as_events(CHAIN), before=[status(POINTS[10])])
    assert "signed by the gate up to event 11; events 12 to 12" in capsys.readouterr().out


FLAWS = {
    "missing": (as_events([*CHAIN[:3], *CHAIN[4:]]), "message 4, event 4: gap", ()),
    "another with the same number": (
        as_events([*CHAIN[:4], CHAIN[2].replace(b"event 3", b"event X"), *CHAIN[4:]]),
        "message 5, event 3: duplicate",
        (),
    ),
    "altered": (as_events([CHAIN[0], CHAIN[1].replace(b"event 2", b"event X"), *CHAIN[2:]]), "event 2: altered", ()),
    "no event": (
        [("event/device.changed", b"{torn", False), *as_events(CHAIN)],
        "message 1, event ?: not_an_event",
        (),
    ),
    "on the topic of another type": (
        [("event/access.granted", CHAIN[0], False), *as_events(CHAIN[1:])],
        "message 1, event 1: altered: event device.changed",
        (),
    ),
    "another head in the status": (
        as_events(CHAIN),
        "event 11: checkpoint_wrong",
        [status(Point(STREAM, 11, "ab" * 32))],
    ),
    "a head by a foreign key": (as_events(CHAIN), "foreign_key: the status", [status(POINTS[10], key=OTHER)]),
    "a head that is none": (
        as_events(CHAIN),
        "signature_invalid: the head",
        [("status", b'{"checkpoint":"a.b.c"}', True)],
    ),
}


@needs_mosquitto
@pytest.mark.parametrize(("messages", "said", "before"), FLAWS.values(), ids=FLAWS)
def test_a_flaw_in_what_a_gate_sends_is_named(broker, capsys, messages, said, before):
    count = len({payload for _, payload, _ in messages} & set(CHAIN)) - ("topic of" in said)
    count = {"message 1, event 1: altered: event device.changed": 11}.get(said, min(count, 12))
    assert not listened(broker, messages, before=before, count=count)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("replayed", "live", "runs"),
    [
        ((1, 3), (8, 12), [(1, 3), (8, 12)]),
        ((1, 7), (8, 12), [(1, 12)]),
        ((4, 6), (4, 9), [(4, 9)]),
        ((9, 10), (1, 4), [(1, 4), (9, 10)]),
    ],
)
def test_what_lies_between_a_replay_and_what_the_gate_sends_now_is_not_missing(replayed, live, runs):
    heard = Heard(Topics(GATE))
    for (first, last), properties in ((live, ()), (replayed, (REPLAY,))):
        for payload in CHAIN[first - 1 : last]:
            topic = f"gate/v1/{GATE}/event/{json.loads(payload)['type']}"
            heard.add_message(Incoming(topic, payload, 1, retained=False, user_properties=properties))
    assert [(min(run), max(run)) for run in heard.runs()] == runs


@needs_mosquitto
def test_without_a_pinned_key_that_of_the_birth_is_taken_and_it_is_said(broker, capsys):
    assert listened(broker, as_events(CHAIN), keys=None, before=[birth()])
    told = capsys.readouterr().out
    assert "NOT PINNED" in told
    assert "signed by the gate up to event 8" in told


@needs_mosquitto
def test_a_birth_with_another_key_does_not_make_foreign_signatures_good(broker, capsys):
    assert not listened(broker, as_events(CHAIN), keys=None, before=[birth(OTHER)])
    assert "foreign_key" in capsys.readouterr().err


@needs_mosquitto
def test_without_any_key_the_chain_is_proven_and_the_rest_is_said(broker, capsys):
    assert listened(broker, as_events(CHAIN), keys=None, before=[("birth", b'{"key":{"public":"5"}}', True)])
    assert "signatures were not checked" in capsys.readouterr().out


@needs_mosquitto
def test_a_gate_that_sends_nothing_is_listened_to_for_as_long_as_asked(broker):
    told = run("verify", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--gate", GATE, "--for", 0.3)
    assert told.exit_code == 0
    assert "whole, no events" in told.stdout


def test_a_broker_that_is_not_there_is_said_in_one_line():
    with socket.socket() as taken:  # so that nobody comes to listen there
        taken.bind(("127.0.0.1", 0))
        told = run("verify", "--broker", f"mqtt://127.0.0.1:{taken.getsockname()[1]}", "--gate", GATE)
    assert told.exit_code == 1
    assert len(told.stderr.splitlines()) == 1
