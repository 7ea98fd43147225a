"""The ports that every driver fills, the values that cross them, and the errors they may raise.

Errors form a tree of two branches, and a supervisor looks at nothing else:

    DeviceError
     +-- DeviceUnavailableError    trying again may help   (unplugged, no answer, stream ended, wrong bytes)
     +-- DeviceMisconfiguredError  trying again will not   (no such channel, not this kind of board)

Of failed requests, NotSentError says that it never left this computer; its TooLateError, that the device is not
even lost; and RecordingUnusableError, that the recording is at fault and not the device.

Any other exception that leaves a driver is a bug of that driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt


class DeviceError(Exception):
    """A device did not do what was asked of it."""


class DeviceUnavailableError(DeviceError):
    """The device is away or does not answer properly; trying again may help."""


class NotSentError(DeviceUnavailableError):
    """No byte of the request left this computer: the device cannot have acted."""


class TooLateError(NotSentError):
    """The order was over before its first byte could leave: nothing was sent, and the device is not lost by that."""


class DeviceMisconfiguredError(DeviceError):
    """The device cannot do this as configured; trying again will not help."""


class DeviceLockingError(DeviceMisconfiguredError):
    """The device refuses the user or password, and may lock a user who tries often."""


class RecordingUnusableError(DeviceMisconfiguredError):
    """The recording cannot be played as it is; nothing is wrong with the sound device."""


class Delivery(StrEnum):
    """What the driver knows about a command that was sent to a relay board.

    UNKNOWN means that the command may or may not have had its effect: it must never be repeated blindly.
    """

    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RelayCapabilities:
    """What a relay board can do.

    `hardware_pulse`: the board itself switches off after the pulse, also when the computer dies meanwhile.
    `pulse_step_ms`: resolution of the hardware pulse; 0 without one.
    `read_back`: the state of the relays can be asked for.
    `linked_inputs`: as it comes, and for a moment after a loss of power, its input n drives its relay n.
    """

    channels: int
    hardware_pulse: bool
    pulse_step_ms: int
    read_back: bool
    linked_inputs: bool = False


class RelayPort(Protocol):
    """A relay board. Not thread-safe: one thread owns it. Channels count from 1.

    Every method but `close` may raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. `pulse` and `set`
    report the result of the command as a `Delivery` wherever they can tell; they raise only when nothing was sent.

    `deadline` (monotonic s): after it nothing may be switched on any more. It is compared when all waiting is over, for
    a shared line too, right before the first byte of the command: after it `TooLateError` is raised, and the port
    continues unchanged. A release has none: it is sent whenever it can be.
    """

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        ...

    def open(self) -> str:
        """Connect, prove that the board is the expected kind as far as it allows, and return its identity.

        Moves no relay.
        """
        ...

    def close(self) -> None:
        """Let the port go. Never raises and may be called twice."""
        ...

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:
        """Energise the relay for `duration_ms`, timed by the board.

        Raises DeviceMisconfiguredError on a board without a hardware pulse.
        """
        ...

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and verify it by reading back where the board can.

        Switched on and read back released is UNKNOWN: the relay may have been on for a moment.
        """
        ...

    def all_off(self) -> Delivery:
        """Release every relay of the board."""
        ...

    def state(self) -> tuple[bool, ...] | None:
        """Ask the board which relays are energised; None where it cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class InputSample:
    """The digital inputs at one time. `bits[0]` is input 1; None means unknown. `at` is monotonic seconds."""

    bits: tuple[bool | None, ...]
    at: float


class InputPort(Protocol):
    """A board with digital inputs. Not thread-safe: one thread owns it.

    `open` and `sample` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`.
    """

    def open(self) -> str:
        """Connect and return the identity of the board."""
        ...

    def close(self) -> None:
        """Let the port go. Never raises and may be called twice."""
        ...

    def sample(self) -> InputSample:
        """Read all inputs now."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One text that a scanner read: the bytes of the code. `at`: when its last byte came, in monotonic seconds."""

    payload: bytes
    at: float


@dataclass(frozen=True, slots=True)
class ScanLosses:
    """How many texts a scanner port has dropped since it was made, each as a whole.

    `overlong`: longer than allowed. `unfinished`: no end of the text came. `unmarked`: without the prefix that each
    text must have. `crowded`: more came than were read.
    """

    overlong: int = 0
    unfinished: int = 0
    unmarked: int = 0
    crowded: int = 0


class ScannerPort(Protocol):
    """A QR scanner. Not thread-safe: one thread owns it.

    `open` and `read` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. After an error of `read` the scanner
    must be closed and opened again before the next `read`. Half a text does not outlive a loss of the scanner.
    """

    @property
    def losses(self) -> ScanLosses:
        """What was dropped so far."""
        ...

    def open(self) -> str:
        """Connect and return the identity of the scanner."""
        ...

    def close(self) -> None:
        """Let the port go. Never raises and may be called twice."""
        ...

    def read(self, timeout_s: float) -> Scan | None:
        """Return the next text as it came, whatever its bytes are; None when none is complete within `timeout_s`."""
        ...


@dataclass(frozen=True, slots=True)
class CameraDetails:
    """What a camera delivers once it is open. `frame_rate_hz` is 0 when the source does not say.

    `note`: what it cannot do, though it was asked for.
    """

    width_px: int
    height_px: int
    frame_rate_hz: float
    backend: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: `pixels` of shape (height, width, 3), BGR, 8 bit; `at` is the monotonic time of its arrival.

    `behind_s`: how much later than others of its stream it came, measured by the stamps of the stream; 0 where it has
    none.
    """

    pixels: npt.NDArray[np.uint8]
    at: float
    behind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraNeeds:
    """What of the machine a camera's driver must reach; everything else may be barred to the process that runs it.

    `files`: files to read; of a folder all that is below it. `devices`: device nodes to read, write and control.
    `listed`: folders whose names may be read, and no file in them.
    `tcp_ports`: to connect to. `names`: whether a host must be looked up by its name. `datagrams`: whether the pictures
    come in datagrams (UDP). `own_port`: a TCP port of 127.0.0.1 at which the driver listens already and to which it
    connects.
    """

    files: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    tcp_ports: tuple[int, ...] = ()
    names: bool = False
    datagrams: bool = False
    own_port: int | None = None
    listed: tuple[Path, ...] = ()


class CameraPort(Protocol):
    """A source of frames. Not thread-safe: one thread owns it.

    `open` and `read` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. After an error of `read` the
    camera must be closed and opened again before the next `read`.
    """

    def open(self) -> CameraDetails:
        """Connect to the source."""
        ...

    def close(self) -> None:
        """Let the source go. Never raises and may be called twice."""
        ...

    def read(self) -> Frame:
        """Block until the next frame and return it.

        Raises EndOfStreamError at the end of a finite source.
        """
        ...


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What has come on the connection that is open now.

    `came`: so many pictures, decoded or not, the newest at `came_at`, monotonic. `resting`: only some are decoded.
    `hindrance`: why that cannot be, though it is wanted. `key_gap_s`: by how much the last two pictures came apart that
    can be decoded at rest, as far as that is known.
    """

    came: int
    came_at: float | None
    resting: bool
    hindrance: str = ""
    key_gap_s: float = 0.0


@runtime_checkable
class RestingPort(Protocol):
    """What a camera also offers that need not decode each of its pictures. For any thread."""

    def rest(self, wanted: bool) -> None:
        """Have `read` return a picture now and then only, about one a second, as soon as the stream allows it.

        False: every picture again, at once from those on that have come already, the newest first.
        """
        ...

    def stream_figures(self) -> StreamFigures | None:
        """What has come so far; None where every picture is decoded, so that `read` tells it."""
        ...


@runtime_checkable
class SecondStreamPort(Protocol):
    """What a camera also offers that may have a second, small stream, to be looked at while its first one rests."""

    def second(self) -> CameraPort | None:
        """The second stream as a camera of its own, which is not open; None where none is set."""
        ...


@runtime_checkable
class ExposurePort(Protocol):
    """What a camera also offers whose exposure can be set from here. For the thread that owns the open camera."""

    def can_expose(self) -> bool:
        """Whether the camera that is open now allows it. Moves nothing."""
        ...

    def expose(self, share: float | None) -> float:
        """Take this share of the light that the camera's automatic takes; None leaves it to the automatic again.

        Returns the share that was reached, which the camera's range bounds; 1 with None. Raises
        DeviceMisconfiguredError on a camera whose exposure cannot be set, DeviceUnavailableError on one that is lost.
        """
        ...


class SignColour(StrEnum):
    """The colour of a text on a sign. A sign that has one colour shows all texts in that."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"


@dataclass(frozen=True, slots=True)
class SignLine:
    """One line of a sign, from the top."""

    text: str
    colour: SignColour = SignColour.YELLOW


@dataclass(frozen=True, slots=True)
class SignPage:
    """What a sign shows at one time. Lines that the sign has and the page has not are dark.

    `dark_after_s`: by then at the latest the sign itself has taken the page off, also when the computer has died.
    `spoken`: for a sign that speaks; empty: nothing is said.
    """

    lines: tuple[SignLine, ...]
    dark_after_s: int
    spoken: str = ""


class SignTimer(StrEnum):
    """How sure it is that a sign takes a page off by itself.

    NONE: it does not. INFERRED: it has a time and a number of repetitions; what follows them is concluded from that.
    DOCUMENTED: its protocol has a time for just that.
    """

    NONE = "none"
    INFERRED = "inferred"
    DOCUMENTED = "documented"


class SignProof(StrEnum):
    """What a `show` that raised nothing proves.

    NOTHING: the bytes left this computer. LINE: the sign was there and answered. PAGE: it has accepted this very page.
    """

    NOTHING = "nothing"
    LINE = "line"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class SignCapabilities:
    """What a sign can show.

    `columns`: characters of half a square each (a Latin letter takes one, a Chinese or, in GBK, a Cyrillic one two).
    `scrolls`: a longer line moves through, or comes part by part. `speaks`: it says texts aloud. `timer`: whether it
    goes dark by itself. `longest_s`: the longest time that it keeps a page. `proof`: what is known of a page that was
    sent.
    """

    lines: int
    columns: int
    scrolls: bool
    speaks: bool
    timer: SignTimer
    longest_s: int
    proof: SignProof = SignProof.NOTHING


class SignPort(Protocol):
    """A sign for the driver. Not thread-safe: one thread owns it. It never moves a barrier, whatever else it could do.

    `open` and `show` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. After the first of them the sign
    must be closed and opened again before the next `show`; the previous page, or a part of the new one, may be on it.
    """

    @property
    def capabilities(self) -> SignCapabilities:
        """What this sign can show."""
        ...

    def can_show(self, text: str) -> bool:
        """Whether the sign has every character of this text, and room for it. Asks no device."""
        ...

    def can_speak(self, text: str) -> bool:
        """Whether the sign can say this text aloud. Asks no device."""
        ...

    def open(self) -> str:
        """Connect, prove that it is such a sign as far as it allows, and return its identity. Changes nothing on it."""
        ...

    def close(self) -> None:
        """Let the port go. Never raises and may be called twice. The page goes dark by the sign's own timer."""
        ...

    def show(self, page: SignPage) -> None:
        """Show this page in place of the one before; an empty one makes the sign dark. Writes no flash memory.

        Raises DeviceMisconfiguredError for a text that `can_show` or `can_speak` denies, and for a time that is none or
        longer than `longest_s`: nothing is sent then.
        """
        ...


class VoicePort(Protocol):
    """Recorded speech on a sound device. Not thread-safe: one thread owns it.

    `open` and `play` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. After a DeviceUnavailableError it
    must be closed and opened again before the next `play`.
    """

    def open(self) -> str:
        """Look that the sound device is there, and return its identity. Makes no sound."""
        ...

    def close(self) -> None:
        """End what is played and let the device go. Never raises and may be called twice."""
        ...

    def play(self, recording: Path) -> None:
        """Begin to play this recording; one that is played is cut off. Returns once it has begun.

        Raises RecordingUnusableError for one that cannot be played: the port continues, and plays the next.
        """
        ...

    def is_playing(self) -> bool:
        """Whether a recording is being played. Raises DeviceUnavailableError where one ended before its time."""
        ...


@dataclass(frozen=True, slots=True)
class WitnessedPlate:
    """A plate that a camera read by itself. All of it is what the camera says, and proves nothing alone.

    `confidence`: 0..1. `at`: when it came, in monotonic seconds. `lane`: the camera's own number of the lane, or None.
    `country`, `kind`, `colour`: the camera's own words, printable and bounded. `picture`: a JPEG, or None.
    """

    text: str
    confidence: float
    at: float
    lane: int | None = None
    country: str = ""
    kind: str = ""
    colour: str = ""
    picture: bytes | None = None


class WitnessPort(Protocol):
    """A camera that reads plates by itself. Not thread-safe: one thread owns it.

    `open` and `read` raise `DeviceUnavailableError` or `DeviceMisconfiguredError`. After an error of `read` it must be
    closed and opened again before the next `read`.
    """

    def open(self) -> str:
        """Connect, log in and return the identity of the camera."""
        ...

    def close(self) -> None:
        """Let the camera go. Never raises and may be called twice."""
        ...

    def read(self, timeout_s: float) -> WitnessedPlate | None:
        """Return the next plate; None when none came within `timeout_s` and the camera is still there."""
        ...


class EndOfStreamError(DeviceUnavailableError):
    """A finite source, a clip or a folder, has no further frame."""
