"""What the gate says of itself on birth and status."""

import json
from dataclasses import dataclass, field

import pytest

from agent.core.contract import examples
from agent.core.events.chain import ClockReading
from agent.mqtt.delivery_settings import AckMode
from agent.mqtt.presence import GateIdentity, GatePresence
from agent.mqtt.uplink_view import AckState, UplinkView
from tests.support.mqtt.contract_check import assert_valid

GATE = examples.GATE
VIEW = UplinkView(
    ack_mode=AckMode.WATERMARK,
    ack=AckState.HEARD,
    sent=9,
    under_way=2,
    refused=1,
    resent=0,
    answer_s=0.2,
    resend_after_s=10.0,
    replays=0,
    replayed=0,
    quarantine=(),
    trouble="",
    acks={"taken": 4, "malformed": 1},
    acks_signed=True,
)
BOTH = ("devices", "lanes", "clock_state", "lists", "site", "journal_failing", "challenge", "checkpoint")


@dataclass
class IdleJournal:
    """A journal in which nothing changes."""

    stream: str = examples.STREAM
    head: int = 41
    watermark: int = 39
    tail: int = 12


@dataclass
class Site:
    """A presence and what it asks."""

    extra: dict = field(default_factory=dict)
    every_s: float = 30.0
    devices: list = field(default_factory=list)
    reading: ClockReading = field(default_factory=lambda: ClockReading(examples.UTC, synced=True, error_ms=4.2))

    def presence(self):
        identity = GateIdentity(GATE, "0.1.0", "b1", {"site": 17}, lambda: self.devices)
        return GatePresence(
            identity, IdleJournal(), lambda: self.reading, lambda: VIEW, self.every_s, lambda: self.extra
        )

    def birth(self):
        return assert_valid(f"gate/v1/{GATE}/birth", self.presence().birth())

    def status(self, state="online"):
        return assert_valid(f"gate/v1/{GATE}/status", self.presence().status(state, 1))


@pytest.fixture
def whole():
    birth = json.loads(examples.birth_example())
    return {name: birth[name] for name in (*BOTH, "key", "commands")}


def test_birth_and_status_of_a_gate_that_knows_nothing_more_are_within_the_contract():
    assert Site().birth()["first_kept"] == 13
    assert Site().status() == {
        "gate": GATE, "version": "0.1.0", "boot": "b1", "stream": examples.STREAM, "time": "2026-11-24T08:15:03.412Z",
        "clock_synced": True, "clock_error_ms": 5, "clock_state": None, "lists": None, "site": {},
        "configuration_problem": "", "devices": {}, "lanes": {}, "driver_messages": {},
        "driver_outputs": {}, "dry_run": [], "journal_failing": False,
        "orders": {}, "trust_state": {}, "head": None, "pictures_waiting": 0, "pictures_trouble": "",
        "uploads_wanted": [],
        "challenge": None, "checkpoint": None, "state": "online", "seq_head": 41, "seq_acked": 39, "depth": 2,
        "ack_mode": "watermark", "ack": "heard", "trouble": "", "refused": 1, "acks": {"taken": 4, "malformed": 1},
        "acks_signed": True, "anchors": {}, "fingerprints": None,
        "broker": 1, "status_every_s": 30,
    }  # fmt: skip


@pytest.mark.parametrize("state", ["online", "offline", "lost"])
def test_what_others_know_is_in_both_and_the_key_and_the_commands_only_in_the_birth(whole, state):
    site = Site(whole)
    birth, status = site.birth(), site.status(state)
    assert {name: birth[name] for name in whole} == whole
    assert {name: status[name] for name in BOTH} == {name: whole[name] for name in BOTH}
    assert status.keys().isdisjoint({"key", "commands", "inventory", "types"})


@pytest.mark.parametrize(("every_s", "said"), [(600, 600), (5.0, 5), (0.2, 1)])
def test_the_status_says_in_whole_seconds_how_often_it_is_sent(every_s, said):
    assert Site(every_s=every_s).status()["status_every_s"] == said


def test_an_unknown_error_of_the_clock_is_null():
    site = Site(reading=ClockReading(examples.UTC, synced=False))
    assert (site.status()["clock_synced"], site.status()["clock_error_ms"]) == (False, None)


def test_a_field_that_the_contract_does_not_have_is_no_message():
    site = Site({"mood": "good"})
    with pytest.raises(ValueError, match="mood"):
        site.presence().birth()
    with pytest.raises(ValueError, match="mood"):
        site.presence().status("online", 0)


@pytest.mark.parametrize("wrong", [{"devices": {"relay": 1}}, {"journal_failing": None}, {"checkpoint": b"\xff"}])
def test_a_field_of_another_type_is_no_message(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Site(wrong).presence().status("online", 0)


def test_a_state_that_the_contract_does_not_have_is_no_message():
    with pytest.raises(ValueError, match="state"):
        Site().presence().status("asleep", 0)


def test_the_birth_says_what_is_known_of_each_device_at_that_time():
    found = [{"lane": "in-1", "kind": "relay", "id": "relay", "state": "up", "identity": "LCUS-4, firmware 2.1"}]
    site = Site()
    assert "devices" not in site.birth()["inventory"]
    site.devices = found
    assert site.birth()["inventory"]["devices"] == found
