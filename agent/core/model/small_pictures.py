"""Small pictures inside a large one, for lists: no one needs to decode or shrink the large one.

They are in the header of the JPEG file, in the place that JFIF 1.02 defines (extension segments JFXX, coded as JPEG).
So they are kept, sent, hashed and erased with their picture.
"""

from __future__ import annotations

from typing import Final

_JFIF: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
_VERSION: Final = b"\x01\x02"
_HEAD_BYTES: Final = 20
"""The mark of a beginning and the segment JFIF, which has 16 bytes where it has no pixels of its own."""
_SEGMENT: Final = b"\xff\xe0"
_JFXX: Final = b"JFXX\x00\x10"
"""The name of the extension, and that it is a JPEG file."""
_BEGIN: Final = b"\xff\xd8\xff"
_LENGTH_BYTES: Final = 2
_MOST_BYTES: Final = 0xFFFF - _LENGTH_BYTES - len(_JFXX)
"""More does not fit into one segment."""
_MOST: Final = 2


def with_small_pictures(jpeg: bytes, *small: bytes) -> bytes:
    """The picture with small ones of it inside, two at most; as it is where it begins otherwise, or one is large."""
    if not jpeg.startswith(_JFIF) or len(small) > _MOST or any(len(one) > _MOST_BYTES for one in small):
        return jpeg
    head = _JFIF + _VERSION + jpeg[len(_JFIF) + len(_VERSION) : _HEAD_BYTES]
    return b"".join((head, *map(_segment, small), jpeg[_HEAD_BYTES:]))


def small_pictures_of(jpeg: bytes) -> tuple[bytes, ...]:
    """The small pictures inside one, as they were given. Nothing is decoded: the bytes may be a stranger's."""
    found: list[bytes] = []
    start = _HEAD_BYTES if jpeg.startswith(_JFIF) else len(jpeg)
    while len(found) < _MOST and jpeg[start : start + len(_SEGMENT)] == _SEGMENT:
        begin = start + len(_SEGMENT)
        end = begin + int.from_bytes(jpeg[begin : begin + _LENGTH_BYTES], "big")
        segment = jpeg[begin + _LENGTH_BYTES : end]
        if end > len(jpeg) or not segment.startswith(_JFXX + _BEGIN):
            break
        found.append(segment.removeprefix(_JFXX))
        start = end
    return tuple(found)


def _segment(small: bytes) -> bytes:
    length = (_LENGTH_BYTES + len(_JFXX) + len(small)).to_bytes(_LENGTH_BYTES, "big")
    return _SEGMENT + length + _JFXX + small
