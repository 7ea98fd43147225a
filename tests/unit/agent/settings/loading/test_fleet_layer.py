"""Fleet documents in the configuration: what counts, what a document may not set, and what is told by line."""

import os

import pytest

from agent.core.fleet import held_bytes, taken_in
from agent.core.fleet.document import read_signed
from agent.core.fleet.held_documents import HeldFleet
from agent.core.fleet.key_owners import KeyOwner
from agent.settings import (
    ChangeError,
    EditStep,
    FleetUnreadableError,
    SettingsError,
    key_origins,
    read_held_fleet,
    set_value,
)
from agent.settings.configuration_loading import editor_of, load_configuration
from tests.support.fleet.documents import KEYS_TOML, OTHER_KEY, UTC, signed

GATE = """
version = 1
[gate]
id = "gate-7"
site = 17
[permits]
root_keys = ["3a7f0c5d9be1428866f2d0417c9ab35ee804517263cf9d1ab2407e5f8d6c3b19"]
[mqtt]
enabled = false
window = 9
[state]
directory = "{state}"
[lanes.out]
number = 1
direction = "export"
timing = {{ read_s = 45 }}
[lanes.out.relay]
kind = "simulated"
[fleet]
groups = ["north"]
"""


@pytest.fixture
def gate(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(GATE.format(state=tmp_path / "state") + KEYS_TOML)
    return path


def loaded(gate, *texts):
    return load_configuration(gate, fleet=texts)


def problems_of(gate, *texts):
    with pytest.raises(SettingsError) as refused:
        loaded(gate, *texts)
    told = {}
    for one in refused.value.problems:
        if one.severity == "error":
            told.setdefault((one.source, None if one.spot is None else one.spot.line, one.key), str(one.message))
    return told


def test_central_wins_a_technicians_key_does_not_lose_and_both_are_told(gate):
    text = '[mqtt]\nwindow = 5\n[lanes."*".timing]\nread_s = 30\nopen_s = 7\n'
    found = loaded(gate, signed(text))
    timing = found.settings.lanes["out"].timing
    assert (found.settings.mqtt.window, timing.read_s, timing.open_s) == (5, 45, 7)
    assert [(one.key, one.counts) for one in found.fleet.differences] == [
        ("mqtt.window", False),
        ("lanes.out.timing.read_s", True),
    ]
    origins = {one.key: (one.source, one.owner) for one in key_origins(found)}
    assert origins["mqtt.window"] == ("configuration/all:2", KeyOwner.CENTRAL)
    assert origins["lanes.out.timing.open_s"] == ("configuration/all:5", KeyOwner.TECHNICIAN)
    assert origins["lanes.out.timing.read_s"][0].startswith(str(gate))
    assert origins["fleet.keys[0].id"][1] is KeyOwner.ANCHORS


def test_the_narrower_document_wins_and_policy_is_a_document_of_its_own(gate):
    texts = [
        signed("[mqtt]\nwindow = 3\n", for_whom="gate:gate-7"),
        signed("[mqtt]\nwindow = 2\n", for_whom="group:north"),
        signed("[mqtt]\nwindow = 1\nheartbeat_s = 20\n"),
        signed("[lists]\nfresh_s = 60\n", kind="policy"),
        signed("[mqtt]\nwindow = 4\n", for_whom="group:south"),
    ]
    for order in (texts, texts[::-1]):
        settings = loaded(gate, *order).settings
        assert (settings.mqtt.window, settings.mqtt.heartbeat_s, settings.lists.fresh_s) == (3, 20, 60)


def test_a_document_says_to_which_groups_a_gate_belongs(gate):
    found = loaded(
        gate,
        signed('[fleet]\ngroups = ["south"]\n', for_whom="gate:gate-7"),
        signed("[mqtt]\nwindow = 4\n", for_whom="group:south"),
    )
    assert (found.fleet.groups, found.settings.mqtt.window) == (("south",), 4)
    told = problems_of(gate, signed('[fleet]\ngroups = ["south"]\n', for_whom="group:north"))
    assert "cannot define who belongs" in told["configuration/group:north", 2, "fleet.groups"]


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[gate]\nid = 'gate-8'\n", "gate.id", "identifies this gate"),
        ("[mqtt]\nbrokers = []\n", "mqtt.brokers", "trust anchor"),
        ("[fleet]\nkeys = []\n", "fleet.keys", "trust anchor"),
        ("[lists]\nfresh_s = 60\n", "lists.fresh_s", "belongs to policy"),
        ("[mqtt]\npassword = 'x'\n", "mqtt.password", "is a secret"),
        ("[console]\nkey_file = 'x'\n", "console.key_file", "names a file"),
        ("[mqtt]\nwindow = 0\n", "mqtt.window", "from 1 to 1000"),
        ("[mqtt]\nwindw = 5\n", "mqtt.windw", "no such key"),
    ],
)
def test_what_a_document_may_not_set_is_told_by_its_line(gate, text, key, told):
    assert told in problems_of(gate, signed(text))["configuration/all", 2, key]


def test_a_camera_with_a_password_in_its_address_is_a_secret(gate):
    text = '[[lanes.out.cameras]]\nid = "front"\nkind = "opencv"\nurl = "rtsp://admin:hunter2@10.0.0.7/1"\n'
    told = problems_of(gate, signed(text))
    assert "is a secret" in told["configuration/all", 4, "lanes.out.cameras[0].url"]
    assert "hunter2" not in str(told)


def test_a_text_that_is_no_toml_is_told_by_its_line(gate):
    assert ("configuration/all", 2, "") in problems_of(gate, signed("[mqtt]\nwindow = = 5\n"))


def test_what_no_key_proves_any_more_does_not_count_and_is_told(gate):
    found = loaded(
        gate, signed("[mqtt]\nwindow = 5\n", key=OTHER_KEY), signed("[mqtt]\nheartbeat_s = 20\n", key_id="gone")
    )
    assert (found.settings.mqtt.window, found.settings.mqtt.heartbeat_s) == (9, 30)
    assert len([one for one in found.warnings if "is no longer used" in str(one.message)]) == 2


def test_an_edit_that_would_do_nothing_is_refused_and_a_technicians_is_not(gate):
    held = taken_in(HeldFleet(), read_signed(signed("[mqtt]\nheartbeat_s = 20\n"))[0], UTC)
    folder = gate.parent / "state" / "fleet"
    folder.mkdir(parents=True)
    (folder / "documents.json").write_bytes(
        held_bytes(held.model_copy(update={"in_force": held.waiting, "waiting": ()}))
    )
    step = EditStep("marat", "set", UTC)
    with pytest.raises(ChangeError, match="configuration/all"):
        set_value(editor_of(gate), "mqtt.heartbeat_s", "40", step)
    set_value(editor_of(gate), "lanes.out.timing.open_s", "9", step)
    settings = load_configuration(gate).settings
    assert (settings.mqtt.heartbeat_s, settings.lanes["out"].timing.open_s) == (20, 9)


def test_a_damaged_file_is_told_and_its_copy_counts(tmp_path):
    folder = tmp_path / "fleet"
    folder.mkdir()
    assert read_held_fleet(tmp_path) == HeldFleet()
    (folder / "documents.json").write_bytes(b"{")
    with pytest.raises(FleetUnreadableError, match="damaged"):
        read_held_fleet(tmp_path)
    (folder / "documents.copy.json").write_bytes(held_bytes(HeldFleet(drift="x")))
    assert read_held_fleet(tmp_path).drift == "x"
    (folder / "documents.json").unlink()
    os.mkfifo(folder / "documents.json")
    assert read_held_fleet(tmp_path).drift == "x"
