"""A hundredth of `make fuzz`, and that its judge sees what must not be."""

from __future__ import annotations

import time

import pytest

from agent.core.crypto import cbor
from agent.core.crypto.keys import PublicKey
from agent.core.events.acknowledgement import ReadAck
from agent.core.permit import base45
from drivers.relay import lcus_codec
from drivers.scanner.framing import Framing
from tests.fuzz import wires
from tests.fuzz.__main__ import jobs, run
from tests.fuzz.guided_readers import Attacked, attacked
from tests.fuzz.judge import WORST_MS, Tally, play
from tests.fuzz.targets import TARGETS

CASES = 10_000


def test_the_shares_make_one():
    assert sum(target.share for target in TARGETS.values()) == pytest.approx(1)
    assert sum(cases for _, cases, _ in jobs(1_000_000, "1")) == 1_000_000


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_nobody_issued_is_taken_and_nothing_escapes(name):
    whole = Tally()
    for job in jobs(CASES, "ordinary"):
        if job[0] == name:
            whole.add(run(job)[1])
    assert whole.cases == round(CASES * TARGETS[name].share)
    # How long a refusal took is judged by `make fuzz`: here the machine may be busy.
    assert not whole.breaches(bound=False), whole.examples


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("#612 DONE cov: 31\nDone 612 runs in 211 second(s)\n", 0, Attacked("CBOR", 612, 0, ended=True)),
        ("Test unit written to build/fuzz/CBOR/found-crash-1\n", 77, Attacked("CBOR", 0, 1, ended=False)),
        ("Done 612 runs in 211 second(s)\n", None, Attacked("CBOR", 612, 0, ended=False)),
        ("ModuleNotFoundError: atheris\n", 1, Attacked("CBOR", 0, 0, ended=False)),
    ],
)
def test_an_attack_that_coverage_guides_is_well_only_where_it_came_to_its_end(words, code, expected):
    found = attacked("CBOR", words, code)
    assert found == expected
    assert found.is_well is expected.ended


def test_the_same_seed_plays_the_same_inputs():
    seen = [], []
    for inputs in seen:
        watched = TARGETS["GP1 texts"]
        play(type(watched)(watched.make, lambda data, inputs=inputs: bool(inputs.append(data)), 1.0), 50, "s")
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 40


def test_a_signature_check_that_says_yes_to_all_is_noticed(monkeypatch):
    monkeypatch.setattr(PublicKey, "verifies", lambda *_: True)
    signed = ("GP1 messages", "JWS texts", "strangers' signatures", "list heads", "trust lists")
    for name in (*signed, "commands", "words of other gates", "acknowledgements"):
        assert play(TARGETS[name], 400, "planted").accepted, name


def test_a_reader_that_forgives_is_noticed(monkeypatch):
    strict = base45.decode
    monkeypatch.setattr(base45, "decode", lambda text: strict(text.rstrip(b"\n")))
    assert play(TARGETS["GP1 texts"], 2000, "planted").accepted
    assert play(TARGETS["Base45"], 2000, "planted").accepted


def test_a_board_whose_nonsense_is_taken_for_states_is_noticed(monkeypatch):
    monkeypatch.setattr(lcus_codec, "read_bytes", lambda data, _channels: tuple(data))
    assert play(TARGETS["answers of boards"], 400, "planted").accepted


def test_an_acknowledgement_that_nobody_signed_is_noticed(monkeypatch):
    monkeypatch.setattr(wires, "read_ack", lambda _data, _policy: ReadAck("another", 10**6))
    assert play(TARGETS["acknowledgements"], 5, "planted").accepted


def test_a_text_that_is_split_another_way_in_pieces_is_noticed(monkeypatch):
    whole = Framing.feed
    monkeypatch.setattr(Framing, "feed", lambda self, data, at: whole(self, data.replace(b"\r\n", b"\n "), at))
    assert play(TARGETS["bytes of scanners"], 50, "planted").accepted


def test_an_error_that_escapes_is_noticed(monkeypatch):
    monkeypatch.setattr(cbor, "decode", lambda *_: {}["x"])
    tally = play(TARGETS["GP1 messages"], 20, "planted")
    assert tally.escaped
    assert "KeyError" in tally.examples[0]


def test_a_refusal_that_takes_long_is_noticed():
    def slow(_data):
        until_ns = time.thread_time_ns() + WORST_MS * 1e6
        while time.thread_time_ns() <= until_ns:
            pass
        return False

    target = type(TARGETS["CBOR"])(TARGETS["CBOR"].make, slow, 1.0)
    tally = play(target, 3, "planted")
    assert tally.breaches(bound=True)
    assert not tally.breaches(bound=False)
