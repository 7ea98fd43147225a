"""An RTSP camera for tests whose packets are made beforehand: any codec, any order of pictures, any fault.

FFmpeg puts the pictures into packets (RTP), which are caught at a port of 127.0.0.1; so no code of ours says how they
should look. They are sent over the connection of RTSP ("interleaved"), over and over.
"""

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, replace

import av

from tests.support.waiting import PATIENCE_S

CLOCK_HZ = 90_000
ENCODERS = {"H264": "libx264", "H265": "libx265", "JPEG": "mjpeg"}
_PAYLOAD_TYPES = {"H264": 96, "H265": 96, "JPEG": 26}
_HEAD_END = b"\r\n\r\n"
_PACKET_BYTES = 1200


@dataclass(frozen=True)
class SentPicture:
    """The packets of a picture, and its time after the first one of its stream."""

    packets: list[bytes]
    at: int


@dataclass(frozen=True)
class Stream:
    """Pictures in packets, in the order in which they are sent."""

    codec: str
    rate_hz: int
    pictures: list[SentPicture]

    @property
    def sdp(self):
        kind = _PAYLOAD_TYPES[self.codec]
        lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", f"m=video 0 RTP/AVP {kind}"]
        lines += [] if self.codec == "JPEG" else [f"a=rtpmap:{kind} {self.codec}/{CLOCK_HZ}"]
        lines += ["a=fmtp:96 packetization-mode=1"] if self.codec == "H264" else []
        return "\r\n".join([*lines, "a=control:track1", ""])

    @property
    def duration(self):
        return len(self.pictures) * CLOCK_HZ // self.rate_hz

    def then(self, other):
        """This stream, and another of its codec after it."""
        later = [replace(one, at=one.at + self.duration) for one in other.pictures]
        return replace(self, pictures=self.pictures + later)

    def broken(self, number):
        """The same with nonsense in the packets of one picture, behind their first bytes."""
        packets = [packet[:16] + bytes(len(packet) - 16) for packet in self.pictures[number].packets]
        pictures = list(self.pictures)
        pictures[number] = replace(pictures[number], packets=packets)
        return replace(self, pictures=pictures)


def encoded(codec, pictures, *, rate_hz=25, **options):
    """The pictures, BGR, as a stream; its parameter sets come in it, before each key picture."""
    with _caught() as (address, caught):
        container = av.open(address, "w", format="rtp", options={"packetsize": str(_PACKET_BYTES)})
        track, found = None, []
        for number, pixels in enumerate(pictures):
            if track is None:
                track = container.add_stream(ENCODERS[codec], rate=rate_hz)
                track.height, track.width = pixels.shape[:2]
                track.pix_fmt = "yuvj420p" if codec == "JPEG" else "yuv420p"
                track.options = {name: str(value) for name, value in (_usual(codec, rate_hz) | options).items()}
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24").reformat(format=track.pix_fmt)
            frame.pts = number
            found += _sent(container, track.encode(frame), caught)
        found += _sent(container, track.encode(), caught)
        container.close()
    first = min(_stamp(packets[0]) for packets in found)
    return Stream(codec, rate_hz, [SentPicture(packets, _stamp(packets[0]) - first) for packets in found])


def _usual(codec, rate_hz):
    match codec:
        case "H264":
            return {"preset": "ultrafast", "tune": "zerolatency", "bf": 0, "g": rate_hz, "forced-idr": 1, "threads": 1}
        case "H265":
            quiet = f"keyint={rate_hz}:bframes=0:log-level=none:pools=none:frame-threads=1:repeat-headers=1"
            return {"preset": "ultrafast", "x265-params": quiet}
        case _:
            return {"huffman": "default", "qmin": 4, "qmax": 4, "threads": 1}


def _sent(container, packets, caught):
    found = []
    for packet in packets:
        container.mux(packet)
        found.append(caught())
    return found


@contextlib.contextmanager
def _caught():
    """Where to send packets, and a call that returns those of one picture."""
    with socket.socket(type=socket.SOCK_DGRAM) as rtp, socket.socket(type=socket.SOCK_DGRAM) as rtcp:
        for one in (rtp, rtcp):
            one.bind(("127.0.0.1", 0))
            one.settimeout(PATIENCE_S)
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

        def of_a_picture():
            packets = []
            while not packets or not packets[-1][1] & 128:
                packets.append(rtp.recv(1 << 16))
            return packets

        yield f"rtp://127.0.0.1:{rtp.getsockname()[1]}?rtcpport={rtcp.getsockname()[1]}", of_a_picture


def _stamp(packet):
    return int.from_bytes(packet[4:8], "big")


class PacketCamera:
    """Serve a stream at 127.0.0.1, over and over, to each who comes; the pictures as fast as their rate says.

    Always on the same port. `first`: pictures of the stream that are sent once, before the others go round.
    """

    def __init__(self, stream, *, first=0):
        self.stream = stream
        self.sent = 0
        self.port = 0
        self._first = first
        self._listener = None
        self._ending = threading.Event()
        self._paused = threading.Event()
        self._threads = []
        self._ends = []

    @property
    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/live"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._ending.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._begin(self._listen, self._listener)
        return self

    def stop(self):
        """Hang up, and listen no more."""
        self._ending.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._ends, self._threads = [], []

    def show(self, stream):
        """Send this stream from the next picture on; of the codec and the rate of the one before."""
        self.stream = stream

    def pause(self):
        """Send nothing more, and do not hang up."""
        self._paused.set()

    def go_on(self):
        """Send again."""
        self._paused.clear()

    def _begin(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, listener):
        with contextlib.suppress(OSError):
            while True:
                end, _ = listener.accept()
                self._ends.append(end)
                self._begin(self._serve, end)

    def _serve(self, end):
        with end, contextlib.suppress(OSError):
            held = b""
            while data := end.recv(4096):
                held += data
                while _HEAD_END in held:
                    request, _, held = held.partition(_HEAD_END)
                    if held[:1] == b"$":
                        held = b""
                    if self._answer(end, request.decode(errors="replace")):
                        self._begin(self._drain, end)
                        self._send(end)
                        end.shutdown(socket.SHUT_RDWR)  # another thread still waits for words from there
                        return

    def _drain(self, end):
        with contextlib.suppress(OSError):
            while end.recv(4096):
                pass

    def _answer(self, end, request):
        """Answer a request of RTSP; whether it is the one to play."""
        method, number = request.split(" ", 1)[0], re.search(r"CSeq: *(\d+)", request)[1]
        head, body = [f"CSeq: {number}"], ""
        match method:
            case "OPTIONS":
                head.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "DESCRIBE":
                body = self.stream.sdp
                head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
            case "SETUP":
                head += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1;timeout=60"]
            case _:
                head.append("Session: 1")
        end.sendall("\r\n".join(["RTSP/1.0 200 OK", *head, "", body]).encode())
        return method == "PLAY"

    def _send(self, end):
        number, base = 0, 0
        stream, place = self.stream, 0
        while True:
            if self.stream is not stream or place == len(stream.pictures):
                # What was sent first is not sent again: so a stream may have one key picture only.
                base += stream.duration
                place = self._first if self.stream is stream else 0
                stream = self.stream
            picture = stream.pictures[place]
            at = (picture.at + base) % (1 << 32)
            data = b""
            place += 1
            for packet in picture.packets:
                rtp = packet[:2] + number.to_bytes(2, "big") + at.to_bytes(4, "big") + packet[8:]
                data += b"$\0" + len(rtp).to_bytes(2, "big") + rtp
                number = (number + 1) % (1 << 16)
            end.sendall(data)
            self.sent += 1
            if self._ending.wait(1 / stream.rate_hz):
                return
            while self._paused.is_set():
                if self._ending.wait(0.05):
                    return
