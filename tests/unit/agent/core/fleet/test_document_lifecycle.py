"""How what a gate holds of fleet documents goes on, and what a trial is judged by."""

import pytest

from agent.core.fleet import (
    DocumentFault,
    DocumentProblem,
    DocumentState,
    HeldFleet,
    HeldFleetError,
    TrialView,
    applied,
    begun,
    candidate,
    fleet_report,
    held_bytes,
    judged_trial,
    parsed_held,
    put_on_trial,
    read_signed,
    recovered,
    refused_by_check,
    taken_in,
    undone,
)
from agent.core.fleet.held_documents import UNDONE_KEPT, UndoneReason
from agent.i18n import Language, translate
from agent.i18n.recorded import recorded_text
from tests.support.fleet.documents import UTC, signed

WELL = TrialView(connected=True, whole=True, up=frozenset({"relay"}), known=frozenset({"relay"}))


def read(text):
    return read_signed(text)[0]


def on_trial(text, held=None, **options):
    return put_on_trial(
        taken_in(held or HeldFleet(), read(text), UTC), read(text), ["relay"], was_whole=True, **options
    )


def running(text, held=None):
    return begun(on_trial(text, held), "this", 100.0, UTC)


def state_of(held):
    (outcome,) = held.outcomes
    return outcome.state, outcome.code, outcome.version


OLD, NEW = signed("[mqtt]\nwindow = 5\n"), signed("[mqtt]\nwindow = 6\n", version=2)
IN_FORCE = applied(running(OLD), UTC)


def test_a_document_goes_from_waiting_over_its_trial_into_force():
    held = taken_in(HeldFleet(), read(OLD), UTC)
    assert (held.waiting, held.in_force, state_of(held)) == ((OLD,), (), (DocumentState.WAITING, None, 1))
    held = on_trial(OLD)
    assert (held.waiting, held.running, held.in_force) == ((), (OLD,), ())
    held = running(OLD)
    assert state_of(held) == (DocumentState.TRIAL, None, 1)
    assert (IN_FORCE.in_force, IN_FORCE.trial, state_of(IN_FORCE)) == ((OLD,), None, (DocumentState.APPLIED, None, 1))


def test_what_is_undone_leaves_what_was_in_force_and_is_not_tried_again_unless_it_says_so():
    held = undone(running(NEW, IN_FORCE), DocumentFault.NOT_CONNECTED, "why", UTC)
    assert (held.running, state_of(held)) == ((OLD,), (DocumentState.UNDONE, DocumentFault.NOT_CONNECTED, 2))
    text = "[mqtt]\nwindow = 6\n"
    later = taken_in(held, read(signed(text, version=3)), UTC)
    assert (later.waiting, state_of(later)) == ((), (DocumentState.UNDONE, DocumentFault.UNDONE_BEFORE, 3))
    again = signed(text, version=4, again=True)
    assert taken_in(later, read(again), UTC).waiting == (again,)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_undone_before_says_why_that_was_however_often_it_comes_again(restarted):
    trial = running(NEW, IN_FORCE)
    away = TrialView(connected=False, whole=True, up=WELL.up, known=WELL.known)
    verdict = judged_trial(trial.trial, away, None, 100.0 + 300)
    held = undone(trial, verdict.code, verdict.detail, UTC)
    for version in (3, 4):
        held = parsed_held(held_bytes(held)) if restarted else held
        held = taken_in(held, read(signed("[mqtt]\nwindow = 6\n", version=version)), UTC)
        assert state_of(held) == (DocumentState.UNDONE, DocumentFault.UNDONE_BEFORE, version)
        (told,) = fleet_report(held, [], (), ()).model_dump(mode="json")["documents"]
        assert "(not_connected: no connection to a broker of central within 300 s)" in told["detail"]
        russian = translate(recorded_text(told["detail"], told["message"]), Language.RU)
        assert translate(verdict.detail, Language.RU) in russian
        assert "this gate" not in russian
    proved = applied(running(signed("[mqtt]\nwindow = 6\n", version=5, again=True), held), UTC)
    assert (proved.undone, proved.reasons) == ((), {})


def test_of_what_an_earlier_agent_undid_no_reason_is_known():
    held = undone(running(NEW, IN_FORCE), DocumentFault.NOT_CONNECTED, "why", UTC)
    earlier = parsed_held(held_bytes(held).replace(b'"reasons"', b'"other"'))
    later = taken_in(earlier, read(signed("[mqtt]\nwindow = 6\n", version=3)), UTC)
    assert later.outcomes[0].detail.startswith("this gate has undone the same text before; set")


def test_reasons_are_kept_for_as_many_texts_as_are_known_to_be_undone():
    held = HeldFleet()
    for number in range(UNDONE_KEPT + 5):
        held = held.with_undone(f"digest-{number}", UndoneReason(code=DocumentFault.NOT_WHOLE))
    assert (len(held.undone), set(held.reasons)) == (UNDONE_KEPT, set(held.undone))


def test_why_a_document_was_undone_keeps_its_message_on_the_disk_and_is_told_with_it():
    trial = running(NEW, IN_FORCE)
    away = TrialView(connected=False, whole=True, up=WELL.up, known=WELL.known)
    verdict = judged_trial(trial.trial, away, None, 100.0 + 300)
    held = parsed_held(held_bytes(undone(trial, verdict.code, verdict.detail, UTC)))
    wanted = {"id": "no connection to a broker of central within {limit} s", "args": {"limit": 300}}
    again = parsed_held(held_bytes(held))
    for one in (held, again):
        (outcome,) = one.outcomes
        assert outcome.message.model_dump() == wanted
        (told,) = fleet_report(one, [], (), ()).model_dump(mode="json")["documents"]
        assert (told["detail"], told["message"]) == (wanted["id"].replace("{limit}", "300"), wanted)


def test_an_outcome_that_an_earlier_agent_kept_has_words_alone():
    held = undone(running(NEW, IN_FORCE), DocumentFault.NOT_CONNECTED, "why", UTC)
    assert b'"message"' not in held_bytes(held)
    assert parsed_held(held_bytes(held)) == held


def test_the_next_stage_of_what_is_in_force_needs_no_trial():
    later = signed("[mqtt]\nwindow = 5\n", version=2)
    held = taken_in(IN_FORCE, read(later), UTC)
    assert (held.in_force, held.waiting, state_of(held)) == ((later,), (), (DocumentState.APPLIED, None, 2))


def test_the_document_before_one_that_is_rolled_out_is_only_remembered():
    staged = signed("[mqtt]\nwindow = 6\n", version=2, stage={"seed": "x", "share": 1})
    held = applied(running(staged), UTC)
    assert taken_in(held, read(OLD), UTC).running == (staged,)
    assert taken_in(held, read(OLD), UTC).outcomes == held.outcomes


def test_one_document_in_each_place_and_a_newer_one_takes_the_place_of_one_that_waits():
    policy = signed("[lists]\nfresh_s = 60\n", kind="policy")
    assert candidate(IN_FORCE, read(NEW)) == (NEW,)
    assert candidate(IN_FORCE, read(policy)) == (OLD, policy)
    held = taken_in(taken_in(HeldFleet(), read(OLD), UTC), read(NEW), UTC)
    assert held.waiting == (NEW,)


def test_a_document_that_is_not_usable_is_refused_with_its_lines():
    problem = DocumentProblem(source="configuration/all", line=2, column=1, key="mqtt.window", message="expected less")
    held = refused_by_check(taken_in(HeldFleet(), read(OLD), UTC), read(OLD), [problem], UTC)
    assert (held.waiting, held.outcomes[0].problems) == ((), (problem,))
    assert state_of(held) == (DocumentState.REFUSED, DocumentFault.CONFIGURATION_INVALID, 1)


def test_another_process_undoes_a_trial_that_had_begun_and_tries_one_anew_that_had_not():
    cut = recovered(running(NEW, IN_FORCE), "another", UTC)
    assert (cut.running, state_of(cut)) == ((OLD,), (DocumentState.UNDONE, DocumentFault.CUT_OFF, 2))
    waits = recovered(on_trial(NEW, IN_FORCE), "another", UTC)
    assert (waits.running, waits.waiting, waits.trial) == ((OLD,), (NEW,), None)
    assert recovered(running(NEW), "this", UTC) == running(NEW)


@pytest.mark.parametrize(
    ("view", "at", "good", "code"),
    [
        (WELL, 101.0, False, None),
        (TrialView(connected=False, whole=True, up=frozenset(), known=frozenset()), 101.0, False, None),
        (
            TrialView(connected=False, whole=True, up=WELL.up, known=WELL.known),
            401.0,
            False,
            DocumentFault.NOT_CONNECTED,
        ),
        (TrialView(connected=True, whole=False, up=WELL.up, known=WELL.known), 401.0, False, DocumentFault.NOT_WHOLE),
        (
            TrialView(connected=True, whole=True, up=frozenset(), known=WELL.known),
            401.0,
            False,
            DocumentFault.NOT_WHOLE,
        ),
    ],
)
def test_a_trial_is_judged_by_link_state_and_the_devices_that_were_up(view, at, good, code):
    verdict = judged_trial(running(OLD).trial, view, None, at)
    assert (verdict.good, verdict.code) == (good, code)


def test_a_gate_must_stay_well_for_as_long_as_the_document_says():
    trial = running(signed(steady_s=10)).trial
    first = judged_trial(trial, WELL, None, 105.0)
    assert (first.steady_since, first.good) == (105.0, False)
    assert judged_trial(trial, WELL, first.steady_since, 115.0).good
    lost = TrialView(connected=False, whole=True, up=WELL.up, known=WELL.known)
    assert judged_trial(trial, lost, first.steady_since, 110.0).steady_since is None


def test_a_device_that_the_document_took_away_is_not_missed():
    gone = TrialView(connected=True, whole=True, up=frozenset(), known=frozenset())
    assert judged_trial(running(signed(steady_s=0)).trial, gone, None, 101.0).good


def test_what_is_held_is_kept_whole_and_damage_is_noticed():
    held = running(NEW, IN_FORCE)
    assert parsed_held(held_bytes(held)) == held
    for cut in (b"", held_bytes(held)[:-1], b"[]", b'{"in_force": 7}'):
        with pytest.raises(HeldFleetError):
            parsed_held(cut)


def test_the_report_says_what_is_newest_and_what_is_in_force():
    held = undone(running(NEW, IN_FORCE), DocumentFault.NOT_CONNECTED, "why", UTC)
    (one,) = fleet_report(held, (read(OLD),), ("north",), ()).documents
    assert (one.version, one.state, one.in_force) == (2, DocumentState.UNDONE, 1)
    assert one.in_force_digest == read(OLD).document.digest != one.digest
