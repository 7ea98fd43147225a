"""What a lane asks of plates and VINs, and whether its parts fit together and can be read."""

from __future__ import annotations

from itertools import product

import pytest

from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

FRONT = 'id = "front"\n'
SCANNER = """
[[lanes.out.scanners]]
id = "post"
kind = "lines"
port = "/dev/gate-scanner"
"""
SIDE = """
[[lanes.out.cameras]]
id = "side"
kind = "cam"
url = "rtsp://10.0.0.6/stream"
readers = ["{what}"]
"""


def reading(*what, text=GOOD):
    """The configuration with what its first camera reads."""
    names = ", ".join(f'"{one}"' for one in what)
    return text.replace(FRONT, f"{FRONT}readers = [{names}]\n")


ALL = reading("qr", "plate", "vin")


def ruled(text=ALL, **rules):
    lines = "".join(f"{key} = {'true' if value is True else repr(value)}\n" for key, value in rules.items())
    return f"{text}\n[lanes.out.rules]\n{lines}"


def problems(path):
    """Severity and message of what is said of the rules and the readers, by the key's last part."""
    try:
        found = loaded(path).warnings
    except SettingsError as error:
        found = error.problems
    mine = ("lanes.out.rules.", "lanes.out.cameras")
    return {one.key.rpartition(".")[2]: (one.severity, one.message) for one in found if one.key.startswith(mine)}


def severities(tmp_path, text):
    return {key: severity for key, (severity, _) in problems(write(tmp_path, text)).items()}


@pytest.mark.parametrize(
    ("factor", "without", "found"),
    [
        ("plate", "manual", {"readers": "warning"}),
        ("plate", "vin", {}),
        ("plate", "pass", {"readers": "warning"}),
        ("vin", "manual", {"without_plate": "warning"}),
        ("vin", "vin", {}),
        ("vin", "pass", {"without_plate": "error"}),
        ("either", "manual", {"without_plate": "warning"}),
        ("either", "vin", {}),
        ("either", "pass", {}),
        ("both", "manual", {"without_plate": "warning"}),
        ("both", "vin", {}),
        ("both", "pass", {"without_plate": "error"}),
    ],
)
def test_each_pair_of_rules_where_a_camera_reads_everything(tmp_path, factor, without, found):
    assert severities(tmp_path, ruled(second_factor=factor, without_plate=without)) == found


@pytest.mark.parametrize("require", ["permit", "plate", "either"])
def test_a_vin_is_asked_for_only_where_something_ties_a_permit_to_its_vehicle(tmp_path, require):
    for factor, without in product(("plate", "vin", "either", "both"), ("manual", "vin", "pass")):
        found = problems(write(tmp_path, ruled(require=require, second_factor=factor, without_plate=without)))
        wanted = {"second_factor"} if factor != "plate" else set()
        wanted |= {"without_plate"} if without == "vin" else set()
        assert {key for key, (severity, _) in found.items() if severity == "error"} == wanted
        assert all('needs rules.require = "permit_and_plate"' in found[key][1] for key in wanted)


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ({"second_factor": "vin", "without_plate": "vin"}, "second_factor"),
        ({"second_factor": "either", "without_plate": "vin"}, "second_factor"),
        ({"without_plate": "vin"}, "without_plate"),
    ],
)
def test_a_lane_that_asks_for_vins_is_told_where_nothing_reads_them(tmp_path, rules, key):
    severity, message = problems(write(tmp_path, ruled(GOOD, **rules)))[key]
    assert (severity, "no camera reads VINs, and there is no scanner" in message) == ("warning", True)
    for text in (ALL, GOOD + SCANNER, GOOD + SIDE.format(what="vin")):
        assert key not in problems(write(tmp_path, ruled(text, **rules)))


def test_a_lane_that_reads_vins_for_nobody_is_told(tmp_path):
    severity, message = problems(write(tmp_path, ALL))["readers"]
    assert (severity, message) == ("warning", "no rule of the lane requires VINs: VINs are read and recorded only")
    assert problems(write(tmp_path, GOOD)) == {}


@pytest.mark.parametrize(("factor", "told"), [("plate", True), ("vin", False), ("either", False), ("both", True)])
def test_a_camera_of_plates_is_missed_only_where_plates_are_needed(tmp_path, factor, told):
    text = ruled(reading("qr", "vin"), second_factor=factor, without_plate="vin")
    assert ("require" in problems(write(tmp_path, text))) is told


# ---------------------------------------------------------------------------------------------------- two cameras


@pytest.mark.parametrize(
    ("factor", "without", "others", "told"),
    [
        ("vin", "vin", ["vin"], ""),
        ("vin", "manual", ["vin"], ""),
        ("vin", "vin", ["plate"], "another to read VINs"),
        ("either", "manual", ["vin"], ""),
        ("either", "manual", ["plate"], ""),
        ("both", "vin", ["vin"], "another to read plates"),
        ("both", "vin", ["plate"], "another to read VINs"),
        ("both", "vin", ["plate", "vin"], ""),
        ("plate", "vin", ["plate"], "another to read VINs"),
        ("plate", "vin", ["plate", "vin"], ""),
        ("plate", "manual", ["plate"], ""),
    ],
)
def test_of_two_cameras_one_reads_codes_and_another_what_ties_them_to_the_vehicle(
    tmp_path, factor, without, others, told
):
    text = reading("qr") + "".join(
        SIDE.format(what=one).replace('"side"', f'"side-{one}"').replace("10.0.0.6", f"10.0.0.{7 + place}")
        for place, one in enumerate(others)
    )
    rules = {"second_factor": factor, "without_plate": without, "require_two_cameras": True}
    found = problems(write(tmp_path, ruled(text, **rules))).get("require_two_cameras", ("", ""))
    assert (found[0], told in found[1]) == ("error" if told else "", True)


def test_two_cameras_and_a_vehicle_that_passes_by_its_permit_alone_do_not_go_together(tmp_path):
    text = ALL + SIDE.format(what="plate")
    _, message = problems(write(tmp_path, ruled(text, without_plate="pass", require_two_cameras=True)))[
        "require_two_cameras"
    ]
    assert message.startswith('needs rules.without_plate = "manual" or "vin"')


def test_what_a_lane_may_be_told_to_read(tmp_path):
    lane = loaded(write(tmp_path, ruled(second_factor="both", without_plate="vin"))).settings.lanes["out"]
    assert lane.cameras[0].readers == ("qr", "plate", "vin")
    assert (lane.rules.second_factor, lane.rules.without_plate) == ("both", "vin")
    bare = loaded(write(tmp_path, GOOD)).settings.lanes["out"]
    assert (bare.rules.second_factor, bare.rules.without_plate) == ("plate", "manual")
    assert bare.cameras[0].readers == ("qr", "plate")
