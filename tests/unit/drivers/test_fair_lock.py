"""Threads that wait for a board or the journal get it in the order of asking."""

import threading

import pytest

from drivers.fair_lock import FairLock
from tests.support.waiting import eventually

WORKERS, ROUNDS = 4, 500


def waiting(lock, count):
    """Wait until so many threads have asked and do not have it."""
    eventually(lambda: len(lock._waiting) == count, what=f"{count} waiting threads")


def test_those_who_wait_get_it_in_the_order_of_asking():
    lock, order, threads = FairLock(), [], []

    def take(number):
        with lock:
            order.append(number)

    with lock:
        for number in range(5):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            waiting(lock, number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(5))


def test_one_who_takes_it_again_and_again_goes_behind_those_who_wait():
    lock, order = FairLock(), []

    def ask_once():
        with lock:
            order.append("who asked once")

    with lock:
        other = threading.Thread(target=ask_once)
        other.start()
        waiting(lock, 1)
    with lock:
        order.append("who took it again")
    other.join()
    assert order == ["who asked once", "who took it again"]


def test_its_holder_may_take_it_again_and_keeps_it_until_the_last_is_left():
    lock, order = FairLock(), []

    def ask():
        with lock:
            order.append("another")

    with lock:
        with lock:
            other = threading.Thread(target=ask)
            other.start()
            waiting(lock, 1)
        order.append("the holder")
    other.join()
    assert order == ["the holder", "another"]


def test_an_error_leaves_it_to_the_next():
    lock = FairLock()
    with pytest.raises(ZeroDivisionError), lock, lock:
        raise ZeroDivisionError
    with lock:
        pass


def test_only_one_thread_has_it_at_a_time():
    lock, inside, most = FairLock(), [0], [0]

    def work():
        for _ in range(ROUNDS):
            with lock, lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], lock._holder) == (1, None)
