"""Rules of the gates of a site, of its lists, and of what lanes ask of vehicles."""

from __future__ import annotations

import pytest

from agent.core.model.list_kinds import ListKind
from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

KEYS = (
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
)


def gates(*names, keys=KEYS):
    return "\n".join(
        f'[[site.gates]]\nid = "{name}"\npublic_key = "{key}"' for name, key in zip(names, keys, strict=False)
    )


def problems(path):
    try:
        found = loaded(path).warnings
    except SettingsError as error:
        found = error.problems
    return {problem.key: problem for problem in found}


def own_id():
    return next(line.split('"')[1] for line in GOOD.splitlines() if line.startswith("id ="))


def told(tmp_path, added, text=GOOD):
    return problems(write(tmp_path, f"{text}\n{added}\n"))


def test_the_gates_of_a_site_with_their_broker_are_fine(tmp_path):
    added = f'[site]\nbrokers = ["mqtt://localhost"]\n{gates(own_id(), "other")}'
    path = write(tmp_path, f"{GOOD}\n{added}\n")
    settings = loaded(path).settings
    assert [gate.id for gate in settings.site.gates] == [own_id(), "other"]
    assert settings.site.partition_policy == "home_gate"
    assert not [key for key in problems(path) if key.startswith("site")]


@pytest.mark.parametrize(
    ("names", "keys", "key", "words"),
    [
        (("other", "third"), KEYS, "site.gates", "expected this gate"),
        (("{own}", "{own}"), KEYS, "site.gates[1].id", "twice"),
        (("{own}", "other"), (KEYS[0], KEYS[0]), "site.gates[1].public_key", "another gate has this key"),
        (("{own}", "other"), (KEYS[0], "00" * 32), "site.gates[1].public_key", "placeholder"),
    ],
)
def test_a_list_of_gates_that_cannot_be_is_refused(tmp_path, names, keys, key, words):
    names = [name.replace("{own}", own_id()) for name in names]
    problem = told(tmp_path, f'[site]\nbrokers = ["mqtt://localhost"]\n{gates(*names, keys=keys)}')[key]
    assert words in problem.message
    assert problem.severity == "error"


def test_several_gates_need_a_broker_and_one_needs_none(tmp_path):
    assert "ask one another" in told(tmp_path, gates(own_id(), "other"))["site.gates"].message
    unused = told(tmp_path, f'[site]\nbrokers = ["mqtt://localhost"]\n{gates(own_id())}')["site.brokers"]
    assert unused.severity == "warning"


def test_the_broker_of_the_site_is_held_to_the_rules_of_brokers(tmp_path):
    head = (
        '[site]\nbrokers = ["mqtt://site.example", "mqtts://site.example"]\nusername = "g"\npassword = '
        '"p"\ncertificate_file = "x.pem"\n'
    )
    found = told(tmp_path, head + gates(own_id(), "other"))
    assert "needs site.key_file" in found["site.certificate_file"].message
    assert found["site.brokers[0]"].severity == "warning"
    assert "unencrypted" in found["site.brokers[0]"].message


def test_a_lane_waits_for_the_word_of_another_gate(tmp_path):
    slow = f'[site]\nbrokers = ["mqtt://localhost"]\nclaim_timeout_s = 5\n{gates(own_id(), "other")}'
    found = told(tmp_path, slow)["lanes.out.timing.decide_s"]
    assert "more than site.claim_timeout_s, 5; got 5" in found.message
    assert "lanes.out.timing.decide_s" not in told(tmp_path, f"{slow}\n[lanes.out.timing]\ndecide_s = 6")
    assert "lanes.out.timing.decide_s" not in told(tmp_path, f"[site]\nclaim_timeout_s = 5\n{gates(own_id())}")


def test_the_ages_of_lists_rise(tmp_path):
    found = told(tmp_path, "[lists]\nfresh_s = 20000\nknown_only_s = 1000")
    assert "at most lists.stale_ok_s, 14400; got 20000" in found["lists.fresh_s"].message
    assert "at most lists.known_only_s, 1000; got 14400" in found["lists.stale_ok_s"].message


def test_a_list_is_required_once(tmp_path):
    found = told(tmp_path, '[lists]\nrequire = ["revocations", "revocations"]')
    assert "twice" in found["lists.require[1]"].message
    good = loaded(write(tmp_path, f'{GOOD}\n[lists]\nrequire = ["revocations", "watch"]\n')).settings
    assert good.lists.require == (ListKind.REVOCATIONS, ListKind.WATCH)


def test_a_lane_that_needs_what_it_cannot_see_or_know_is_told(tmp_path):
    by_plate = told(tmp_path, '[lanes.out.rules]\nrequire = "plate"')["lanes.out.rules.require"]
    assert (by_plate.severity, "lists.require" in by_plate.message) == ("warning", True)
    added = '[lists]\nrequire = ["declarations"]\n[lanes.out.rules]\nrequire = "plate"'
    assert "lanes.out.rules.require" not in told(tmp_path, added)


def test_a_lane_without_a_camera_for_plates_is_told_that_an_officer_decides(tmp_path):
    blind_to_plates = GOOD.replace('id = "front"', 'id = "front"\nreaders = ["qr"]')
    assert blind_to_plates != GOOD
    found = problems(write(tmp_path, blind_to_plates))["lanes.out.rules.require"]
    assert (found.severity, "needs a camera that reads plates" in found.message) == ("warning", True)
    alone = told(tmp_path, '[lanes.out.rules]\nrequire = "permit"', blind_to_plates)
    assert "lanes.out.rules.require" not in alone
