"""Marks where each picture of an RTSP stream ends, so that the video library need not wait for the next one to begin.

RTP says with a marker which packet is the last of a picture (RFC 6184 section 5.1, RFC 7798 section 4.1). FFmpeg does
not look at it: it takes a picture for whole when it sees the next one begin, a frame period later. An access unit
delimiter (ITU-T H.264 section 7.3.2.4, H.265 section 7.3.2.5), sent after the marked packet, is such a beginning. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_FRAME_SIGN: Final = ord("$")
_FRAME_BYTES: Final = 4
_RTP_BYTES: Final = 12
_HEAD_END: Final = b"\r\n\r\n"
_MOST_HELD_BYTES: Final = 128 * 1024
"""More than the longest packet and any answer."""
_H264_PICTURES: Final = range(1, 6)
_H265_PICTURES: Final = range(32)
"""The types of units that are of a picture itself (VCL)."""
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d{1,6})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_MEDIUM: Final = re.compile(rb"^m=(\w+)", re.MULTILINE)
_CODEC: Final = re.compile(rb"^a=rtpmap:(\d{1,3})[ \t]+(H264|H265)/", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Part:
    """What an RTP payload holds.

    `picture`: at least a bit of one; `whole`: not only the beginning or middle of a unit.
    """

    picture: bool
    whole: bool


def _h264(payload: memoryview) -> _Part:
    match payload[0] & 31:
        case 24:  # several units together (STAP-A)
            return _Part(any(one[0] & 31 in _H264_PICTURES for one in _together(payload[1:])), whole=True)
        case 28:  # a piece of one (FU-A)
            return _Part(payload[1] & 31 in _H264_PICTURES, bool(payload[1] & 0x40))
        case kind:
            return _Part(kind in _H264_PICTURES, whole=True)


def _h265(payload: memoryview) -> _Part:
    match payload[0] >> 1 & 63:
        case 48:  # several units together (AP)
            return _Part(any(one[0] >> 1 & 63 in _H265_PICTURES for one in _together(payload[2:])), whole=True)
        case 49:  # a piece of one (FU)
            return _Part(payload[2] & 63 in _H265_PICTURES, bool(payload[2] & 0x40))
        case kind:
            return _Part(kind in _H265_PICTURES, whole=True)


def _together(units: memoryview) -> list[memoryview]:
    """The units of a payload that holds several, each after its length."""
    found = []
    while len(units) > 2:  # noqa: PLR2004 - two bytes of length and one that says what it is
        size = int.from_bytes(units[:2], "big")
        if size:
            found.append(units[2 : 2 + size])
        units = units[2 + size :]
    return found


@dataclass(frozen=True, slots=True)
class _Codec:
    part: Callable[[memoryview], _Part]
    delimiter: bytes


_CODECS: Final = {b"H264": _Codec(_h264, b"\x09\xf0"), b"H265": _Codec(_h265, b"\x46\x01\x50")}


class FrameSplitter:
    """Follow what a camera says on one RTSP connection, with RTP in it ("interleaved", RFC 2326 section 10.12).

    Nothing is changed, only added. What cannot be followed is passed on as it is; and nothing is added any more where a
    camera sets the marker in the middle of a picture.
    """

    def __init__(self) -> None:
        self._held = b""
        self._lost = False
        self._codec: _Codec | None = None
        self._payload_type = 0
        self._ended: bytes | None = None

    def fed(self, data: bytes) -> bytes:
        """What to pass on after these bytes: all packets and answers that are whole by now."""
        if self._lost:
            return data
        held, place = self._held + data, 0
        view = memoryview(held)
        out: list[bytes | memoryview] = []
        while place < len(held) and (end := self._end(held, place)) <= len(held):
            if held[place] == _FRAME_SIGN:
                out += [view[place:end], self._delimiter(view[place:end])]
            else:
                self._learn(held[place:end])
                out.append(view[place:end])
            place = end
        self._held = held[place:]
        if len(self._held) > _MOST_HELD_BYTES:
            out.append(self._held)
            self._held, self._lost = b"", True
        return b"".join(out)

    def _end(self, held: bytes, place: int) -> int:
        """Where the packet or answer that begins here ends; beyond what is held while that is not known."""
        if held[place] == _FRAME_SIGN:
            return place + _FRAME_BYTES + int.from_bytes(held[place + 2 : place + 4], "big")
        head_end = held.find(_HEAD_END, place)
        if head_end < 0:
            return len(held) + 1
        length = _LENGTH.search(held, place, head_end + 2)
        return head_end + len(_HEAD_END) + (int(length[1]) if length else 0)

    def _learn(self, answer: bytes) -> None:
        """Note how the video comes, where this is the answer that describes the stream (SDP, RFC 8866)."""
        for medium in _MEDIUM.finditer(answer):
            following = _MEDIUM.search(answer, medium.end())
            codec = _CODEC.search(answer, medium.end(), following.start() if following else len(answer))
            if medium[1] == b"video" and codec is not None:
                self._payload_type, self._codec = int(codec[1]), _CODECS[codec[2].upper()]
                return

    def _delimiter(self, packet: memoryview) -> bytes:
        """What to add after a packet: an RTP packet of its own, or nothing."""
        if self._codec is None or len(packet) < _FRAME_BYTES + _RTP_BYTES or packet[5] & 127 != self._payload_type:
            return b""
        marked, stamp = bool(packet[5] & 128), bytes(packet[8:12])
        if not marked and stamp != self._ended:
            return b""
        try:
            part = self._codec.part(_payload(packet))
        except IndexError:
            return b""
        if part.picture and stamp == self._ended:
            self._codec = None  # the picture went on after its marker: this camera means something else by it
            return b""
        if not (marked and part.picture and part.whole):
            return b""
        self._ended = stamp
        # With the number of the packet before: so all later ones keep theirs, and a receiver takes it for a repeat.
        rtp = bytes((0x80, self._payload_type)) + packet[6:16] + self._codec.delimiter
        return bytes((_FRAME_SIGN, packet[1])) + len(rtp).to_bytes(2, "big") + rtp


def _payload(packet: memoryview) -> memoryview:
    """The payload of an interleaved RTP packet. Raises IndexError where the packet is too short for its own header."""
    start = _FRAME_BYTES + _RTP_BYTES + 4 * (packet[4] & 15)
    if packet[4] & 16:
        start += 4 + 4 * (packet[start + 2] << 8 | packet[start + 3])
    return packet[start:]
