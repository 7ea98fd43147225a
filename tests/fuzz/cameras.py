"""What cameras that read plates send: streams of parts, the documents in them, and how they ask for a login."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from drivers.emulators.dahua import DahuaCamera
from drivers.emulators.hikvision import HikvisionCamera
from drivers.emulators.plate_camera_faults import CameraFault, CameraForm
from drivers.emulators.plate_camera_login import DigestGuard
from drivers.http_digest import Login, LoginError
from drivers.untrusted_text import DocumentError
from drivers.witness.dahua_codec import PICTURES, DahuaCodec
from drivers.witness.hikvision_codec import HikvisionCodec
from drivers.witness.multipart import MultipartReader, Part, PartLimits
from drivers.witness.words import MOST_PLATE
from tests.fuzz.mutations import spliced, spoilt
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from drivers.witness.codec import EventCodec

_LIMITS = PartLimits(headers=400, text=2000, picture=4000)
_FORMS = tuple(
    CameraForm(line_end=end, lengths=lengths) for end in (b"\r\n", b"\n") for lengths in ("told", "zero", "none")
)
_PLATE = "沪A12345"


def _camera_of_lines() -> DahuaCamera:
    camera = DahuaCamera()
    camera.targets.append(PICTURES)
    return camera


_CAMERAS = (HikvisionCamera(), DahuaCamera(), _camera_of_lines())
_CODECS: tuple[EventCodec, ...] = (HikvisionCodec(), DahuaCodec(255, pictures=False), DahuaCodec(255, pictures=True))
_DOCUMENTS = tuple(
    [
        *(one.body for one in camera.documents(_PLATE, 98)),
        *(camera.wrong(fault).body[:4000] for fault in (CameraFault.BOMB, CameraFault.GARBAGE, CameraFault.TWICE)),
        camera.heartbeat().body,
    ]
    for camera in _CAMERAS
)
_CHALLENGES = tuple(
    header.encode()
    for form in (CameraForm(), CameraForm(algorithm="SHA-256"), CameraForm(qop=False))
    for header in DigestGuard("gate", "hush", form).challenges(stale=True, basic_alone=False)
)


def _stream(rng: random.Random) -> bytes:
    number = rng.randrange(len(_CAMERAS))
    camera, form = _CAMERAS[number], rng.choice(_FORMS)
    said = [*camera.documents(_PLATE, 98), *camera.pictures(), camera.heartbeat()]
    data = b"".join(rng.choice(said).framed(form) for _ in range(rng.randint(1, 5)))
    spoiled = spoilt(rng, data) if rng.random() < 0.8 else data
    return bytes([number]) + spoiled + rng.choice((b"", b"--boundary--\r\n", b"x" * rng.randrange(9000)))


def _parts(data: bytes, sizes: random.Random | None, codec: EventCodec | None) -> list[Part] | None:
    """The parts of a stream that is cut so; None where it is refused."""
    reader, found = MultipartReader("boundary", _LIMITS, codec.is_whole if codec else None), []
    try:
        while data:
            size = len(data) if sizes is None else sizes.choice((1, 2, 7, 60, 1000))
            found += reader.feed(data[:size])
            data = data[size:]
    except DocumentError:
        return None
    return found


def _stream_accepted(data: bytes) -> bool:
    """However a stream is cut, it is the same parts or is refused, none is too long, and no plate is none."""
    codec, data = _CODECS[data[0] % len(_CODECS)], data[1:]
    dice = random.Random(len(data))  # noqa: S311 - repeatable on purpose
    whole = _parts(data, None, None)
    if whole != _parts(data, dice, None):
        return True
    read = _parts(data, dice, codec) or []
    longest = (
        len(part.body) > (_LIMITS.picture if part.is_picture else _LIMITS.text) for part in [*(whole or []), *read]
    )
    return any(longest) or any(_plate_accepted(codec, part) for part in read)


def _document(rng: random.Random) -> bytes:
    number = rng.randrange(len(_CODECS))
    data = rng.choice(_DOCUMENTS[number])
    return bytes([number]) + (
        spliced(rng, data, rng.choice(_DOCUMENTS[number])) if rng.random() < 0.2 else spoilt(rng, data)
    )


def _document_accepted(data: bytes) -> bool:
    codec = _CODECS[data[0] % len(_CODECS)]
    codec.is_whole(data[1:])
    return any(_plate_accepted(codec, Part({"content-type": kind}, data[1:])) for kind in ("text/plain", "text/xml"))


def _plate_accepted(codec: EventCodec, part: Part) -> bool:
    """Whether a plate is told that none can be: empty, too long, not printable, or surer than sure."""
    try:
        plates = codec.plates(part)
    except DocumentError:
        return False
    for plate in plates:
        words = (plate.text, plate.country, plate.kind, plate.colour)
        if not plate.text or len(plate.text) > MOST_PLATE or not all(map(str.isprintable, words)):
            return True
        if plate.confidence is not None and not 0 <= plate.confidence <= 1:
            return True
    return False


def _challenge_accepted(data: bytes) -> bool:
    """A camera may ask as it likes: the answer is one line and never holds the password."""
    login = Login("gate", "hush", lambda: "0123")
    try:
        login.challenged(data.decode("latin-1").splitlines())
        answer = login.authorization("GET", "/") or ""
    except LoginError:
        return False
    return "hush" in answer.replace("hush", "", data.count(b"hush")) or len(answer.splitlines()) > 1


CAMERAS: dict[str, Target] = {
    "streams of cameras": Target(_stream, _stream_accepted, 0.01),
    "documents of cameras": Target(_document, _document_accepted, 0.02),
    "logins of cameras": Target(lambda rng: spoilt(rng, rng.choice(_CHALLENGES)), _challenge_accepted, 0.01),
}
