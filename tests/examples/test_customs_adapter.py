"""The customs adapter: its messages byte by byte, and a vehicle's whole way from the gate's events to the platform."""

import socket
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import Draft, VehiclePresent
from agent.core.model import Outcome
from central.consumer import EventStore, Message
from central.database import Role, begin_reader
from tests.support.central.databases import NOW, birth, central_url, database, shared_url
from tests.support.consumer.events import chain, message
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import STREAM, UTC, closed
from tests.support.waiting import PATIENCE_S

sys.path.append(str(Path(__file__).parents[2] / "examples" / "customs"))

from adapter import Platform, PlatformError, work
from messages import (
    COMMAND,
    GATHER,
    FrameError,
    Gathered,
    Place,
    frame,
    frame_size,
    gather_xml,
    lets_pass,
    read_command,
    unframed,
)

__all__ = ["central_url", "database", "shared_url"]
SERIAL = "20261124081515010042"
PLACE = Place("9411000001", "1", "E")


def answer(serial, result="0" * 20, inner=""):
    text = (
        f'<?xml version="1.0" encoding="GB2312"?><COMMAND_INFO AREA_ID="9411000001" CHNL_NO="1" I_E_TYPE="E" '
        f'SEQ_NO="{serial}"><CHECK_RESULT>{result}</CHECK_RESULT><OP_HINT>直接放行</OP_HINT>{inner}</COMMAND_INFO>'
    )
    return frame(COMMAND, PLACE, text.encode("GB2312"))


# -------------------------------------------------------------------------------------------------------- the messages


def test_a_frame_has_the_bytes_of_the_public_front_ends():
    raw = frame(GATHER, PLACE, b"<x/>")
    assert raw.hex(" ") == (
        "e2 5c 4b 89 2c 00 00 00 21 39 34 31 31 30 30 30 30 30 31 31 20 20 20 20 20 20 20 20 20 45 ff ff ff ff "
        "04 00 00 00 3c 78 2f 3e ff ff"
    )
    assert unframed(raw) == (GATHER, PLACE, b"<x/>")


def test_a_gather_info_has_every_tag_and_the_plate_in_gb2312():
    xml = gather_xml(Gathered(PLACE, SERIAL, "新B7C386", "5e0c41b7a92d8f36"))
    text = xml.decode("GB2312")
    assert f'<GATHER_INFO AREA_ID="9411000001" CHNL_NO="1" I_E_TYPE="E" SEQ_NO="{SERIAL}">' in text
    assert "<CAR><VE_NAME>新B7C386</VE_NAME><CAR_EC_NO></CAR_EC_NO>" in text
    assert "<BAR_CODE>5e0c41b7a92d8f36</BAR_CODE>" in text
    assert all(f"<{tag}>" in text for tag in ("IC", "WEIGHT", "TRAILER", "CONTA", "SEAL"))


def test_letters_that_gb2312_lacks_and_those_of_xml_are_written_so_that_they_come_back():
    text = gather_xml(Gathered(PLACE, SERIAL, "Қ<&", "")).decode("GB2312")
    assert "<VE_NAME>&#1178;&lt;&amp;</VE_NAME>" in text


@pytest.mark.parametrize("serial", ["", "2026", SERIAL + "0", "x" * 20])
def test_a_serial_that_is_none_is_refused(serial):
    with pytest.raises(ValueError, match="20 digits"):
        gather_xml(Gathered(PLACE, serial))


def test_an_answer_is_read_with_what_the_platform_says():
    kind, place, xml = unframed(answer(SERIAL))
    command = read_command(place, xml)
    assert (kind, command.serial, command.hint, command.action) == (COMMAND, SERIAL, "直接放行", "")
    assert lets_pass(command)
    assert not lets_pass(replace(command, check_result="11" + "0" * 18))


def test_a_lift_by_hand_is_read_with_who_and_why():
    inner = "<EXCUTE_COMMAND><OP_TYPE>OPEN</OP_TYPE><OP_REASON>放行抬杆</OP_REASON><OP_ID>0417</OP_ID></EXCUTE_COMMAND>"
    command = read_command(*unframed(answer(SERIAL, inner=inner))[1:])
    assert (command.action, command.operator, command.reason) == ("OPEN", "0417", "放行抬杆")


@given(st.binary(max_size=200))
def test_strange_bytes_are_refused_and_nothing_else_happens(raw):
    for read in (frame_size, unframed, lambda given: read_command(PLACE, given)):
        try:
            read(raw)
        except FrameError:
            continue


def test_entities_are_not_expanded():
    with pytest.raises(FrameError, match="DTD"):
        read_command(PLACE, b'<!DOCTYPE a [<!ENTITY b "cc">]><COMMAND_INFO SEQ_NO="&b;"/>')


# -------------------------------------------------------------------------------------------------------- the whole way


@contextmanager
def platform(*answers):
    """A platform that answers each message with the next of these functions of its serial; gives what it was told."""
    told = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for reply in answers:
            if not serving:
                serving.append(listener.accept()[0])
            raw = b""
            while (size := frame_size(raw)) is None or len(raw) < size:
                piece = serving[0].recv((size or 8) - len(raw))
                if not piece:
                    return
                raw += piece
            told.append(unframed(raw)[2].decode("GB2312"))
            serving[0].sendall(reply(told[-1].partition('SEQ_NO="')[2][:20]))
        serving[0].close()

    serving = []
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        with closing(Platform(*listener.getsockname())) as connection:
            yield connection, told
    finally:
        listener.close()
        thread.join(PATIENCE_S)


@pytest.fixture
def stored(database):
    """A database with a vehicle that passed, one that was denied, and one of a dry run; the reader begins before."""
    begin_reader(database, "customs")
    other, dry = SERIAL[:-1] + "3", SERIAL[:-1] + "4"

    def present(serial):
        return Draft(VehiclePresent(seen_by="inputs", direction="export"), "1", serial, UTC)

    drafts = [present(SERIAL), closed(SERIAL), present(other), closed(other, outcome=Outcome.DENIED)]
    drafts += [replace(draft, dry_run=True) for draft in (present(dry), closed(dry))]
    store = EventStore(database, lambda: NOW, Role.ACKNOWLEDGE)
    said = birth(stream=STREAM, inventory={"lanes": {"1": {"number": 7}}})
    store.store([Message(*said), *(Message(*message(event)) for event in chain(*drafts))])
    return database


@needs_postgres
def test_a_vehicle_that_passed_is_told_once_and_no_other(stored):
    with platform(answer) as (connection, told):
        assert work(stored, connection, "9411000001") == 6
        assert work(stored, connection, "9411000001") == 0
    [text] = told
    assert f'CHNL_NO="7" I_E_TYPE="E" SEQ_NO="{SERIAL}"' in text


@needs_postgres
def test_a_vehicle_that_was_not_answered_is_told_again(stored):
    with platform(lambda _serial: b"no frame at all") as (connection, told):
        with pytest.raises(PlatformError, match="no frame begins there"):
            work(stored, connection, "9411000001")
        assert len(told) == 1
    with platform(lambda serial: answer("0" * 20) + answer(serial)) as (connection, told):
        assert work(stored, connection, "9411000001") == 5
    assert SERIAL in told[0]
    assert stored.execute("SELECT seq FROM reader_positions WHERE reader = 'customs'").fetchall() == [(6,)]
