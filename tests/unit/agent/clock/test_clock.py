"""The clock and what the kernel says of it."""

from __future__ import annotations

import ctypes
import errno
import json
import math
import subprocess
import sys
import time

import pytest

from agent.clock import clock
from agent.clock.clock import NOTE_GOOD_FOR_S, Clock, Synchronisation, ask_kernel, judged, unknown
from agent.clock.sampler import note_down
from tests.support.waiting import eventually


def test_an_instant_is_on_both_clocks_and_never_goes_back():
    before, first, second = time.monotonic(), Clock().now(), Clock().now()
    assert before <= first.at <= second.at <= time.monotonic()
    assert 1_700_000_000 < first.utc < 5_000_000_000


@pytest.mark.parametrize(
    ("state", "status", "error_us", "synchronised", "error_ms"),
    [
        (0, 0x2001, 12_500, True, 12.5),
        (5, 0x2001, 12_500, False, None),
        (0, 0x0040, 16_000_000, False, None),
        (5, 0x0041, 16_000_000, False, None),
        (1, 0x0010, 500, True, 0.5),
    ],
)
def test_the_kernels_answer_is_judged(state, status, error_us, synchronised, error_ms):
    answer = judged(state, status, error_us)
    assert (answer.synchronised, answer.error_ms) == (synchronised, error_ms)
    assert bool(answer.detail) is not synchronised


def test_this_kernel_answers_without_privilege_and_agrees_with_itself():
    answer = Clock().synchronisation()
    assert isinstance(answer, Synchronisation)
    assert (answer.error_ms is None) is not answer.synchronised


def test_the_structure_is_as_long_as_the_kernels():
    assert ctypes.sizeof(clock._Timex) == 208


def refuse_to_say(mocker, number=errno.EPERM):
    def refuse(_timex):
        ctypes.set_errno(number)
        return -1

    mocker.patch.object(clock, "_adjtimex", return_value=refuse)


def written(path, **changed):
    told = {"at": time.monotonic(), "synchronised": True, "error_ms": 3.5, "detail": ""} | changed
    path.write_text(json.dumps(told), encoding="ascii")
    return path


def test_a_sandbox_that_refuses_the_call_makes_the_clock_untrusted_where_nobody_else_asks(mocker, tmp_path):
    refuse_to_say(mocker)
    answer = Clock(tmp_path / "state.json").synchronisation()
    assert (answer.synchronised, answer.error_ms) == (False, None)
    assert "Operation not permitted, and gate-agent-clock.service has recorded nothing" in answer.detail


def test_where_the_call_is_refused_the_note_of_the_process_that_may_ask_counts(mocker, tmp_path):
    note = tmp_path / "state.json"
    note_down(note)
    kernel = ask_kernel()
    refuse_to_say(mocker)
    found = Clock(note).synchronisation()
    assert (found.synchronised, found.detail) == (kernel.synchronised, kernel.detail)
    written(note)
    assert Clock(note).synchronisation() == Synchronisation(synchronised=True, error_ms=3.5)


def test_that_the_kernel_does_not_say_is_noted_too(mocker, tmp_path):
    refuse_to_say(mocker)
    note = tmp_path / "state.json"
    note_down(note)
    assert Clock(note).synchronisation() == unknown("Operation not permitted")


@pytest.mark.parametrize("set_s", [-3.0, 3.0, 86_400.0])
def test_a_note_from_before_the_clock_was_set_says_nothing_of_the_clock_of_now(mocker, tmp_path, set_s):
    refuse_to_say(mocker)
    now, note = Clock().together(), tmp_path / "state.json"
    assert Clock(written(note, at=now.at, utc=now.utc)).synchronisation().synchronised
    answer = Clock(written(note, at=now.at, utc=now.utc - set_s)).synchronisation()
    assert not answer.synchronised
    assert f"the clock was changed by {set_s:+.1f} s since" in answer.detail


@pytest.mark.parametrize("age_s", [NOTE_GOOD_FOR_S + 1, -5.0])
def test_an_old_note_is_not_believed_nor_one_of_another_boot(mocker, tmp_path, age_s):
    refuse_to_say(mocker)
    now = Clock().together()
    mocker.patch.object(Clock, "together", return_value=now)
    answer = Clock(written(tmp_path / "state.json", at=now.at - age_s)).synchronisation()
    assert not answer.synchronised
    assert f"is {age_s:.0f} s old" in answer.detail


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"at": "now"}', '{"at": null, "synchronised": true}', "\x00\xff", '{"at": 1%s}' % ("0" * 400)],
)
def test_a_note_that_is_none_is_not_believed(mocker, tmp_path, text):
    refuse_to_say(mocker)
    note = tmp_path / "state.json"
    note.write_bytes(text.encode("latin-1"))
    assert not Clock(note).synchronisation().synchronised


def test_a_note_does_not_stand_for_a_kernel_that_fails(mocker, tmp_path):
    refuse_to_say(mocker, errno.EFAULT)
    answer = Clock(written(tmp_path / "state.json")).synchronisation()
    assert not answer.synchronised
    assert "Bad address" in answer.detail


@pytest.mark.parametrize(("synchronised", "ahead_s"), [(True, 600.0), (False, math.inf)])
def test_what_is_signed_bears_no_time_far_ahead_of_a_clock_that_is_kept_right(mocker, synchronised, ahead_s):
    clock = Clock()
    found = Synchronisation(synchronised=synchronised, error_ms=None)
    mocker.patch.object(clock, "synchronisation", return_value=found)
    before = clock.now().utc
    assert before + ahead_s <= clock.latest() <= clock.now().utc + ahead_s


def test_the_process_that_notes_goes_on_until_it_is_told_to_stop(tmp_path):
    note = tmp_path / "state.json"
    code = "import sys; from pathlib import Path; from agent.clock import sampler; sampler.NOTE = Path(sys.argv[1]); "
    code += "sampler.EVERY_S = 0.001; sampler.main()"
    with subprocess.Popen([sys.executable, "-c", code, note]) as process:
        try:
            eventually(note.exists)
            first = note.read_bytes()
            eventually(lambda: note.read_bytes() != first)
        finally:
            process.terminate()
    assert process.returncode == 0
