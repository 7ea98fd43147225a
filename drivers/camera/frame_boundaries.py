"""Finds the pictures of an RTSP stream, and marks their ends, so that the video library need not wait for the next one.

RTP says with a marker which packet is the last of a picture (RFC 6184 section 5.1, RFC 7798 section 4.1). FFmpeg does
not look at it: it takes a picture for whole when it sees the next one begin, a frame period later. An access unit
delimiter (ITU-T H.264 section 7.3.2.4, H.265 section 7.3.2.5), sent after the marked packet, is such a beginning. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.camera.rtp_payload import CODECS

if TYPE_CHECKING:
    from drivers.camera.rtp_payload import Codec, Part

_FRAME_SIGN: Final = ord("$")
_FRAME_BYTES: Final = 4
_RTP_BYTES: Final = 12
_HEAD_END: Final = b"\r\n\r\n"
_MOST_HELD_BYTES: Final = 128 * 1024
"""More than the longest packet and any answer."""
_STATIC_JPEG: Final = 26
"""The payload type that means JPEG without a word (RFC 3551 section 6)."""
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d{1,6})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_MEDIUM: Final = re.compile(rb"^m=(\w+)(?:[ \t]+\S+[ \t]+\S+[ \t]+(\d{1,3})\b)?", re.MULTILINE)
_CODEC: Final = re.compile(rb"^a=rtpmap:(\d{1,3})[ \t]+(H264|H265|JPEG)/", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """An RTP packet of the video, with the four bytes before it.

    `number`, `stamp`: of RTP. `delimiter`: what was made to follow it, a packet of its own with the same number; empty
    where it does not end a picture, or pictures of its codec need none. `ends`: it ends a picture.
    """

    data: bytes
    number: int
    stamp: int
    part: Part
    ends: bool
    delimiter: bytes = b""

    def numbered(self, number: int) -> bytes:
        """Its bytes and those of its delimiter, with another number."""
        if number == self.number:
            return self.data + self.delimiter
        return b"".join(_with_number(packet, number) for packet in (self.data, self.delimiter) if packet)

    def alone(self, unit: bytes, number: int) -> bytes:
        """A packet of this time with one unit alone, and this number."""
        return _with_number(_packet(self.data, unit), number)


class FrameSplitter:
    """Follow what a camera says on one RTSP connection, with RTP in it ("interleaved", RFC 2326 section 10.12).

    Nothing is changed, only added. What cannot be followed is passed on as it is; and nothing is added any more where a
    camera sets the marker in the middle of a picture.
    """

    def __init__(self) -> None:
        self._held = b""
        self._lost = False
        self._codec: Codec | None = None
        self._payload_type = 0
        self._ended: int | None = None

    @property
    def codec(self) -> Codec | None:
        """What the video comes in; None while that is not known, or once its pictures cannot be told apart."""
        return self._codec

    def fed(self, data: bytes) -> bytes:
        """What to pass on after these bytes: all packets and answers that are whole by now."""
        return b"".join(one if isinstance(one, bytes) else one.data + one.delimiter for one in self.split(data))

    def split(self, data: bytes) -> list[bytes | VideoPacket]:
        """As `fed`, the packets of the video apart from all else."""
        if self._lost:
            return [data]
        held, place = self._held + data, 0
        out: list[bytes | VideoPacket] = []
        while place < len(held) and (end := self._end(held, place)) <= len(held):
            if held[place] == _FRAME_SIGN:
                out.append(self._followed(held[place:end]))
            else:
                self._learn(held[place:end])
                out.append(held[place:end])
            place = end
        self._held = held[place:]
        if len(self._held) > _MOST_HELD_BYTES:
            out.append(self._held)
            self._held, self._lost, self._codec = b"", True, None
        return out

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
            if medium[1] != b"video":
                continue
            following = _MEDIUM.search(answer, medium.end())
            codec = _CODEC.search(answer, medium.end(), following.start() if following else len(answer))
            if codec is not None:
                self._payload_type, self._codec = int(codec[1]), CODECS[codec[2].upper()]
                return
            if medium[2] is not None and int(medium[2]) == _STATIC_JPEG:
                self._payload_type, self._codec = _STATIC_JPEG, CODECS[b"JPEG"]
                return

    def _followed(self, packet: bytes) -> bytes | VideoPacket:
        """A packet of the video with what to add after it; all else as it is."""
        codec = self._codec
        if codec is None or len(packet) < _FRAME_BYTES + _RTP_BYTES or packet[5] & 127 != self._payload_type:
            return packet
        try:
            part = codec.part(_payload(memoryview(packet)))
        except IndexError:
            return packet
        marked, stamp = bool(packet[5] & 128), int.from_bytes(packet[8:12], "big")
        number = int.from_bytes(packet[6:8], "big")
        if part.picture and stamp == self._ended:
            self._codec = None  # the picture went on after its marker: this camera means something else by it
            return packet
        ends = marked and part.picture and part.whole
        if not ends:
            return VideoPacket(packet, number, stamp, part, ends=False)
        self._ended = stamp
        # With the number of the packet before: so all later ones keep theirs, and a receiver takes it for a repeat.
        delimiter = _packet(packet, codec.delimiter) if codec.delimiter else b""
        return VideoPacket(packet, number, stamp, part, ends=True, delimiter=delimiter)


def _packet(like: bytes, unit: bytes) -> bytes:
    """A packet of its own with this unit, and the number, time and source of another packet."""
    rtp = bytes((0x80, like[5] & 127)) + like[6:16] + unit
    return bytes((_FRAME_SIGN, like[1])) + len(rtp).to_bytes(2, "big") + rtp


def _with_number(packet: bytes, number: int) -> bytes:
    return packet[:6] + number.to_bytes(2, "big") + packet[8:]


def _payload(packet: memoryview) -> memoryview:
    """The payload of an interleaved RTP packet. Raises IndexError where the packet is too short for its own header."""
    start = _FRAME_BYTES + _RTP_BYTES + 4 * (packet[4] & 15)
    if packet[4] & 16:
        start += 4 + 4 * (packet[start + 2] << 8 | packet[start + 3])
    return packet[start:]
