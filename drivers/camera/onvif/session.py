"""One camera, asked: what it is, how its clock is, which streams it offers, and a picture of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.camera.onvif.conversation import Conversation
from drivers.camera.onvif.discovery_messages import FoundCamera
from drivers.camera.onvif.media import MEDIA_1, MEDIA_2, Media
from drivers.camera.onvif.service_address import ServiceAddress, stream_address
from drivers.camera.onvif.soap import DEVICE_SPACE, Request, SoapFault, element
from drivers.camera.onvif.streams import VideoProfile
from drivers.text import Text
from drivers.untrusted_text import DocumentError, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.camera.onvif.media import SaidProfile

PATIENCE_S: Final = 5.0
PROFILES_WITHIN_S: Final = 40.0
MOST_PICTURE_BYTES: Final = 4 * 1024 * 1024
_JPEG: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """What a camera says that it is; "" for what it does not say."""

    maker: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


class CameraSession:
    """Ask one camera. Not thread-safe; every method waits, `patience_s` at most for each request.

    `camera`: a found one, or what a technician types: an address, with a port where it is not 80, or the whole address
    of the device service. `utc`: this machine's clock, Unix seconds. `other_hosts`: connect to other hosts too where
    the camera names them; without it to the camera alone.

    The password is in no text that is made here. All raise DeviceUnavailableError (trying again may help) or
    DeviceMisconfiguredError (it will not), of which LoginRefusedError and NotOnvifError are the usual ones.
    """

    def __init__(
        self,
        camera: FoundCamera | str,
        user: str = "",
        password: str = "",
        *,
        utc: Callable[[], float],
        other_hosts: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        try:
            device = camera.service if isinstance(camera, FoundCamera) else ServiceAddress.typed(camera)
        except DocumentError:
            said = Text("write the camera's address, such as 192.168.1.64 or 192.168.1.64:8080")
            raise DeviceMisconfiguredError(said) from None
        self._camera = Conversation(device, user, password, utc, patience_s)
        self._other_hosts = other_hosts
        self._services: dict[str, ServiceAddress] | None = None
        self._media: Media | None = None

    @property
    def place(self) -> str:
        """Where the camera is, for messages: its address, with the port where that is not the usual one."""
        return self._camera.place

    def clock_error_s(self) -> float | None:
        """By how much the camera's clock is ahead, in seconds; negative: behind. None where it does not tell its time.

        A login takes it into account; the text in its picture does not.
        """
        return self._camera.clock_error_s()

    def identity(self) -> CameraIdentity:
        """What the camera says that it is. Most ask for a login here: it shows whether user and password are right."""
        try:
            said = self._camera.ask(self._camera.device, Request("GetDeviceInformation", DEVICE_SPACE))
        except SoapFault as fault:
            raise self._camera.faulty(fault) from None
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        return CameraIdentity(*self._camera.read(lambda: [word(said.words(name)) for name in names]))

    def profiles(self, within_s: float = PROFILES_WITHIN_S) -> tuple[VideoProfile, ...]:
        """The streams that the camera offers, in its own order; it may have none. By Media2 where it has that."""
        deadline = time.monotonic() + within_s
        media, said = self._said_profiles()
        found = []
        for one in said:
            if time.monotonic() >= deadline:
                raise DeviceUnavailableError(Text("{place} does not answer in time", place=self.place))
            found += self._with_stream(media, one)
        return tuple(found)

    def thumbnail(self, profile: VideoProfile) -> bytes:
        """A picture of now, a JPEG of at most 4 MiB; the bytes are the camera's, and nobody has looked into them.

        Raises DeviceMisconfiguredError where the camera gives no single pictures.
        """
        media = self._media or self._said_profiles()[0]
        try:
            answer = self._camera.ask(self._media_services()[media.space], media.snapshot(profile.token))
        except SoapFault:
            raise DeviceMisconfiguredError(Text("{place} does not offer single pictures", place=self.place)) from None
        at = self._camera.read(lambda: self._here(media.read_uri(answer)))
        picture = self._camera.picture(at, MOST_PICTURE_BYTES)
        if not picture.startswith(_JPEG):
            raise DeviceUnavailableError(Text("{place} sends a picture that is not a JPEG", place=self.place))
        return picture

    # ----------------------------------------------------------------------------------------------------- the media

    def _said_profiles(self) -> tuple[Media, list[SaidProfile]]:
        """The newest version of the service that gives profiles, and these."""
        services = self._media_services()
        fault: SoapFault | None = None
        for media in (Media(space) for space in (MEDIA_2, MEDIA_1) if space in services):
            try:
                answer = self._camera.ask(services[media.space], media.profiles)
            except SoapFault as one:
                fault = one
                continue
            self._media = media
            return media, self._camera.read(lambda: media.read_profiles(answer))  # noqa: B023 - read at once
        if fault is not None:
            raise self._camera.faulty(fault)
        raise DeviceMisconfiguredError(Text("{place} supports ONVIF but offers no video", place=self.place))

    def _media_services(self) -> dict[str, ServiceAddress]:
        if self._services is None:
            self._services = self._asked_services()
        return self._services

    def _asked_services(self) -> dict[str, ServiceAddress]:
        request = Request("GetServices", DEVICE_SPACE, element("IncludeCapability", "false"))
        try:
            answer = self._camera.ask(self._camera.device, request)
        except SoapFault:  # a camera of before 2011
            return self._asked_capabilities()
        offered = answer.each("Service")
        return self._camera.read(
            lambda: {
                one.words("Namespace"): self._here(one.words("XAddr"))
                for one in offered
                if one.words("Namespace") in {MEDIA_1, MEDIA_2}
            }
        )

    def _asked_capabilities(self) -> dict[str, ServiceAddress]:
        request = Request("GetCapabilities", DEVICE_SPACE, element("Category", "All"))
        try:
            answer = self._camera.ask(self._camera.device, request)
        except SoapFault as fault:
            raise self._camera.faulty(fault) from None
        url = self._camera.read(lambda: answer.words("Capabilities", "Media", "XAddr"))
        return {MEDIA_1: self._camera.read(lambda: self._here(url))} if url else {}

    def _here(self, url: str) -> ServiceAddress:
        return self._camera.device.of(url, other_hosts=self._other_hosts)

    def _with_stream(self, media: Media, said: SaidProfile) -> list[VideoProfile]:
        """The profile with its address; none where the camera gives it none."""
        for request in media.streams(said.token):
            try:
                answer = self._camera.ask(self._media_services()[media.space], request)
            except SoapFault:
                continue
            url, other = self._camera.read(lambda: self._stream(media.read_uri(answer)))  # noqa: B023 - read at once
            return [
                VideoProfile(
                    token=said.token,
                    name=said.name,
                    codec=said.codec,
                    width_px=said.width_px,
                    height_px=said.height_px,
                    frame_rate_hz=said.frame_rate_hz,
                    key_picture_s=said.group / said.frame_rate_hz if said.group and said.frame_rate_hz else None,
                    url=url,
                    source=said.source,
                    other_host=word(other),
                )
            ]
        return []

    def _stream(self, url: str) -> tuple[str, str]:
        return stream_address(url, self._camera.device.host, other_hosts=self._other_hosts)
