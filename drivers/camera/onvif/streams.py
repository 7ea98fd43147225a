"""The streams of a camera, and which of them a gate takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urlsplit

from drivers.camera.picture_limits import MAX_PIXELS
from drivers.camera.stream_habits import MOST_GAP_S
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL_PX: Final = 640 * 360
"""Pixels of a stream that costs little to look at while nothing moves."""
TOLERATED_PX: Final = 704 * 576
_VIDEO: Final = frozenset({"H264", "H265"})


@dataclass(frozen=True, slots=True)
class VideoProfile:
    """A stream that a camera offers.

    `token`, `source`: its id, and that of the lens that it films by, at the camera. `codec`: H264, H265, JPEG, or the
    camera's own word. `key_picture_s`: seconds from one key picture to the next; None where it is not known.
    `url`: its address without user and password; some cameras write secrets into it, so it is in no repr.
    `other_host`: the host that the camera named in place of its own; "" for none. In `url` is what answered, unless
    the session follows other hosts.
    """

    token: str
    name: str
    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: float | None
    key_picture_s: float | None
    url: str = field(repr=False)
    source: str = ""
    other_host: str = ""

    @property
    def pixels(self) -> int:
        """Of one picture."""
        return self.width_px * self.height_px

    def url_for(self, user: str, password: str) -> str:
        """The address as `cameras.url` and `cameras.second_url` in gate.toml have it: with user and password in it."""
        if not user:
            return self.url
        parts = urlsplit(self.url)
        login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
        return SplitResult(parts.scheme, f"{login}@{parts.netloc}", parts.path, parts.query, "").geturl()


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """What a lane takes of one camera. `second`: the small stream for rest; None where there is none that is small.

    `advice`: what to change in the camera's own pages.
    """

    main: VideoProfile
    second: VideoProfile | None
    advice: tuple[Text, ...]


def choose_streams(profiles: Sequence[VideoProfile], main: VideoProfile | None = None) -> StreamChoice | None:
    """The streams that fit best; None where there is none at all.

    The main stream is the largest of the first lens, H.264 or H.265 before others, unless `main` is named. The second
    is of the same lens: the largest of at most 640 x 360, else the smallest up to 704 x 576.
    """
    fit = [one for one in profiles if one.pixels <= MAX_PIXELS]
    if main is None and not fit:
        return None
    if main is None:
        of_first = [one for one in fit if one.source == fit[0].source]
        main = max(of_first, key=lambda one: (one.codec in _VIDEO, one.pixels, one.frame_rate_hz or 0.0))
    small = [
        one
        for one in fit
        if one.source == main.source
        and one.token != main.token
        and one.codec in _VIDEO
        and 0 < one.pixels <= min(TOLERATED_PX, main.pixels // 2)
    ]
    least = [one for one in small if one.pixels <= SMALL_PX]
    second = max(least, key=lambda one: one.pixels) if least else min(small, key=lambda one: one.pixels, default=None)
    return StreamChoice(main, second, tuple(_advice(main, second)))


def _advice(main: VideoProfile, second: VideoProfile | None) -> list[Text]:
    said = []
    if main.codec not in _VIDEO:
        said.append(Text("set the main stream to H.264 or H.265; it is {codec}", codec=main.codec or "?"))
    if main.key_picture_s is not None and main.key_picture_s > MOST_GAP_S:
        said.append(
            Text(
                "set the I frame interval of the main stream to one second; it is {seconds} s",
                seconds=f"{main.key_picture_s:.1f}",
            )
        )
    if second is None:
        said.append(Text("set a second stream to 640 x 360 in H.264: the gate uses it while nothing moves"))
    elif second.pixels > SMALL_PX:
        said.append(
            Text(
                "set the second stream to 640 x 360; it is {width} x {height}",
                width=second.width_px,
                height=second.height_px,
            )
        )
    return said
