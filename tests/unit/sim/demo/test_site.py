"""The demo's site on disk: settings, permits and lists."""

import json

import pytest

from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess
from agent.core.lists.codec import decode_row, encode_row
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus
from agent.core.model.observations import Presentation
from agent.core.permit.checks import GateContext
from agent.core.permit.claims import PermitForm
from agent.core.permit.reference import digest_of_reference
from agent.core.permit.trust import Purpose, load, root_key
from agent.settings.drivers import load_configuration
from sim.demo import site as demo_site
from sim.demo.permits import papers_of
from sim.demo.vehicles import ACTS

UTC = 1_795_000_000


@pytest.fixture
def site(tmp_path):
    return demo_site.build(tmp_path / "demo", tmp_path / "board", 1883, UTC)


def test_the_site_is_a_gate_whose_settings_load(site, tmp_path):
    (lane,) = load_configuration(site.configuration).settings.lanes.values()
    assert (lane.relay.kind, lane.relay.table["port"]) == ("modbus_rtu", str(tmp_path / "board"))
    assert lane.cameras[0].table["scene_file"] == str(site.scene_file)
    assert json.loads(site.scene_file.read_text()) == {}


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
        assert assessment.permit.plate == act.declared
        assert (assessment.permit.permit_id, assessment.permit.form) == (declaration.permit_id, act.form)
