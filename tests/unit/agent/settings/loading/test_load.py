"""Loading: layers, includes, and every error at once, each in its place."""

from __future__ import annotations

import re

import pytest

from agent.settings import SettingsError, load, public
from tests.support.gate.config_files import GOOD, HEAD, LANE, OTHER_ROOT_KEY, loaded, write


def refused(path, **layers):
    with pytest.raises(SettingsError) as caught:
        loaded(path, **layers)
    return [problem for problem in caught.value.problems if problem.severity == "error"]


def told(path, **layers):
    return "\n".join(str(problem) for problem in refused(path, **layers))


def test_a_good_file_loads_with_defaults_and_the_drivers_own_keys(tmp_path):
    settings = loaded(write(tmp_path, GOOD)).settings
    lane = settings.lanes["out"]
    assert (settings.gate.id, settings.mqtt.keepalive_s, lane.timing.pass_s) == ("gate-7", 15, 60.0)
    assert lane.relay.kind == "board"
    assert lane.relay.table == {"port": "/dev/gate-barrier"}
    assert lane.cameras[0].table == {"url": "rtsp://10.0.0.5/stream"}
    assert lane.cameras[0].readers == ("qr", "plate")


def test_an_error_is_told_as_compilers_do_with_the_line_and_a_caret(tmp_path):
    path = write(tmp_path, GOOD.replace("[mqtt]\n", "[mqtt]\nkeepalive_s = 3\n"))
    (problem,) = refused(path)
    assert str(problem).splitlines() == [
        f"{path}:12:1: error: mqtt.keepalive_s: expected a whole number from 5 to 1200; got 3",
        "   12 | keepalive_s = 3",
        "      | ^",
    ]


def test_all_errors_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = GOOD.replace("site = 7", "site = 0").replace('direction = "export"', 'direction = "exprt"')
    text = text.replace('kind = "bits"', 'kind = "bits"\ncount = "many"').replace("safety = 2", "safty = 2")
    problems = refused(write(tmp_path, text))
    assert [(problem.key, problem.hint) for problem in problems] == [
        ("gate.site", ""),
        ("lanes.out.direction", "export"),
        ("lanes.out.inputs.count", ""),
        ("lanes.out.signals.safty", "safety"),
    ]
    assert [problem.spot.line for problem in problems] == sorted(problem.spot.line for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "key", "words", "hint"),
    [
        ("version = 1", "version = 2", "version", "expected 1; got 2", ""),
        ("version = 1", "", "version", "is required", ""),
        ('id = "gate-7"', 'id = "gate/7"', "gate.id", "letters, digits", ""),
        ("[gate]", "[gaet]", "gaet", "no such key", "gate"),
        ("[mqtt]", "[mqtt]\nwindow = true", "mqtt.window", "got true", ""),
        ("[mqtt]", '[mqtt]\nwindow = "5"', "mqtt.window", 'got "5"', ""),
        ("[mqtt]", '[mqtt]\nenabled = "yes"', "mqtt.enabled", "true or false", ""),
        ("[mqtt]", "[mqtt]\nenabled = 1", "mqtt.enabled", "true or false", ""),
        ('kind = "bits"', 'kind = "bits"\ncount = true', "lanes.out.inputs.count", "got true", ""),
        ("safety = 2", "safety = 2\ninverted = [true]", "lanes.out.signals.inverted[0]", "from 1 to 64; got true", ""),
        ("[mqtt]", '[mqtt]\nack_mode = "pubback"', "mqtt.ack_mode", 'one of "watermark", "puback"', "puback"),
        ("mqtts://broker.example", "http://broker.example", "mqtt.brokers[0]", "must begin with", ""),
        ("mqtts://broker.example", "mqtts://broker.example:0", "mqtt.brokers[0]", "1 to 65535", ""),
        ('kind = "board"', 'kind = "bord"', "lanes.out.relay.kind", "no driver of kind", "board"),
        ('kind = "board"', "", "lanes.out.relay.kind", "is required", ""),
        ('port = "/dev/gate-barrier"', 'prot = "/dev/x"', "lanes.out.relay.prot", "no such key", "port"),
        ('port = "/dev/gate-barrier"', "", "lanes.out.relay.port", "is required", ""),
        ('id = "front"', 'id = "Front Door"', "lanes.out.cameras[0].id", "small letters", ""),
        (
            'kind = "cam"',
            'kind = "cam"\nreaders = ["qr", "plat"]',
            "lanes.out.cameras[0].readers[1]",
            "one of",
            "plate",
        ),
        ('kind = "cam"', 'kind = "cam"\nreaders = []', "lanes.out.cameras[0].readers", "at least 1", ""),
        (
            "[lanes.out.inputs]",
            "[lanes.out.timing]\nread_s = nan\n[lanes.out.inputs]",
            "lanes.out.timing.read_s",
            "600",
            "",
        ),
        ("[lanes.out]", '["lanes"."The Way"]', 'lanes."The Way"', "small letters", ""),
    ],
)
def test_a_mistake_is_named_with_what_was_expected_and_the_nearest_word(tmp_path, old, new, key, words, hint):
    assert old in GOOD
    found = {problem.key: problem for problem in refused(write(tmp_path, GOOD.replace(old, new, 1)))}
    assert key in found, sorted(found)
    assert words in found[key].message
    assert found[key].hint == hint


@pytest.mark.parametrize("key", ["", "00" * 32, "zz" * 32, "ab" * 31, '", "'])
def test_a_root_key_that_is_none_is_refused(tmp_path, key):
    start = GOOD.index("root_keys")
    text = GOOD[:start] + f'root_keys = ["{key}"]\n' + GOOD[GOOD.index("[mqtt]") :]
    assert all(problem.key.startswith("permits.root_keys[") for problem in refused(write(tmp_path, text)))


def test_a_wrong_item_does_not_make_its_list_too_short(tmp_path):
    (problem,) = refused(write(tmp_path, re.sub(r'root_keys = \["\w+"\]', 'root_keys = ["00"]', GOOD)))
    assert problem.key == "permits.root_keys[0]"


def test_a_place_in_a_dotted_or_inline_table_is_found(tmp_path):
    text = HEAD + (
        '[lanes]\nout.number = 1\nout."direction" = "export"\n'
        'out.relay = { kind = "board", port = "/dev/x", channels = 99 }\n'
    )
    (problem,) = refused(write(tmp_path, text))
    assert problem.key == "lanes.out.relay.channels"
    assert problem.spot.excerpt[problem.spot.caret :].startswith("channels = 99")


def test_the_caret_stands_below_its_place_after_chinese_text(tmp_path):
    text = GOOD.replace('kind = "cam"', 'kind = "cam"\nreaders = ["通道", "qr", "plat"]')
    lines = told(write(tmp_path, text)).splitlines()
    first, second = (line for line in lines if line.endswith("^"))
    assert len(second) - len(first) == len('"通道", "qr", ') + 2  # each of the two characters is two columns wide


# ------------------------------------------------------------------------------------------------- syntax and files


def test_every_syntax_error_is_told_in_its_line(tmp_path):
    text = (
        GOOD.replace('id = "gate-7"', "id = gate-7").replace("presence = 1", "presence 1").replace('"front"', '"front')
    )
    problems = refused(write(tmp_path, text))
    lines = text.splitlines()
    assert [lines[problem.spot.line - 1] for problem in problems] == ["id = gate-7", "presence 1", 'id = "front']


@pytest.mark.parametrize(
    "tail", ['x = """never closed\n', "y = [1,\n", "z = {a = 1\n", "[open\n", '"\n', "= 1\n", "\x00\n"]
)
def test_text_that_does_not_end_is_an_error_and_no_crash(tmp_path, tail):
    assert refused(write(tmp_path, GOOD + tail))


def test_a_file_that_cannot_be_read_is_told_so(tmp_path):
    assert "No such file or directory" in told(tmp_path / "none.toml")
    assert "Is a directory" in told(tmp_path)


def test_text_in_another_encoding_is_told_with_its_line(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_bytes(b"version = 1\n# " + "通道".encode("gb18030") + b"\n")
    (problem,) = refused(path)
    assert (problem.spot.line, problem.message) == (2, "expected UTF-8 text")


def test_a_file_with_windows_line_ends_and_a_mark_at_its_start_is_read(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert loaded(path).settings.gate.site == 7
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("site = 7", "site = 0").replace("\n", "\r\n").encode())
    (problem,) = refused(path)
    assert (problem.spot.line, problem.spot.column, problem.spot.excerpt) == (6, 1, "site = 0")


# ------------------------------------------------------------------------------------------------- includes


def test_included_files_are_merged_and_their_errors_name_them(tmp_path):
    path = write(tmp_path, HEAD.replace("version = 1", 'version = 1\ninclude = ["lanes/out.toml"]'))
    lane = write(tmp_path, LANE, "lanes/out.toml")
    assert list(loaded(path).settings.lanes) == ["out"]
    write(tmp_path, LANE.replace("number = 1", "number = 99"), "lanes/out.toml")
    (problem,) = refused(path)
    assert (problem.source, problem.spot.line) == (str(lane), 3)


def test_a_key_in_two_files_is_refused_and_both_places_are_named(tmp_path):
    path = write(tmp_path, GOOD.replace("version = 1", 'version = 1\ninclude = ["more.toml"]'))
    more = write(tmp_path, '[gate]\nid = "gate-8"\n', "more.toml")
    (problem,) = refused(path)
    assert str(problem).startswith(f"{more}:2:1: error: gate.id: is already set at {path}:6")


def test_two_files_may_add_to_one_table(tmp_path):
    path = write(tmp_path, GOOD.replace("version = 1", 'version = 1\ninclude = ["more.toml"]'))
    write(tmp_path, "[mqtt]\nwindow = 7\n[lanes.out.timing]\nread_s = 9\n", "more.toml")
    settings = loaded(path).settings
    assert (settings.mqtt.window, settings.lanes["out"].timing.read_s) == (7, 9.0)


def test_a_file_that_includes_itself_or_a_missing_one_is_refused_at_the_line_that_names_it(tmp_path):
    path = write(tmp_path, GOOD.replace("version = 1", 'version = 1\ninclude = ["gate.toml",\n  "none.toml"]'))
    twice, missing = refused(path)
    assert "is included twice" in twice.message
    assert "cannot be read: No such file" in missing.message
    assert (twice.spot.line, missing.spot.line) == (3, 4)


def test_a_relative_path_starts_at_the_file_that_names_it(tmp_path):
    path = write(tmp_path, HEAD.replace("version = 1", 'version = 1\ninclude = ["lanes/out.toml"]'))
    write(tmp_path, LANE.replace('kind = "cam"', 'kind = "cam"\npath = "pictures"'), "lanes/out.toml")
    camera = loaded(path).settings.lanes["out"].cameras[0]
    assert camera.table["path"] == str(tmp_path / "lanes" / "pictures")


# ------------------------------------------------------------------------------------------------- layers


def test_variables_win_over_credentials_and_those_over_the_file(tmp_path):
    text = GOOD.replace("[mqtt]", '[mqtt]\nusername = "file"\npassword = "file-secret"\nwindow = 5')
    path = write(tmp_path, text)
    write(tmp_path, "credential-secret\n", "credentials/mqtt.password")
    write(tmp_path, "credential", "credentials/mqtt.username")
    environment = {"GATE_MQTT__USERNAME": "variable", "GATE_MQTT__WINDOW": "9", "PATH": "/bin"}
    settings = loaded(path, environment, tmp_path / "credentials").settings
    assert (settings.mqtt.username, settings.mqtt.window) == ("variable", 9)
    assert settings.mqtt.password.get_secret_value() == "credential-secret"


def test_a_variable_reaches_into_a_lane_and_a_list_is_json(tmp_path):
    environment = {
        "GATE_LANES__OUT__TIMING__READ_S": "12.5",
        "GATE_LANES__OUT__RELAY__PORT": "/dev/other",
        "GATE_MQTT__BROKERS": '["mqtts://one.example", "mqtts://two.example:9000"]',
    }
    settings = loaded(write(tmp_path, GOOD), environment).settings
    assert settings.lanes["out"].timing.read_s == 12.5
    assert settings.lanes["out"].relay.table == {"port": "/dev/other"}
    assert settings.mqtt.brokers == ("mqtts://one.example", "mqtts://two.example:9000")


@pytest.mark.parametrize(
    ("name", "value", "start"),
    [
        (
            "GATE_MQTT__WINDOW",
            "0",
            "GATE_MQTT__WINDOW: error: mqtt.window: expected a whole number from 1 to 1000; got",
        ),
        ("GATE_MQTT__BROKERS", "mqtts://x", "GATE_MQTT__BROKERS: error: mqtt.brokers: expected JSON"),
        ("GATE_MQTT__WINDWO", "5", "GATE_MQTT__WINDWO: error: mqtt.windwo: there is no such key"),
        ("GATE_MQTT_PASSWORD", "s3cr3t-pw", "GATE_MQTT_PASSWORD: error: mqtt_password: there is no such key"),
        ("GATE_MQQT__WINDOW", "5", "GATE_MQQT__WINDOW: error: mqqt.window: there is no such key"),
        ("GATE_MQTT", "5", "GATE_MQTT: error: mqtt: "),
        ("GATE_LANES__OUT__NUMBER", "x", "GATE_LANES__OUT__NUMBER: error: lanes.out.number: expected a whole number"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path, name, value, start):
    text = told(write(tmp_path, GOOD), environment={name: value})
    assert text.startswith(start)
    assert "s3cr3t-pw" not in text


def test_a_variable_with_one_underscore_too_few_is_put_right(tmp_path):
    (problem,) = refused(write(tmp_path, GOOD), environment={"GATE_MQTT_PASSWORD": "x"})
    assert problem.hint == "GATE_MQTT__PASSWORD"


def test_variables_that_only_begin_alike_are_left_alone(tmp_path):
    assert loaded(write(tmp_path, GOOD), {"GATE_HOME": "/opt", "GATE_AGENT_TRACE": "1", "GATES": "2"})


def test_a_wrong_credential_is_named_by_its_file(tmp_path):
    path = write(tmp_path, GOOD)
    write(tmp_path, "x", "credentials/mqtt.pasword")
    (tmp_path / "credentials" / "mqtt.username").write_bytes(b"\xff\xfe")
    write(tmp_path, "not ours", "credentials/other")
    text = told(path, credentials=tmp_path / "credentials")
    assert f"{tmp_path}/credentials/mqtt.pasword: error: mqtt.pasword: there is no such key" in text
    assert 'did you mean "password"?' in text
    assert f"{tmp_path}/credentials/mqtt.username: error: mqtt.username: expected UTF-8 text" in text
    assert "cannot be read" in told(path, credentials=tmp_path / "none")


# ------------------------------------------------------------------------------------------------- the result


def test_the_digest_changes_with_what_is_in_effect_and_with_no_secret(tmp_path):
    text = GOOD.replace("[mqtt]", '[mqtt]\nusername = "u"\npassword = "one"')
    first = loaded(write(tmp_path, text)).digest
    same = [
        loaded(write(tmp_path, text.replace('"one"', '"two"'))).digest,
        loaded(write(tmp_path, text + "\n# a comment\n")).digest,
        loaded(write(tmp_path, text.replace("[mqtt]", "[mqtt]\nwindow = 100"))).digest,
    ]
    assert same == [first] * 3
    assert loaded(write(tmp_path, text), {"GATE_MQTT__WINDOW": "99"}).digest != first


def test_the_tree_that_may_be_shown_holds_no_secret(tmp_path):
    text = GOOD.replace("[mqtt]", '[mqtt]\nusername = "u"\npassword = "hunter22"')
    text = text.replace("rtsp://10.0.0.5", "rtsp://admin:hunter22@10.0.0.5")
    shown = str(public(loaded(write(tmp_path, text)).settings))
    assert "hunter22" not in shown
    assert "rtsp://admin:********@10.0.0.5/stream" in shown


def test_settings_never_read_the_environment_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setenv("GATE_MQTT__WINDOW", "3")
    assert loaded(write(tmp_path, GOOD)).settings.mqtt.window == 100


def test_a_driver_that_takes_a_key_of_the_agents_cannot_be_used(tmp_path):
    from pydantic import create_model  # noqa: PLC0415 - only here

    greedy = create_model("Greedy", kind=(str, "x"))
    with pytest.raises(SettingsError, match="cannot be used: it has keys that are reserved for the agent: kind"):
        load(write(tmp_path, GOOD), environment={}, credentials_directory=None, models=lambda _family, _kind: greedy)


def test_two_root_keys_may_stand_while_they_change(tmp_path):
    text = re.sub(r'root_keys = \["(\w+)"\]', rf'root_keys = ["\1", "{OTHER_ROOT_KEY}"]', GOOD)
    assert len(loaded(write(tmp_path, text)).settings.permits.root_keys) == 2
