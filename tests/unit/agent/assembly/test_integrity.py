"""A whole gate and its signatures: pinned, listened to, stopped, damaged, started again."""

import json
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest

from agent.clock.clock import Clock
from agent.core.events.event_types import DeviceChanged, Draft
from agent.store.journal.reader import JournalReader
from tests.support.gate.altered_agent import draining_agent
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.store.journals import open_journal
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "integrity"
"""
COMMAND = [sys.executable, "-m", "agent.cli.main"]
STOP_S = scaled(30)
BACKLOG = 60
SPOILT = 20


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def site(tmp_path, broker):
    site = GateSite(tmp_path)
    site.configure(LANE, mqtt=plain_broker(broker.port), more="[journal]\ncheckpoint_s = 5")
    return site


@contextmanager
def gate(site):
    log = site.configuration.with_suffix(".log")
    with (
        log.open("ab") as out,
        subprocess.Popen(draining_agent(site.configuration), stdout=out, stderr=out) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def stopped(process):
    process.terminate()
    return process.wait(STOP_S)


def asked(*arguments):
    command = [*COMMAND, "events", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=scaled(30))


def said(heard, path):
    return [json.loads(message["payload"]) for message in heard.on(f"{ROOT}/{path}")]


def events(heard, path="event/"):
    """The events in their order, each once: what nobody acknowledges is sent again after a while."""
    return list({(event["stream"], event["seq"]): event for event in said(heard, path)}.values())


def test_what_a_gate_says_is_proven_by_its_pinned_key_while_it_runs_and_after_it_stopped(site, broker):
    with Listener(broker.port, f"{ROOT}/#") as heard, gate(site) as process:
        eventually(lambda: said(heard, "birth"), what="the birth")
        public = asked("key", "--config", site.configuration).stdout.split()[-1]
        assert said(heard, "birth")[0]["key"]["public"] == public
        where = ("--broker", f"mqtt://127.0.0.1:{broker.port}", "--gate", GATE, "--for", str(round(scaled(30))))
        listening = subprocess.Popen(
            [*COMMAND, "events", "verify", *where, "--public-key", public, "--count", "1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        with listening:
            eventually(lambda: broker.log.read_text().count("central-") > 2, what="the subscription")
            assert stopped(process) == 0
            told = listening.communicate(timeout=scaled(30))[0]
        assert listening.returncode == 0, told
        assert "whole, events" in told
        last = ["gate.stopping", "chain.checkpoint"]
        eventually(lambda: [event["type"] for event in events(heard)][-2:] == last, what="the last words")
    told = asked("verify", site.journal)
    assert told.returncode == 0, told.stderr
    with JournalReader(site.journal) as reader:
        head = reader.standing().head
    assert f"signed by the gate up to event {head.seq - 1}" in told.stdout


def spoil(path):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE events SET payload = CAST(replace(payload, 'true word', 'false tale') AS BLOB) WHERE seq = ?",
            (SPOILT,),
        )
    connection.close()


def test_an_event_altered_on_the_disk_is_never_sent_and_what_cannot_be_is_told(site, broker):
    site.journal.parent.mkdir()
    journal = open_journal(site.journal, gate=GATE)
    utc = Clock().now().utc
    event = DeviceChanged(device="relay", family="relay", state="up", detail="true word")
    journal.record([Draft(event, None, None, utc)] * BACKLOG)
    stream = journal.stream
    journal.close()
    spoil(site.journal)
    with Listener(broker.port, f"{ROOT}/#") as heard:
        with gate(site) as process:
            assert process.wait(STOP_S) == 1
        before = set(range(1, SPOILT))
        eventually(lambda: {one["seq"] for one in events(heard) if one["stream"] == stream} == before)
        with gate(site) as process:
            dropped = eventually(lambda: said(heard, "event/events.dropped"), what="events.dropped")
            eventually(lambda: any(one["stream"] != stream for one in events(heard, "event/alarm.raised")))
            assert stopped(process) == 0
        assert not [message for message in heard.messages if "false tale" in message["payload"]]
    (alarm,) = [one for one in events(heard, "event/alarm.raised") if one["stream"] != stream]
    assert alarm["data"]["alarm"] == "journal_failed"
    assert f"event {SPOILT} is altered" in alarm["data"]["detail"]
    assert dropped[0]["data"]["first"] <= SPOILT <= dropped[0]["data"]["last"]
    (aside,) = site.journal.parent.glob("journal.damaged-*.db")
    told = asked("verify", aside)
    assert (told.returncode, f"event {SPOILT}: altered" in told.stderr) == (1, True)
    assert asked("verify", site.journal).returncode == 0
