"""Log lines for people and for collectors."""

from __future__ import annotations

import io
import json
import logging
import os
import warnings

import pytest

from agent.observability import logs, repeated_lines
from tests.support.observability.root_logger import root_as_before

GATE = "gate-7"


@pytest.fixture(autouse=True)
def log_as_before():
    with root_as_before():
        yield


def configured(**given):
    stream = io.StringIO()
    logs.configure(**{"level": "info", "style": "text", "gate": GATE, "stream": stream, **given})
    return stream


def failed(log):
    error = OSError("no rtsp://admin:hunter22@10.0.0.5/x")
    try:
        raise error
    except OSError:
        log.exception("lost")


def test_a_text_line_names_time_level_and_lane():
    stream = configured()
    logging.getLogger("agent.lane.loop").warning("the vehicle is gone", extra={"lane": "out"})
    logging.getLogger("agent").debug("not shown")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("WARNING [out] the vehicle is gone")
    assert line[:2] == "20"


def test_a_json_line_holds_the_fields():
    stream = configured(style="json")
    logging.getLogger("agent.mqtt").error("broker %s", "lost", extra={"device": "broker"})
    line = json.loads(stream.getvalue())
    assert {**line, "utc": 0} == {
        "utc": 0,
        "level": "error",
        "priority": 3,
        "logger": "agent.mqtt",
        "thread": "MainThread",
        "gate": GATE,
        "device": "broker",
        "message": "broker lost",
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_secrets_are_masked_in_messages_and_tracebacks(style):
    stream = configured(style=style, secrets=["s3cr3t-word"])
    log = logging.getLogger("agent")
    log.info("opening %s with %s", "rtsp://admin:hunter22@10.0.0.5/x", "s3cr3t-word")
    failed(log)
    written = stream.getvalue()
    assert "Traceback" in written
    assert "hunter22" not in written
    assert "s3cr3t-word" not in written


@pytest.mark.parametrize("style", ["text", "json"])
def test_under_the_journal_every_line_begins_with_its_priority(tmp_path, style):
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        configured(stream=stream, environment=environment, style=style)
        logging.getLogger("agent").info("well")
        failed(logging.getLogger("agent"))
        stream.seek(0)
        lines = stream.read().splitlines()
    assert lines[0].startswith("<6>")
    assert all(line.startswith("<3>") for line in lines[1:])
    assert (len(lines) > 3) is (style == "text")


def test_another_stream_than_the_journals_has_no_priorities():
    stream = configured(environment={"JOURNAL_STREAM": "8:1"})
    logging.getLogger("agent").info("well")
    assert not stream.getvalue().startswith("<")


def test_a_line_that_repeats_is_written_three_times_and_then_counted(mocker):
    clock = mocker.patch.object(repeated_lines.time, "monotonic", return_value=50.0)
    stream = configured()
    log = logging.getLogger("agent")
    for _ in range(1000):
        log.error("port %s is gone", "/dev/x")
    log.error("port %s is gone", "/dev/y")
    assert len(stream.getvalue().splitlines()) == 4
    clock.return_value = 61.0
    log.error("port %s is gone", "/dev/x")
    assert stream.getvalue().splitlines()[-1].endswith("port /dev/x is gone (and 997 times more before)")


def test_lines_that_are_all_different_do_not_pile_up():
    repeats = repeated_lines.Repeats()
    for number in range(3000):
        assert repeats.filter(logging.LogRecord("agent", logging.INFO, "", 0, f"line {number}", (), None))
    assert len(repeats._seen) <= 512


def test_configuring_again_replaces_the_handler_and_warnings_are_logged():
    first, second = configured(), configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", stacklevel=1)
    assert first.getvalue() == ""
    assert "UserWarning: old" in second.getvalue()
