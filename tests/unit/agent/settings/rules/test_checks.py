"""Rules that bind several keys."""

from __future__ import annotations

import pytest

from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration
from agent.settings.model.agent import EXAMPLE_ROOT_KEY
from agent.settings.model.lane import SignalWiring, Timing
from drivers import registry
from tests.support.gate.config_files import GOOD, HEAD, LANE, ROOT_KEY, loaded, write

SECOND = (
    LANE.replace("lanes.out", "lanes.in")
    .replace("number = 1", "number = 2")
    .replace('"front"', '"rear"')
    .replace("/dev/gate-barrier", "/dev/gate-barrier-2")
)
BARRIER = "[lanes.out.barrier]\n"


def problems(path):
    try:
        found = loaded(path).warnings
    except SettingsError as error:
        found = error.problems
    return {problem.key: problem for problem in found}


@pytest.mark.parametrize(
    ("added", "key", "words"),
    [
        (BARRIER + "open_channel = 5", "lanes.out.barrier.open_channel", "from 1 to 4"),
        (BARRIER + "red_channel = 1", "lanes.out.barrier.red_channel", "channel 1 is open_channel already"),
        (BARRIER + "pulse_ms = 450", "lanes.out.barrier.pulse_ms", "multiple of 100"),
        (
            "[lanes.out.timing]\nstale_s = 0.1",
            "lanes.out.timing.stale_s",
            "at least 0.15, three polls at 20 Hz; got 0.1",
        ),
        ('[state]\ndirectory = ""', "state.directory", "absolute"),
    ],
)
def test_a_rule_that_is_broken_is_told_at_the_key_that_breaks_it(tmp_path, added, key, words):
    problem = problems(write(tmp_path, f"{GOOD}\n{added}\n"))[key]
    assert words in problem.message
    assert problem.severity == "error"
    assert problem.spot.excerpt == added.splitlines()[1]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("safety = 2", "safety = 1", "lanes.out.signals.safety", "input 1 is presence already"),
        ("safety = 2", "safety = 9", "lanes.out.signals.safety", "from 1 to 8"),
        ("safety = 2", "safety = 2\ninverted = [3]", "lanes.out.signals.inverted[0]", "no signal is wired to input 3"),
        ("safety = 2", "safety = 2\ninverted = [2, 2]", "lanes.out.signals.inverted[1]", "twice"),
        ('[lanes.out.inputs]\nkind = "bits"', "", "lanes.out.signals", "needs the table inputs"),
        ("[lanes.out.signals]\npresence = 1\nsafety = 2", "", "lanes.out.inputs", "needs the table signals"),
        ('direction = "export"', 'direction = "export"\nclose_mode = "agent"', "lanes.out.close_mode", "close_channel"),
        ("mqtts://broker.example", 'mqtts://a.example", "mqtts://a.example:8883', "mqtt.brokers[1]", "twice"),
        ('brokers = ["mqtts://broker.example"]', "", "mqtt.brokers", "at least one broker"),
        ("[mqtt]", '[mqtt]\npassword = "x"', "mqtt.password", "needs mqtt.username"),
        ("[mqtt]", "[mqtt]\nresend_max_s = 5", "mqtt.resend_min_s", "10 s is longer than mqtt.resend_max_s (5 s)"),
        ("[mqtt]", '[mqtt]\nca_file = "none.pem"', "mqtt.ca_file", "none.pem cannot be read: No such file"),
        ("[permits]", '[permits]\ntrust_list = "none.gtl"', "permits.trust_list", "cannot be read"),
        (f'["{ROOT_KEY}"]', f'["{ROOT_KEY}", "{ROOT_KEY.upper()}"]', "permits.root_keys[1]", "twice"),
    ],
)
def test_a_mistake_between_keys_is_told(tmp_path, old, new, key, words):
    assert old in GOOD
    problem = problems(write(tmp_path, GOOD.replace(old, new)))[key]
    assert words in problem.message
    assert problem.severity == "error"


def test_an_agent_that_closes_needs_to_see_the_vehicle_under_the_arm(tmp_path):
    blind = GOOD.replace(
        'direction = "export"', 'direction = "export"\nclose_mode = "agent"\nbarrier = {close_channel = 2}'
    )
    start, end = blind.index("[lanes.out.inputs]"), blind.index("[[lanes.out.cameras]]")
    assert (
        "needs inputs and signals"
        in problems(write(tmp_path, blind[:start] + blind[end:]))["lanes.out.close_mode"].message
    )
    assert not problems(write(tmp_path, blind))


def test_a_board_that_leaves_the_pulse_to_the_agent_takes_any_length(tmp_path):
    text = GOOD.replace('kind = "board"', 'kind = "board"\nmode = "plain"') + BARRIER + "pulse_ms = 450\n"
    assert not problems(write(tmp_path, text))


def test_lanes_have_their_own_number_camera_ids_and_boards(tmp_path):
    assert not problems(write(tmp_path, GOOD + SECOND))
    same = SECOND.replace("number = 2", "number = 1").replace('"rear"', '"front"').replace("barrier-2", "barrier")
    found = problems(write(tmp_path, GOOD + same))
    assert "lane out has the number 1 already" in found["lanes.in.number"].message
    assert "a camera of lane out" in found["lanes.in.cameras[0].id"].message
    taken = "channel 1 of this board is lanes.out.barrier.open_channel already"
    assert taken in found["lanes.in.barrier.open_channel"].message


def test_boards_with_unit_numbers_share_a_port_when_the_line_is_the_same(tmp_path):
    first = GOOD.replace('kind = "board"', 'kind = "board"\nunit = 1')
    second = SECOND.replace("barrier-2", "barrier")
    assert not problems(write(tmp_path, first + second.replace('kind = "board"', 'kind = "board"\nunit = 2')))
    other = second.replace('kind = "board"', 'kind = "board"\nunit = 2\nbaud = 19200')
    found = problems(write(tmp_path, first + other))
    assert "lanes.out.relay is on the same port with baud = 9600; got 19200" in found["lanes.in.relay.baud"].message
    half = problems(write(tmp_path, first + second))["lanes.in.relay.port"].message
    assert "a board relay board and a board relay board with unit 1 cannot share one" in half


def test_one_port_under_two_names_is_one_port(tmp_path):
    (tmp_path / "tty").touch()
    (tmp_path / "gate-barrier").symlink_to(tmp_path / "tty")
    text = GOOD.replace("/dev/gate-barrier", f"{tmp_path}/tty") + SECOND.replace(
        "/dev/gate-barrier-2", f"{tmp_path}/gate-barrier"
    )
    assert "lanes.in.barrier.open_channel" in problems(write(tmp_path, text))


def test_a_sound_lane_is_checked_beside_a_broken_one(tmp_path):
    broken = SECOND.replace('direction = "export"', 'direction = "up"')
    found = problems(write(tmp_path, GOOD.replace("safety = 2", "safety = 1") + broken))
    assert {"lanes.in.direction", "lanes.out.signals.safety"} <= set(found)


def test_files_that_hold_no_certificate_are_refused_at_their_key(tmp_path):
    write(tmp_path, "no certificate", "x.pem")
    text = GOOD.replace("[mqtt]", '[mqtt]\nca_file = "x.pem"\ncertificate_file = "x.pem"\nkey_file = "x.pem"')
    assert {"mqtt.ca_file", "mqtt.certificate_file"} == set(problems(write(tmp_path, text)))
    alone = GOOD.replace("[mqtt]", '[mqtt]\nkey_file = "x.pem"')
    assert "needs mqtt.certificate_file" in problems(write(tmp_path, alone))["mqtt.key_file"].message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (ROOT_KEY, EXAMPLE_ROOT_KEY, "permits.root_keys[0]"),
        ("number = 1", "number = 33", "lanes.out.number"),
        ('kind = "cam"', 'kind = "cam"\nreaders = ["plate"]', "lanes.out.cameras"),
        ('kind = "cam"', 'kind = "cam"\nexposure = "adapt"', "lanes.out.cameras[0].exposure"),
        (
            'direction = "export"',
            'direction = "export"\nbarrier = {close_channel = 2}',
            "lanes.out.barrier.close_channel",
        ),
        (
            'brokers = ["mqtts://broker.example"]',
            'brokers = ["mqtt://broker.example"]\nusername = "u"\npassword = "p"',
            "mqtt.brokers[0]",
        ),
        ('brokers = ["mqtts://broker.example"]', 'brokers = ["mqtt://broker.example"]', "mqtt.brokers[0]"),
    ],
)
def test_what_is_unwise_is_a_warning_and_no_error(tmp_path, old, new, key):
    loaded_anyway = loaded(write(tmp_path, GOOD.replace(old, new)))
    assert [(problem.key, problem.severity) for problem in loaded_anyway.warnings] == [(key, "warning")]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_to_a_broker_on_this_computer_nothing_need_be_encrypted(tmp_path, host):
    text = GOOD.replace('brokers = ["mqtts://broker.example"]', f'brokers = ["mqtt://{host}"]')
    assert [problem.key for problem in loaded(write(tmp_path, text)).warnings] == []


@pytest.mark.parametrize(
    ("timeout_ms", "poll_hz", "stale_s", "least"),
    [(101, 20, 0.3, "0.302"), (100, 19.9, 0.3, "0.301"), (200, 20, 0.3, "0.5"), (100, 20, 0.25, "0.3")],
)
def test_a_lost_answer_of_the_inputs_that_cannot_be_asked_for_again_in_time_is_warned_of(
    tmp_path, timeout_ms, poll_hz, stale_s, least
):
    (problem,) = loaded(write(tmp_path, with_times(timeout_ms, poll_hz, stale_s))).warnings
    assert (problem.key, problem.severity) == ("lanes.out.inputs.timeout_ms", "warning")
    assert f"timing.stale_s ({stale_s:g} seconds)" in problem.message
    assert problem.message.endswith(f"Lower timeout_ms, or raise timing.stale_s to {least}")
    assert loaded(write(tmp_path, with_times(timeout_ms, poll_hz, least))).warnings == ()


@pytest.mark.parametrize(
    ("timeout_ms", "poll_hz", "stale_s"), [(100, 20, 0.3), (20, 100, 0.06), (200, 20, 0.5), (2400, 20, 4.9)]
)
def test_times_that_leave_room_for_a_second_try_are_not_warned_of(tmp_path, timeout_ms, poll_hz, stale_s):
    assert loaded(write(tmp_path, with_times(timeout_ms, poll_hz, stale_s))).warnings == ()


@pytest.mark.parametrize("kind", sorted(registry.INPUTS))
def test_the_usual_times_of_every_input_board_leave_room_for_a_second_try(kind):
    timeout = registry.settings_model(registry.INPUTS, kind).model_fields.get("timeout_ms")
    if timeout is None:
        assert kind == "simulated"
        return
    poll_hz, stale_s = SignalWiring().poll_hz, Timing().stale_s
    assert 2 * timeout.default + 2 * 1000 / poll_hz <= stale_s * 1000


def with_times(timeout_ms, poll_hz, stale_s):
    text = GOOD.replace('kind = "bits"', f'kind = "bits"\ntimeout_ms = {timeout_ms}')
    text = text.replace("safety = 2", f"safety = 2\npoll_hz = {poll_hz}")
    return text + f"\n[lanes.out.timing]\nstale_s = {stale_s}\n"


COMMAND_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
ACK = f'[[mqtt.ack_keys]]\nid = "central"\npublic_key = "{"cd" * 8 + COMMAND_KEY[16:]}"'
KEY = f'[[commands.keys]]\nid = "room"\npublic_key = "{COMMAND_KEY}"'


@pytest.mark.parametrize(
    ("added", "key", "words", "severity"),
    [
        (f"{KEY}\n{KEY.replace('room', 'gate')}", "commands.keys[1].public_key", "twice", "error"),
        (f"{KEY}\n{KEY.replace(COMMAND_KEY, 'ab' * 8 + COMMAND_KEY[16:])}", "commands.keys[1].id", "name", "error"),
        (f"{ACK}\n{ACK.replace('central', 'next')}", "mqtt.ack_keys[1].public_key", "twice", "error"),
        (f"{ACK}\n{ACK.replace('cd' * 8, 'ab' * 8)}", "mqtt.ack_keys[1].id", "name", "error"),
        (
            f"{KEY}\n{ACK.replace('cd' * 8, COMMAND_KEY[:16])}",
            "mqtt.ack_keys[0].public_key",
            "give commands",
            "warning",
        ),
        (KEY.replace(COMMAND_KEY, ROOT_KEY), "commands.keys[0].public_key", "root key of permits", "warning"),
        ("[evidence]\nkeep_passed_hours = 800", "evidence.keep_passed_hours", "at least as long", "error"),
    ],
)
def test_what_commands_and_evidence_say_must_fit_together(tmp_path, added, key, words, severity):
    problem = problems(write(tmp_path, f"{GOOD}\n{added}\n"))[key]
    assert words in problem.message
    assert problem.severity == severity


def test_a_command_that_does_not_exist_gets_the_nearest_one(tmp_path):
    problem = problems(write(tmp_path, f'{GOOD}\n{KEY}\nmay = ["opne"]\n'))["commands.keys[0].may[0]"]
    assert "open" in problem.message


MIXED = """
[lanes.out]
number = 1
direction = "export"
close_mode = "{close_mode}"

[lanes.out.relay]
kind = "{relay}"
{port}

[lanes.out.barrier]
close_channel = 2

[lanes.out.inputs]
kind = "simulated"

[lanes.out.signals]
presence = 1
safety = 2

[[lanes.out.cameras]]
id = "front"
kind = "simulated"
"""


def mixed(tmp_path, relay, close_mode):
    port = "" if relay == "simulated" else 'port = "/dev/gate-barrier"\nchannels = 2'
    path = write(tmp_path, HEAD + MIXED.format(relay=relay, port=port, close_mode=close_mode))
    try:
        found = load_configuration(path).warnings
    except SettingsError as error:
        found = error.problems
    return {
        (one.key, one.severity): str(one.message)
        for one in found
        if "simulated" in one.message or "real" in one.message
    }


def test_what_is_simulated_beside_a_real_relay_board_is_told(tmp_path):
    told = mixed(tmp_path, "lcus", "controller")
    assert told == {
        ("lanes.out.inputs.kind", "warning"): "is simulated beside a real relay board: no vehicle is detected",
        ("lanes.out.cameras[0].kind", "warning"): "is simulated beside a real relay board: it sees no vehicle",
    }
    assert mixed(tmp_path, "simulated", "agent") == {}


def test_an_agent_never_closes_a_real_arm_by_simulated_inputs(tmp_path):
    told = mixed(tmp_path, "lcus", "agent")
    assert "needs real inputs" in told["lanes.out.close_mode", "error"]
