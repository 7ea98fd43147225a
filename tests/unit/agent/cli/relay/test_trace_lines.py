"""The bytes on a serial line as lines of text."""

from __future__ import annotations

import logging

import pytest

from agent.cli.relay.trace_lines import LOGGER, Transfer, TransferPrinter, overheard
from drivers.emulators.lcus import LcusEmulator
from drivers.registry import relay
from tests.support.waiting import scaled_ms


def exchange(at: float, reply: str) -> list[Transfer]:
    return [Transfer(at, "/dev/x", sent=True, data=b"\xff"), Transfer(at, "/dev/x", sent=False, data=reply.encode())]


def test_an_exchange_that_comes_again_and_again_is_told_once():
    on, off = "CH1:ON \r\n", "CH1:OFF \r\n"
    passed = [*exchange(0, off), *exchange(1, on), *exchange(2, on), *exchange(3, on), *exchange(4, off)]
    lines = list(TransferPrinter({"/dev/x": "lcus"}, 0.0).digest(passed))
    assert [line.split()[0] for line in lines] == ["0.0", "0.0", "1000.0", "1000.0", "-", "4000.0", "4000.0"]
    assert "the same 2 times more, until 3000.0" in lines[4]
    last = list(TransferPrinter({}, 0.0).digest([*exchange(0, on), *exchange(1, on)]))
    assert "the same 1 times more" in last[-1]


def test_lines_name_the_port_where_there_are_several():
    scribe = TransferPrinter({"/dev/x": "lcus", "/dev/y": "modbus_rtu"}, 0.0)
    assert scribe.line(exchange(1, "")[0]).split()[1] == "/dev/x"


@pytest.mark.parametrize("level", [logging.NOTSET, logging.WARNING], ids=["by default", "at warning"])
def test_every_byte_of_a_driver_is_overheard_under_one_logger(tmp_path, level):
    logging.getLogger(LOGGER).setLevel(level)
    heard: list[Transfer] = []
    with LcusEmulator(tmp_path / "port") as board:
        driver = relay("lcus", {"port": str(tmp_path / "port"), "timeout_ms": scaled_ms(200)})
        with overheard(heard.append):
            driver.open()
            driver.set(1, on=True)
        assert b"".join(one.data for one in heard if one.sent) == board.line.received()
        driver.state()
        driver.close()
    assert len([one for one in heard if not one.sent]) == 2
    assert logging.getLogger(LOGGER).level == level
    logging.getLogger(LOGGER).setLevel(logging.NOTSET)
