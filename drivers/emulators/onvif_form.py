"""How an emulated ONVIF camera is: what it offers, how it wants a login, how wrong its clock is, and its faults."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

PICTURE: Final = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm"
    "x5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAkAEAD"
    "ASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAAAAMCAf/EABsQAQADAAMBAAAAAAAAAAAAAAAUYqEBEhNR/8QAFwEBAQEBAAAAAAAAAAAAAAAA"
    "AAIDAf/EABoRAAMBAQEBAAAAAAAAAAAAAAABAgMRMTL/2gAMAwEAAhEDEQA/AIANCACftXUukvS4zq/lFBP2rqgqT8F51H0gAogjIppIpqAjrK4i"
    "8imsJu9ufqKTo3x0nPvTbcimo9ufrhKcjbSdOcLyKaSKagL6zDiADh0AAAAAAA//2Q=="
)
"""A JPEG of 64 x 36 pixels: a red box on a yard."""


class OnvifFault(StrEnum):
    """What is wrong with an ONVIF camera.

    `silent`: it answers no search. `foreign`: its answer to a search relates to nobody's question. `elsewhere_found`:
    its answers name another host. `not_onvif`, `sends_elsewhere`, `busy`: its answer is 404, 302 or 503. `html`: a web
    page in place of an answer. `not_http`: another service at its port. `garbage`: an answer that is not XML. `bomb`:
    one that would grow when it is read. `deep`: elements in one another without end. `endless`: an answer of 50 MB.
    `drip`: one that comes byte by byte. `late`: it does not answer. `basic`: it offers Basic alone. `wrong_login`: no
    login is right. `no_picture`: it gives no single pictures. `odd_picture`: they are none.
    """

    SILENT = "silent"
    FOREIGN = "foreign"
    ELSEWHERE_FOUND = "elsewhere_found"
    NOT_ONVIF = "not_onvif"
    SENDS_ELSEWHERE = "sends_elsewhere"
    BUSY = "busy"
    HTML = "html"
    NOT_HTTP = "not_http"
    GARBAGE = "garbage"
    BOMB = "bomb"
    DEEP = "deep"
    ENDLESS = "endless"
    DRIP = "drip"
    LATE = "late"
    BASIC = "basic"
    WRONG_LOGIN = "wrong_login"
    NO_PICTURE = "no_picture"
    ODD_PICTURE = "odd_picture"


@dataclass(frozen=True, slots=True)
class EmulatedProfile:
    """A profile.

    `codec`: as ONVIF writes it. `group`: pictures from key picture to key picture. `url`: of its stream; "": one that
    nobody serves.
    """

    token: str
    width_px: int
    height_px: int
    codec: str = "H264"
    frame_rate_hz: int = 25
    group: int = 25
    url: str = ""
    source: str = "lens1"


MAIN: Final = EmulatedProfile("main", 1920, 1080)
SMALL: Final = EmulatedProfile("small", 640, 360, frame_rate_hz=10, group=10)


@dataclass(frozen=True, slots=True)
class OnvifForm:
    """What a camera that is well offers; models differ in it.

    `login`: HTTP digest, a UsernameToken, whichever comes, or none. `algorithm`: of HTTP digest. `ahead_s`: how far its
    clock is ahead. `media`: the versions of the media service. `knows_services`: whether it knows GetServices, else
    GetCapabilities alone. `named_host`: the host that it names in its answers; "": its own.
    """

    login: Literal["digest", "token", "both", "none"] = "digest"
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    ahead_s: float = 0.0
    media: tuple[Literal[1, 2], ...] = (1,)
    knows_services: bool = True
    named_host: str = ""
    profiles: tuple[EmulatedProfile, ...] = (MAIN, SMALL)
    maker: str = "Gate agent"
    model: str = "ONVIF emulator"
    name: str = "Emulated camera"
