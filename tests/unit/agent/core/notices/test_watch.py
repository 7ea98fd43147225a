"""What of the events is a notice, and when it is over."""

import pytest

from agent.core.notices import NoticeKind, Watch, WatchRules, certificates_seen, event_seen, ticked

UTC = 1_795_000_000.0
RULES = WatchRules()


def event(kind, data, *, at=0.0, lane="north", transaction="t1"):
    from datetime import UTC as ZONE  # noqa: PLC0415 - the name is taken here
    from datetime import datetime  # noqa: PLC0415

    time = datetime.fromtimestamp(UTC + at, ZONE).isoformat()
    return {"type": kind, "id": f"e{at}", "time": time, "lane": lane, "transaction": transaction, "data": data}


def alarm(name, **more):
    return event("alarm.raised", {"alarm": name, "detail": "why"}, **more)


def device(state, *, name="north/cam", family="camera", **more):
    return event("device.changed", {"device": name, "family": family, "state": state, "detail": "gone"}, **more)


def decided(verdict, **more):
    return event("access.decided", {"verdict": verdict, "reason": "PLATE_UNREADABLE"}, **more)


def follow(*events, rules=RULES, watch=None):
    """The watch after the events, and all that was told at once."""
    watch, told = watch or Watch(), []
    for one in events:
        watch, notices = event_seen(watch, one, rules)
        told += notices
    return watch, told


def test_an_alarm_is_told_at_once_and_its_end_when_the_arm_is_down():
    watch, told = follow(alarm("forced_open"), event("barrier.moved", {"position": "closed"}, at=9))
    assert [(one.code, one.raised, one.lane) for one in told] == [
        ("forced_open", True, "north"),
        ("forced_open", False, "north"),
    ]
    assert told[0].detail == "why"
    assert told[1].since_utc == UTC
    assert watch == Watch()


def test_the_arm_of_another_lane_ends_nothing():
    watch, told = follow(
        alarm("close_failed"), event("barrier.moved", {"position": "closed"}, lane="south", transaction=None)
    )
    assert len(told) == 1
    assert len(watch.conditions) == 1


def test_a_moment_is_told_each_time_and_never_over():
    watch, told = follow(alarm("wrong_way"), alarm("wrong_way", at=1))
    assert [one.raised for one in told] == [True, True]
    assert not watch.conditions


def test_an_alarm_that_stays_is_told_once():
    assert len(follow(alarm("relay_lost"), alarm("relay_lost", at=5))[1]) == 1


@pytest.mark.parametrize(
    ("name", "family"), [("relay_lost", "relay"), ("inputs_lost", "inputs"), ("readers_lost", "scanner")]
)
def test_a_device_that_works_again_ends_its_alarm(name, family):
    _watch, told = follow(alarm(name), device("up", family=family, at=3))
    assert [(one.code, one.raised) for one in told] == [(name, True), (name, False)]


def test_a_device_is_told_of_when_it_stays_away_and_when_it_is_back():
    watch, told = follow(device("lost"))
    assert told == []
    watch, due = ticked(watch, UTC + 59, RULES)
    assert due == ()
    watch, due = ticked(watch, UTC + 60, RULES)
    assert [(one.kind, one.subject, one.code) for one in due] == [(NoticeKind.DEVICE, "north/cam", "lost")]
    assert ticked(watch, UTC + 9000, RULES)[1] == ()
    watch, told = follow(device("streaming", at=70), watch=watch)
    assert [one.raised for one in told] == [False]
    assert not watch.conditions


def test_a_device_that_is_back_soon_is_nobodys_business():
    watch, told = follow(device("lost"), device("connecting", at=1), device("up", at=2))
    assert told == []
    assert ticked(watch, UTC + 600, RULES)[1] == ()


def test_a_vehicle_that_waits_for_an_officer_is_told_of_after_its_time():
    watch, _ = follow(decided("MANUAL"))
    assert ticked(watch, UTC + 299, RULES)[1] == ()
    watch, due = ticked(watch, UTC + 300, RULES)
    assert [(one.kind, one.lane, one.utc - one.since_utc) for one in due] == [(NoticeKind.OFFICER, "north", 300)]
    _watch, told = follow(event("transaction.closed", {"outcome": "x"}, at=310), watch=watch)
    assert [one.raised for one in told] == [False]


@pytest.mark.parametrize(
    "answer", [decided("PASS", at=5), event("access.granted", {}, at=5), event("gate.started", {})]
)
def test_a_vehicle_that_was_helped_in_time_is_not(answer):
    watch, told = follow(decided("MANUAL"), answer)
    assert told == []
    assert not watch.conditions


def test_a_part_of_the_state_is_told_until_all_are_whole():
    def state(part, now, at=0.0):
        return event("state.changed", {"part": part, "state": now, "detail": "head file"}, at=at, lane=None)

    watch, told = follow(alarm("state_not_whole", lane=None), state("ledger", "lost"), state("journal", "behind"))
    assert [one.kind for one in told] == [NoticeKind.TRUST_STATE] * 3
    watch, told = follow(state("ledger", "whole", 5), watch=watch)
    assert [(one.subject, one.raised) for one in told] == [("ledger", False)]
    watch, told = follow(state("journal", "whole", 6), watch=watch)
    assert [one.key for one in told] == ["trust:journal", "alarm:state_not_whole/"]
    assert not watch.conditions


def test_what_stays_is_told_again_where_that_is_wanted():
    rules = WatchRules(repeat_s=600)
    watch, told = follow(alarm("relay_lost"), rules=rules)
    assert len(told) == 1
    assert ticked(watch, UTC + 599, rules)[1] == ()
    watch, due = ticked(watch, UTC + 600, rules)
    assert len(due) == 1
    assert ticked(watch, UTC + 601, rules)[1] == ()


def test_a_certificate_is_told_of_in_time_and_when_it_was_renewed():
    def look(watch, days, at):
        return certificates_seen(watch, [("certificate", "mqtt", UTC + days * 86_400)], UTC + at, RULES)

    watch, told = look(Watch(), 15, 0)
    assert told == ()
    watch, told = look(watch, 13, 0)
    assert [(one.subject, one.ends_utc) for one in told] == [("mqtt", UTC + 13 * 86_400)]
    watch, told = look(watch, 13, 3600)
    assert told == ()
    watch, told = look(watch, 200, 7200)
    assert [one.raised for one in told] == [False]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": "alarm.raised", "time": "never", "data": {}},
        event("alarm.raised", {"alarm": "of_a_later_agent"}),
        event("device.changed", {"device": "x"}),
        event("alarm.raised", None),
        event("state.changed", {"part": "ledger", "state": "odd"}),
    ],
)
def test_an_event_of_another_form_changes_nothing(odd):
    assert follow(odd) == (Watch(), [])


def test_what_is_followed_is_bounded():
    watch, _ = follow(*(device("lost", name=f"north/{number}") for number in range(300)))
    assert len(watch.conditions) == 256
    assert "device:north/299" in watch.conditions
