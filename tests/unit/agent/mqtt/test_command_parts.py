"""Challenges and the folding of refusals, by themselves."""

import pytest

from agent.core.commands.check import RefusedCommand
from agent.core.commands.command import Refusal
from agent.mqtt.challenges import GRACE_S, ROTATE_EVERY_S, Challenges
from agent.mqtt.command_refusals import EVENTS_A_MINUTE, RefusalLog


def test_a_challenge_is_random_and_long():
    made = {Challenges(0.0).current for _ in range(100)}
    assert len(made) == 100
    assert {len(bytes.fromhex(text)) for text in made} == {16}


def test_the_challenge_before_is_taken_for_a_moment():
    challenges = Challenges(0.0)
    first = challenges.current
    assert challenges.accepted(0.0) == {first}
    challenges.rotate(100.0)
    second = challenges.current
    assert challenges.accepted(100.0 + GRACE_S - 1) == {first, second}
    assert challenges.accepted(100.0 + GRACE_S) == {second}
    challenges.rotate(101.0)
    assert challenges.accepted(101.0) == {second, challenges.current}


def test_a_challenge_is_due_after_a_while():
    challenges = Challenges(5.0)
    assert not challenges.due(5.0 + ROTATE_EVERY_S - 1)
    assert challenges.due(5.0 + ROTATE_EVERY_S)
    challenges.rotate(5.0 + ROTATE_EVERY_S)
    assert not challenges.due(5.0 + ROTATE_EVERY_S)


def refused(code=Refusal.NOT_A_JWS, key=None, command=None):
    return RefusedCommand(code, "detail", command, key)


def test_few_refusals_are_an_event_each():
    log = RefusalLog()
    told = []
    for number in range(EVENTS_A_MINUTE):
        log.add(refused(command=str(number)), "open")
        told += log.due(0.0)
    assert [(event.count, event.command) for event in told] == [(1, str(n)) for n in range(EVENTS_A_MINUTE)]


def test_a_flood_is_folded_by_code_and_key_and_nothing_is_lost():
    log = RefusalLog()
    told = []
    at, sent = 0.0, 0
    for second in range(600):
        at = float(second)
        for code, key in ((Refusal.NOT_A_JWS, None), (Refusal.EXPIRED, "a"), (Refusal.EXPIRED, "b")):
            log.add(refused(code, key), "open", 7)
            sent += 7
        told += log.due(at)
    assert len(told) <= EVENTS_A_MINUTE * 11
    told += log.rest()
    assert sum(event.count for event in told) == sent
    counts = {}
    for event in told:
        counts[event.code, event.key] = counts.get((event.code, event.key), 0) + event.count
    assert set(counts.values()) == {600 * 7}


@pytest.mark.parametrize(
    ("name", "said"), [("open", "open"), ("a/b", "?"), ("", "?"), ("x" * 33, "?"), ("\x00", "?"), ("<script>", "?")]
)
def test_only_a_plain_name_of_a_topic_is_repeated(name, said):
    log = RefusalLog()
    log.add(refused(), name)
    assert [event.name for event in log.due(0.0)] == [said]
