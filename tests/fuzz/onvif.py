"""What cameras answer to a search and to ONVIF's requests: whatever they say, nobody else is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drivers.camera.onvif.conversation import time_of
from drivers.camera.onvif.discovery_messages import cameras_in
from drivers.camera.onvif.media import MEDIA_1, MEDIA_2, MOST_PROFILES, MOST_TOKEN, Media
from drivers.camera.onvif.service_address import ServiceAddress, stream_address
from drivers.camera.onvif.soap import DEVICE_SPACE, Request, SoapFault
from drivers.camera.onvif.streams import VideoProfile, choose_streams
from drivers.emulators.onvif_documents import OnvifDocuments, bomb, fault
from drivers.emulators.onvif_form import OnvifForm
from drivers.untrusted_text import DocumentError
from tests.fuzz.mutations import spliced, spoilt
from tests.fuzz.target import Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_HOST, _ASKED = "192.0.2.7", "uuid:asked"
_HERE = ServiceAddress(_HOST)
_SAID = OnvifDocuments(OnvifForm(media=(1, 2)), "http://192.0.2.9:8080")
_MEDIA = {1: Media(MEDIA_1), 2: Media(MEDIA_2)}


def _search_accepted(data: bytes) -> bool:
    return any(one.service.host != _HOST for one in cameras_in(data, _HOST, {_ASKED}))


def _clock_accepted(data: bytes) -> bool:
    told = time_of(Request("GetSystemDateAndTime", DEVICE_SPACE).answer(data))
    return told is not None and not 1970 <= told.year < 9000


def _services_accepted(data: bytes) -> bool:
    answer = Request("GetServices", DEVICE_SPACE).answer(data)
    found = [_HERE.of(one.words("XAddr"), other_hosts=False) for one in answer.each("Service")]
    return any((one.host, one.target.isprintable()) != (_HOST, True) for one in found)


def _profiles_accepted(version: int) -> Callable[[bytes], bool]:
    def accepted(data: bytes) -> bool:
        media = _MEDIA[version]
        said = media.read_profiles(media.profiles.answer(data))
        offered = [
            VideoProfile(one.token, one.name, one.codec, one.width_px, one.height_px, one.frame_rate_hz, None, "", "")
            for one in said
        ]
        choose_streams(offered)
        odd = (len(one.token) > MOST_TOKEN or not one.token.isprintable() or not one.name.isprintable() for one in said)
        return len(said) > MOST_PROFILES or any(odd)

    return accepted


def _stream_accepted(version: int) -> Callable[[bytes], bool]:
    def accepted(data: bytes) -> bool:
        media = _MEDIA[version]
        url, _ = stream_address(media.read_uri(media.streams("t")[0].answer(data)), _HOST, other_hosts=False)
        parts = urlsplit(url)
        return (parts.hostname, parts.username, url.isascii() and url.isprintable()) != (_HOST, None, True)

    return accepted


_ANSWERS: tuple[tuple[bytes, Callable[[bytes], bool]], ...] = (
    (_SAID.match(_ASKED), _search_accepted),
    (_SAID.clock(1_780_000_000.0), _clock_accepted),
    (_SAID.services(), _services_accepted),
    (_SAID.profiles(1), _profiles_accepted(1)),
    (_SAID.profiles(2), _profiles_accepted(2)),
    (_SAID.uri(1, "GetStreamUri", "rtsp://a:b@192.0.2.9:554/x?y=1&z=2"), _stream_accepted(1)),
    (_SAID.uri(2, "GetStreamUri", "rtsp://192.0.2.7/x"), _stream_accepted(2)),
)
_OTHERS = (bomb(), fault("ter:NotAuthorized", "no"))


def _answer(rng: random.Random) -> bytes:
    number = rng.randrange(len(_ANSWERS))
    data = _ANSWERS[number][0]
    other = rng.choice((*_OTHERS, *(one for one, _ in _ANSWERS)))
    return bytes([number]) + (spliced(rng, data, other) if rng.random() < 0.2 else spoilt(rng, data))


def _answer_accepted(data: bytes) -> bool:
    try:
        return _ANSWERS[data[0] % len(_ANSWERS)][1](data[1:])
    except (DocumentError, SoapFault):
        return False


ONVIF: dict[str, Target] = {"answers of ONVIF cameras": Target(_answer, _answer_accepted, 0.02)}
