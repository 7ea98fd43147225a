"""The demo's site on disk: settings, permits and lists."""

import json

import pytest

from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess
from agent.core.lists.codec import decode_row, encode_row
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus
from agent.core.model.observations import Presentation
from agent.core.permit.claims import PermitForm
from agent.core.permit.permit_verification import GateContext
from agent.core.permit.reference import digest_of_reference
from agent.core.permit.trust import Purpose, load, root_key
from agent.core.permit.vin import check_digit_differs, is_well_formed
from agent.settings.configuration_loading import load_configuration
from sim.demo import site as demo_site
from sim.demo.permits import papers_of
from sim.demo.vehicles import ACTS

UTC = 1_795_000_000
BY_TITLE = {act.title: act for act in ACTS}


@pytest.fixture
def site(tmp_path):
    return demo_site.build(tmp_path / "demo", tmp_path / "board", 1883, UTC)


def test_the_site_is_a_gate_whose_settings_load(site, tmp_path):
    (lane,) = load_configuration(site.configuration).settings.lanes.values()
    assert (lane.relay.kind, lane.relay.table["port"]) == ("modbus_rtu", str(tmp_path / "board"))
    assert lane.cameras[0].table["scene_file"] == str(site.scene_file)
    assert lane.cameras[0].readers == ("qr", "plate", "vin")
    assert lane.rules.without_plate == "vin"
    assert json.loads(site.scene_file.read_text()) == {}


def test_the_sites_driver_is_told_on_a_sign_aloud_and_on_a_page_of_this_machine(site):
    settings = load_configuration(site.configuration).settings
    (lane,) = settings.lanes.values()
    assert [(sign.kind, sign.table["port"]) for sign in lane.signs] == [("onbon", str(site.sign_port))]
    assert lane.voice.kind == "simulated"
    assert lane.driver_page.enabled
    assert settings.console.enabled
    assert settings.console.listen == ("127.0.0.1",)
    assert site.driver_page == f"http://127.0.0.1:{settings.console.port}/driver/{demo_site.LANE}"
    assert set(settings.lanes) == {demo_site.LANE}


def test_a_scene_replaces_the_one_before(site):
    site.show({"vehicle": {"plate": "\u65b0A12345"}})
    site.show({"arm_raised": True})
    assert json.loads(site.scene_file.read_text()) == {"arm_raised": True}


@pytest.fixture
def trust(site):
    permits = load_configuration(site.configuration).settings.permits
    return load(permits.trust_list.read_bytes(), [root_key(text) for text in permits.root_keys])


def test_permits_and_lists_are_signed_by_keys_of_their_own(site, trust):
    names = {entry.purpose: entry.issuer for entry in trust.entries}
    assert names == {Purpose.PERMITS: site.issuer.name, Purpose.LISTS: site.central.name}
    assert site.issuer.key.public != site.central.key.public


@pytest.mark.parametrize("act", [act for act in ACTS if act.shown not in {"first", "none"}], ids=lambda act: act.title)
def test_every_permit_of_the_demo_is_what_its_act_says(site, trust, act):
    context = GateContext(demo_site.SITE, 1, "export", clock_trusted=True, clock_skew_s=60, forms=frozenset({act.form}))
    papers = papers_of(act, site.issuer, demo_site.SITE, UTC)
    declaration = decode_row(ListKind.DECLARATIONS, encode_row(papers.declaration))
    shown = Presentation(papers.text.encode(), "test", "front", 1, 0.0)
    references = {} if declaration.reference is None else {declaration.reference: declaration}
    assessment = assess(
        TransactionEvidence("t1", (shown,)), AssessmentContext(context, trust, references=references), Instant(0.0, UTC)
    )
    assert assessment.reason == {"forged": "SIGNATURE_INVALID", "expired": "EXPIRED"}.get(act.shown, "OK")
    assert declaration.status is (DeclarationStatus.HELD if act.central == "held" else DeclarationStatus.RELEASED)
    assert papers.revocation.permit_id == declaration.permit_id
    assert (act.form is PermitForm.REFERENCE) == (digest_of_reference(papers.text.encode()) is not None)
    if assessment.reason == "OK":
        assert assessment.permit.plate == (act.declared or None)
        assert (assessment.permit.permit_id, assessment.permit.form) == (declaration.permit_id, act.form)


def test_the_label_of_a_new_car_bears_its_own_vin_or_that_of_another_car(site):
    own, others = (
        papers_of(BY_TITLE[title], site.issuer, demo_site.SITE, UTC)
        for title in ("new car, by its VIN", "another car's VIN")
    )
    assert own.label_vin == own.permit.vin
    assert others.label_vin != others.permit.vin
    for papers in (own, others):
        assert is_well_formed(papers.label_vin)
        assert not check_digit_differs(papers.label_vin)
        assert (papers.permit.plate, papers.permit.plate_kind) == (None, None)


def test_the_permit_of_a_plate_on_paper_says_that_it_is_a_temporary_one(site):
    papers = papers_of(BY_TITLE["plate on paper"], site.issuer, demo_site.SITE, UTC)
    assert (papers.permit.plate, papers.permit.plate_kind) == ("新A80362", "temporary")
