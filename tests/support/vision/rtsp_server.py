"""A real RTSP camera for tests: clips drawn and encoded on the spot, served by a process that can be frozen and killed.

Run as a program it is the server: `rtsp_server.py FOLDER PORT` prints its port and serves the folder's clips.
"""

import asyncio
import os
import signal
import subprocess
import sys

import aio_rtsp_toolkit.server as toolkit
import av
from aio_rtsp_toolkit import server_streaming

RATE_HZ = 25
HAND_OVER_S = 60.0


def write_clip(path, pictures, *, rate_hz=RATE_HZ, kind=None):
    """Encode pictures as H.264 without B frames, with a key frame every second."""
    with av.open(str(path), "w", format=kind) as container:
        stream = None
        for pixels in pictures:
            if stream is None:
                stream = container.add_stream("libx264", rate=rate_hz)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "g": str(rate_hz)}
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


class RtspServer:
    """Serve the clips of a folder at 127.0.0.1, on the same port over all its lives."""

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.folder), str(self.port)], stdout=subprocess.PIPE, text=True
        )
        with self._process.stdout as said:
            self.port = int(said.readline())
        return self

    def url(self, clip, *, credentials=""):
        """The address of a clip, played without end."""
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{clip}/play_count_0"

    def freeze(self):
        """Neither serve nor hang up, as a camera does whose software hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class _Silent:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None


async def _serve(folder, port):
    toolkit.logger = _Silent()
    # A frame that its thread could not hand over in this time is handed over again, though the first may be taken
    # still: on a busy machine the toolkit's 50 ms sent frames twice.
    server_streaming.QUEUE_PUT_POLL_INTERVAL = HAND_OVER_S
    server = toolkit.RtspServer(folder, "127.0.0.1", port)
    server.logger = toolkit.logger
    await server.start()
    listener = server._server
    sockets = getattr(listener, "sockets", None) or listener._server.sockets
    os.write(1, f"{sockets[0].getsockname()[1]}\n".encode())
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
