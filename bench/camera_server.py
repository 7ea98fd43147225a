"""A network camera for benchmarks: RTSP over TCP, 25 pictures a second, encoded before they are shown.

`camera_server.py WIDTH HEIGHT` prints its port. Then it obeys lines of its input, and answers each with one line:
`load NAME PATH FRAMES` encodes that many frames of the picture in a .npy file; `show NAME` shows them over and over
from the next frame on, and the answer is the monotonic time at which that frame went to the network. `turn NAME FROM TO
FRAMES` encodes a second in which the picture of one clip becomes that of another after so many frames, without a key
frame there; `show NAME` shows it once, and then the other clip, and its time is that of the first frame of the other.

The encoding is done beforehand because a real camera's encoder does not run on the cores of the gate.
"""

from __future__ import annotations

import asyncio
import os
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from tests.support.vision.live_rtsp_server import Server, length_prefixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Clip = list[tuple[bytes, bool]]

RATE_HZ = 25
NOISE_LEVELS = 2.0
NOISE_SHIFTS_PX = 64
STAMP_PX = 16
GREY = 96
BITS_PER_PIXEL = 0.08


class ClipEncoder:
    """Encode a picture as a camera does that looks at it for a while: H.264, no B frames, noise, a running clock.

    4 Mbit/s at 1080p, which is what such cameras are set to. Every clip begins with a key frame, so that clips can be
    shown in any order. `header`: the parameter sets, common to all clips.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        self._size = width_px, height_px
        self._rng = np.random.default_rng(1)
        shape = (height_px + NOISE_SHIFTS_PX, width_px, 3)
        self._noise = self._rng.normal(0, NOISE_LEVELS, shape).round().astype(np.int16)
        self.header = bytes(self._codec().extradata)

    def clip(self, pixels: Pixels, frames: int) -> Clip:
        """That many frames, each with whether it is a key frame: the first of each second is."""
        return self._encoded([pixels.astype(np.int16)] * frames)

    def turn(self, before: Pixels, after: Pixels, frames: int) -> Clip:
        """A second of frames: so many of one picture, and then the other. It begins with its only key frame."""
        first, second = before.astype(np.int16), after.astype(np.int16)
        return self._encoded([first] * frames + [second] * (RATE_HZ - frames))

    def _encoded(self, pictures: list[NDArray[np.int16]]) -> Clip:
        codec, clip = self._codec(), []
        for number, base in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(self._seen(base, number), format="bgr24")
            frame.pts = number
            clip += [(length_prefixed(bytes(packet)), packet.is_keyframe) for packet in codec.encode(frame)]
        return clip

    def _seen(self, base: NDArray[np.int16], number: int) -> Pixels:
        shift = int(self._rng.integers(0, NOISE_SHIFTS_PX))
        seen = np.clip(base + self._noise[shift : shift + base.shape[0]], 0, 255).astype(np.uint8)
        seen[:STAMP_PX, : STAMP_PX * 8] = GREY
        left = number % 8 * STAMP_PX
        seen[:STAMP_PX, left : left + STAMP_PX] = 255 - GREY
        return seen

    def _codec(self) -> av.VideoCodecContext:
        width_px, height_px = self._size
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width_px, height_px, "yuv420p"
        codec.framerate, codec.time_base = Fraction(RATE_HZ), Fraction(1, RATE_HZ)
        rate = round(BITS_PER_PIXEL * width_px * height_px * RATE_HZ)
        codec.bit_rate = rate
        codec.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "maxrate": str(rate),
            "bufsize": str(rate // 2),
            "bf": "0",
            "g": str(RATE_HZ),
            "sc_threshold": "0",
            "threads": "1",
        }
        codec.flags |= av.codec.context.Flags.global_header
        codec.open()
        return codec


class ClipStream:
    """What `tests.support.vision.live_rtsp_server.Server` serves: the clip that is shown now, over and over."""

    def __init__(self, encoder: ClipEncoder, first: Clip) -> None:
        self.encoder = encoder
        self.rate_hz = RATE_HZ
        self.watchers: set[asyncio.Queue[tuple[int, bytes, bool]]] = set()
        self.wants_key = False
        self._clip, self._then, self._place = first, first, 0
        self._asked: int | None = None

    def show(self, clip: Clip, then: Clip | None = None, at: int = 0) -> None:
        """Show a clip from the next frame on, and `then` another; the answer is the time of the clip's frame `at`."""
        self._clip, self._then, self._place, self._asked = clip, then or clip, 0, at

    async def run(self) -> None:
        """Send a frame every 40 ms."""
        loop = asyncio.get_running_loop()
        number, begun_at = 0, loop.time()
        while True:
            if self.wants_key:
                self.wants_key, self._place = False, 0
            if self._place == len(self._clip):
                self._clip, self._place = self._then, 0
            data, is_key = self._clip[self._place]
            at = loop.time()
            for watcher in self.watchers:
                watcher.put_nowait((number, data, is_key))
            if self._asked == self._place:
                self._asked = None
                _answer(f"{at:.6f}")
            self._place += 1
            number += 1
            await asyncio.sleep(begun_at + number / RATE_HZ - loop.time())


def _answer(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _obey(loop: asyncio.AbstractEventLoop, stream: ClipStream) -> None:
    clips: dict[str, tuple[Clip, Clip | None, int]] = {}
    pictures: dict[str, Pixels] = {}
    for line in sys.stdin:
        match line.split():
            case ["load", name, path, frames]:
                pictures[name] = np.load(path)
                clips[name] = stream.encoder.clip(pictures[name], int(frames)), None, 0
                _answer("loaded")
            case ["turn", name, before, after, frames]:
                clip = stream.encoder.turn(pictures[before], pictures[after], int(frames))
                clips[name] = clip, clips[after][0], int(frames)
                _answer("loaded")
            case ["show", name]:
                loop.call_soon_threadsafe(stream.show, *clips[name])
            case _:
                message = f"not understood: {line}"
                raise ValueError(message)


async def _serve(width_px: int, height_px: int) -> None:
    encoder = ClipEncoder(width_px, height_px)
    stream = ClipStream(encoder, encoder.clip(np.full((height_px, width_px, 3), GREY, np.uint8), RATE_HZ))
    rtsp = Server(stream, 0)
    await rtsp.start()
    _answer(str(rtsp.bound_port))
    orders = asyncio.to_thread(_obey, asyncio.get_running_loop(), stream)
    await asyncio.gather(stream.run(), rtsp.serve_forever(), orders)


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
