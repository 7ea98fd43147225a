"""What an RTP packet holds of a picture: RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG). Pure.

The types of units: ITU-T H.264 table 7-1, H.265 table 7-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Container

_H264_TOGETHER: Final = 24
_H264_PIECE: Final = 28
_H265_TOGETHER: Final = 48
_H265_PIECE: Final = 49


@dataclass(frozen=True, slots=True)
class Part:
    """What an RTP payload holds.

    `picture`: at least a bit of one; `whole`: not only the beginning or middle of a unit. `key`: a bit of a picture
    that needs no other before it. `leading`: a bit of one that cannot be decoded where the stream is entered at the key
    picture before it (RASL). `sets`: the parameter sets in it, each a whole unit.
    """

    picture: bool = False
    whole: bool = True
    key: bool = False
    leading: bool = False
    sets: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Codec:
    """How a codec comes in RTP. `part` raises IndexError for a payload that is too short.

    `delimiter`: the unit that is how the next picture could begin; empty where pictures need none.
    """

    name: str
    part: Callable[[memoryview], Part]
    delimiter: bytes


@dataclass(frozen=True, slots=True)
class _Types:
    pictures: Container[int]
    keys: Container[int]
    sets: Container[int]
    leading: Container[int] = ()


_H264: Final = _Types(pictures=range(1, 6), keys=(5,), sets=(7, 8, 13, 15))
_H265: Final = _Types(pictures=range(32), keys=range(16, 24), sets=range(32, 35), leading=(8, 9))


def _h264(payload: memoryview) -> Part:
    kind = payload[0] & 31
    if kind == _H264_TOGETHER:  # several units together (STAP-A)
        return _of_several([(unit[0] & 31, unit) for unit in _together(payload[1:])], _H264)
    if kind == _H264_PIECE:  # a piece of one (FU-A)
        return _of_a_piece(payload[1] & 31, _H264, last=bool(payload[1] & 0x40))
    return _of_several([(kind, payload)], _H264)


def _h265(payload: memoryview) -> Part:
    kind = payload[0] >> 1 & 63
    if kind == _H265_TOGETHER:  # several units together (AP)
        return _of_several([(unit[0] >> 1 & 63, unit) for unit in _together(payload[2:])], _H265)
    if kind == _H265_PIECE:  # a piece of one (FU)
        return _of_a_piece(payload[2] & 63, _H265, last=bool(payload[2] & 0x40))
    return _of_several([(kind, payload)], _H265)


def _jpeg(payload: memoryview) -> Part:
    return Part(picture=len(payload) > 0, key=True)


def _of_several(units: list[tuple[int, memoryview]], types: _Types) -> Part:
    return Part(
        picture=any(kind in types.pictures for kind, _ in units),
        key=any(kind in types.keys for kind, _ in units),
        leading=any(kind in types.leading for kind, _ in units),
        sets=tuple(bytes(unit) for kind, unit in units if kind in types.sets),
    )


def _of_a_piece(kind: int, types: _Types, *, last: bool) -> Part:
    return Part(kind in types.pictures, last, kind in types.keys, kind in types.leading)


def _together(units: memoryview) -> list[memoryview]:
    """The units of a payload that holds several, each after its length."""
    found = []
    while len(units) > 2:  # noqa: PLR2004 - two bytes of length and one that says what it is
        size = int.from_bytes(units[:2], "big")
        if size:
            found.append(units[2 : 2 + size])
        units = units[2 + size :]
    return found


CODECS: Final = {
    b"H264": Codec("H.264", _h264, b"\x09\xf0"),
    b"H265": Codec("H.265", _h265, b"\x46\x01\x50"),
    b"JPEG": Codec("JPEG", _jpeg, b""),
}
"""By their names in the description of a stream (SDP)."""
