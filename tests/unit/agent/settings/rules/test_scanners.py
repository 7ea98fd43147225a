"""Scanners in the configuration."""

from __future__ import annotations

import pytest

from agent.settings import Scanner, SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

SCANNER = """
[[lanes.out.scanners]]
id = "post"
kind = "lines"
port = "/dev/gate-scanner"
"""
CAMERA = GOOD[GOOD.index("[[lanes.out.cameras]]") :]


def problems(path):
    with pytest.raises(SettingsError) as refused:
        loaded(path)
    return {problem.key: problem.message for problem in refused.value.problems}


def test_a_lane_has_any_number_of_scanners_beside_its_cameras_with_the_keys_of_their_drivers(tmp_path):
    second = SCANNER.replace('"post"', '"hand"').replace("gate-scanner", "hand-scanner")
    lane = loaded(write(tmp_path, GOOD + SCANNER + second)).settings.lanes["out"]
    assert [(one.id, one.kind, one.table) for one in lane.scanners] == [
        ("post", "lines", {"port": "/dev/gate-scanner"}),
        ("hand", "lines", {"port": "/dev/hand-scanner"}),
    ]
    assert isinstance(lane.scanners[0], Scanner)


def test_a_lane_without_a_camera_reads_permits_by_its_scanner(tmp_path):
    assert loaded(write(tmp_path, GOOD.replace(CAMERA, SCANNER))).warnings == ()
    (warning,) = loaded(write(tmp_path, GOOD.replace(CAMERA, ""))).warnings
    assert "no camera and no scanner reads QR permits" in warning.message


def test_a_lane_whose_camera_reads_plates_only_reads_permits_by_its_scanner(tmp_path):
    plates = GOOD.replace('kind = "cam"', 'kind = "cam"\nreaders = ["plate"]')
    assert [problem.key for problem in loaded(write(tmp_path, plates)).warnings] == ["lanes.out.cameras"]
    assert loaded(write(tmp_path, plates + SCANNER)).warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"post"', '"front"', "lanes.out.scanners[0].id", "a camera of lane out has the id front already"),
        ('"post"', '"relay"', "lanes.out.scanners[0].id", "the lane's relay board has this name among its devices"),
        ('"post"', '"inputs"', "lanes.out.scanners[0].id", "the lane's board of inputs has this name"),
        ('id = "post"\n', "", "lanes.out.scanners[0].id", "is required"),
        ('kind = "lines"\n', "", "lanes.out.scanners[0].kind", "is required"),
        ('"lines"', '"line"', "lanes.out.scanners[0].kind", "no driver of kind 'line'; expected one of lines"),
        ("port", "prot", "lanes.out.scanners[0].prot", "there is no such key here"),
        ('"/dev/gate-scanner"', "5", "lanes.out.scanners[0].port", "expected a text in quotes; got 5"),
        ("gate-scanner", "gate-barrier", "lanes.out.scanners[0].port", "lanes.out.relay has this port already"),
    ],
)
def test_a_mistake_in_a_scanner_is_told_at_its_key(tmp_path, old, new, key, words):
    found = problems(write(tmp_path, GOOD + SCANNER.replace(old, new, 1)))
    assert words in found[key]


def test_no_two_scanners_have_one_id_or_one_port(tmp_path):
    found = problems(write(tmp_path, GOOD + SCANNER + SCANNER))
    assert "a scanner of lane out has the id post already" in found["lanes.out.scanners[1].id"]
    assert "lanes.out.scanners[0] has this port already" in found["lanes.out.scanners[1].port"]


def test_the_environment_sets_a_key_of_a_scanner(tmp_path):
    path = write(tmp_path, GOOD + SCANNER)
    variable = "GATE_LANES__OUT__SCANNERS"
    table = '[{"id": "post", "kind": "lines", "port": "/dev/other"}]'
    (scanner,) = loaded(path, {variable: table}).settings.lanes["out"].scanners
    assert scanner.table == {"port": "/dev/other"}
