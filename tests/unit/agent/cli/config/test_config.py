"""`gate-agent config show`, `set`, `history` and `undo`."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from agent.i18n import Language, translate
from agent.settings.editing import history
from agent.settings.editing.history import FOLDER, KEPT, LOCK, EditStep, History, HistoryError, present_files
from drivers.text import Text
from tests.support.gate.config_files import ROOT_KEY, write
from tests.support.waiting import PATIENCE_S
from tests.unit.agent.i18n.test_translation import ENGLISH

MAIN = f"""\
# The gate.
version = 1
include = ["lanes/out.toml"]

[gate]
id = "gate-7"   # its name
site = 7

[state]
directory = "STATE"

[permits]
root_keys = ["{ROOT_KEY}"]

[mqtt]
brokers = ["mqtts://broker.example"]
username = "gate-7"
# A secret.
password = "hunter22"
"""
LANE = """\
[lanes.exit-1]
number = 1
direction = "export"
relay = { kind = "simulated" }

# How long the lane waits.
[lanes.exit-1.timing]
# For a permit.
#read_s = 30.0
pass_s = 50

[[lanes.exit-1.cameras]]
id = "front"
kind = "opencv"
url = "rtsp://admin:hunter22@10.0.0.5/stream"
"""
OUTSIDE = ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "SUDO_USER")


@pytest.fixture
def gate(tmp_path, monkeypatch):
    for name in [*OUTSIDE, *(name for name in os.environ if name.startswith("GATE_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUDO_USER", "aigerim")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "of-the-service"))
    return Gate(tmp_path)


class Gate:
    def __init__(self, folder):
        self.folder = folder
        self.main = write(folder, MAIN.replace("STATE", str(folder / "state")))
        self.lane = write(folder, LANE, "lanes/out.toml")
        self.history = folder / "state" / FOLDER

    def call(self, *arguments, given=""):
        told = ["config", *map(str, arguments)]
        return CliRunner().invoke(application(told), told, input=given)

    def set(self, key, value, **options):
        return self.call("set", key, value, "-c", self.main, **options)

    def states(self):
        return json.loads(self.call("history", "--json", "-c", self.main).stdout)

    def texts(self):
        return self.main.read_bytes(), self.lane.read_bytes()


WRITTEN_WRONG = {
    ("unset", "a..b"): Text('"{text}" is not a key; expected one like lanes.exit-1.timing.read_s', text="a..b"),
    ("add", "lanes.new", "number"): Text("expected NAME=VALUE, such as id=front, not {given!r}", given="number"),
    ("add", "lanes.new", "a=1", "a.b=2"): Text("{name}: {part} already has a value", name="a.b", part="a"),
}


def refused(gate, answer, *words):
    assert answer.exit_code == exit_codes.FAILED
    assert all(word in answer.stderr for word in words), answer.stderr
    assert answer.stderr.endswith("nothing is changed\n")


@pytest.mark.parametrize("language", [Language.ZH, Language.RU, Language.KK])
def test_what_stands_in_the_way_of_a_change_is_told_in_the_language_that_is_asked_for(gate, language):
    before, spoken = gate.texts(), ("-c", gate.main, "--language", language.value)
    answers = [
        gate.call("set", "lanes.exit-1.number", "99", *spoken),
        gate.call("unset", "lanes.nowhere", *spoken),
        gate.call("add", "lanes.exit-1", *spoken),
        gate.call("undo", "77", *spoken),
    ]
    for answer in answers:
        assert answer.exit_code == exit_codes.FAILED
        assert answer.stderr.endswith(f": {translate(Text('nothing is changed'), language)}\n")
        assert not ENGLISH.search(answer.stderr.replace("gate-agent config", "")), answer.stderr
    for given, words in WRITTEN_WRONG.items():
        answer = gate.call(*given, *spoken)
        assert answer.exit_code == exit_codes.USAGE
        assert " ".join(translate(words, language).split()[:2]) in answer.stderr
    assert gate.texts() == before


# ------------------------------------------------------------------------------------------------- show


def test_every_key_is_shown_with_its_value_and_where_that_comes_from(gate, monkeypatch):
    write(gate.folder, "other", "credentials/mqtt.username")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(gate.folder / "credentials"))
    monkeypatch.setenv("GATE_MQTT__WINDOW", "50")
    answer = gate.call("show", "--origin", gate.main)
    assert answer.exit_code == exit_codes.OK
    shown = dict(line.split(" = ", 1) for line in answer.stdout.splitlines())
    found = {key: [part.strip() for part in rest.rsplit("  # ", 1)] for key, rest in shown.items()}
    assert found["gate.id"] == ['"gate-7"', f"{gate.main}:6"]
    assert found["lanes.exit-1.timing.pass_s"] == ["50.0", f"{gate.lane}:10"]
    assert found["lanes.exit-1.timing.read_s"] == ["30.0", "default"]
    assert found["lanes.exit-1.relay.channels"] == ["8", "default"]
    assert found["mqtt.username"] == ['"other"', f"{gate.folder}/credentials/mqtt.username"]
    assert found["mqtt.window"] == ["50", "GATE_MQTT__WINDOW"]
    assert found["mqtt.password"] == ["set", f"{gate.main}:19"]
    assert found["site.password"] == ["none", "default"]
    assert "hunter22" not in answer.output


def test_programs_get_the_same_as_json_and_no_secret(gate):
    answer = gate.call("show", "--json", gate.main)
    found = {entry["key"]: entry for entry in json.loads(answer.stdout)}
    assert found["mqtt.password"] == {
        "key": "mqtt.password",
        "value": None,
        "secret": True,
        "owner": "central",
        "origin": str(gate.main),
        "line": 19,
    }
    assert {found[key]["owner"] for key in ("gate.id", "lanes.exit-1.timing.read_s")} == {"gate", "technician"}
    assert found["lanes.exit-1.cameras[0].url"]["value"] == "rtsp://admin:********@10.0.0.5/stream"
    assert found["lanes.exit-1.rules.require"]["origin"] is None
    assert "hunter22" not in answer.output


def test_each_key_is_shown_with_whose_word_counts(gate):
    lines = gate.call("show", "--owner", "--origin", gate.main).stdout.splitlines()
    (heartbeat,) = [line for line in lines if line.startswith("mqtt.heartbeat_s")]
    assert heartbeat.endswith("# central, default")
    (read,) = [line for line in lines if line.startswith("lanes.exit-1.timing.read_s")]
    assert "# technician, " in read


def test_a_configuration_that_cannot_be_used_is_not_shown(gate):
    gate.main.write_text("nothing\n")
    answer = gate.call("show", gate.main)
    assert isinstance(answer.exception, Exception)
    assert f"{gate.main}:1:8: error" in str(answer.exception)


# ------------------------------------------------------------------------------------------------- set


def test_a_key_is_set_in_the_file_where_it_belongs_and_all_else_stays(gate):
    answer = gate.set("lanes.exit-1.timing.read_s", "20")
    assert answer.exit_code == exit_codes.OK
    assert answer.stdout.startswith(f"lanes.exit-1.timing.read_s is set in {gate.lane}:10; state 2\n")
    assert gate.lane.read_text() == LANE.replace("#read_s = 30.0\n", "#read_s = 30.0\nread_s = 20\n")
    assert gate.set("gate.id", "khorgos-03").exit_code == exit_codes.OK
    assert 'id = "khorgos-03"   # its name\n' in gate.main.read_text()
    assert gate.set("mqtt.brokers", '["mqtts://a.example", "mqtts://b.example"]').exit_code == exit_codes.OK
    assert gate.set("lanes.exit-1.cameras[0].url", "rtsp://10.0.0.6/1").exit_code == exit_codes.OK
    assert gate.set("lanes.exit-1.relay.channels", "4").exit_code == exit_codes.OK
    assert 'relay = { kind = "simulated", channels = 4 }' in gate.lane.read_text()
    assert gate.call("check", gate.main).exit_code == exit_codes.OK


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("lanes.exit-1.timing.reed_s", "20", ['no key lanes.exit-1.timing.reed_s; did you mean "read_s"?']),
        ("lanes.exit1.timing.read_s", "20", ['no key lanes.exit1; did you mean "exit-1"?']),
        ("lane.exit-1.number", "2", ['no key lane; did you mean "lanes"?']),
        ("lanes.exit-1.relay.chanels", "2", ['did you mean "channels"?']),
        ("lanes.exit-1.timing", "5", ["is a table: set one of its keys"]),
        ("lanes.exit-1.cameras[1].id", "x", ["there is no"]),
        ("mqtt.window.x", "1", ["no key mqtt.window.x"]),
        ("mqtt window", "1", ["is not a key"]),
        ("lanes.exit-1.timing.read_s", "2000", [":10:1: error: lanes.exit-1.timing.read_s", "from 1 to 600; got 2000"]),
        ("lanes.exit-1.timing.read_s", "soon", ['expected a number from 1 to 600; got "soon"']),
        ("lanes.exit-1.direction", "exports", ['did you mean "export"?']),
        ("mqtt.window", "5\nkeepalive_s = 6", ["expected a whole number from 1 to 1000"]),
        ("mqtt.enabled", "True", ["expected true or false"]),
        ("mqtt.ca_file", "none.pem", ["none.pem cannot be read: No such file or directory"]),
    ],
)
def test_what_is_wrong_is_refused_with_the_nearest_word_and_nothing_is_written(gate, key, value, words):
    before = gate.texts()
    refused(gate, gate.set(key, value), *words)
    assert gate.texts() == before


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("console.listen", "127.0.0.1,192.168.1.10", ["127.0.0.1", "192.168.1.10"]),
        ("console.listen", "192.168.1.10", ["192.168.1.10"]),
        ("console.listen", "[127.0.0.1, ::1]", ["127.0.0.1", "::1"]),
        ("console.listen", '"127.0.0.1", "::1"', ["127.0.0.1", "::1"]),
        ("console.listen", '["127.0.0.1", "::1"]', ["127.0.0.1", "::1"]),
        ("permits.forms", "signed,jws", ["signed", "jws"]),
        ("evidence.send", "denied, fault,", ["denied", "fault"]),
    ],
)
def test_a_list_may_be_written_without_brackets_and_quotes(gate, key, value, found):
    answer = gate.set(key, value)
    assert answer.exit_code == exit_codes.OK, answer.stderr
    section, name = key.split(".")
    assert tomllib.loads(gate.main.read_text())[section][name] == found


def test_what_stands_in_no_list_is_refused_as_a_list_too(gate):
    before = gate.texts()
    refused(gate, gate.set("console.listen", "127.0.0.1,everywhere"), "console.listen[1]: expected an IP address")
    refused(gate, gate.set("console.listen", '["::1"]\nport = 80'), "console.listen[0]: expected an IP address")
    assert gate.texts() == before


def test_a_key_that_a_layer_over_the_files_sets_is_changed_there(gate, monkeypatch):
    monkeypatch.setenv("GATE_MQTT__WINDOW", "50")
    refused(gate, gate.set("mqtt.window", "60"), "mqtt.window is set by GATE_MQTT__WINDOW, which wins over the files")


def test_a_secret_is_read_from_standard_input_and_told_nowhere(gate):
    answer = gate.set("mqtt.password", "-", given="correct horse\n")
    assert answer.exit_code == exit_codes.OK
    assert 'password = "correct horse"' in gate.main.read_text()
    told = (
        answer.output
        + gate.call("history", "-c", gate.main).output
        + gate.call("history", "--json", "-c", gate.main).output
    )
    assert "correct horse" not in told
    assert "hunter22" not in told


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mqtt.password", "correct horse"),
        ("site.password", '"correct horse"'),
        ("lanes.exit-1.cameras[0].url", "rtsp://admin:correcthorse@10.0.0.5/stream"),
        ("mqtt.brokers", "mqtts://gate:correcthorse@broker.example"),
    ],
)
def test_a_secret_among_the_arguments_is_refused_with_what_to_do(gate, key, value):
    """L7: the arguments of a program are seen by every user of the computer."""
    before = gate.texts()
    answer = gate.set(key, value)
    refused(gate, answer, key, "give - as its value")
    assert "correct" not in answer.output + answer.stderr
    assert gate.texts() == before


@pytest.mark.parametrize("value", ["url=rtsp://admin:correcthorse@10.0.0.6/s", "password=correcthorse"])
def test_a_secret_of_a_new_table_is_refused_among_the_arguments_and_asked_for(gate, value):
    name = value.partition("=")[0]
    given = ("add", "lanes.exit-1.cameras", "id=back", "kind=opencv")
    answer = gate.call(*given, value, "-c", gate.main)
    refused(gate, answer, f"{name}=-")
    assert "correct" not in answer.output + answer.stderr
    asked = gate.call(*given, "url=-", "-c", gate.main, given="rtsp://admin:correcthorse@10.0.0.6/s\n")
    assert asked.exit_code == exit_codes.OK, asked.stderr
    assert "rtsp://admin:correcthorse@10.0.0.6/s" in gate.lane.read_text()
    assert "correct" not in asked.output


def test_mode_bytes_and_link_of_the_file_stay(gate):
    gate.main.write_bytes(b"\xef\xbb\xbf" + gate.main.read_bytes().replace(b"\n", b"\r\n"))
    gate.main.chmod(0o640)
    real = gate.main.rename(gate.folder / "real.toml")
    gate.main.symlink_to(real)
    before = real.read_bytes()
    assert gate.set("gate.site", "9").exit_code == exit_codes.OK
    assert gate.main.is_symlink()
    assert real.read_bytes() == before.replace(b"site = 7", b"site = 9")
    found = real.stat()
    assert stat.S_IMODE(found.st_mode) == 0o640
    assert sorted(path.name for path in gate.folder.iterdir()) == ["gate.toml", "lanes", "real.toml", "state"]


def test_a_file_with_mistakes_of_syntax_is_not_changed(gate):
    gate.main.write_text(gate.main.read_text() + "[")
    before = gate.texts()
    refused(gate, gate.set("gate.site", "9"), f"{gate.main}:20:")
    assert gate.texts() == before


def test_a_mistake_can_be_fixed_by_setting_the_key(gate):
    gate.main.write_text(gate.main.read_text().replace("site = 7", "site = 0"))
    assert gate.set("gate.site", "7").exit_code == exit_codes.OK


def test_nothing_is_changed_where_the_history_cannot_be_kept(gate):
    gate.history.parent.write_text("a file where the folder should be")
    before = gate.texts()
    refused(gate, gate.set("gate.site", "9"), "the history cannot be kept in")
    assert gate.texts() == before


# ------------------------------------------------------------------------------------------------- history and undo


def test_the_history_says_when_who_what_and_which_keys(gate):
    gate.set("gate.site", "9")
    gate.set("lanes.exit-1.timing.read_s", "20")
    gate.main.write_text(gate.main.read_text().replace('"gate-7"   #', '"gate-8"   #'))
    first, second, third = gate.states()
    assert (first["state"], first["what"], first["changed"]) == (1, "edited by hand", [])
    assert (second["who"], second["what"], second["changed"]) == ("aigerim", "set gate.site", ["gate.site"])
    assert third["changed"] == ["lanes.exit-1.timing.read_s"]
    assert not third["on_disk"]
    told = gate.call("history", "-c", gate.main).stdout.splitlines()
    assert told[-1] == "the files on disk are not in the history yet: they were edited manually"
    gate.set("mqtt.window", "9")
    by_hand, last = gate.states()[-2:]
    assert (by_hand["what"], by_hand["changed"]) == ("edited by hand", ["gate.id"])
    assert (last["what"], last["on_disk"]) == ("set mqtt.window", True)


def test_the_history_is_in_the_language_that_is_asked_for(gate):
    gate.set("gate.site", "9")
    told = gate.call("history", "-c", gate.main, "--language", "ru").stdout
    assert "правка вручную" in told
    assert "by hand" not in told
    assert not re.search(r"\b(set|manually|on the disk|ran last)\b", told)


def test_undo_goes_back_a_change_at_a_time_and_to_any_state(gate):
    texts = [gate.texts()]
    for value in ("8", "9", "10"):
        gate.set("gate.site", value)
        texts.append(gate.texts())
    for expected in (texts[2], texts[1], texts[0]):
        assert gate.call("undo", "-c", gate.main).exit_code == exit_codes.OK
        assert gate.texts() == expected
    refused(gate, gate.call("undo", "-c", gate.main), "there is no state before this one")
    assert gate.call("undo", "4", "-c", gate.main).exit_code == exit_codes.OK
    assert gate.texts() == texts[3]
    assert [one["brings_back"] for one in gate.states()] == [None, None, None, None, 3, 2, 1, 4]
    refused(gate, gate.call("undo", "99", "-c", gate.main), "the history has no state 99; it has 1 to 8")


def test_undo_repairs_what_was_broken_by_hand_in_any_way_and_keeps_it(gate):
    gate.set("gate.site", "8")
    good = gate.texts()
    broken = good[0] + b"\xff\xfe not [ even \0 text"
    gate.main.write_bytes(broken)
    assert gate.call("undo", "-c", gate.main).exit_code == exit_codes.OK
    assert gate.texts() == good
    assert History(gate.history.parent, gate.main).generations()[-2].state.files[str(gate.main)] == broken


def test_undo_brings_back_files_that_are_gone(gate):
    gate.set("gate.site", "8")
    gate.set("gate.site", "9")
    gate.lane.unlink()
    gate.main.unlink()
    assert gate.call("undo", "2", "-c", gate.main).exit_code != exit_codes.OK  # where the state lies stood in that file
    os.environ["GATE_STATE__DIRECTORY"] = str(gate.history.parent)
    try:
        assert gate.call("undo", "2", "-c", gate.main).exit_code == exit_codes.OK
    finally:
        del os.environ["GATE_STATE__DIRECTORY"]
    assert "site = 8" in gate.main.read_text()
    assert gate.lane.read_text() == LANE


def test_a_state_that_cannot_be_used_any_more_is_not_brought_back(gate):
    write(gate.folder, "list", "trust.gtl")
    gate.set("permits.trust_list", str(gate.folder / "trust.gtl"))
    gate.set("gate.site", "9")
    gate.set("gate.site", "10")
    (gate.folder / "trust.gtl").unlink()
    before = gate.texts()
    refused(gate, gate.call("undo", "-c", gate.main), "trust.gtl cannot be read")
    assert gate.texts() == before


def test_twenty_states_are_kept_readable_by_their_owner_alone(gate):
    for number in range(1, KEPT + 6):
        assert gate_set(gate, "gate.site", str(100 + number)) is None
    assert [one["state"] for one in gate.states()] == list(range(7, KEPT + 7))
    assert stat.S_IMODE(gate.history.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in gate.history.iterdir()} == {0o600}


def test_a_state_that_was_cut_off_or_is_of_another_gate_is_left_out(gate):
    gate.set("gate.site", "8")
    gate.set("gate.site", "9")
    one, two = sorted(gate.history.glob("0*.json"))[:2]
    one.write_bytes(one.read_bytes()[:100])
    told = json.loads(two.read_bytes())
    two.write_text(json.dumps({**told, "main": "/etc/other.toml"}))
    (gate.history / "000009.json").write_text("[]")
    assert [state["state"] for state in gate.states()] == [3]
    assert gate.call("history", "-c", gate.main).exit_code == exit_codes.OK


def test_of_two_who_change_at_once_neither_loses_the_others_change(gate, monkeypatch):
    monkeypatch.setattr(history, "LONGEST_WAIT_S", PATIENCE_S)
    changes = [("gate.site", "8"), ("mqtt.window", "9"), ("lanes.exit-1.timing.read_s", "20"), ("gate.id", "x")]
    answers = []
    threads = [threading.Thread(target=lambda one=one: answers.append(gate_set(gate, *one))) for one in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [None] * len(changes)
    shown = {entry["key"]: entry["value"] for entry in json.loads(gate.call("show", "--json", gate.main).stdout)}
    assert (shown["gate.site"], shown["mqtt.window"], shown["gate.id"]) == (8, 9, "x")
    assert shown["lanes.exit-1.timing.read_s"] == 20
    assert len(gate.states()) == 1 + len(changes)


def test_who_comes_just_as_another_makes_the_history_gets_it_too(tmp_path, monkeypatch):
    making = Path.mkdir

    def overtaken(path, *arguments, **options):
        if path.name == FOLDER:
            making(path, mode=0o700)
        making(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", overtaken)
    with History(tmp_path / "state", tmp_path / "gate.toml").held():
        assert (tmp_path / "state" / FOLDER / LOCK).exists()


def gate_set(gate, key, value):
    """Set a key by the functions below the command line: the runner of commands cannot serve two at once."""
    from functools import partial  # noqa: PLC0415 - only here

    from agent.settings.configuration_loading import history_of, load_configuration, models  # noqa: PLC0415
    from agent.settings.editing.change_and_undo import set_value  # noqa: PLC0415
    from agent.settings.editing.edits import ConfigEditor  # noqa: PLC0415

    editor = ConfigEditor(gate.main, partial(load_configuration, gate.main), models, history_of(gate.main))
    try:
        set_value(editor, key, value, EditStep("x", f"set {key}", 1.0))
    except Exception as error:  # noqa: BLE001 - told by the caller
        return error
    return None


def test_one_who_does_not_let_go_is_waited_for_and_then_told_of(gate, monkeypatch):
    monkeypatch.setattr("agent.settings.editing.history.LONGEST_WAIT_S", 0.1)
    first = History(gate.folder / "state", gate.main)
    with first.held(), pytest.raises(HistoryError, match="another command is changing"), first.held():
        pass
    assert (gate.history / LOCK).exists()


def test_a_state_that_is_the_newest_already_is_not_noted_again(gate):
    history = History(gate.folder / "state", gate.main)
    with history.held():
        state = present_files(gate.main)
        assert history.note(state, EditStep("a", "b", 1.0)).number == 1
        assert history.note(state, EditStep("a", "b", 2.0)) is None


# ------------------------------------------------------------------------------------------------- unset and add


def test_a_key_that_is_unset_has_its_default_again_and_all_else_stays(gate):
    before = gate.texts()
    assert gate.set("lanes.exit-1.timing.read_s", "20").exit_code == exit_codes.OK
    answer = gate.call("unset", "lanes.exit-1.timing.read_s", "-c", gate.main)
    assert (answer.exit_code, "done: unset lanes.exit-1.timing.read_s; state 3" in answer.stdout) == (
        exit_codes.OK,
        True,
    )
    assert gate.texts()[0] == before[0]
    assert b"read_s = 20" not in gate.texts()[1]


@pytest.mark.parametrize("readers", ['readers=["plate", "qr"]', "readers=plate,qr"])
def test_a_camera_and_a_lane_are_added_where_their_kin_is_and_taken_out_again(gate, readers):
    cameras = len(tomllib.loads(gate.texts()[1].decode())["lanes"]["exit-1"].get("cameras", []))
    added = gate.call("add", "lanes.exit-1.cameras", "id=side", "kind=simulated", readers, "-c", gate.main)
    assert added.exit_code == exit_codes.OK, added.stderr
    found = tomllib.loads(gate.texts()[1].decode())["lanes"]["exit-1"]["cameras"][-1]
    assert found == {"id": "side", "kind": "simulated", "readers": ["plate", "qr"]}
    keys = ("number=9", "direction=import", "relay.kind=simulated", "relay.name=nine")
    assert gate.call("add", "lanes.nine", *keys, "-c", gate.main).exit_code == exit_codes.OK
    assert gate.call("unset", "lanes.nine", "-c", gate.main).exit_code == exit_codes.OK
    assert gate.call("unset", f"lanes.exit-1.cameras[{cameras}]", "-c", gate.main).exit_code == exit_codes.OK
    assert [one["what"] for one in gate.states()][-2:] == ["unset lanes.nine", f"unset lanes.exit-1.cameras[{cameras}]"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unset", "gate.id"), ("gate.id",)),
        (("unset", "gate.nothing"), ("gate.nothing is not set",)),
        (("unset", "lanes.exit-1"), ("lanes",)),
        (("add", "lanes.two", "number=2"), ("lanes.two", "relay")),
        (("add", "lanes.exit-1", "number=2"), ("lanes.exit-1 is there already",)),
        (("add", "lanes.exit-1.cameras", "id=side", "kind=simulatd"), ("simulatd",)),
    ],
)
def test_what_would_not_hold_is_neither_taken_out_nor_added(gate, arguments, words):
    before = gate.texts()
    refused(gate, gate.call(*arguments, "-c", gate.main), *words)
    assert gate.texts() == before


@pytest.mark.parametrize("value", ["side", "=x", "a[0]=1", "a=1 b", "a=1", "a.b=1"])
def test_keys_of_a_new_table_are_name_and_value(gate, value):
    given = (value, "a.c=1") if value == "a=1" else (value,)
    answer = gate.call("add", "lanes.exit-1.cameras", *given, "-c", gate.main)
    assert answer.exit_code != exit_codes.OK
