"""What a lane is told to ask of vehicles, from the settings."""

import pytest

from agent.core.lists.freshness import FreshnessRules
from agent.core.permit.claims import PermitForm
from agent.lane.decider.judgement_rules import lane_place
from tests.support.gate.config_files import GOOD, loaded, write

DAY_S = 86_400


def place(tmp_path, added=""):
    settings = loaded(write(tmp_path, f"{GOOD}\n{added}\n")).settings
    return lane_place(settings, "out", FreshnessRules(), b"salt")


def test_the_defaults_ask_for_a_signed_permit_and_its_plate(tmp_path):
    found = place(tmp_path)
    assert (found.rules.require, found.rules.declaration, found.rules.without_plate) == (
        "permit_and_plate",
        "if_known",
        "manual",
    )
    assert found.rules.second_factor == "plate"
    assert found.forms == frozenset({PermitForm.SIGNED})
    assert found.require_clock
    assert (found.rules.already_exited_s, found.rules.anti_passback_s, found.rules.sample_share) == (30 * DAY_S, 0, 0)


@pytest.mark.parametrize(
    ("added", "wanted"),
    [
        ('[lanes.out.rules]\nrequire = "either"', lambda place: place.rules.require == "either"),
        ('[lanes.out.rules]\ndeclaration = "required"', lambda place: place.rules.declaration == "required"),
        ('[lanes.out.rules]\nwithout_plate = "pass"', lambda place: place.rules.without_plate == "pass"),
        ('[lanes.out.rules]\nwithout_plate = "vin"', lambda place: place.rules.without_plate == "vin"),
        ('[lanes.out.rules]\nsecond_factor = "either"', lambda place: place.rules.second_factor == "either"),
        ('[lanes.out.rules]\nwrong_check_digit = "manual"', lambda place: place.rules.wrong_check_digit == "manual"),
        ('[lanes.out.rules]\nother_class = "manual"', lambda place: place.rules.other_class == "manual"),
        ("[lanes.out.rules]\nalready_exited_days = 0.5", lambda place: place.rules.already_exited_s == DAY_S / 2),
        ("[lanes.out.rules]\nsample_percent = 2.5", lambda place: place.rules.sample_share == 0.025),
        ("[clock]\nrequire_synchronised = false", lambda place: not place.require_clock),
        ("[privacy]\nkeep_uses_days = 2", lambda place: place.longest_life_s == 2 * DAY_S - 120),
    ],
)
def test_each_setting_reaches_the_lane(tmp_path, added, wanted):
    assert wanted(place(tmp_path, added))


def test_the_forms_of_permits_are_those_that_are_named(tmp_path):
    text = GOOD.replace("[permits]", '[permits]\nforms = ["reference", "jws"]')
    settings = loaded(write(tmp_path, text)).settings
    found = lane_place(settings, "out", FreshnessRules(), b"salt")
    assert found.forms == frozenset({PermitForm.REFERENCE, PermitForm.JWS})
    assert found.rules.sample_salt == b"salt"
