"""The clock and what the kernel says of it."""

from __future__ import annotations

import ctypes
import errno
import math
import time

import pytest

from agent.service import clock
from agent.service.clock import Clock, Synchronisation, judged


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


def test_a_sandbox_that_refuses_the_call_makes_the_clock_untrusted(mocker):
    def refuse(_timex):
        ctypes.set_errno(errno.EPERM)
        return -1

    mocker.patch.object(clock, "_adjtimex", return_value=refuse)
    answer = Clock().synchronisation()
    assert not answer.synchronised
    assert "Operation not permitted" in answer.detail


@pytest.mark.parametrize(("synchronised", "ahead_s"), [(True, 600.0), (False, math.inf)])
def test_what_is_signed_bears_no_time_far_ahead_of_a_clock_that_is_kept_right(mocker, synchronised, ahead_s):
    clock = Clock()
    found = Synchronisation(synchronised=synchronised, error_ms=None)
    mocker.patch.object(clock, "synchronisation", return_value=found)
    before = clock.now().utc
    assert before + ahead_s <= clock.latest() <= clock.now().utc + ahead_s
