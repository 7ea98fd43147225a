"""The page Trust anchors against a real agent and the real helper."""

from __future__ import annotations

import html
import json
import os
import re
from base64 import urlsafe_b64decode
from functools import partial

import pytest

from agent.anchors import ask_helper
from agent.anchors.waiting_proposal import WaitingProposal
from agent.core.anchors import Sender, fingerprints
from agent.core.events import AnchorsChanged
from agent.settings import anchors_text
from agent.store.journal.reader import JournalReader
from tests.support.anchors.anchored_gate import AnchoredGate, signed
from tests.support.anchors.people import OTHER_ROOT_KEY, document
from tests.support.console.consoles import acts
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="anchors count only where they are root's")
PAGE = "/settings/anchors"


@pytest.fixture
def gate(tmp_path):
    with AnchoredGate(tmp_path / "etc") as gate:
        yield gate


def text_of(page):
    """The text of the anchors in the form."""
    return html.unescape(re.search(r'<textarea id="anchors-text".*?>\n?(.*?)</textarea>', page.text, re.DOTALL)[1])


def payload_of(page):
    """The document that a page gives to be signed."""
    found = re.search(r'data-payload="([^"]+)"', page.text)[1]
    return urlsafe_b64decode(found + "=" * (-len(found) % 4))


def written(browser, old=ROOT_KEY, new=OTHER_ROOT_KEY):
    """What the form answers to another root key."""
    text = text_of(browser.get(PAGE))
    assert old in text
    return browser.post(f"{PAGE}/write", data={"content": text.replace(old, new), "cause": "a new issuer"})


def hand_in(browser, what, payload, *signers):
    return browser.post(f"{PAGE}/{what}", data={"signed": signed(payload, *signers)[0]})


def proposed(gate, name="aigul"):
    browser = gate.admin(name)
    payload = payload_of(written(browser))
    answer = hand_in(browser, "propose", payload, f"person:{name}")
    assert answer.status_code == 200, answer.text
    return payload


def root_keys(gate):
    return gate.store.held().values["permits.root_keys"]


def told(gate, act):
    return [one for one in acts(gate) if one["act"] == act]


def test_a_technician_sees_all_anchors_locked_and_no_form(gate):
    page = gate.browser("technician").get(PAGE)
    held = gate.store.held()
    for key, value in held.values.items():
        assert key in page.text
        for entry in fingerprints(key, value):
            assert html.escape(entry) in page.text
    assert "<textarea" not in page.text
    assert PAGE in gate.browser("technician").get("/settings/configuration").text


def test_the_forms_of_the_configuration_show_them_as_locked(gate):
    page = gate.browser("admin").get("/settings/configuration/table?path=permits").text
    field = re.search(r'<textarea id="k-permits.root_keys".*?>', page, re.DOTALL)[0]
    assert "disabled" in field
    assert "anchors.toml" in page


def test_tables_that_are_anchors_can_be_neither_added_nor_removed_in_the_forms(gate):
    browser = gate.browser("admin")
    for section, path in (("commands", "commands.keys"), ("site", "site.gates")):
        page = browser.get(f"/settings/configuration/table?path={section}").text
        assert f"/settings/configuration/add?path={path}" not in page
        assert "/settings/configuration/remove?path=" not in page
        assert "anchors.toml" in page


def test_two_persons_change_an_anchor_and_each_step_is_recorded_with_old_and_new(gate):
    aigul, bolat = gate.admin("aigul"), gate.admin("bolat")
    shown = written(aigul)
    assert shown.status_code == 200, shown.text
    old, new = (fingerprints("permits.root_keys", [key])[0] for key in (ROOT_KEY, OTHER_ROOT_KEY))
    assert old in shown.text
    assert new in shown.text
    payload = payload_of(shown)
    assert hand_in(aigul, "propose", payload, "person:aigul").status_code == 200
    assert root_keys(gate) == [ROOT_KEY]
    waiting = bolat.get(PAGE)
    assert old in waiting.text
    assert new in waiting.text
    assert "a new issuer" in waiting.text
    assert payload_of(waiting) == payload
    answer = hand_in(bolat, "confirm", payload, "person:bolat")
    assert answer.status_code == 200, answer.text
    assert root_keys(gate) == [OTHER_ROOT_KEY]
    assert gate.reloads
    for act, person in (("anchors.proposed", "aigul"), ("anchors.confirmed", "bolat")):
        (one,) = told(gate, act)
        assert (one["person"], one["role"], one["done"]) == (person, "admin", True)
        assert f"permits.root_keys: {old} -> {new}" in one["detail"]


def looking_alone(gate):
    """The follower, whose own thread has ended: nobody looks at the same time as the test."""
    follower = gate.app.parts.anchors
    follower.worker.ask_to_stop()
    assert follower.worker.ended(PATIENCE_S)
    return follower


def test_the_agent_records_the_change_and_takes_it(gate):
    payload = proposed(gate)
    hand_in(gate.admin("bolat"), "confirm", payload, "person:bolat")
    looking_alone(gate).look()

    def changed():
        with JournalReader(gate.path.parent / "state/journal.db") as journal:
            events = [json.loads(one) for one in journal.payloads()]
        return [one["data"] for one in events if one["type"] == AnchorsChanged.TYPE and one["data"]["number"] == 2]

    (event,) = eventually(changed)
    assert (event["authority"], event["by"]) == ("persons", ["aigul", "bolat"])
    (anchor,) = event["anchors"]
    assert anchor["key"] == "permits.root_keys"
    assert event["digest"] == gate.store.held().digest


def test_nobody_confirms_his_own_proposal(gate):
    payload = proposed(gate)
    aigul = gate.admin("aigul")
    assert f"{PAGE}/confirm" not in aigul.get(PAGE).text
    for signer in ("person:aigul", "person:bolat"):
        answer = hand_in(aigul, "confirm", payload, signer)
        assert answer.status_code == 422
    assert root_keys(gate) == [ROOT_KEY]
    assert [one["done"] for one in told(gate, "anchors.confirmed")] == [False, False]


def test_an_administrator_whom_the_anchors_do_not_name_neither_proposes_nor_confirms(gate):
    marat = gate.admin("marat")
    payload = payload_of(written(marat))
    assert hand_in(marat, "propose", payload, "person:marat").status_code == 422
    payload = proposed(gate)
    assert hand_in(marat, "confirm", payload, "person:marat").status_code == 422
    assert root_keys(gate) == [ROOT_KEY]


@pytest.mark.parametrize("what", ["write", "propose", "confirm", "refuse"])
@pytest.mark.parametrize("role", ["technician", "viewer", None])
def test_nobody_below_an_administrator_proposes_or_confirms(gate, role, what):
    payload = proposed(gate)
    answer = gate.browser(role).post(
        f"{PAGE}/{what}", data={"signed": signed(payload, "person:bolat")[0], "content": "", "cause": "x"}
    )
    assert answer.status_code in {303, 401, 403}
    assert root_keys(gate) == [ROOT_KEY]
    assert "waiting" in gate.admin("bolat").get(PAGE).text


def test_a_proposal_is_refused_by_the_other_or_taken_back_and_that_is_recorded(gate):
    for name in ("bolat", "aigul"):
        payload = proposed(gate)
        assert gate.admin(name).post(f"{PAGE}/refuse").status_code == 200
        one = told(gate, "anchors.refused")[-1]
        assert one["person"] == name
        assert "proposed by aigul" in one["detail"]
        assert hand_in(gate.admin("bolat"), "confirm", payload, "person:bolat").status_code == 422
    assert root_keys(gate) == [ROOT_KEY]


def test_one_proposal_waits_at_a_time(gate):
    proposed(gate)
    bolat = gate.admin("bolat")
    page = bolat.get(PAGE)
    assert "anchors-text" not in page.text
    content = anchors_text(gate.store.held()).replace(ROOT_KEY, OTHER_ROOT_KEY)
    shown = bolat.post(f"{PAGE}/write", data={"content": content, "cause": "another"})
    assert hand_in(bolat, "propose", payload_of(shown), "person:bolat").status_code == 422


def test_a_proposal_that_nobody_confirms_expires_and_that_is_recorded(gate, mocker):
    payload = proposed(gate)
    follower = looking_alone(gate)
    later = gate.app.parts.utc() + 86_401
    mocker.patch.object(gate.app.parts, "utc", return_value=later)
    object.__setattr__(follower._dependencies, "utc", lambda: later)
    follower.look()
    (one,) = eventually(lambda: told(gate, "anchors.expired"))
    assert (one["person"], one["done"]) == ("aigul", False)
    assert "a new issuer" in one["detail"]
    assert hand_in(gate.admin("bolat"), "confirm", payload, "person:bolat").status_code == 422


def test_a_proposal_of_other_anchors_than_those_of_now_is_not_shown_and_can_be_refused(gate):
    payload = proposed(gate)
    by_central = json.loads(payload) | {"number": 9, "before": None, "changes": {"console.port": 9000}}
    gate.store.change(signed(json.dumps(by_central).encode(), "central:central"), Sender.SERVICE, gate.app.parts.utc())
    bolat = gate.admin("bolat")
    page = bolat.get(PAGE)
    assert page.status_code == 200
    assert 'id="waiting"' not in page.text
    assert hand_in(bolat, "confirm", payload, "person:bolat").status_code == 422
    assert bolat.post(f"{PAGE}/refuse").status_code in {200, 422}  # 422: the agent was first to take it away


def test_a_proposal_in_which_nothing_can_be_compared_is_not_offered_to_be_signed(gate):
    """Somebody put it there who may write the agent's files: what it would change is not of its form."""
    now = int(gate.app.parts.utc())
    payload = document(gate.store.held(), iat=now, exp=now + 600, changes={"permits.root_keys": ["zz"]})
    told = {"person": "aigul", "signatures": signed(payload, "person:aigul")}
    (gate.path.parent / "state" / "anchors-proposal.json").write_text(json.dumps(told), encoding="utf-8")
    bolat = gate.admin("bolat")
    page = bolat.get(PAGE)
    assert page.status_code == 200
    assert 'id="waiting"' in page.text
    assert f"{PAGE}/confirm" not in page.text
    assert hand_in(bolat, "confirm", payload, "person:bolat").status_code == 422
    assert bolat.post(f"{PAGE}/refuse").status_code == 200
    assert told_of_refusals(gate) == [("bolat", True)]


def told_of_refusals(gate):
    return [(one["person"], one["done"]) for one in told(gate, "anchors.refused")]


def test_a_change_is_told_also_where_the_proposal_cannot_be_put_away(gate, mocker):
    payload = proposed(gate)
    mocker.patch.object(gate.app.parts.anchors.waiting, "drop", side_effect=OSError(30, "Read-only file system"))
    answer = hand_in(gate.admin("bolat"), "confirm", payload, "person:bolat")
    assert answer.status_code == 200
    assert [one["done"] for one in told(gate, "anchors.confirmed")] == [True]
    assert gate.reloads


@pytest.mark.parametrize("cause", ["a\u202eb", "a\x00b", "a\u200bb"])
def test_a_reason_with_signs_that_nobody_sees_is_refused_in_words(gate, cause):
    browser = gate.admin("aigul")
    content = text_of(browser.get(PAGE)).replace(ROOT_KEY, OTHER_ROOT_KEY)
    answer = browser.post(f"{PAGE}/write", data={"content": content, "cause": cause})
    assert answer.status_code == 422
    assert "plain text" in answer.text


def test_a_proposal_outlives_the_agent(gate):
    payload = proposed(gate)
    found = WaitingProposal(gate.path.parent / "state").find(gate.store.held())
    assert found.person == "aigul"
    assert signed(payload, "person:aigul") == found.signatures


def test_a_document_of_central_is_done_at_once_and_once(gate):
    browser = gate.admin("marat")
    payload = payload_of(written(browser))
    answer = hand_in(browser, "propose", payload, "central:central")
    assert answer.status_code == 200, answer.text
    assert root_keys(gate) == [OTHER_ROOT_KEY]
    assert "central" in told(gate, "anchors.applied")[0]["detail"]
    assert hand_in(browser, "propose", payload, "central:central").status_code == 422


def test_what_the_gate_could_not_run_with_is_refused_before_anybody_signs(gate):
    browser = gate.admin("aigul")
    text = text_of(browser.get(PAGE))
    wrong = text.replace("gates = []", f'gates = [{{ id = "gate-8", public_key = "{OTHER_ROOT_KEY}" }}]')
    answer = browser.post(f"{PAGE}/write", data={"content": wrong, "cause": "x"})
    assert answer.status_code == 422
    assert "site.gates" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("number = 1", "number = 9"),
        lambda text: text.replace("sealed = true", "sealed = false"),
        lambda text: text.replace('gate = "gate-7"', 'gate = "gate-8"'),
        lambda text: text + "\n[lanes.out]\nnumber = 2\n",
        lambda text: "no toml at all [",
        lambda text: "# nothing",
        lambda text: text.replace(ROOT_KEY, "zz"),
    ],
    ids=range(8),
)
def test_a_form_that_says_nothing_that_can_be_is_refused_in_words(gate, change):
    browser = gate.admin("aigul")
    answer = browser.post(f"{PAGE}/write", data={"content": change(text_of(browser.get(PAGE))), "cause": "x"})
    assert answer.status_code == 422
    assert "Nothing was written" in answer.text


def test_a_helper_that_does_not_answer_is_told_and_the_proposal_waits_on(gate):
    payload = proposed(gate)
    gate.app.parts.anchors.ask = partial(ask_helper, path=gate.path.parent / "nobody.sock")
    answer = hand_in(gate.admin("bolat"), "confirm", payload, "person:bolat")
    assert answer.status_code == 422
    assert "helper" in answer.text
    assert "waiting" in gate.admin("bolat").get(PAGE).text
    assert root_keys(gate) == [ROOT_KEY]


def test_a_gate_that_has_none_of_its_own_says_so_and_how_to_lock_them(tmp_path):
    with AnchoredGate(tmp_path / "etc", is_adopted=False) as gate:
        page = gate.browser("technician").get(PAGE)
        assert "gate-agent anchors adopt" in page.text
        assert gate.admin("aigul").post(f"{PAGE}/write", data={"content": "", "cause": "x"}).status_code == 422


def test_anchors_that_are_not_roots_any_more_are_told(gate):
    (gate.store.folder / "anchors.toml").chmod(0o666)
    page = gate.browser("technician").get(PAGE)
    assert "must belong to root" in page.text
