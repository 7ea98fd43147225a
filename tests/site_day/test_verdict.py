"""The judge of a day: what is right is called right, and each thing that must not be is called wrong."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.fleet.verdict import Events
from tests.site_day.decisions import Decided, Spell, decided, silences, used_twice
from tests.site_day.kinds import CAMERA, POST, USED, VALID
from tests.site_day.permits import permit_name
from tests.site_day.samples import END, GATE, GOOD, OTHER, PASSED, UPDATED, arrival, decision, pulse, said, visit
from tests.site_day.seen import Lanes, Switching, Visit, decisions_in, lanes_of
from tests.site_day.verdict import (
    MOST_TOLD,
    Restored,
    Updated,
    in_words,
    latencies,
    never_issued,
    restored,
    unsafe,
    without_grant,
    wrongs,
)
from tests.soak.verdict import Transactions


def judged(kind, one, *events, spells=(), again=None, others=()):
    """What becomes of vehicle 2, of a kind; vehicle 1 is a good one, which has come before or not."""
    arrivals = [arrival(1, VALID), arrival(2, kind, again)]
    return decided([*others, one], events, arrivals, spells, END)


@pytest.mark.parametrize(
    ("kind", "verdict", "reason"),
    [
        ("used", "DENY", "ALREADY_USED"),
        ("used elsewhere", "DENY", "USED_AT_OTHER_GATE"),
        ("used elsewhere", "MANUAL", "RESERVED_ELSEWHERE"),
        ("revoked", "DENY", "PERMIT_REVOKED"),
        ("watched", "MANUAL", "WATCHLIST_HOLD"),
        ("forged", "DENY", "SIGNATURE_INVALID"),
        ("expired", "DENY", "EXPIRED"),
        ("not valid yet", "DENY", "NOT_YET_VALID"),
        ("another site", "DENY", "WRONG_SITE"),
        ("other direction", "DENY", "WRONG_DIRECTION"),
        ("wrong plate", "DENY", "PLATE_MISMATCH"),
        ("another's VIN", "MANUAL", "VIN_MISMATCH"),
        ("no code", "DENY", "QR_NONE"),
        ("not a permit", "DENY", "NOT_A_PERMIT"),
    ],
)
def test_each_kind_that_must_not_pass_is_right_where_it_is_refused_and_wrong_where_it_is_let_in(kind, verdict, reason):
    again = 1 if kind.startswith("used") else None
    refused = decision(verdict, reason, 22.0)
    right = judged(kind, visit(2, 20.0), refused, again=again, others=(PASSED,))
    assert (right.right[kind], right.wrong) == (1, ())
    let_in = judged(kind, visit(2, 20.0, pulses=(23.0,), passed=True), refused, again=again, others=(PASSED,))
    assert "let in" in let_in.wrong[0]
    assert let_in.wrong_at == (20.0,)


@pytest.mark.parametrize("kind", ["valid", "new car", "turns back"])
def test_each_kind_that_may_pass_is_right_where_its_barrier_opens_and_wrong_where_it_does_not(kind):
    passes = judged(kind, visit(2, 20.0, pulses=(23.0,)), decision("PASS", "OK", 22.9))
    assert (passes.right[kind], passes.wrong) == (1, ())
    waits = judged(kind, visit(2, 20.0), decision("MANUAL", "PLATE_UNSURE", 22.9))
    assert waits.wrong == (f"{GATE} {CAMERA}: vehicle 2 ({kind}): not let in (MANUAL PLATE_UNSURE)",)
    assert "no decision" in judged(kind, visit(2, 20.0)).wrong[0]


def test_a_refusal_for_another_reason_is_wrong():
    assert (
        "not refused as it must be" in judged("expired", visit(2, 20.0), decision("DENY", "WRONG_SITE", 22.0)).wrong[0]
    )
    assert "not refused as it must be" in judged("expired", visit(2, 20.0)).wrong[0]


@pytest.mark.parametrize(
    ("spell", "is_excused"),
    [
        (Spell("power cut", GATE, 15.0, 22.0, frozenset({GATE})), True),
        (Spell("power cut", GATE, 0.0, 5.0, frozenset({GATE})), True),
        (Spell("power cut", OTHER, 15.0, 22.0, frozenset({OTHER})), False),
        (Spell("broker killed", "", 15.0, 22.0), False),
        (Spell("power cut", GATE, 1001.0, 1002.0, frozenset({GATE})), False),
    ],
)
def test_a_good_vehicle_waits_in_vain_only_while_a_trouble_of_its_gate_excuses_it(spell, is_excused):
    found = judged(VALID, visit(2, 20.0), decision("MANUAL", "GATE_FAULT", 22.0), spells=[spell])
    assert (found.excused[VALID], len(found.wrong)) == ((1, 0) if is_excused else (0, 1))
    assert found.excused_at == ((20.0,) if is_excused else ())


def test_no_trouble_excuses_that_a_good_permit_is_called_bad_or_a_bad_one_lets_in():
    spells = [Spell("power cut", GATE, 15.0, 22.0, frozenset({GATE}))]
    assert judged(VALID, visit(2, 20.0), decision("DENY", "EXPIRED", 22.0), spells=spells).wrong
    assert judged("expired", visit(2, 20.0, pulses=(23.0,)), spells=spells).wrong
    assert not judged(VALID, visit(2, 20.0), decision("DENY", "QR_NONE", 22.0), spells=spells).wrong
    assert not judged("expired", visit(2, 20.0), spells=spells).wrong


def changed_device(at, state, family="camera", gate=GATE):
    return said("device.changed", at, gate=gate, device=f"lane-1/{family}", family=family, state=state)


def test_a_gate_whose_device_is_silent_without_a_trouble_says_so_and_asks_an_officer():
    events = [
        changed_device(15.0, "stale"),
        changed_device(16.0, "lost"),
        changed_device(17.0, "lost", "sign"),
        changed_device(18.0, "streaming"),
        changed_device(19.0, "lost", "relay", OTHER),
    ]
    found = silences(events, [], END)
    assert [(one.gate, one.began_at, one.ended_at) for one in found] == [(GATE, 15.0, 18.0), (OTHER, 19.0, END)]
    assert judged(VALID, visit(2, 20.0), decision("MANUAL", "GATE_FAULT", 22.0), spells=found).wrong == ()
    power_cut = Spell("power cut", GATE, 10.0, 12.0, frozenset({GATE}))
    assert [one.gate for one in silences(events, [power_cut], END)] == [OTHER]


def test_a_permit_that_nobody_has_passed_with_may_be_shown_again():
    turned_away = visit(1, 10.0)
    spells = [Spell("power cut", GATE, 5.0, 12.0, frozenset({GATE}))]
    again = visit(2, 60.0, pulses=(62.0,), passed=True)
    assert judged(USED, again, others=(turned_away,), again=1, spells=spells).wrong == ()
    assert judged(USED, again, others=(PASSED,), again=1, spells=spells).wrong != ()


def test_what_is_decided_after_the_next_vehicle_came_is_not_of_this_one():
    late = [decision("DENY", "EXPIRED", 31.0)]
    next_one = visit(1, 30.5, pulses=(33.0,))
    assert judged("expired", visit(2, 20.0), *late, others=(next_one,)).wrong != ()
    assert decisions_in(late, visit(2, 20.0), 40.0) == [("DENY", "EXPIRED")]
    assert decisions_in(late, visit(2, 20.0, lane=POST), 40.0) == []


@pytest.mark.parametrize(
    ("second", "twice"),
    [
        (visit(2, 60.0, OTHER, pulses=(62.0,), passed=True), [1]),
        (replace(visit(2, 60.0, OTHER, pulses=(62.0,)), gone_at=None), [1]),
        (visit(2, 60.0, OTHER, pulses=(62.0,)), []),
        (visit(2, 60.0, OTHER), []),
    ],
)
def test_a_permit_by_which_two_vehicles_may_have_passed_was_used_twice_over_all_gates(second, twice):
    arrivals = [arrival(1, VALID), arrival(2, "used elsewhere", 1, gate=2)]
    assert used_twice([PASSED, second], arrivals) == twice


def test_a_grant_of_a_permit_that_nobody_was_given_is_found():
    events = [said("access.granted", 1.0, permit=permit_name(1)), said("access.granted", 2.0, permit=None)]
    assert never_issued(events, [arrival(1, VALID)]) == []
    strange = said("access.granted", 3.0, permit="ff" * 8)
    assert never_issued([*events, strange], [arrival(1, VALID)]) == ["ff" * 8]


@pytest.mark.parametrize(
    ("pulses", "grants", "missing"),
    [
        ([pulse(10.0)], [said("access.granted", 9.9)], []),
        ([pulse(10.0)], [said("access.granted", 10.004)], []),
        ([pulse(10.0)], [said("access.granted", 10.1)], [10.0]),
        ([pulse(10.0)], [], [10.0]),
        ([pulse(10.0), pulse(11.0)], [said("access.granted", 9.9)], [11.0]),
        ([pulse(10.0), pulse(20.0)], [said("access.granted", 9.9), said("access.granted", 19.9)], []),
        ([pulse(100.0)], [said("access.granted", 9.9)], [100.0]),
        ([pulse(100.0)], [said("access.granted", 9.9), said("access.granted", 99.9)], []),
        ([pulse(10.0, POST)], [said("access.granted", 9.9)], [10.0]),
        ([pulse(10.0)], [said("access.granted", 9.9, gate=OTHER)], [10.0]),
    ],
)
def test_a_pulse_without_a_grant_of_its_own_before_it_is_found(pulses, grants, missing):
    assert [at for _, _, at in without_grant(pulses, grants)] == missing


def test_orders_to_close_onto_a_vehicle_and_arms_that_met_one_are_unsafe():
    closes = [Switching(GATE, CAMERA, at, "close", 1, under) for at, under in ((1.0, False), (2.0, True))]
    assert unsafe([Lanes((), tuple(closes), 0), Lanes((), tuple(closes[:1]), 3)]) == 4
    assert unsafe([Lanes((), tuple(closes[:1]), 0)]) == 0


def changed(at, part, state):
    return said("state.changed", at, part=part, state=state, detail="why")


def test_a_restored_backup_is_noticed_and_nobody_passes_until_the_ledger_is_whole():
    events = [
        said("access.granted", 40.0, by="permit"),
        changed(51.0, "journal", "lost"),
        changed(51.1, "ledger", "lost"),
        decision("MANUAL", "STATE_NOT_WHOLE", 55.0),
        said("access.granted", 56.0, by="operator"),
        said("access.granted", 57.0, gate=OTHER, by="permit"),
        changed(60.0, "ledger", "whole"),
        said("access.granted", 61.0, by="permit"),
    ]
    changes = ("1 s: journal lost: why", "1 s: ledger lost: why", "10 s: ledger whole: why")
    whole = Restored(noticed=True, held=1, let_in=0, whole=True, changes=changes, spans=((51.1, 60.0),))
    assert restored(events, GATE, 50.0) == whole
    let_in = [*events[:4], said("access.granted", 58.0, by="permit")]
    found = restored(let_in, GATE, 50.0)
    assert (found.noticed, found.held, found.let_in, found.whole) == (True, 1, 1, False)
    assert found.spans == ((51.1, None),)
    assert restored(events[:1], GATE, 50.0) == Restored(noticed=False, held=0, let_in=0, whole=True)


def test_a_day_on_which_all_is_well_has_nothing_wrong():
    assert wrongs(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"used_twice": [7]}, "permits passed twice: [7]"),
        ({"never_issued": ["ff"]}, "permits were granted that nobody issued"),
        ({"without_grant": [(GATE, CAMERA, 1.0)]}, "1 pulses without a grant"),
        ({"unsafe": 1}, "1 times an arm was moved onto a vehicle"),
        ({"decided": Decided(Counter(), Counter(), ())}, "no vehicle was decided on as it must be"),
        ({"decided": Decided(Counter({VALID: 1}), Counter(), ("vehicle 2",))}, "vehicle 2"),
        ({"unseen": [OTHER]}, "central's exporter does not show gate-02"),
        ({"failures": ["disk full: OSError"]}, "disk full: OSError"),
        ({"events": {GATE: (Events(0, 0, 0), [])}}, "gate-01 recorded nothing"),
        ({"events": {GATE: (Events(10, 1, 0), [])}}, "gate-01: 1 events are lost"),
        ({"events": {GATE: (Events(10, 0, 2), [])}}, "gate-01: 2 events at central are not those of the gate"),
        ({"events": {GATE: (Events(10, 0, 0), ["gap at 4"])}}, "gate-01: its chains at central: gap at 4"),
        ({"transactions": {GATE: Transactions(3, 2, 0, ("t",), ())}}, "transactions without an outcome"),
        ({"transactions": {GATE: Transactions(3, 3, 0, (), ("t",))}}, "transactions with two outcomes"),
        ({"restored": {GATE: Restored(False, 2, 0, True)}}, "did not notice"),
        ({"restored": {GATE: Restored(True, 2, 1, True)}}, "let 1 vehicles in"),
        ({"updates": {"0.9.1": (UPDATED, Updated(1, ("0.9.0",)))}}, "software 0.9.1: Updated(code=1"),
    ],
)
def test_each_thing_that_must_not_be_on_a_day_is_called_wrong(changes, words):
    (text,) = wrongs(replace(GOOD, **changes))
    assert words in text


def test_of_many_vehicles_that_are_wrong_the_first_are_told():
    many = Decided(Counter({VALID: 1}), Counter(), tuple(map(str, range(100))))
    assert wrongs(replace(GOOD, decided=many)) == [str(number) for number in range(MOST_TOLD)]


NOTES = [
    {"at": 1.0, "what": "yard", "lane": ""},
    {"at": 10.0, "what": "came", "lane": CAMERA, "number": 1},
    {"at": 11.0, "what": "shown", "lane": CAMERA, "number": 1},
    {"at": 12.0, "what": "pulse", "lane": CAMERA, "number": 1},
    {"at": 12.5, "what": "came", "lane": POST, "number": 2},
    {"at": 12.5, "what": "shown", "lane": POST, "number": 2},
    {"at": 15.0, "what": "close", "lane": CAMERA, "number": 1, "under": True},
    {"at": 16.0, "what": "gone", "lane": CAMERA, "number": 1, "passed": True, "struck": 1},
    {"at": 17.0, "what": "gives up", "lane": POST, "number": 2},
    {"at": 18.0, "what": "gone", "lane": POST, "number": 2, "passed": False},
    {"at": 19.0, "what": "pulse", "lane": POST, "number": None},
    {"at": 20.0, "what": "came", "lane": CAMERA, "number": 3},
    {"at": 30.0, "what": "yard", "lane": ""},
    {"at": 31.0, "what": "came", "lane": POST, "number": 4},
]


def test_what_was_seen_at_the_lanes_is_read_from_the_lines_of_the_yard():
    found = lanes_of(GATE, NOTES)
    assert found.struck == 1
    assert {one.number: one for one in found.visits} == {
        1: Visit(GATE, CAMERA, 1, 10.0, 11.0, 16.0, (12.0,), passed=True),
        2: Visit(GATE, POST, 2, 12.5, 12.5, 18.0),
        3: Visit(GATE, CAMERA, 3, 20.0),
        4: Visit(GATE, POST, 4, 31.0),
    }
    assert [(one.what, one.lane, one.at, one.under) for one in found.switchings] == [
        ("pulse", CAMERA, 12.0, False),
        ("close", CAMERA, 15.0, True),
        ("pulse", POST, 19.0, False),
    ]


def test_a_vehicle_that_was_let_in_as_the_power_went_may_have_passed():
    assert replace(visit(1, 10.0, pulses=(12.0,)), gone_at=None).may_have_passed
    assert not replace(visit(1, 10.0), gone_at=None).may_have_passed
    assert not visit(1, 10.0, pulses=(12.0,)).may_have_passed


def test_latencies_are_from_the_code_to_the_first_pulse():
    values = latencies([PASSED, visit(2, 20.0), replace(visit(3, 30.0, pulses=(31.0,)), shown_at=None)])
    assert values == [(11.0, 1.0)]
    assert in_words([1.0]) == "p50 1.00 s, p99 1.00 s, slowest 1.00 s"
    assert in_words([]) == "not known"
