"""What a channel holds, and when it may send it."""

from datetime import time

import pytest

from agent.core.model import QuietHours
from agent.core.notices import ChannelRules, Notice, NoticeKind, Outbox, failed, lost, next_message, offered, sent

UTC = 1_795_000_000.0
RULES = ChannelRules(hold_s=900, age_s=86_400)


def notice(key="device:a", *, raised=True, at=0.0, kind=NoticeKind.DEVICE):
    return Notice(kind=kind, key=key, raised=raised, code="lost", subject=key, since_utc=UTC, utc=UTC + at)


def take(outbox, *, at=0.0, rules=RULES, local=None, may=True):
    return next_message(outbox, rules, utc=UTC + at, local=local, may=lambda: may, new_id=lambda: "id1")


def test_a_notice_goes_out_at_once():
    outbox, message = take(offered(Outbox(), notice(), RULES))
    assert [one.notice.key for one in message.notices] == ["device:a"]
    assert sent(outbox).size == 0
    assert take(sent(outbox)) == (sent(outbox), None)


def test_a_kind_that_the_channel_does_not_send_is_left_out():
    rules = ChannelRules(kinds=frozenset({NoticeKind.ALARM}))
    assert offered(Outbox(), notice(), rules) == Outbox()


def test_a_device_that_flaps_for_an_hour_makes_five_messages_and_loses_no_count():
    outbox, messages, counted = Outbox(), 0, 0
    for second in range(3600):
        outbox = offered(outbox, notice(raised=second % 2 == 0, at=second), RULES)
        outbox, message = take(outbox, at=second)
        if message is not None:
            messages += 1
            counted += sum(one.count for one in message.notices)
            outbox = sent(outbox)
    assert messages == 4
    assert counted + sum(one.count for one in outbox.waiting.values()) == 3600
    assert take(outbox, at=3600)[1] is not None


def test_where_there_is_no_budget_notices_wait_and_go_together():
    outbox = Outbox()
    for number in range(70):
        outbox = offered(outbox, notice(f"device:{number}"), RULES)
    outbox, message = take(outbox, may=False)
    assert message is None
    outbox, message = take(outbox)
    assert len(message.notices) == 50
    outbox, message = take(sent(outbox))
    assert len(message.notices) == 20


def test_in_quiet_hours_only_what_breaks_through_goes_out():
    rules = ChannelRules(
        quiet=(QuietHours.parse("22:00-06:00"),), break_through=frozenset({NoticeKind.TRUST_STATE}), age_s=86_400
    )
    outbox = offered(Outbox(), notice(), rules)
    outbox = offered(outbox, notice("trust:ledger", kind=NoticeKind.TRUST_STATE), rules)
    outbox, message = take(outbox, rules=rules, local=time(23, 30))
    assert [one.notice.key for one in message.notices] == ["trust:ledger"]
    outbox, message = take(sent(outbox), rules=rules, local=time(23, 31))
    assert message is None
    outbox, message = take(outbox, rules=rules, local=time(6, 0))
    assert [one.notice.key for one in message.notices] == ["device:a"]


def test_without_a_clock_it_is_not_quiet():
    rules = ChannelRules(quiet=(QuietHours.parse("00:00-23:59"),))
    assert take(offered(Outbox(), notice(), rules), rules=rules, local=None)[1] is not None


def test_the_end_of_what_nobody_was_told_of_is_not_told():
    assert offered(Outbox(), notice(raised=False), RULES) == Outbox()


def test_a_failed_message_is_tried_again_later_as_the_same_one():
    outbox, message = take(offered(Outbox(), notice(), RULES))
    outbox = failed(outbox, UTC, 1.0)
    assert take(outbox, at=4.9)[1] is None
    outbox, again = take(outbox, at=5)
    assert (again.id, again.tries) == (message.id, 1)
    pauses = []
    for _ in range(10):
        outbox = failed(outbox, UTC, 1.0)
        pauses.append(outbox.message.next_utc - UTC)
    assert pauses[:3] == [10, 20, 40]
    assert pauses[-1] == 900


@pytest.mark.parametrize(("asked", "given"), [(60, 60), (10_000, 900)])
def test_the_other_side_may_ask_to_wait_but_not_for_long(asked, given):
    outbox, _ = take(offered(Outbox(), notice(), RULES))
    assert failed(outbox, UTC, 0.0, asked).message.next_utc == UTC + given


def test_what_waits_too_long_is_given_up_and_counted():
    outbox, _ = take(offered(offered(Outbox(), notice(), RULES), notice("device:b"), RULES))
    outbox = offered(failed(outbox, UTC, 1.0), notice("device:c", at=10), RULES)
    outbox, message = take(outbox, at=86_405)
    assert [one.notice.key for one in message.notices] == ["device:c"]
    assert outbox.dropped == 2
    outbox, message = take(sent(outbox), at=2 * 86_400)
    assert (message, outbox.dropped) == (None, 2)


def test_a_message_that_nobody_will_ever_take_is_given_up():
    outbox, _ = take(offered(Outbox(), notice(), RULES))
    assert (lost(outbox).message, lost(outbox).dropped) == (None, 1)


def test_what_waits_is_bounded():
    outbox = Outbox()
    for number in range(250):
        outbox = offered(outbox, notice(f"device:{number}"), RULES)
    assert (outbox.size, outbox.dropped) == (200, 50)


def test_a_clock_that_was_put_back_holds_nothing_up():
    outbox, _ = take(offered(Outbox(), notice(), RULES), at=0)
    outbox = offered(sent(outbox), notice(at=-5000), RULES)
    assert take(outbox, at=-5000)[1] is not None


def test_an_outbox_survives_its_way_to_the_disk():
    outbox, _ = take(offered(offered(Outbox(), notice(), RULES), notice("device:b"), RULES))
    assert Outbox.model_validate_json(outbox.model_dump_json()) == outbox
