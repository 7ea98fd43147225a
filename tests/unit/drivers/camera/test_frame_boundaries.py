"""The end of each picture is marked as soon as it has come, and nothing else is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.frame_boundaries import FrameSplitter

SDP = (
    "v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 PCMU/8000\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\na=control:track1\r\n"
)
OTHER = 200


def described(codec="H264"):
    body = SDP.format(codec=codec)
    return f"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def rtp(payload, *, marked=False, number=1, stamp=3600, kind=96, head=0x80, channel=0):
    packet = (
        bytes((head, marked << 7 | kind)) + number.to_bytes(2, "big") + stamp.to_bytes(4, "big") + b"SSRC" + payload
    )
    return bytes((0x24, channel)) + len(packet).to_bytes(2, "big") + packet


def added(splitter, packet):
    """What was added after a packet, which must have been passed on as it was."""
    out = splitter.fed(packet)
    assert out.startswith(packet)
    return out[len(packet) :]


def knowing(codec="H264"):
    splitter = FrameSplitter()
    assert splitter.fed(described(codec)) == described(codec)
    return splitter


@pytest.mark.parametrize(
    ("codec", "payload", "ends"),
    [
        ("H264", "65 88", True),
        ("H264", "41 9a", True),
        ("H264", "67 64", False),
        ("H264", "06 05", False),
        ("H264", "7c 85 00", False),
        ("H264", "7c 05 00", False),
        ("H264", "7c 45 00", True),
        ("H264", "5c 47 00", False),
        ("H264", "78 0002 67 64 0002 65 88", True),
        ("H264", "78 0002 67 64 0002 68 88", False),
        ("h265", "26 01 af", True),
        ("H265", "02 01 d0", True),
        ("H265", "40 01 0c", False),
        ("H265", "62 01 93 00", False),
        ("H265", "62 01 53 00", True),
        ("H265", "60 01 0003 40 01 0c 0003 26 01 af", True),
        ("H265", "60 01 0003 40 01 0c", False),
    ],
)
def test_the_end_of_a_picture_is_marked_where_the_last_packet_completes_a_slice(codec, payload, ends):
    payload = bytes.fromhex(payload)
    assert added(knowing(codec), rtp(payload)) == b""
    splitter = knowing(codec)
    mark = added(splitter, rtp(payload, marked=True, number=7, stamp=90_000))
    unit = bytes.fromhex("09 f0" if codec == "H264" else "46 01 50")
    assert mark == (rtp(unit, number=7, stamp=90_000) if ends else b"")


def test_headers_with_sources_and_extensions_are_passed_over():
    extended = bytes.fromhex("aaaaaaaa bede 0001 11223344 41 9a")
    assert added(knowing(), rtp(extended, marked=True, head=0x91))


@pytest.mark.parametrize(
    "packet",
    [
        rtp(b"\x41\x9a", marked=True, kind=97, channel=2),
        rtp(b"\x41\x9a", marked=True, kind=72, channel=1),
        rtp(b"", marked=True),
        rtp(b"\x7c", marked=True),
        rtp(b"\x41", marked=True, head=0x9F),
        rtp(b"\x78\xff\xff", marked=True),
        b"\x24\x00\x00\x00",
        b"\x24\x00\x00\x04\x80\xe0\x00\x00",
    ],
    ids=["sound", "a report", "empty", "half a head", "shorter than its head", "no unit", "nothing", "a stump"],
)
def test_what_ends_no_picture_is_passed_on_alone(packet):
    assert knowing().fed(packet) == packet


def test_a_camera_that_marks_the_middle_of_a_picture_is_left_alone_from_then_on():
    splitter = knowing()
    assert added(splitter, rtp(b"\x65\x88", marked=True, number=1))
    for number in range(2, 9):
        assert added(splitter, rtp(b"\x65\x88", marked=True, number=number, stamp=3600 * (number // 2))) == b""


def test_what_comes_after_a_picture_with_its_time_does_not_belong_to_it():
    splitter = knowing()
    assert added(splitter, rtp(b"\x65\x88", marked=True))
    assert added(splitter, rtp(b"\x06\x05")) == b""
    assert added(splitter, rtp(b"\x41\x9a", marked=True, stamp=7200))


def test_a_stream_of_another_codec_is_passed_on_as_it_is():
    splitter = knowing("JPEG")
    assert added(splitter, rtp(b"\x65\x88", marked=True)) == b""


def test_what_is_no_rtsp_is_passed_on_whole_and_for_good():
    splitter = FrameSplitter()
    noise = b"x" * (OTHER * 1024)
    assert splitter.fed(noise) == noise
    assert splitter.fed(described()) == described()
    assert splitter.fed(rtp(b"\x65\x88", marked=True)) == rtp(b"\x65\x88", marked=True)


STREAM = (
    described()
    + b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"
    + rtp(b"\x67\x64", marked=True)
    + rtp(b"\x7c\x85" + bytes(1200))
    + rtp(b"\x7c\x45" + bytes(300), marked=True, number=2)
    + rtp(b"\x41" + bytes(80), marked=True, number=3, stamp=7200)
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=20).map(sorted))
def test_it_does_not_matter_how_the_bytes_are_cut(cuts):
    splitter = FrameSplitter()
    pieces = zip([0, *cuts], [*cuts, len(STREAM)], strict=True)
    assert b"".join(splitter.fed(STREAM[begin:end]) for begin, end in pieces) == FrameSplitter().fed(STREAM)


@given(st.lists(st.binary(max_size=300), max_size=10), st.booleans())
def test_no_bytes_break_it_and_none_are_lost(pieces, known):
    splitter = knowing() if known else FrameSplitter()
    out = b"".join(splitter.fed(piece) for piece in pieces) + splitter.fed(b"\x24\x00\xff\xff" + bytes(70_000))
    end = splitter.fed(bytes(OTHER * 1024))
    given_in = sum(map(len, pieces)) + 4 + 70_000 + OTHER * 1024
    assert len(out) + len(end) >= given_in - 128 * 1024
