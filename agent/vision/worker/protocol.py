"""What the vision worker and its parent say to each other over a socket pair; what a second reader and a witness say.

Both ends check everything: a process that touches foreign pixels may have been taken over. How a message becomes
bytes stands in agent.vision.worker.wire. Knows neither cv2 nor numpy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from agent.core.detail import Detail as SpokenDetail
from agent.core.detail import DetailMessage, WithDetail
from agent.core.model import View, VinSource
from agent.core.plates import MOST_BYTES, Country, Doubt, decode

VERSION = 8

EXIT_ANEW = 75
"""Exit code of a worker that asks to be started again (EX_TEMPFAIL of sysexits.h)."""

MAX_PICTURES = 16
MAX_DETAIL = 500
MAX_PLATE = 32
"""Characters of a plate as another's camera writes it."""
MOST_VINS = 4
MAX_PAYLOAD = 7089
"""Bytes in the largest QR code: digits only, version 40, level L (ISO/IEC 18004)."""

_VIN_SOURCES = frozenset({VinSource.CODE_39, VinSource.CODE_128, VinSource.DATA_MATRIX, VinSource.PRINT})
"""Those in QR codes are found by the parent, in what is told of codes."""
_VIN_LENGTH = 17
_MOST_CANDIDATES = 16


class ProtocolError(Exception):
    """The other end said something that the protocol does not allow. It cannot be trusted any more."""


class WorkerMessage(BaseModel):
    """Base of all messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        hide_input_in_errors=True,
    )


Word = Annotated[str, Field(max_length=64)]
Detail = Annotated[str, Field(max_length=MAX_DETAIL)]
At = Annotated[float, Field(ge=0, le=1e12)]
Count = Annotated[int, Field(ge=0, le=2**62)]
Behind = Annotated[float, Field(ge=0, le=60)]
Milliseconds = Annotated[float, Field(ge=0, le=1e9)]
Probability = Annotated[float, Field(ge=0, le=1)]
Pixel = Annotated[int, Field(ge=0, le=100_000)]
Corner = tuple[Annotated[float, Field(ge=-1e5, le=1e5)], Annotated[float, Field(ge=-1e5, le=1e5)]]
ZoneCorner = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
Candidate = tuple[Annotated[str, Field(min_length=1, max_length=4)], Probability]
Attachment = Annotated[int, Field(ge=0, lt=MAX_PICTURES)]
VinText = Annotated[str, Field(pattern=r"^[0-9A-HJ-NPR-Z]{17}$")]
"""17 characters of ISO 3779."""


# ------------------------------------------------------------------------------------------------- child to parent


class Hello(WorkerMessage):
    """The first message of the worker."""

    type: Literal["hello"] = "hello"
    pid: int
    version: int


class Layer(StrEnum):
    """One layer of the sandbox: what it takes from the worker."""

    PRIVILEGES = "privileges"
    LIMITS = "limits"
    INSPECTION = "inspection"
    CODE = "code"
    FILES = "files"
    CONNECTIONS = "connections"
    SIGNALS = "signals"
    CALLS = "calls"


class Sandbox(WorkerMessage):
    """Said once, before the first pixel: the layers in place, and what is missing, with the reason."""

    type: Literal["sandbox"] = "sandbox"
    on: Annotated[tuple[Layer, ...], Field(max_length=len(Layer))]
    missing: Annotated[tuple[Detail, ...], Field(max_length=2 * len(Layer))] = ()


class CameraPhase(StrEnum):
    """What the camera does. Frames come in STREAMING only; STALE gives none, FROZEN the same one again and again."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    STALE = "stale"
    FROZEN = "frozen"
    BACKOFF = "backoff"
    ENDED = "ended"


class CameraState(WithDetail, WorkerMessage):
    """The camera changed its state. `misconfigured`: trying again will not help without a technician.

    `message`: what the detail was made of, so that the parent can translate it.
    """

    type: Literal["camera"] = "camera"
    phase: CameraPhase
    view: View = View.CLEAR
    detail: Annotated[SpokenDetail, Field(max_length=MAX_DETAIL)] = ""
    message: DetailMessage = None
    misconfigured: bool = False
    width_px: Pixel = 0
    height_px: Pixel = 0
    frame_rate_hz: Annotated[float, Field(ge=0, le=1000)] = 0.0


class SeenCode(WorkerMessage):
    """One code in a frame: the bytes in the symbol, which engine found it, its outline (no corner or four).

    `module_px`: mean side of one of its modules in pixels, 0 where it is not known. `legible`: the picture that comes
    with it, if one does, shows the code so that it can be read in it once more.
    """

    payload: Annotated[bytes, Field(max_length=MAX_PAYLOAD)]
    engine: Annotated[str, Field(max_length=32)]
    corners: Annotated[tuple[Corner, ...], Field(max_length=4)] = ()
    module_px: Annotated[float, Field(ge=0, le=1e5)] = 0.0
    legible: bool = True


class SeenPlate(WorkerMessage):
    """One plate in a frame; the fields are those of agent.core.model.observations.Reading.

    `crop`: its attachment. `legible`: that picture can stand for what was read. `character_px`: height of a character
    in the frame, 0 where it is not known.
    """

    text: Annotated[str, Field(max_length=16)]
    positions: Annotated[
        tuple[Annotated[tuple[Candidate, ...], Field(max_length=100)], ...],
        Field(max_length=16),
    ]
    kind: Annotated[str, Field(max_length=32)]
    confidence: Probability
    box: tuple[Pixel, Pixel, Pixel, Pixel]
    off_centre: Annotated[float, Field(ge=0, le=1)] = 0.0
    columns: Annotated[bytes, Field(max_length=MOST_BYTES)] = b""
    two_lines: bool = False
    colour: Annotated[str, Field(max_length=32)] = "not_known"
    track: Count = 0
    character_px: Annotated[float, Field(ge=0, le=1e5)] = 0.0
    crop: Attachment | None = None
    legible: bool = True
    doubt: Doubt = Doubt.NONE
    countries: Annotated[tuple[tuple[Country, Probability], ...], Field(max_length=len(Country))] = ()

    @model_validator(mode="after")
    def _whole(self) -> SeenPlate:
        if len(self.positions) != len(self.text):
            raise ValueError("a plate has one position for each character")
        decode(self.columns)
        return self


class _VinAsRead(WorkerMessage):
    """A VIN, and how sure each of its characters is; the fields are those of agent.core.model.observations.VinReading.

    Print has the shares of its 17 characters and its columns; a code has neither, and is sure.
    """

    text: VinText
    source: VinSource
    confidence: Probability = 1.0
    positions: Annotated[
        tuple[Annotated[tuple[Candidate, ...], Field(min_length=1, max_length=_MOST_CANDIDATES)], ...],
        Field(max_length=_VIN_LENGTH),
    ] = ()
    columns: Annotated[bytes, Field(max_length=MOST_BYTES)] = b""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.source is not VinSource.PRINT:
            if self.positions or self.columns or self.confidence != 1:
                raise ValueError("a code is read whole: it has no doubtful characters")
        elif len(self.positions) != _VIN_LENGTH or not self.columns:
            raise ValueError("a VIN in print has one position for each character, and columns")
        decode(self.columns)
        return self


class SeenVin(_VinAsRead):
    """One VIN in a frame. `crop`: its attachment. `legible`: that picture reads as the same VIN once more."""

    box: tuple[Pixel, Pixel, Pixel, Pixel]
    crop: Attachment | None = None
    legible: bool = True

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.source not in _VIN_SOURCES:
            raise ValueError("nothing that a vision worker reads VINs from")
        return self


class Detection(WorkerMessage):
    """What was seen in one frame.

    `at`: when the frame was taken, as far as that is known; `behind_s`: how much later it came. `picture`: the
    attachment that shows the whole frame, small.
    """

    type: Literal["detection"] = "detection"
    frame: Count
    at: At
    behind_s: Behind = 0.0
    codes: Annotated[tuple[SeenCode, ...], Field(max_length=16)] = ()
    plates: Annotated[tuple[SeenPlate, ...], Field(max_length=8)] = ()
    vins: Annotated[tuple[SeenVin, ...], Field(max_length=MOST_VINS)] = ()
    picture: Attachment | None = None


class ShownVin(_VinAsRead):
    """One VIN that a kept picture shows."""


class PicturesShown(WorkerMessage):
    """The answer of a second reader to ReadPictures, in the order of its pictures.

    `codes`: the bytes in the symbols of each picture of the first kind. `plates`: what each of the second kind reads
    as; None: nothing. `vins`: the VINs that each picture of the third kind shows.
    """

    type: Literal["pictures_shown"] = "pictures_shown"
    codes: Annotated[
        tuple[Annotated[tuple[Annotated[bytes, Field(max_length=MAX_PAYLOAD)], ...], Field(max_length=16)], ...],
        Field(max_length=MAX_PICTURES),
    ] = ()
    plates: Annotated[tuple[SeenPlate | None, ...], Field(max_length=MAX_PICTURES)] = ()
    vins: Annotated[
        tuple[Annotated[tuple[ShownVin, ...], Field(max_length=MOST_VINS)], ...], Field(max_length=MAX_PICTURES)
    ] = ()


class SaidPlate(WorkerMessage):
    """A plate that a camera read by itself; the fields are those of drivers.api.WitnessedPlate.

    Its texts are printable. `picture`: its attachment.
    """

    type: Literal["said_plate"] = "said_plate"
    text: Annotated[str, Field(min_length=1, max_length=MAX_PLATE)]
    confidence: Probability
    at: At
    lane: Annotated[int, Field(ge=0, le=9999)] | None = None
    country: Word = ""
    kind: Word = ""
    colour: Word = ""
    picture: Attachment | None = None

    @model_validator(mode="after")
    def _prints(self) -> SaidPlate:
        if not all(text.isprintable() for text in (self.text, self.country, self.kind, self.colour)):
            raise ValueError("what a camera said is printable")
        return self


class Heartbeat(WorkerMessage):
    """A sign of life, several a second, and what was done so far.

    `at`: when it was sent. `captured`: pictures that came, the newest at `captured_at`, and `decoded` of them.
    `resting`: nobody wants more than one now and then. `reading_since`, `camera_since`: since when a reader, or a call
    of the camera, has been at work on one frame; None when none is. Where a reader waited for a core, most of that is
    left out. `qr_ms`, `plate_ms`: mean time of one reading since the heartbeat before. `dropped`: frames in a
    time of change that gave way to a newer one because the code reader was busy. `load`: share of the time since the
    heartbeat before in which it was; towards 1 the machine cannot keep up with the camera. `behind_s`: how late the
    newest frame came for its stream: a machine that is too slow to decode it sees the past.
    `exposure`: share of the light that the camera's automatic takes with which it exposes now. `exposable`: whether the
    camera lets it be set; None while it is not open.
    `brightness`, `sharpness`, `glare` (share of saturated pixels), `noise` (grey levels): measures of the picture; see
    agent.vision.worker.picture_measures.
    """

    type: Literal["heartbeat"] = "heartbeat"
    at: At
    captured_at: At | None = None
    read_at: At | None = None
    captured: Count = 0
    decoded: Count = 0
    resting: bool = False
    read: Count = 0
    skipped: Count = 0
    dropped: Count = 0
    load: Probability = 0.0
    behind_s: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    failures: Count = 0
    qr_ms: Milliseconds = 0.0
    plate_ms: Milliseconds = 0.0
    reading_since: At | None = None
    camera_since: At | None = None
    brightness: Annotated[float, Field(ge=0, le=255)] = 0.0
    sharpness: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    glare: Probability = 0.0
    noise: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    exposure: Annotated[float, Field(ge=0, le=1e3)] = 1.0
    exposable: bool | None = None


class PreviewFrame(WorkerMessage):
    """The answer to Preview: the newest frame as attachment 0, small; no attachment where there is none.

    `at`, `behind_s`: as in Detection. `width_px`, `height_px`: of the frame before it was made small. The measures are
    those of agent.vision.worker.picture_measures of this very frame, None where they were not asked for.
    """

    type: Literal["preview_frame"] = "preview_frame"
    frame: Count
    at: At
    behind_s: Behind = 0.0
    width_px: Pixel = 0
    height_px: Pixel = 0
    picture: Attachment | None = None
    brightness: Annotated[float, Field(ge=0, le=255)] | None = None
    sharpness: Annotated[float, Field(ge=0, le=1e9)] | None = None
    glare: Probability | None = None
    noise: Annotated[float, Field(ge=0, le=1e9)] | None = None


# ------------------------------------------------------------------------------------------------- parent to child


class ChangeDetectorSettings(WorkerMessage):
    """When a frame is worth reading; see agent.vision.worker.change_detector."""

    enabled: bool = True
    threshold: Annotated[int, Field(ge=1, le=255)] = 14
    changed_share: Annotated[float, Field(gt=0, le=1)] = 0.002
    hold_s: Annotated[float, Field(ge=0, le=600)] = 5.0
    look_every_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    settle_s: Annotated[float, Field(gt=0, le=3600)] = 20.0


class Configure(WorkerMessage):
    """The first word of the parent: what to look at, with what, and how patiently.

    `zone`: corners x, y of the part of the picture in which a plate counts, as fractions of width and height, three at
    least; empty for all of it. Codes count everywhere. `refused_cap_s`: so long at most it waits after a refused
    user or password, as cameras lock a user who tries often; after all else `retry_cap_s`, so that pictures are back
    within 3 s. `frozen_s`: the parent is to know within 3 s.
    """

    type: Literal["configure"] = "configure"
    camera_kind: Annotated[str, Field(max_length=64)]
    camera: dict[str, JsonValue]
    read_codes: bool = True
    read_plates: bool = True
    read_vins: bool = False
    zone: Annotated[tuple[ZoneCorner, ...], Field(max_length=32)] = ()
    heartbeat_s: Annotated[float, Field(ge=0.02, le=10)] = 0.25
    stale_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    frozen_s: Annotated[float, Field(ge=0, le=600)] = 2.8
    view_s: Annotated[float, Field(ge=0, le=600)] = 1.8
    retry_first_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    retry_cap_s: Annotated[float, Field(gt=0, le=600)] = 1.5
    refused_cap_s: Annotated[float, Field(gt=0, le=600)] = 15.0
    exposure: Literal["camera", "adapt"] = "camera"
    picture_width_px: Annotated[int, Field(ge=64, le=1920)] = 640
    picture_every_s: Annotated[float, Field(ge=0, le=60)] = 2.0
    gate: ChangeDetectorSettings = ChangeDetectorSettings()


class ConfigureWitness(WorkerMessage):
    """The first word of the parent to the process of a witness: which camera, and how patiently.

    `refused_s`: how long it waits after what trying again does not mend, such as a wrong password: cameras lock a user
    out who tries too often.
    """

    type: Literal["configure_witness"] = "configure_witness"
    witness_kind: Annotated[str, Field(max_length=64)]
    witness: dict[str, JsonValue]
    heartbeat_s: Annotated[float, Field(ge=0.02, le=10)] = 0.5
    retry_first_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    retry_cap_s: Annotated[float, Field(gt=0, le=600)] = 15.0
    refused_s: Annotated[float, Field(gt=0, le=3600)] = 600.0


class Preview(WorkerMessage):
    """Asks for a PreviewFrame at once and then for those of new frames, at most `fps` a second, for `for_s` seconds.

    While nothing happens, about one a second comes, and the camera may rest. The last one said holds. `measured`: of
    every new frame, with its measures, which cost as much as the picture.
    """

    type: Literal["preview"] = "preview"
    width_px: Annotated[int, Field(ge=64, le=1920)]
    fps: Annotated[float, Field(gt=0, le=10)]
    for_s: Annotated[float, Field(ge=0, le=10)]
    measured: bool = False


class Expose(WorkerMessage):
    """Asks to try an exposure for `for_s` seconds: this share of the light that the camera's automatic takes.

    None: the automatic. Whether the camera allows it is told by Heartbeat.exposure and CameraState.detail.
    """

    type: Literal["expose"] = "expose"
    share: Annotated[float, Field(gt=0, le=1)] | None
    for_s: Annotated[float, Field(ge=0, le=60)]


class Attend(WorkerMessage):
    """Says whether a vehicle is there whose code is awaited: then thorough looks for one are worth their time."""

    type: Literal["attend"] = "attend"
    present: bool


class ReadPictures(WorkerMessage):
    """Asks a second reader, which has nothing else to do, what kept pictures show.

    The first `codes` of its pictures are looked at for codes, the `plates` that follow are a plate each, from edge to
    edge, and the `vins` after these are looked at for VINs in codes and in print. What they should show is not said.
    """

    type: Literal["read_pictures"] = "read_pictures"
    codes: Annotated[int, Field(ge=0, le=MAX_PICTURES)]
    plates: Annotated[int, Field(ge=0, le=MAX_PICTURES)]
    vins: Annotated[int, Field(ge=0, le=MAX_PICTURES)] = 0


class Stop(WorkerMessage):
    """Asks the worker to end."""

    type: Literal["stop"] = "stop"


FromWorker = Hello | Sandbox | CameraState | Detection | Heartbeat | PreviewFrame | PicturesShown | SaidPlate
ToWorker = Configure | ConfigureWitness | Preview | Expose | Attend | ReadPictures | Stop
