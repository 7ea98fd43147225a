"""Entries for systemd's journal, as they come out of the socket that the journal would read."""

import io
import logging
import socket

import pytest

from agent.observability.system_journal import SystemJournalHandler


@pytest.fixture
def journal(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(tmp_path / "socket"))
        reader.setblocking(False)
        yield reader


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(journal, stream, tmp_path):
    handler = SystemJournalHandler(
        logging.StreamHandler(stream),
        lambda level: 3 if level == logging.ERROR else 6,
        ("s3cret",),
        tmp_path / "socket",
    )
    logger = logging.getLogger("agent.test")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    logger.propagate = True
    handler.close()


def entry(datagram):
    """The fields of an entry, read as the journal reads them."""
    fields = {}
    while datagram:
        head, _, rest = datagram.partition(b"\n")
        name, sign, value = head.partition(b"=")
        if not sign:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[8 + length + 1 :]
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


def test_an_entry_has_its_words_its_priority_and_the_fields_of_its_lane(log, journal):
    log.error("the arm is %s", "stuck", extra={"lane": "exit-1", "gate": "gate-7"})
    found = entry(journal.recv(65536))
    assert found["MESSAGE"] == "[exit-1] the arm is stuck"
    assert (found["PRIORITY"], found["GATE_LANE"], found["GATE_ID"]) == ("3", "exit-1", "gate-7")
    assert (found["GATE_LOGGER"], found["SYSLOG_IDENTIFIER"]) == ("agent.test", "gate-agent")
    assert found["CODE_FILE"] == __file__


def test_a_traceback_is_one_entry_with_its_message(log, journal):
    try:
        raise ValueError("a\nb = c")  # noqa: TRY301 - it is to be caught at once
    except ValueError:
        log.exception("it failed")
    found = entry(journal.recv(65536))
    assert found["MESSAGE"].startswith("it failed\nTraceback")
    assert found["MESSAGE"].endswith("b = c")
    assert "b " not in found


def test_a_line_end_in_a_field_makes_no_other_field(log, journal):
    log.info("one", extra={"device": "front\nPRIORITY=0"})
    found = entry(journal.recv(65536))
    assert found["PRIORITY"] == "6"
    assert found["GATE_DEVICE"] == "front\nPRIORITY=0"


def test_secrets_are_masked_in_every_field(log, journal):
    log.info("password s3cret", extra={"device": "s3cret"})
    assert b"s3cret" not in journal.recv(65536)


def test_what_the_journal_does_not_take_goes_to_the_stream(log, journal, stream):
    log.info("x" * 1_000_000)
    assert len(stream.getvalue()) > 1_000_000
    journal.close()
    log.info("nobody listens")
    assert stream.getvalue().endswith("nobody listens\n")


def test_a_journal_that_does_not_read_holds_nothing_up(log, stream):
    for _ in range(5000):
        log.info("again")
    assert "again" in stream.getvalue()
