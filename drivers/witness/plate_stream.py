"""A camera's stream of events as a `WitnessPort`: what all kinds of such cameras have in common."""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from drivers.api import DeviceError, DeviceUnavailableError, WitnessedPlate
from drivers.http_digest import Login
from drivers.text import Text
from drivers.untrusted_text import DocumentError
from drivers.witness.http_stream import ForbiddenError, HttpStream, NotThereError
from drivers.witness.multipart import MultipartReader, boundary_of

if TYPE_CHECKING:
    from drivers.witness.codec import EventCodec, SaidPlate
    from drivers.witness.multipart import Part
    from drivers.witness.settings import PlateCameraSettings

log = logging.getLogger(__name__)

QUEUE_LENGTH: Final = 32
PICTURE_WAIT_S: Final = 0.5
_ABOUT_BYTES: Final = 64 * 1024
_JPEG_START: Final = b"\xff\xd8\xff"
_CNONCE_BYTES: Final = 16


class PlateStream:
    """Ask a camera for its events, and give out the plates in them. A document that cannot be read ends the stream.

    So a camera that sends what nobody can use is lost, with the reason, and not silently deaf.
    """

    def __init__(self, settings: PlateCameraSettings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self._http = HttpStream(settings, _login(settings))
        self._reader: MultipartReader | None = None
        self._plates: deque[WitnessedPlate] = deque(maxlen=QUEUE_LENGTH)
        self._awaits_picture: tuple[WitnessedPlate, float] | None = None
        self._whole_at = 0.0

    def open(self) -> str:
        """Connect, log in, ask what the camera is, and have its events come. Returns its identity."""
        self.close()
        # The nonces of a connection long ago are no good any more, and could be counted as wrong logins.
        self._http = HttpStream(self._settings, _login(self._settings))
        identity = self._identity()
        content_type = self._http.open(self._codec.events)
        try:
            self._reader = MultipartReader(boundary_of(content_type), whole=self._codec.is_whole)
        except DocumentError as error:
            self.close()
            raise self._unreadable(error) from None
        self._whole_at = time.monotonic()
        return Text("{identity} at {place}", identity=identity, place=self._http.place)

    def close(self) -> None:
        """Let the camera go, and forget what was not read."""
        self._http.close()
        self._reader = self._awaits_picture = None
        self._plates.clear()

    def read(self, timeout_s: float) -> WitnessedPlate | None:
        """The next plate; None when none came within `timeout_s` and the camera still sends."""
        try:
            return self._next_plate(time.monotonic() + timeout_s)
        except DocumentError as error:
            self.close()
            raise self._unreadable(error) from None
        except DeviceError:
            self.close()
            raise

    def _next_plate(self, deadline: float) -> WitnessedPlate | None:
        reader = self._reader
        if reader is None:
            raise DeviceUnavailableError(Text("{place} is not connected", place=self._http.place))
        while True:
            now = time.monotonic()
            self._give_up_waiting(now)
            if self._plates:
                return self._plates.popleft()
            self._refuse_silence(now)
            due_at = deadline if self._awaits_picture is None else min(deadline, self._awaits_picture[1])
            data = self._http.receive(max(0.0, due_at - now))
            now = time.monotonic()
            for part in reader.feed(data):
                self._whole_at = now
                self._take(part, now)
            if reader.ended:
                raise DeviceUnavailableError(Text("{place} has ended its stream", place=self._http.place))
            if now >= deadline and not self._plates:
                return None

    def _identity(self) -> str:
        """What the camera says that it is; a user who may see events alone may not be told."""
        try:
            return self._codec.identity(self._http.whole(self._codec.about, _ABOUT_BYTES)) or Text("a camera")
        except (ForbiddenError, NotThereError, DocumentError) as error:
            log.debug("what the camera at %s is: %s", self._http.place, error)
            return Text("a camera")

    def _take(self, part: Part, now: float) -> None:
        if part.is_picture:
            self._take_picture(part)
            return
        said = self._codec.plates(part)
        self._end_waiting()
        for one in said:
            self._end_waiting()
            plate = self._plate(one, now)
            if self._settings.pictures:
                self._awaits_picture = plate, now + PICTURE_WAIT_S
            else:
                self._plates.append(plate)

    def _take_picture(self, part: Part) -> None:
        if self._awaits_picture is None or not part.body.startswith(_JPEG_START):
            return
        plate, due_at = self._awaits_picture
        shows_vehicle = self._codec.shows_vehicle(part)
        # Where the names do not say which picture is that of the whole vehicle, it is the largest.
        if shows_vehicle or plate.picture is None or len(part.body) > len(plate.picture):
            plate = replace(plate, picture=part.body)
        self._awaits_picture = plate, due_at
        if shows_vehicle:
            self._end_waiting()

    def _plate(self, said: SaidPlate, now: float) -> WitnessedPlate:
        confidence = self._settings.assumed_confidence if said.confidence is None else said.confidence
        return WitnessedPlate(said.text, confidence, now, said.lane, said.country, said.kind, said.colour)

    def _give_up_waiting(self, now: float) -> None:
        if self._awaits_picture is not None and now >= self._awaits_picture[1]:
            self._end_waiting()

    def _end_waiting(self) -> None:
        waits, self._awaits_picture = self._awaits_picture, None
        if waits is not None:
            self._plates.append(waits[0])

    def _refuse_silence(self, now: float) -> None:
        silence_s = self._settings.silence_s
        if now - self._whole_at > silence_s:
            said = Text(
                "{place} has sent no complete message for {silence_s} s",
                place=self._http.place,
                silence_s=f"{silence_s:g}",
            )
            raise DeviceUnavailableError(said)

    def _unreadable(self, error: DocumentError) -> DeviceUnavailableError:
        return DeviceUnavailableError(
            Text("{place} sends data that cannot be read: {error}", place=self._http.place, error=error)
        )


def _login(settings: PlateCameraSettings) -> Login:
    basic = settings.tls or settings.allow_basic
    return Login(settings.user, settings.password, lambda: secrets.token_hex(_CNONCE_BYTES), basic=basic)
