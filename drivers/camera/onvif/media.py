"""The media services of ONVIF, versions 1 and 2: how profiles and addresses are asked for, and read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.camera.onvif.soap import SCHEMA_SPACE, Request, element
from drivers.text import Text
from drivers.untrusted_text import DocumentError, word

if TYPE_CHECKING:
    from drivers.strict_xml import Element

MEDIA_1: Final = "http://www.onvif.org/ver10/media/wsdl"
MEDIA_2: Final = "http://www.onvif.org/ver20/media/wsdl"
MOST_PROFILES: Final = 32
MOST_TOKEN: Final = 128
_LONGEST_NUMBER: Final = 9
_MOST_RATE_HZ: Final = 1000.0


@dataclass(frozen=True, slots=True)
class SaidProfile:
    """A profile with video as a camera says it.

    `source`: the id of what it films. `group`: pictures from one key picture to the next; None where it does not say.
    """

    token: str
    name: str
    source: str
    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: float | None
    group: int | None


class Media:
    """One version of the service. `space`: its name space, MEDIA_1 or MEDIA_2."""

    def __init__(self, space: str) -> None:
        self.space = space
        self._is_second = space == MEDIA_2

    @property
    def profiles(self) -> Request:
        """Ask for all profiles."""
        return Request("GetProfiles", self.space, "<Type>All</Type>" if self._is_second else "")

    def streams(self, token: str) -> tuple[Request, ...]:
        """Ask for the RTSP address of a profile: the first that the camera takes."""
        profile = element("ProfileToken", token)
        if self._is_second:
            ways = ("RTSP", "RtspUnicast")
            return tuple(Request("GetStreamUri", self.space, f"{element('Protocol', way)}{profile}") for way in ways)
        transport = f'<Transport xmlns="{SCHEMA_SPACE}"><Protocol>RTSP</Protocol></Transport>'
        stream = element("Stream", "RTP-Unicast", SCHEMA_SPACE)
        inner = f"<StreamSetup>{stream}{transport}</StreamSetup>{profile}"
        return (Request("GetStreamUri", self.space, inner),)

    def snapshot(self, token: str) -> Request:
        """Ask for the address of a single picture."""
        return Request("GetSnapshotUri", self.space, element("ProfileToken", token))

    def read_uri(self, answer: Element) -> str:
        """The address in the answer to `streams` or `snapshot`. Raises DocumentError."""
        found = answer.words("Uri") if self._is_second else answer.words("MediaUri", "Uri")
        if not found:
            raise DocumentError(Text("an answer without an address"))
        return found

    def read_profiles(self, answer: Element) -> list[SaidProfile]:
        """The profiles that have video. Raises DocumentError."""
        found = [self._profile(one) for one in answer.each("Profiles")[:MOST_PROFILES]]
        return [one for one in found if one is not None]

    def _profile(self, said: Element) -> SaidProfile | None:
        inner = (said.child("Configurations") or said) if self._is_second else said
        encoder = inner.child("VideoEncoder" if self._is_second else "VideoEncoderConfiguration")
        source = inner.child("VideoSource" if self._is_second else "VideoSourceConfiguration")
        if encoder is None:
            return None
        token = said.attributes.get("token", "")
        if not token or len(token) > MOST_TOKEN or not token.isprintable():
            raise DocumentError(Text("a profile without a token that can be used"))
        codec = encoder.words("Encoding")
        group = encoder.attributes.get("GovLength", "") if self._is_second else encoder.words(codec or "-", "GovLength")
        return SaidProfile(
            token,
            word(said.words("Name")),
            "" if source is None else word(source.words("SourceToken")),
            word(codec).upper(),
            _number(encoder.words("Resolution", "Width")) or 0,
            _number(encoder.words("Resolution", "Height")) or 0,
            _rate(encoder.words("RateControl", "FrameRateLimit")),
            _number(group) or None,
        )


def _number(text: str) -> int | None:
    """A whole number from 0; None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _rate(text: str) -> float | None:
    whole, _, rest = text.strip().partition(".")
    if _number(whole) is None or (rest and _number(rest[:_LONGEST_NUMBER]) is None):
        return None
    value = float(f"{whole}.{rest[:_LONGEST_NUMBER] or 0}")
    return value if 0 < value <= _MOST_RATE_HZ else None
