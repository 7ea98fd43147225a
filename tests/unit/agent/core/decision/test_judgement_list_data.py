"""What the lists say of a permit: declared, the same as on the code, released, and how old all that may be."""

from dataclasses import replace

import pytest

from agent.core.decision.judgement import lists_needed
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.knowledge import PermitUses, in_force
from agent.core.lists.freshness import DataState
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus, Revocation, Subject, Watched
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.claims import PermitForm
from tests.support.lane.judging import DATA, GOOD, KNOWN, PERMIT, REFERENCE, answer, check, decide, declared, read
from tests.support.pki.permits import NOW

PASS, DENY, MANUAL, RETRY = Verdict
OK = (PASS, Reason.OK)
UNKNOWN_DENY, UNKNOWN_MANUAL = ((verdict, Reason.DECLARATION_UNKNOWN) for verdict in (DENY, MANUAL))
TOO_OLD = (MANUAL, Reason.DATA_TOO_OLD)
HERE = declared()


def known(state=DataState.FRESH, declaration=None, **changes):
    return replace(KNOWN, data=replace(DATA, state=state), declaration=declaration, **changes)


# The state, then what becomes of a declared and of an undeclared permit where that is used if known, and where
# required.
STATES = [
    (DataState.FRESH, OK, OK, OK, UNKNOWN_DENY),
    (DataState.STALE_OK, OK, OK, OK, UNKNOWN_MANUAL),
    (DataState.KNOWN_ONLY, OK, UNKNOWN_MANUAL, OK, UNKNOWN_MANUAL),
    (DataState.TOO_OLD, TOO_OLD, TOO_OLD, TOO_OLD, TOO_OLD),
]


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("row", STATES, ids=[row[0] for row in STATES])
def test_the_state_of_the_lists_says_what_still_passes(row, final):
    state, *wanted = row
    found = [
        answer(known=known(state, declaration), final=final, declaration=rule)
        for rule in ("if_known", "required")
        for declaration in (HERE, None)
    ]
    assert found == wanted


def test_without_a_list_of_declarations_the_gate_does_not_know():
    bare = replace(DATA, versions={})
    assert answer(known=replace(KNOWN, data=bare), declaration="required") == UNKNOWN_MANUAL
    assert answer(known=replace(KNOWN, data=bare)) == OK


@pytest.mark.parametrize("state", [DataState.FRESH, DataState.KNOWN_ONLY])
def test_a_reference_passes_by_its_declaration_and_without_it_not_at_all(state):
    decision = decide((REFERENCE,), known=known(state, HERE), active=(HERE,))
    assert (decision.verdict, decision.permit.form) == (PASS, PermitForm.REFERENCE)
    gone = answer((REFERENCE,), known=known(state), active=(HERE,))
    assert gone == (DENY if state is DataState.FRESH else MANUAL, Reason.DECLARATION_UNKNOWN)
    never = answer((REFERENCE,), known=known(state))
    assert never == gone, "whether it was found and lost again, or never found"


def test_old_lists_do_not_weaken_what_the_permit_itself_must_prove():
    for state in DataState:
        old = known(state, HERE)
        assert answer((b"GP1:" + GOOD[5:],), known=old)[0] is RETRY
        assert answer(readings=read("京B98765"), known=old) in ((DENY, Reason.PLATE_MISMATCH), TOO_OLD)
        assert answer(known=replace(old, use=PermitUses(used=2))) in ((DENY, Reason.ALREADY_USED), TOO_OLD)
        revoked = replace(old, revocation=Revocation(PERMIT.permit_id, NOW))
        assert answer(known=revoked) == (DENY, Reason.PERMIT_REVOKED)


STATUSES = {
    DeclarationStatus.RELEASED: OK,
    DeclarationStatus.DECLARED: (DENY, Reason.DECLARATION_NOT_RELEASED),
    DeclarationStatus.CANCELLED: (DENY, Reason.DECLARATION_NOT_RELEASED),
    DeclarationStatus.HELD: (MANUAL, Reason.DECLARATION_NOT_RELEASED),
}


@pytest.mark.parametrize("status", DeclarationStatus)
def test_only_what_customs_released_passes_and_what_it_holds_is_for_an_officer(status):
    assert answer(known=known(declaration=declared(status=status))) == STATUSES[status]


OTHERWISE = {
    "issuer": {"issuer": "ANOTHER"},
    "declaration number": {"declaration": PERMIT.declaration + 1},
    "VIN": {"vin": "LSVAA49J132047372"},
    "plate": {"plate": "新A12346"},
    "site": {"site": 9412},
    "direction": {"direction": "import"},
    "no plate": {"plate": None, "plate_kind": None},
}


@pytest.mark.parametrize("changes", OTHERWISE.values(), ids=OTHERWISE)
def test_a_code_and_a_declaration_that_differ_pass_nobody(changes):
    decision = decide(known=known(declaration=declared(**changes)))
    assert (decision.verdict, decision.reason) == (DENY, Reason.DECLARATION_MISMATCH)
    for value in changes.values():
        assert str(value) not in decision.checks[-1].detail, "another vehicle's data stay out of the event"


def test_all_that_differs_is_named():
    decision = decide(known=known(declaration=declared(vin="LSVAA49J132047372", plate="新A12346")))
    assert decision.checks[-1].detail == "different VIN, plate"


@pytest.mark.parametrize(
    "same",
    [{"energy": 5}, {"lane_mask": 1}, {"exporter": "somebody"}, {"not_before": NOW - 9}, {"expires_at": NOW + 9}],
)
def test_what_says_nothing_of_the_vehicle_may_differ(same):
    assert answer(known=known(declaration=declared(**same))) == OK


@pytest.mark.parametrize(("listed", "used", "wanted"), [(1, 1, DENY), (9, 1, PASS), (9, 2, DENY), (1, 0, PASS)])
def test_the_smaller_number_of_uses_counts(listed, used, wanted):
    found = known(declaration=declared(max_uses=listed), use=PermitUses(used=used))
    assert answer(known=found)[0] is wanted


def test_the_age_stands_in_the_check():
    assert check(decide(known=known()), Reason.DATA_TOO_OLD).detail == "FRESH, 60 s old, trust list 1"
    old = replace(KNOWN, data=replace(DATA, state=DataState.TOO_OLD, age_s=None))
    assert check(decide(known=old), Reason.DATA_TOO_OLD).detail == "TOO_OLD, trust list 1"


def test_what_a_lane_and_a_permit_need_of_the_lists():
    declarations = frozenset({ListKind.DECLARATIONS})
    assert lists_needed(PERMIT, JudgementRules()) == lists_needed(None, JudgementRules(require="either")) == frozenset()
    assert lists_needed(replace(PERMIT, form=PermitForm.JWS), JudgementRules()) == frozenset()
    assert lists_needed(None, JudgementRules(declaration="required")) == declarations
    assert lists_needed(None, JudgementRules(require="plate")) == declarations
    for form in (PermitForm.REFERENCE, PermitForm.PLATE):
        assert lists_needed(replace(PERMIT, form=form), JudgementRules()) == declarations


def test_an_entry_of_the_watch_list_ends():
    entry = Watched(Subject.VIN, PERMIT.vin, expires_at=NOW)
    assert in_force(entry, NOW - 1) == entry
    assert in_force(entry, NOW) is None
    assert in_force(None, NOW) is None
    assert in_force(replace(entry, expires_at=None), NOW) is not None
