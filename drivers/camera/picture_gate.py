"""Decides which pictures of a stream go on to the decoder: all, or at rest only those that need no other.

At rest the packets since the last key picture are held, undecoded; who is to look gets them at once. The newest picture
counts: where the decoder is behind, what waits gives way to the next key picture. Pure; times are monotonic seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from drivers.camera.stream_habits import RATE_HZ, RESTLESS_S, StreamHabits

if TYPE_CHECKING:
    from drivers.camera.frame_boundaries import VideoPacket

REST_EVERY_S: Final = 0.9
"""At rest a key picture is passed on no more often than that, for long: cameras that send nothing else send 25 a
second.
"""
MOST_AT_ONCE: Final = 3.0
"""So many may follow one another sooner: a camera makes a key picture out of turn where the scene changes."""
MOST_HELD_BYTES: Final = 8 * 1024 * 1024
MOST_WAITING: Final = 8
"""More pictures than that do not wait for the decoder; some are always under way in it."""
FEW_WAITING: Final = 1
STUCK_S: Final = 1.0
"""Where the decoder that is asked gives nothing for so long, what it was given comes with what follows, or never."""
STIR_S: Final = 1.5
"""For so long all pictures are passed on after their sizes have leapt."""
_STAMPS: Final = 1 << 32
_NUMBERS: Final = 1 << 16
_ROUNDING: Final = 2


@dataclass(slots=True)
class _Picture:
    """An access unit, and what stands before it: parameter sets and the like.

    `packets`: those that are held. `delimited`: the last one was followed by a delimiter.
    """

    held: bool
    packets: list[VideoPacket] = field(default_factory=list)
    stamp: int | None = None
    key: bool = False
    leading: bool = False
    ended: bool = False
    delimited: bool = False
    bytes: int = 0

    def add(self, packet: VideoPacket) -> None:
        if self.held:
            self.packets.append(packet)
        self.delimited = bool(packet.delimiter)
        self.bytes += len(packet.data)
        if packet.part.picture:
            self.stamp = packet.stamp
            self.key |= packet.part.key
            self.leading |= packet.part.leading
            self.ended |= packet.ends


@dataclass(frozen=True, slots=True)
class _Passed:
    """A picture that went to the decoder. `stamp`: its time in RTP; `told`: the one by which the decoder calls it."""

    stamp: int
    told: int


class _Numbers:
    """The numbers of packets as they are passed on: without a gap where some were left out."""

    def __init__(self) -> None:
        self._in: int | None = None
        self._out = 0
        self.skipped = False
        """Whether packets were left out since the last one."""

    def next(self, number: int) -> int:
        """The number of the next packet, which came with this one. What was lost on the way stays a gap."""
        if self._in is None:
            self._out = number
        else:
            self._out = (self._out + (1 if self.skipped else number - self._in)) % _NUMBERS
        self._in, self.skipped = number, False
        return self._out

    def one_more(self) -> int:
        """The number of a packet that did not come by itself."""
        self._out = (self._out + 1) % _NUMBERS
        return self._out

    def skip(self) -> None:
        """Note that packets are left out."""
        self.skipped = self._in is not None


class PictureGate:
    """The pictures of one connection. Every method gives the bytes to pass on now."""

    def __init__(self) -> None:
        self._resting = False
        self._begun: _Picture | None = None
        self._held: list[_Picture] = []
        self._held_bytes = 0
        self._waiting: deque[_Passed] = deque()
        self._moved_at = 0.0
        self._asked_at: float | None = None
        self._opened = False
        self._numbers = _Numbers()
        self._habits = StreamHabits()
        self._first_stamp: int | None = None
        self._told_base: int | None = None
        self._delimited: int | None = None
        self._entered = False
        self._allowed = MOST_AT_ONCE
        self._allowed_at = 0.0
        self._restless_until = 0.0
        self.came = 0
        self.came_at: float | None = None

    @property
    def resting(self) -> bool:
        """Whether only some of the pictures are passed on."""
        return self._resting

    @property
    def waiting(self) -> int:
        """How many pictures were passed on and not taken."""
        return len(self._waiting)

    def hindrance(self, at: float) -> str:
        """Why this stream cannot rest, for whoever sets up the camera; "" where it can."""
        return self._habits.hindrance(at)

    @property
    def key_gap_s(self) -> float:
        """By how much the last two key pictures came apart."""
        return self._habits.key_gap_s

    @property
    def full(self) -> bool:
        """Whether no more can be held: the camera must wait."""
        return self._held_bytes > 2 * MOST_HELD_BYTES

    def rest(self, at: float) -> bool:
        """Pass on a picture now and then, as soon as that can be done with this stream; whether it is done.

        To be asked again and again, by who takes the pictures and does not wait for one.
        """
        self._resting = self._resting or self._can_rest(at)
        return self._resting

    def wake(self) -> bytes:
        """Pass on all pictures, those first that were held since the last key picture."""
        self._habits.confirm()
        return self._woken()

    def fed(self, packet: VideoPacket, at: float) -> bytes:
        """Take a packet that came at this time."""
        out = b""
        begun = self._begun
        if begun is not None and packet.part.picture and begun.stamp not in (None, packet.stamp):
            self._habits.note_unmarked(at)
            out += self._closed(begun, at)
        if self._begun is None:
            self._begun = _Picture(held=self._holds())
        self._begun.add(packet)
        if not self._begun.held:
            out += self._passed(packet)
        if not packet.ends and self._begun.bytes > MOST_HELD_BYTES:
            self._habits.note_unmarked(at)
            out += self._closed(self._begun, at)
        elif packet.ends:
            out += self._closed(self._begun, at)
        return out + self._unstuck(at)

    def lost(self) -> bytes:
        """All that is held: the stream can no longer be followed."""
        begun, self._begun = self._begun, None
        out = self._woken()
        if begun is not None:
            out += b"".join(map(self._passed, begun.packets))
        self._waiting.clear()
        return out

    def asked(self, at: float) -> None:
        """Note that the decoder is asked for a picture, and will give one as soon as it has one."""
        self._asked_at, self._opened = at, True

    def took(self, position_ms: float, at: float) -> tuple[float | None, bytes]:
        """Note that the decoder gave a picture, which it says is at this place of the stream.

        With the picture's time in the stream in seconds; None where it cannot be told which it is.
        """
        self._asked_at = None
        found = self._called(position_ms)
        if found is None:
            if self._waiting:
                self._waiting.popleft()
            return None, self._due(at)
        while self._waiting.popleft() is not found:
            pass
        return (found.stamp - (self._first_stamp or 0)) % _STAMPS / RATE_HZ, self._due(at)

    # ------------------------------------------------------------------------------------------------ pictures

    def _holds(self) -> bool:
        # A library that opens the stream looks at some pictures first, and gives none.
        behind = self._opened and len(self._waiting) >= MOST_WAITING
        return self._resting or bool(self._held) or behind

    def _closed(self, picture: _Picture, at: float) -> bytes:
        """Deal with a picture that is whole."""
        self._begun = None
        self.came += 1
        self.came_at = at
        leapt = self._habits.note_picture(at, stamp=picture.stamp, key=picture.key, size_bytes=picture.bytes)
        if leapt and self._resting:
            self._restless_until = at + STIR_S
        if not picture.held:
            self._note_passed(picture, at)
            return b""
        out = b""
        if picture.key:
            out = self._dropped(self._held)
            self._held, self._held_bytes, self._entered = [], 0, self._numbers.skipped
        if picture.leading and self._entered:
            return out + self._dropped([picture])
        self._held.append(picture)
        self._held_bytes += picture.bytes
        return out + self._due(at)

    def _due(self, at: float) -> bytes:
        """Pass on what may be: a key picture at rest, all once the decoder has taken what it had."""
        if not self._resting:
            return self._flushed(at) if len(self._waiting) <= FEW_WAITING else b""
        if not self._can_rest(at):
            return self._woken(at)
        if not self._held or not self._held[0].key or self._waiting or not self._allows(at):
            return b""
        first = self._held.pop(0)
        self._held_bytes -= first.bytes
        return self._passed_whole(first, at)

    def _allows(self, at: float) -> bool:
        """Whether it is time for a picture at rest: a token bucket."""
        self._allowed = min(MOST_AT_ONCE, self._allowed + (at - self._allowed_at) / REST_EVERY_S)
        self._allowed_at = at
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True

    def _woken(self, at: float | None = None) -> bytes:
        self._resting = False
        return self._flushed(at)

    def _flushed(self, at: float | None = None) -> bytes:
        held, self._held, self._held_bytes = self._held, [], 0
        return b"".join(self._passed_whole(one, at) for one in held)

    def _unstuck(self, at: float) -> bytes:
        """Where a decoder keeps a picture until it has seen more, or can make nothing of it, it gets all."""
        if not self._waiting or self._asked_at is None or at - max(self._asked_at, self._moved_at) < STUCK_S:
            return b""
        self._waiting.clear()
        self._restless_until = at + RESTLESS_S
        return self._woken(at)

    def _can_rest(self, at: float) -> bool:
        return at >= self._restless_until and self._held_bytes <= MOST_HELD_BYTES and self._habits.suit(at)

    # ------------------------------------------------------------------------------------------------ bytes

    def _passed_whole(self, picture: _Picture, at: float | None) -> bytes:
        self._note_passed(picture, at)
        return b"".join(map(self._passed, picture.packets))

    def _note_passed(self, picture: _Picture, at: float | None) -> None:
        own = picture.stamp
        if own is None or not picture.ended:
            return
        told, self._delimited = self._delimited, own if picture.delimited else None
        if not self._waiting:
            self._moved_at = (self.came_at or 0.0) if at is None else at
        self._waiting.append(_Passed(own, own if told is None else told))

    def _passed(self, packet: VideoPacket) -> bytes:
        if self._first_stamp is None:
            self._first_stamp = packet.stamp
        return packet.numbered(self._numbers.next(packet.number))

    def _dropped(self, pictures: list[_Picture]) -> bytes:
        """Leave pictures out, but not the parameter sets in them, which later ones may need."""
        if not pictures:
            return b""
        self._numbers.skip()
        sets = {unit: packet for picture in pictures for packet in picture.packets for unit in packet.part.sets}
        return b"".join(packet.alone(unit, self._numbers.one_more()) for unit, packet in sets.items())

    def _called(self, position_ms: float) -> _Passed | None:
        """The picture that the decoder calls so. It counts from its first one, which is the oldest that waits then."""
        if not self._waiting:
            return None
        place = round(position_ms * RATE_HZ / 1000)
        if self._told_base is None:
            self._told_base = self._waiting[0].told - place
        told = self._told_base + place
        return next((one for one in self._waiting if (one.told - told + _ROUNDING) % _STAMPS <= 2 * _ROUNDING), None)
