"""Cameras of the network: found by ONVIF, logged in to, and their streams offered. What holds a password stays here."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.api import DeviceError
from drivers.camera.onvif import CameraSession, choose_streams, find_cameras
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.camera.onvif import FoundCamera, VideoProfile

SEARCH_S: Final = 4.0
MOST: Final = 16
MOST_SHOWN: Final = 6
JPEG: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class ShownCamera:
    """A camera to log in to. `address`: the whole one of its device service, or what was typed; `title`: for people."""

    address: str
    title: str

    @classmethod
    def of(cls, found: FoundCamera) -> ShownCamera:
        """One that a search found."""
        return cls(found.url, " ".join(word for word in (found.name, found.hardware, found.place) if word))


@dataclass(frozen=True, slots=True)
class OfferedStream:
    """A stream of a camera that somebody may choose. `token`: names it; `url`, `second_url`: with the login."""

    token: str
    name: str
    words: Text
    url: str
    second_url: str
    picture: bytes


@dataclass(frozen=True, slots=True)
class AskedCamera:
    """A camera that was logged in to. `words`: what it is; `advice`: on its streams."""

    words: str
    streams: tuple[OfferedStream, ...]
    advice: tuple[Text, ...]


class CameraSearch:
    """The streams that were offered last. For all threads; one search at a time."""

    def __init__(self, utc: Callable[[], float]) -> None:
        self._utc = utc
        self._lock = threading.Lock()
        self._searching = threading.Lock()
        self._offered: OrderedDict[str, OfferedStream] = OrderedDict()

    def search(self) -> tuple[FoundCamera, ...]:
        """Ask the networks of this computer for cameras. Blocks some seconds.

        Raises DeviceError where nothing can be sent.
        """
        with self._searching:
            return find_cameras(SEARCH_S)

    def ask(self, address: str, user: str, password: str) -> AskedCamera:
        """Log in to a camera and ask for its streams. Blocks some seconds.

        `address`: the whole one of its device service, as a search found it, or what a technician types.
        Raises DeviceError: it does not answer, is not one, or refuses the login.
        """
        session = CameraSession(address, user, password, utc=self._utc)
        identity = session.identity()
        profiles = session.profiles()
        chosen = choose_streams(profiles)
        if chosen is None:
            return AskedCamera(f"{identity.maker} {identity.model}", (), ())
        ordered = [chosen.main, *(one for one in profiles if one is not chosen.main)][:MOST_SHOWN]
        offered = []
        for one in ordered:
            second = chosen.second if one is chosen.main else None
            made = OfferedStream(
                secrets.token_urlsafe(16),
                one.name,
                _words(one),
                one.url_for(user, password),
                "" if second is None else second.url_for(user, password),
                _picture(session, one),
            )
            offered.append(made)
        with self._lock:
            for made in offered:
                self._offered[made.token] = made
            while len(self._offered) > MOST:
                self._offered.popitem(last=False)
        return AskedCamera(f"{identity.maker} {identity.model}", tuple(offered), chosen.advice)

    def offered(self, token: str) -> OfferedStream | None:
        """The stream of that name; None where it was offered too long ago."""
        with self._lock:
            return self._offered.get(token)


def _words(profile: VideoProfile) -> Text:
    return Text(
        "{codec}, {width} x {height} pixels, {rate:g} fps",
        codec=profile.codec,
        width=profile.width_px or 0,
        height=profile.height_px or 0,
        rate=profile.frame_rate_hz or 0,
    )


def _picture(session: CameraSession, profile: VideoProfile) -> bytes:
    """A picture of the stream; empty where the camera gives none: it can be used all the same."""
    try:
        found = session.thumbnail(profile)
    except DeviceError:
        return b""
    return found if found.startswith(JPEG) else b""
