"""What comes over wires: messages of vision workers and of their parent, commands, acknowledgements, words of other
gates, answers of boards, bytes of scanners, and the configuration file."""

from __future__ import annotations

import functools
import json
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.commands.check import Proved, ReceivedCommand, prove
from agent.core.events.acknowledgement import AckPolicy, ReadAck, read_ack, sign_ack
from agent.core.events.chain import Point
from agent.core.site.messages import ClaimQuery, RowsRequest, SiteMessageError
from agent.settings import SettingsError
from agent.vision.worker.protocol import (
    Attend,
    CameraPhase,
    CameraState,
    Configure,
    ConfigureWitness,
    Detection,
    Heartbeat,
    Hello,
    Layer,
    PicturesShown,
    PreviewFrame,
    ProtocolError,
    ReadPictures,
    SaidPlate,
    Sandbox,
    SeenCode,
    SeenPlate,
    Stop,
)
from agent.vision.worker.wire import Decoder, encoded
from drivers import modbus_codec, numato_codec
from drivers.api import DeviceError
from drivers.relay import devantech_codec, kmtronic_codec, lcus_codec
from drivers.scanner.framing import FrameRules, Framing
from tests.fuzz.mutations import spliced, spoilt
from tests.fuzz.target import Target
from tests.support.gate.config_files import GOOD, loaded
from tests.support.mqtt.commanding import GATE, KEY, KEYS, KID, OTHER_KEY, body, signed
from tests.support.site.sites import KEYS as SITE_KEYS
from tests.support.site.sites import PLACE, membership_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.wire import Envelope

# ----------------------------------------------------------------------------------------- vision worker and parent

_JPEG = b"\xff\xd8\xff\xe0rest"
_PLATE = SeenPlate(
    text="A1", positions=((("A", 0.9),), (("1", 0.5), ("7", 0.4))), kind="x", confidence=0.4, box=(0, 1, 2, 3), crop=1
)
_CODE = SeenCode(payload=b"GPR:\x00\xff", engine="zxing", corners=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
_WORKER_WORDS = (
    encoded(Hello(pid=7, version=3)),
    encoded(Sandbox(on=tuple(Layer), missing=("calls: none",))),
    encoded(Heartbeat(at=12.5, captured=4, read=3, load=0.25)),
    encoded(CameraState(phase=CameraPhase.STREAMING, width_px=640, height_px=480, frame_rate_hz=25.0)),
    encoded(Detection(frame=1, at=2.0, codes=(_CODE,), plates=(_PLATE,), picture=0), (_JPEG, _JPEG)),
    encoded(PreviewFrame(frame=1, at=2.0, picture=0), (_JPEG,)),
    encoded(SaidPlate(text="沪A12345", confidence=0.9, at=2.0, lane=1, picture=0), (_JPEG,)),
    encoded(PicturesShown(codes=((b"GP1:\x00",),), plates=(_PLATE, None))),
)
_PARENT_WORDS = (
    encoded(Configure(camera_kind="folder", camera={"path": "/srv", "deep": [1, {"a": None}]})),
    encoded(ConfigureWitness(witness_kind="dahua", witness={"host": "10.0.0.1", "port": 80})),
    encoded(Attend(present=True)),
    encoded(ReadPictures(codes=1, plates=1), (_JPEG, _JPEG)),
    encoded(Stop()),
)


def _words(words: tuple[bytes, ...]) -> Callable[[random.Random], bytes]:
    def make(rng: random.Random) -> bytes:
        said = b"".join(rng.choices(words, k=rng.randint(1, 3)))
        return spliced(rng, said, rng.choice(words)) if rng.random() < 0.2 else spoilt(rng, said)

    return make


def _word_accepted(data: bytes, *, from_worker: bool) -> bool:
    """What is understood must be a message that the other end could have sent: said again it is the same."""
    try:
        envelopes = Decoder(from_worker=from_worker).feed(data)
    except ProtocolError:
        return False
    return any(_differs(envelope, from_worker=from_worker) for envelope in envelopes)


def _differs(envelope: Envelope, *, from_worker: bool) -> bool:
    again = encoded(envelope.message, envelope.pictures)  # type: ignore[arg-type]
    return Decoder(from_worker=from_worker).feed(again) != [envelope]


# ------------------------------------------------------------------------------------------------- central and gates

_COMMANDS = tuple(signed(body(name)) for name in ("open", "hold", "lock", "replay"))
_STREAM = "01900000-0000-7000-8000-000000000000"
_ACK_POLICY = AckPolicy(GATE, {KID: KEY.public})
_POINTS = tuple(Point(_STREAM, seq, f"{seq:064x}") for seq in (0, 1, 999, 1000))
_ACKS = (
    *(json.dumps({"stream": point.stream, "seq": point.seq}).encode() for point in _POINTS),
    *(sign_ack(GATE, point, KEY, KID) for point in _POINTS),
)
_NORTH, _SOUTH = membership_of("north"), membership_of("south")
_SITE_WORDS = tuple(
    _SOUTH.sealed(said, "north", PLACE, SITE_KEYS["south"])
    for said in (ClaimQuery(id="c1", permit="0102030405060708"), RowsRequest(stream="s1", after=7))
)


def _command(rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return signed(spoilt(rng, json.dumps(body()).encode()), key=rng.choice((OTHER_KEY, KEY)), kid=KID + "x")
    return spoilt(rng, rng.choice(_COMMANDS))


def _command_accepted(data: bytes) -> bool:
    return isinstance(prove(ReceivedCommand("open", data, False), GATE, KEYS), Proved) and data not in _COMMANDS


def _ack_accepted(data: bytes) -> bool:
    """What is proved is one of those that were signed; what is not signed says what it was read as."""
    proved = read_ack(data, _ACK_POLICY)
    if isinstance(proved, ReadAck) and Point(proved.stream, proved.seq, proved.digest or "") not in _POINTS:
        return True
    found = read_ack(data, AckPolicy(GATE))
    if isinstance(found, ReadAck):
        said = json.loads(data)
        return (said["stream"], said["seq"]) != (found.stream, found.seq)
    return False


def _site_word_accepted(data: bytes) -> bool:
    try:
        _NORTH.opened(data)
    except SiteMessageError:
        return False
    return data not in _SITE_WORDS


# -------------------------------------------------------------------------------------------------------- boards

_BITS = modbus_codec.read_discrete_inputs(1, 0, 8)
_COIL = modbus_codec.write_coil(1, 0, on=True)
_QUESTION = numato_codec.read_relay(1, 8)
_ANSWERS: tuple[tuple[bytes, Callable[[bytes], object]], ...] = (
    (b"CH1:ON\r\nCH2:OFF\r\n", lambda data: lcus_codec.read_lines(data, 2)),
    (bytes((1, 0)), lambda data: lcus_codec.read_bytes(data, 2)),
    (lcus_codec.frame(1, 1), lambda data: lcus_codec.read_feedback(data, 1)),
    (bytes((0, 1, 0, 1)), lambda data: kmtronic_codec.read_all(data, 4)),
    (kmtronic_codec.switch(2, on=True), lambda data: kmtronic_codec.read_one(data, 2)),
    (
        modbus_codec.framed(bytes((1, 2, 1, 0b101))),
        lambda data: modbus_codec.read_bits(_BITS, modbus_codec.reply_in(_BITS, data) or b""),
    ),
    (_COIL.frame, lambda data: modbus_codec.check_acknowledge(_COIL, modbus_codec.reply_in(_COIL, data) or b"")),
    (
        numato_codec.wire(_QUESTION) + b"\non\n\r>",
        lambda data: numato_codec.relay_state(_QUESTION, numato_codec.answer(_QUESTION, data)),
    ),
    (
        bytes((9, 3, 9)),
        lambda data: devantech_codec.states_of(data[:1], data[1:2], data[2:3], b"\x03", 4) if len(data) == 3 else None,
    ),
)


def _answer(rng: random.Random) -> bytes:
    number = rng.randrange(len(_ANSWERS))
    data = _ANSWERS[number][0]
    return bytes([number]) + (spoilt(rng, data) if rng.random() < 0.8 else rng.randbytes(rng.randrange(40)))


def _answer_accepted(data: bytes) -> bool:
    """A board that answers anything at all must leave the driver with states or a device's error,
    never with another.
    """
    read = _ANSWERS[data[0] % len(_ANSWERS)][1]
    try:
        found = read(data[1:])
    except DeviceError:
        return False
    states = found if isinstance(found, tuple) else () if found is None else (found,)
    return not all(isinstance(state, bool) for state in states)


def _scan(rng: random.Random) -> bytes:
    return spoilt(rng, b"GP1:ABC\r\n" * rng.randint(1, 4)) + rng.choice((b"", b"\r\n", b"x" * rng.randrange(200)))


def _scan_accepted(data: bytes) -> bool:
    """However the bytes are split, the same texts come out, none too long and none with a line's end in it."""
    rules = FrameRules(max_length=64)
    whole = Framing(rules).feed(data, 0.0)[1]
    framing, pieces = Framing(rules), []
    dice = random.Random(len(data))  # noqa: S311 - repeatable on purpose
    while data:
        size = dice.randint(1, 7)
        framing, frames = framing.feed(data[:size], 0.0)
        pieces += frames
        data = data[size:]
    bad = any(len(frame.text) > rules.max_length or b"\r" in frame.text or b"\n" in frame.text for frame in whole)
    return bad or tuple(pieces) != whole


# -------------------------------------------------------------------------------------------------- the configuration


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _configuration_accepted(data: bytes) -> bool:
    """A file that is taken is one without a mistake; one that is not is refused with each mistake's place."""
    path = _folder() / "gate.toml"
    path.write_bytes(data)
    try:
        loaded(path)
    except SettingsError as error:
        return not error.problems
    return False


WIRES: dict[str, Target] = {
    "messages of a vision worker": Target(
        _words(_WORKER_WORDS), lambda data: _word_accepted(data, from_worker=True), 0.06
    ),
    "messages to a vision worker": Target(
        _words(_PARENT_WORDS), lambda data: _word_accepted(data, from_worker=False), 0.02
    ),
    "commands": Target(_command, _command_accepted, 0.03),
    "acknowledgements": Target(lambda rng: spoilt(rng, rng.choice(_ACKS)), _ack_accepted, 0.02),
    "words of other gates": Target(lambda rng: spoilt(rng, rng.choice(_SITE_WORDS)), _site_word_accepted, 0.02),
    "answers of boards": Target(_answer, _answer_accepted, 0.03),
    "bytes of scanners": Target(_scan, _scan_accepted, 0.018),
    "configuration files": Target(lambda rng: spoilt(rng, GOOD.encode()), _configuration_accepted, 0.002, bound=False),
}
