"""Debounced input signals: what a lane hears of its loops and contacts, and of a board that comes and goes."""

import itertools
import json
import threading
import time
from types import SimpleNamespace

import pytest

from agent.devices.inputs import InputMonitor, SignalMap
from agent.devices.port_supervisor import PortState, Retry
from drivers import modbus_codec, numato_codec
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, InputSample, NotSentError
from drivers.emulators.board import ReplyFault
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.inputs import simulated
from drivers.registry import inputs as make_inputs
from tests.support.waiting import PATIENCE_S, REPLY_MS, eventually, scaled_ms

MAP = SignalMap({"presence": 1, "safety": 2, "photocell": 3, "opened": 4, "closed": 5}, debounce_s=0.0, period_s=0.005)


# ------------------------------------------------------------------------------------------------- the watch


class Watching:
    """A watch with what it said. `hear` waits for a sample taken from now on that is as wanted."""

    def __init__(self, board, signals=MAP, on_sample=None):
        self.heard, self.states = [], []
        self._news = threading.Condition()
        self.watch = InputMonitor("test", board, signals, on_sample or self._sampled, self._changed)
        self.watch._port._retry = Retry(0.01, 0.05)

    def __enter__(self):
        self.watch.start()
        return self

    def __exit__(self, *_):
        self.watch.stop()
        assert self.watch.worker.ended(PATIENCE_S)

    def _sampled(self, signals):
        with self._news:
            self.heard.append(signals)
            self._news.notify_all()

    def _changed(self, state, detail):
        with self._news:
            self.states.append((state, detail))
            self._news.notify_all()

    def hear(self, **wanted):
        def come():
            return next((one for one in self.heard[since:] if _is(one, wanted)), None)

        with self._news:
            since = len(self.heard)
            assert self._news.wait_for(come, PATIENCE_S), (wanted, self.heard[-1:], self.states)
            return come()

    def wait_state(self, state, times=1):
        with self._news:
            assert self._news.wait_for(lambda: sum(one is state for one, _ in self.states) >= times, PATIENCE_S)


def _is(signals, wanted):
    return all(getattr(signals, name) == value for name, value in wanted.items())


@pytest.fixture
def board(request):
    yield simulated.board(request.node.name)
    simulated.forget_boards()


def driver(board, **options):
    return make_inputs("simulated", {"name": board.name} | options)


def test_every_signal_is_its_input(board):
    signals = SignalMap(
        {"presence": 1, "safety": 2, "photocell": 3, "opened": 4, "closed": 5, "key": 6, "hold": 7},
        debounce_s=0.0,
        period_s=0.005,
    )
    with Watching(driver(board), signals) as watching:
        names = ("presence", "safety", "photocell", "opened", "closed", "key", "hold")
        watching.hear(**dict.fromkeys(names, False))
        for number, name in enumerate(names, start=1):
            board.set(number, True)
            watching.hear(**{other: other == name for other in names})
            board.set(number, False)
        assert [state for state, _ in watching.states] == [PortState.UP]
        assert watching.watch.state is PortState.UP


def test_an_inverted_input_is_turned_round_and_unknown_stays_unknown(board):
    signals = SignalMap(
        {"presence": 1, "safety": 2, "closed": 5}, inverted=frozenset({2, 5}), debounce_s=0.0, period_s=0.005
    )
    with Watching(driver(board), signals) as watching:
        watching.hear(presence=False, safety=True, closed=True)
        board.set(2, True)
        board.set(5, None)
        watching.hear(presence=False, safety=False, closed=None)


def test_what_is_not_wired_and_what_the_board_does_not_have_is_unknown(board):
    signals = SignalMap({"presence": 1, "safety": 99}, debounce_s=0.0, period_s=0.005)
    with Watching(driver(board), signals) as watching:
        watching.hear(presence=False, safety=None, photocell=None, opened=None, closed=None)


def test_a_change_shorter_than_the_debounce_is_not_heard():
    bits = iter([(False, False), (True, False), (False, False), (False, False)])
    at = itertools.count()

    class Board:
        def open(self):
            return "a board that is read out to the end"

        def close(self):
            pass

        def sample(self):
            return InputSample(next(bits, (True, False)), next(at) / 50)

    with Watching(Board(), SignalMap({"presence": 1, "safety": 2}, debounce_s=0.09, period_s=0.001)) as watching:
        watching.hear(presence=True)
    change = next(one for one in watching.heard if one.presence)
    assert [one.presence for one in watching.heard[:9]] == [False] * 9, (
        "from sample 4 on, until it had stood for 0.09 s"
    )
    assert change.at == pytest.approx(0.18)


class Fluttering:
    """A board whose second input changes from sample to sample while `flutters`, each taken 50 ms after the last."""

    def __init__(self):
        self.flutters = True
        self.lost = False
        self._numbers = itertools.count(1)

    def open(self):
        return "a board with a loose contact"

    def close(self):
        self.lost = False

    def sample(self):
        if self.lost:
            raise DeviceUnavailableError("pulled")
        number = next(self._numbers)
        return InputSample((True, self.flutters and number % 2 == 0), number / 20)


FLUTTER = SignalMap({"presence": 1, "safety": 2}, debounce_s=0.04, period_s=0.001)


def test_an_input_that_never_stands_still_is_told_of_by_name_and_unknown_until_it_does():
    board = Fluttering()
    with Watching(board, FLUTTER) as watching:
        found = watching.hear(flapping=("safety",))
        assert (found.presence, found.safety) == (True, None)
        board.flutters = False
        found = watching.hear(flapping=())
        assert (found.presence, found.safety) == (True, False)
    first = next(one for one in watching.heard if one.flapping)
    assert first.at > 1.0
    assert all(one.safety is False for one in watching.heard if one.at < first.at)


def test_what_fluttered_before_a_reconnect_does_not_count():
    board = Fluttering()
    with Watching(board, FLUTTER) as watching:
        watching.hear(flapping=("safety",))
        heard_before = []
        board.open = lambda: heard_before.append(len(watching.heard)) or "the same board"
        board.lost = True
        watching.wait_state(PortState.UP, 2)
        watching.hear(presence=True)
        assert watching.heard[heard_before[0]].flapping == ()


def test_the_time_of_a_signal_is_that_of_its_sample(board):
    port = driver(board)
    taken = []
    original = port.sample
    port.sample = lambda: taken.append(original()) or taken[-1]
    with Watching(port) as watching:
        watching.hear(presence=False)
    assert {one.at for one in watching.heard} <= {one.at for one in taken}


def test_a_lost_board_gives_no_samples_until_it_is_back_and_then_starts_anew(board):
    signals = SignalMap({"presence": 1, "safety": 2}, debounce_s=3600.0, period_s=0.005)
    with Watching(driver(board), signals) as watching:
        watching.hear(presence=False)
        board.unplugged = True
        watching.wait_state(PortState.LOST)
        count = len(watching.heard)
        board.set(1, True)
        board.unplugged = False
        watching.wait_state(PortState.UP, 2)
        watching.hear(presence=True)
        assert watching.heard[count].presence is True, "nothing of before the loss counts"
        assert [state for state, _ in watching.states] == [PortState.UP, PortState.LOST, PortState.UP]
        assert "unplugged" in watching.states[1][1]


def test_a_board_that_is_away_at_the_start_is_told_of_once_and_tried_for_ever(board):
    board.unplugged = True
    tries = threading.Semaphore(0)
    port = driver(board)
    original = port.open
    port.open = lambda: tries.release() or original()
    with Watching(port) as watching:
        for _ in range(5):
            assert tries.acquire(timeout=PATIENCE_S)
        assert [state for state, _ in watching.states] == [PortState.LOST]
        assert watching.heard == []
        board.unplugged = False
        watching.hear(presence=False)


def test_a_board_whose_file_cannot_be_read_is_lost_with_the_cause(board, tmp_path):
    file = tmp_path / "bits.json"
    file.write_text("{")
    with Watching(driver(board, state_file=str(file))) as watching:
        watching.wait_state(PortState.LOST)
        assert str(file) in watching.states[0][1]
        file.write_text(json.dumps({"bits": [True]}))
        watching.hear(presence=True)


def test_a_fault_of_the_driver_is_a_lost_board_that_is_opened_anew(board, caplog):
    port = driver(board)
    original, faults = port.sample, iter([KeyError("a bug")])

    def sample():
        if board.bits[7] and (fault := next(faults, None)):
            raise fault
        return original()

    port.sample = sample
    with Watching(port) as watching:
        watching.hear(presence=False)
        board.set(8, True)
        watching.wait_state(PortState.UP, 2)
        watching.hear(presence=False)
    assert watching.states[1] == (PortState.LOST, "an error in the driver: KeyError")
    assert "a bug" in caplog.text


def test_stopping_lets_the_board_go_also_while_it_is_away(board):
    closed = []
    port = driver(board)
    original = port.close
    port.close = lambda: closed.append(True) or original()
    with Watching(port) as watching:
        watching.hear(presence=False)
    assert closed
    with pytest.raises(DeviceUnavailableError):
        port.sample()
    board.unplugged = True
    with Watching(driver(board)) as away:
        away.wait_state(PortState.LOST)
        away.watch._port._retry = Retry(3600, 3600)


def test_a_board_that_hangs_at_the_stop_is_left_behind_with_a_word(board, caplog, monkeypatch):
    monkeypatch.setattr("agent.devices.inputs.STOP_TIMEOUT_S", 0.02)
    entered, leave = threading.Event(), threading.Event()
    port = driver(board)
    port.sample = lambda: (entered.set(), leave.wait(PATIENCE_S), InputSample((False,), 0.0))[2]
    watching = Watching(port)
    watching.watch.start()
    assert entered.wait(PATIENCE_S)
    watching.watch.stop()
    assert "the agent stops without its thread" in caplog.text
    leave.set()
    watching.watch.worker.join(PATIENCE_S)


def test_a_real_board_is_watched_over_a_pulled_cable(tmp_path):
    port = tmp_path / "port"
    with ModbusEmulator(port) as board:
        watch = Watching(make_inputs("modbus_rtu", {"port": str(port), "timeout_ms": REPLY_MS}))
        with watch as watching:
            watching.hear(presence=False)
            board.set_input(1, on=True)
            watching.hear(presence=True, safety=False)
            board.unplug()
            watching.wait_state(PortState.LOST)
            board.plug()
            watching.wait_state(PortState.UP, 2)
            board.set_input(2, on=True)
            watching.hear(presence=True, safety=True)


# ------------------------------------------------------------------------------------------------- one lost answer


class Told:
    """A board whose next samples raise what `errors` holds. `opened` counts the openings."""

    def __init__(self):
        self.errors = []
        self.opened = 0

    def open(self):
        self.opened += 1
        return "a board that does as it is told"

    def close(self):
        pass

    def sample(self):
        if self.errors:
            raise self.errors.pop(0)
        return InputSample((True, False), time.monotonic())


NO_ANSWER, NOT_SENT = DeviceUnavailableError("silence"), NotSentError("it must be opened again")


@pytest.mark.parametrize(
    "error", [NO_ANSWER, numato_codec.BadReplyError("garbled"), modbus_codec.BadReplyError("garbled")]
)
def test_a_poll_without_an_answer_is_asked_once_more_and_the_board_is_not_lost(error):
    board = Told()
    with Watching(board) as watching:
        for _ in range(3):
            watching.hear(presence=True, safety=False)
            board.errors = [error]
            eventually(lambda: not board.errors)
        watching.hear(presence=True, safety=False)
        assert [state for state, _ in watching.states] == [PortState.UP]
    assert board.opened == 1


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([NO_ANSWER, DeviceUnavailableError("silence again")], "silence again"),
        ([NO_ANSWER, NOT_SENT], "silence"),
        ([NOT_SENT], "it must be opened again"),
        ([DeviceMisconfiguredError("no such input")], "no such input"),
    ],
    ids=["no answer twice", "lost in the first try", "port gone", "misconfigured"],
)
def test_a_board_that_is_gone_or_does_not_answer_twice_is_lost_with_what_is_wrong(errors, said):
    board = Told()
    with Watching(board) as watching:
        watching.hear(presence=True)
        board.errors = list(errors)
        watching.wait_state(PortState.UP, 2)
        assert watching.states[1] == (PortState.LOST, said)
    assert board.opened == 2


def test_one_answer_of_a_real_board_that_is_lost_on_the_line_costs_the_lane_nothing(tmp_path):
    port = tmp_path / "port"
    with ModbusEmulator(port) as board:
        table = {"port": str(port), "timeout_ms": scaled_ms(250)}
        with Watching(make_inputs("modbus_rtu", table)) as watching:
            watching.hear(presence=False)
            board.fail(ReplyFault.MUTE, replies=1)
            eventually(lambda: board._faulty_left < 1)
            board.set_input(1, on=True)
            watching.hear(presence=True)
            assert [state for state, _ in watching.states] == [PortState.UP]


# ------------------------------------------------------------------------------------------------- trying again


def test_a_try_is_due_at_once_then_after_ever_longer_pauses_up_to_the_cap(monkeypatch):
    now = SimpleNamespace(at=100.0)
    monkeypatch.setattr("agent.devices.port_supervisor.time.monotonic", lambda: now.at)
    monkeypatch.setattr("agent.devices.port_supervisor.random.random", lambda: 1.0)
    retry, pauses = Retry(), []
    assert retry.wait_s() == 0.0
    for _ in range(5):
        retry.failed()
        pauses.append(retry.wait_s())
    assert pauses == pytest.approx([0.25, 0.5, 1.0, 1.0, 1.0])
    now.at += 0.4
    assert retry.wait_s() == pytest.approx(0.6)
    now.at += 5.0
    assert retry.wait_s() == 0.0
    retry.succeeded()
    retry.failed()
    assert retry.wait_s() == pytest.approx(0.25)


def test_a_watch_stops_promptly_in_the_middle_of_a_long_pause(board):
    board.unplugged = True
    watching = Watching(driver(board))
    watching.watch._port._retry = Retry(3600, 3600)
    watching.watch._port._retry._due_at = time.monotonic() + 3600
    with watching:
        eventually(lambda: watching.watch.worker.runs)
    assert watching.heard == watching.states == []
