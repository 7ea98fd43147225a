"""A live RTSP camera for tests: it shows the picture that it is told to, until it is told another.

Run as a program it is the server: `live_rtsp.py WIDTH HEIGHT PORT` prints its port; then it obeys lines of its input:
`show PATH FRAMES` encodes the picture of a .npy file from now on and answers when so many frames of it were taken.
"""

import asyncio
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE_HZ = 15
STAMP_PX = 16
STAMP_STEPS = 8
GREY = 96


class LiveCamera:
    """Serve one live stream at 127.0.0.1, on the same port over all its lives. `show` is what stands before it."""

    def __init__(self, folder, width_px=1280, height_px=720):
        self.size = (width_px, height_px)
        self.port = 0
        self._folder = Path(folder)
        self._process = None
        self._shown = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/live.mp4"

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__, *map(str, self.size), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())
        return self

    def show(self, pixels, frames=1):
        """Show a BGR picture from now on; returns when it was in the stream for so many frames."""
        self._shown += 1
        path = self._folder / f"shown-{self._shown % 2}.npy"
        np.save(path, pixels)
        print("show", path, frames, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "shown\n"

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None


class _Encoder:
    """H.264 as a camera makes it: no B frames, a key frame a second, and one with each change of the picture."""

    def __init__(self, width_px, height_px):
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width_px, height_px, "yuv420p"
        codec.framerate, codec.time_base = Fraction(RATE_HZ), Fraction(1, RATE_HZ)
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": "20",
            "bf": "0",
            "g": str(RATE_HZ),
            "forced-idr": "1",
            "threads": "1",
        }
        codec.flags |= av.codec.context.Flags.global_header
        codec.open()
        self._codec = codec
        self.header = bytes(codec.extradata)

    def frame(self, pixels, number, *, key):
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        frame.pts = number
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        return [(_length_prefixed(bytes(packet)), packet.is_keyframe) for packet in self._codec.encode(frame)]


def _length_prefixed(annex_b):
    """The units of one frame as the toolkit takes them: each after its length."""
    units = [unit.rstrip(b"\0") for unit in annex_b.split(b"\0\0\1")]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units if unit)


def _stamped(pixels, number):
    """The picture with a block that wanders, as the clock in a camera's picture does: it never stands still."""
    left = number % STAMP_STEPS * STAMP_PX
    stamped = pixels.copy()
    stamped[:STAMP_PX, : STAMP_PX * STAMP_STEPS] = GREY
    stamped[:STAMP_PX, left : left + STAMP_PX] = 255 - GREY
    return stamped


class _Silent:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None


class _Stream:
    """The one picture of the server, encoded once for all who watch."""

    def __init__(self, width_px, height_px):
        self.encoder = _Encoder(width_px, height_px)
        self.watchers = set()
        self.wants_key = False
        self._pixels = np.full((height_px, width_px, 3), GREY, np.uint8)
        self._left = 0

    def show(self, pixels, frames):
        self._pixels, self._left, self.wants_key = pixels, frames, True

    async def run(self):
        loop = asyncio.get_running_loop()
        number, begun_at = 0, loop.time()
        while True:
            key, self.wants_key = self.wants_key, False
            for data, is_key in self.encoder.frame(_stamped(self._pixels, number), number, key=key):
                for watcher in self.watchers:
                    watcher.put_nowait((number, data, is_key))
            if self._left:
                self._left -= 1
                if not self._left:
                    os.write(1, b"shown\n")
            number += 1
            await asyncio.sleep(begun_at + number / RATE_HZ - loop.time())


async def _serve(width_px, height_px, port):
    from aio_rtsp_toolkit import server, server_media, server_session

    server.logger = _Silent()
    stream = _Stream(width_px, height_px)
    sets = server_media.parse_parameter_sets("h264", stream.encoder.header)[1]
    profile = server_media.profile_level_id_from_sps(sets["sps"])
    sprop = f"{server_media.to_base64(sets['sps'])},{server_media.to_base64(sets['pps'])}"
    track = server_media.MediaTrackInfo(
        media_type="video",
        control="track1",
        codec_name=server_media.H264CodecName,
        payload_type=96,
        clock_rate=90_000,
        fmtp=f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={sprop}",
        parameter_sets=sets,
    )

    class Session(server_session.RtspServerSession):
        async def _stream_media(self):
            state = self.track_states["track1"]
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
                    await self._send_video_packet(state, data, (number - first) / RATE_HZ, 0.0, is_key)
            except ConnectionError:
                return
            finally:
                stream.watchers.discard(frames)

    class Server(server.RtspServer):
        async def _handle_client(self, sock):
            await Session(self, sock).run()

        def resolve_request_path(self, uri):
            return Path(uri)

        def load_media_source(self, file_path):
            return server_media.MediaSource(file_path, [track], self.session_name)

    rtsp = Server(".", "127.0.0.1", port)
    rtsp.logger = server.logger
    await rtsp.start()
    listener = rtsp._server
    sockets = getattr(listener, "sockets", None) or listener._server.sockets
    os.write(1, f"{sockets[0].getsockname()[1]}\n".encode())
    loop = asyncio.get_running_loop()

    def obey():
        for line in sys.stdin:
            _, path, frames = line.split()
            loop.call_soon_threadsafe(stream.show, np.load(path), int(frames))

    threading.Thread(target=obey, daemon=True).start()
    await asyncio.gather(stream.run(), rtsp.serve_forever())


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
