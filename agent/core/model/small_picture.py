"""A small picture inside a large one: for lists, so that nobody has to decode or shrink the large one for them.

It lies in the head of the JPEG file, where JFIF 1.02 has its place for it (the extension segment JFXX, coded as JPEG).
So it is kept, sent, proved by the same hash and erased with its picture.
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
MOST_BYTES: Final = 0xFFFF - _LENGTH_BYTES - len(_JFXX)
"""More does not fit into one segment."""


def with_small_picture(jpeg: bytes, small: bytes) -> bytes:
    """The picture with a small one of it inside; as it is where it begins in another way, or the small one is large."""
    if not jpeg.startswith(_JFIF) or len(small) > MOST_BYTES:
        return jpeg
    length = (_LENGTH_BYTES + len(_JFXX) + len(small)).to_bytes(_LENGTH_BYTES, "big")
    head = _JFIF + _VERSION + jpeg[len(_JFIF) + len(_VERSION) : _HEAD_BYTES]
    return b"".join((head, _SEGMENT, length, _JFXX, small, jpeg[_HEAD_BYTES:]))


def small_picture_of(jpeg: bytes) -> bytes | None:
    """The small picture inside one; None without. Nothing is decoded: the bytes may be a stranger's."""
    start = _HEAD_BYTES + len(_SEGMENT) + _LENGTH_BYTES
    if not jpeg.startswith(_JFIF) or jpeg[_HEAD_BYTES : _HEAD_BYTES + len(_SEGMENT)] != _SEGMENT:
        return None
    end = _HEAD_BYTES + len(_SEGMENT) + int.from_bytes(jpeg[start - _LENGTH_BYTES : start], "big")
    segment = jpeg[start:end]
    small = segment.removeprefix(_JFXX)
    return small if len(small) < len(segment) and end <= len(jpeg) and small.startswith(_BEGIN) else None
