"""A result: what it says, and that nothing of it is lost in its file."""

from dataclasses import replace

import pytest

from bench.figures import Figure
from tools.proofs.checkout import Checkout
from tools.proofs.machine import Machine, memory, processor, system
from tools.proofs.proof import Output, Proof, Reading
from tools.proofs.readings.text import none_may
from tools.proofs.result import Ending, Result, Verdict, result_of

HERE = Machine("AMD EPYC", 2, "25.2 GB", "6.18.44", "Debian GNU/Linux 12 (bookworm)", "3.11.7")
WELL = Result(
    name="races",
    command="make races",
    commit="6ae7b208",
    changed=False,
    began="2026-12-01 17:00:00",
    took_s=397.2,
    exit_code=0,
    ended_by="",
    load=0.4,
    seed="1",
    figures=(none_may("permits used twice", 0), Figure("answer, p99", 841.0, "ms")),
    left_out=(),
    last_words=("all is well",),
    machine=HERE,
)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.PASSED),
        ({"exit_code": 1}, Verdict.FAILED),
        ({"exit_code": None, "ended_by": "its limit of 1800 s"}, Verdict.FAILED),
        ({"figures": (none_may("permits used twice", None),)}, Verdict.FAILED),
        ({"figures": (none_may("permits used twice", 1),)}, Verdict.MISSED),
        ({"figures": (none_may("permits used twice", 1),), "exit_code": 1}, Verdict.FAILED),
        ({"left_out": ("the network is not split",)}, Verdict.PARTLY),
        ({"left_out": ("the network",), "figures": (none_may("permits used twice", 1),)}, Verdict.MISSED),
    ],
)
def test_nothing_that_lacks_something_has_passed(changes, verdict):
    assert replace(WELL, **changes).verdict is verdict


def test_a_result_is_the_same_after_its_file():
    odd = replace(WELL, exit_code=None, ended_by="its limit", left_out=("a", "ä"), figures=(none_may("车", None),))
    assert Result.from_json(WELL.as_json()) == WELL
    assert Result.from_json(odd.as_json()) == odd


@pytest.mark.parametrize("text", ["", "{}", "[1]", WELL.as_json()[:-20]])
def test_what_is_no_result_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Result.from_json(text)


def test_a_result_holds_what_was_read_and_how_it_ended():
    proof = Proof("a", "make a", "It is.", 5, lambda output: Reading((none_may(output.text.split()[0], 0),)), seed="20")
    ending = Ending("2026-12-01 17:00:00", 5.04, 0, "", 0.5)
    lines = "\n".join(["lost 0", "", *(f"line {number} {'x' * 300}" for number in range(9)), "\x1b[1mdone\x1b[0m", ""])
    found = result_of(proof, ending, Output(lines), Checkout("6ae7b208", "2026-12-01", is_changed=True), HERE)
    assert (found.figures[0].what, found.seed, found.took_s, found.changed) == ("lost", "20", 5.0, True)
    assert len(found.last_words) == 5
    assert found.last_words[-1] == "done"
    assert max(map(len, found.last_words)) == 200


def test_the_machine_is_told_from_what_the_kernel_and_the_system_say():
    assert processor("processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n") == "AMD EPYC"
    assert processor("CPU architecture: 8\n") == ""
    assert memory("MemTotal:       24567892 kB\nMemFree: 1 kB\n") == "25.2 GB"
    assert system('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n') == "Debian GNU/Linux 12 (bookworm)"
    assert (memory(""), system("")) == ("not known", "not known")
