"""How messages between the worker and its parent become bytes, and back.

A frame has three parts. First, the length of the text: 4 bytes, big endian. Then the text: JSON of at most 256 KiB with
the message and the lengths of its pictures. Then the pictures: JPEG, one after another.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.vision.worker.protocol import (
    MAX_PICTURES,
    Detection,
    FromWorker,
    PreviewFrame,
    ProtocolError,
    ReadPictures,
    SaidPlate,
    ToWorker,
    WorkerMessage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TEXT_BYTES = 256 * 1024
MAX_PICTURE_BYTES = 4 * 1024 * 1024
MAX_ALL_PICTURES_BYTES = 16 * 1024 * 1024

_LENGTH = struct.Struct(">I")
_JPEG_START = b"\xff\xd8\xff"

_Lengths = Annotated[
    tuple[Annotated[int, Field(ge=len(_JPEG_START), le=MAX_PICTURE_BYTES)], ...], Field(max_length=MAX_PICTURES)
]


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    pictures: _Lengths = ()


class _HeadFromWorker(_Head):
    message: Annotated[FromWorker, Field(discriminator="type")]


class _HeadToWorker(_Head):
    message: Annotated[ToWorker, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message with the pictures that came with it."""

    message: WorkerMessage
    pictures: tuple[bytes, ...] = ()


def encoded(message: FromWorker | ToWorker, pictures: Sequence[bytes] = ()) -> bytes:
    """One message as a frame. Raises ProtocolError when it is larger than the other end would take."""
    lengths = tuple(len(picture) for picture in pictures)
    kind = _HeadToWorker if isinstance(message, ToWorker) else _HeadFromWorker
    try:
        # Built again from plain values, so that a head is checked here by the rules of the other end.
        text = kind.model_construct(message=message, pictures=lengths).model_dump_json().encode()
        kind.model_validate_json(text)
    except ValidationError as error:
        raise ProtocolError(_first_cause(error)) from error
    if len(text) > MAX_TEXT_BYTES or sum(lengths) > MAX_ALL_PICTURES_BYTES:
        raise ProtocolError(f"a message of {len(text)} bytes with {sum(lengths)} bytes of pictures is too large")
    return b"".join((_LENGTH.pack(len(text)), text, *pictures))


class Decoder:
    """Turn bytes, in whatever pieces they come, into messages. Holds at most one frame.

    After a ProtocolError it must not be used any more: the frames' borders are lost.
    """

    def __init__(self, *, from_worker: bool) -> None:
        self._kind: type[_HeadFromWorker | _HeadToWorker] = _HeadFromWorker if from_worker else _HeadToWorker
        self._buffer = bytearray()
        self._head: _HeadFromWorker | _HeadToWorker | None = None

    def feed(self, data: bytes) -> list[Envelope]:
        """The messages that are complete with these bytes. Raises ProtocolError."""
        self._buffer += data
        complete: list[Envelope] = []
        while (envelope := self._next()) is not None:
            complete.append(envelope)
        return complete

    @property
    def inside_a_frame(self) -> bool:
        """Whether bytes of an unfinished frame are held."""
        return bool(self._buffer) or self._head is not None

    def _next(self) -> Envelope | None:
        if self._head is None:
            self._head = self._next_head()
        head = self._head
        if head is None or len(self._buffer) < sum(head.pictures):
            return None
        pictures = tuple(self._read_bytes(length) for length in head.pictures)
        if not all(picture.startswith(_JPEG_START) for picture in pictures):
            raise ProtocolError("a picture is not a JPEG")
        self._head = None
        return Envelope(head.message, pictures)

    def _next_head(self) -> _HeadFromWorker | _HeadToWorker | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if not 0 < length <= MAX_TEXT_BYTES:
            raise ProtocolError(f"a text of {length} bytes is not allowed")
        if len(self._buffer) < _LENGTH.size + length:
            return None
        del self._buffer[: _LENGTH.size]
        try:
            head = self._kind.model_validate_json(self._read_bytes(length))
        except ValidationError as error:
            raise ProtocolError(_first_cause(error)) from error
        if sum(head.pictures) > MAX_ALL_PICTURES_BYTES:
            raise ProtocolError(f"{sum(head.pictures)} bytes of pictures are not allowed")
        if isinstance(head.message, ReadPictures) and _asked(head.message) != len(head.pictures):
            raise ProtocolError("a message announces other pictures than came with it")
        if any(index >= len(head.pictures) for index in _attachments(head.message)):
            raise ProtocolError("a message names a picture that did not come with it")
        return head

    def _read_bytes(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


def _asked(message: ReadPictures) -> int:
    return message.codes + message.plates + message.vins


def _attachments(message: FromWorker | ToWorker) -> list[int]:
    """The numbers of the pictures that a message names."""
    match message:
        case Detection():
            crops = [*(plate.crop for plate in message.plates), *(vin.crop for vin in message.vins)]
            named = [message.picture, *crops]
        case PreviewFrame() | SaidPlate():
            named = [message.picture]
        case _:
            named = []
    return [index for index in named if index is not None]


def _first_cause(error: ValidationError) -> str:
    cause = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in cause['loc'])}: {cause['msg']}"[:500]
