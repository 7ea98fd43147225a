"""The server behind tests.support.vision.live_rtsp: `live_rtsp_server.py WIDTH HEIGHT RATE PORT` prints its port.

Then it obeys lines of its input: `show PATH` encodes the picture of a .npy file from now on, `wait FRAMES` answers when
that was sent so many times. `once PATH` sends the picture in one frame, and nothing until the next `show`. `garble
FRAMES` sends so many frames with nonsense in place of their pictures. A picture of another size changes the size of the
stream, as its parameter sets in the stream say.

A picture is encoded as a short film that begins with a key frame, and the same bytes are sent again and again: to
encode each frame again cost as much as to read it.
"""

import asyncio
import os
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aio_rtsp_toolkit import server, server_media, server_session

STAMP_PX = 16
STAMP_STEPS = 8
GREY = 96


class _Silent:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None


server.logger = _Silent()


class _Encoder:
    """H.264 as a camera makes it: no B frames, a key frame every so often, and one with each change of the picture."""

    def __init__(self, width_px, height_px, rate_hz, *, described=True):
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width_px, height_px, "yuv420p"
        codec.framerate, codec.time_base = Fraction(rate_hz), Fraction(1, rate_hz)
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": "20",
            "bf": "0",
            "g": str(STAMP_STEPS),
            "forced-idr": "1",
            "threads": "1",
        }
        if described:
            codec.flags |= av.codec.context.Flags.global_header
        codec.open()
        self._codec = codec
        self._encoded = 0
        self.size = (width_px, height_px)
        self.header = bytes(codec.extradata) if described else b""

    def frame(self, pixels, *, key):
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        frame.pts = self._encoded
        self._encoded += 1
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        return [(length_prefixed(bytes(packet)), packet.is_keyframe) for packet in self._codec.encode(frame)]


def length_prefixed(annex_b):
    """The units of one frame as the toolkit takes them: each after its length."""
    units = [unit.rstrip(b"\0") for unit in annex_b.split(b"\0\0\1")]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units if unit)


def garbled(data):
    """The units of one frame, each with its header and random bytes after it."""
    units, left = [], data
    while left:
        size = int.from_bytes(left[:4], "big")
        units.append(left[:5] + os.urandom(size - 1))
        left = left[4 + size :]
    return b"".join(units)


def _stamped(pixels, number):
    """The picture with a block that wanders, as the clock in a camera's picture does: it never stands still."""
    left = number % STAMP_STEPS * STAMP_PX
    stamped = pixels.copy()
    stamped[:STAMP_PX, : STAMP_PX * STAMP_STEPS] = GREY
    stamped[:STAMP_PX, left : left + STAMP_PX] = 255 - GREY
    return stamped


class _Stream:
    """The one picture of the server, encoded once for all who watch."""

    def __init__(self, width_px, height_px, rate_hz):
        self.encoder = _Encoder(width_px, height_px, rate_hz)
        self.rate_hz = rate_hz
        self.watchers = set()
        self.wants_key = False
        self._pixels = np.full((height_px, width_px, 3), GREY, np.uint8)
        self._film = []
        self._place = 0
        self._sent = 0
        self._awaited = 0
        self._to_garble = 0
        self._pausing = False

    def garble(self, frames):
        self._to_garble, self._sent = frames, 0

    def show(self, pixels):
        size = pixels.shape[1::-1]
        if size != self.encoder.size:
            self.encoder = _Encoder(*size, self.rate_hz, described=False)
        self._pixels, self._film, self._sent, self.wants_key, self._pausing = pixels, [], 0, True, False

    def show_once(self, pixels):
        self.show(pixels)
        self._pausing = True

    def wait(self, frames):
        self._awaited = frames
        self._tell()

    def _tell(self):
        if self._awaited and self._sent >= self._awaited:
            self._awaited = 0
            os.write(1, b"shown\n")

    def _next(self):
        """The next frame of the film, encoded when it is sent for the first time; its first one where a key is wanted.

        A film that breaks off early goes on later where it stopped: the encoder has seen no other frame since.
        """
        if self.wants_key:
            self.wants_key, self._place = False, 0
        place = self._place
        if place == len(self._film):
            self._film.append(self.encoder.frame(_stamped(self._pixels, place), key=place == 0))
        self._place = (place + 1) % STAMP_STEPS
        return self._film[place]

    async def run(self):
        loop = asyncio.get_running_loop()
        number, begun_at = 0, loop.time()
        while True:
            for data, is_key in self._next():
                sent = garbled(data) if self._to_garble else data
                for watcher in self.watchers:
                    watcher.put_nowait((number, sent, is_key))
            self._to_garble = max(0, self._to_garble - 1)
            self._sent += 1
            self._tell()
            number += 1
            while self._pausing:
                await asyncio.sleep(1 / self.rate_hz)
                begun_at = loop.time() - number / self.rate_hz
            await asyncio.sleep(begun_at + number / self.rate_hz - loop.time())


class _Session(server_session.RtspServerSession):
    """Sends the live stream, from a key frame on, in place of a file."""

    async def _stream_media(self):
        stream, state = self.server.stream, self.track_states["track1"]
        frames = asyncio.Queue()
        stream.watchers.add(frames)
        stream.wants_key = True
        first = None
        try:
            while True:
                number, data, is_key = await frames.get()
                if first is None and not is_key:
                    continue
                first = number if first is None else first
                await self._send_video_packet(state, data, (number - first) / stream.rate_hz, 0.0, is_key)
        except ConnectionError:
            return
        finally:
            stream.watchers.discard(frames)


class Server(server.RtspServer):
    """The toolkit's server with the one live stream at every address."""

    def __init__(self, stream, port):
        super().__init__(".", "127.0.0.1", port)
        self.stream = stream
        self.logger = server.logger
        self._track = _track(stream.encoder.header)

    @property
    def bound_port(self):
        listener = self._server
        sockets = getattr(listener, "sockets", None) or listener._server.sockets
        return sockets[0].getsockname()[1]

    async def _handle_client(self, sock):
        await _Session(self, sock).run()

    def resolve_request_path(self, uri):
        return Path(uri)

    def load_media_source(self, file_path):
        return server_media.MediaSource(file_path, [self._track], self.session_name)


def _track(header):
    sets = server_media.parse_parameter_sets("h264", header)[1]
    profile = server_media.profile_level_id_from_sps(sets["sps"])
    sprop = f"{server_media.to_base64(sets['sps'])},{server_media.to_base64(sets['pps'])}"
    return server_media.MediaTrackInfo(
        media_type="video",
        control="track1",
        codec_name=server_media.H264CodecName,
        payload_type=96,
        clock_rate=90_000,
        fmtp=f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={sprop}",
        parameter_sets=sets,
    )


def _obey(loop, stream):
    for line in sys.stdin:
        order, what = line.split()
        if order == "show":
            loop.call_soon_threadsafe(stream.show, np.load(what))
        elif order == "once":
            loop.call_soon_threadsafe(stream.show_once, np.load(what))
        elif order == "garble":
            loop.call_soon_threadsafe(stream.garble, int(what))
        else:
            loop.call_soon_threadsafe(stream.wait, int(what))


async def _serve(width_px, height_px, rate_hz, port):
    stream = _Stream(width_px, height_px, rate_hz)
    rtsp = Server(stream, port)
    await rtsp.start()
    os.write(1, f"{rtsp.bound_port}\n".encode())
    threading.Thread(target=_obey, args=(asyncio.get_running_loop(), stream), daemon=True).start()
    await asyncio.gather(stream.run(), rtsp.serve_forever())


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
