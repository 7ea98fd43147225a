import base64
import json
import struct
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.core.model import VinSource
from agent.vision.worker.protocol import (
    MAX_PAYLOAD,
    Attend,
    CameraPhase,
    CameraState,
    Configure,
    Detection,
    Expose,
    Heartbeat,
    Hello,
    PicturesShown,
    Preview,
    PreviewFrame,
    ProtocolError,
    ReadPictures,
    SeenCode,
    SeenPlate,
    SeenVin,
    ShownVin,
    Stop,
    ToWorker,
)
from agent.vision.worker.wire import MAX_PICTURE_BYTES, MAX_TEXT_BYTES, Decoder, encoded

JPEG = b"\xff\xd8\xff\xe0rest"

PLATE = SeenPlate(
    text="A1",
    positions=((("A", 0.9),), (("1", 0.5), ("7", 0.4))),
    kind="x",
    confidence=0.4,
    box=(0, 1, 2, 3),
    columns=bytes((2, 0, 9, 50, 3, 0)),
    two_lines=True,
)
VIN = "LSVAA49J132047371"
SEEN_VIN = SeenVin(text=VIN, source=VinSource.CODE_39, box=(0, 1, 2, 3))
COLUMNS = bytes((2, 0, 9, 50, 3)) * 17
SHARES = (("L", 0.9), ("E", 0.05))
PRINTED_VIN = SeenVin(
    text=VIN, source=VinSource.PRINT, box=(0, 1, 2, 3), confidence=0.9, positions=(SHARES,) * 17, columns=COLUMNS
)
SAMPLES = [
    (Hello(pid=1, version=1), []),
    (CameraState(phase=CameraPhase.STALE, detail="камера"), []),
    (Detection(frame=7, at=1.25, codes=(SeenCode(payload=bytes(range(256)), engine="zxing"),), picture=0), [JPEG]),
    (Detection(frame=7, at=1.25, plates=(PLATE.model_copy(update={"crop": 1}),)), [JPEG, JPEG + b"2"]),
    (Detection(frame=7, at=1.25, vins=(SEEN_VIN, SEEN_VIN.model_copy(update={"crop": 1})), picture=0), [JPEG, JPEG]),
    (Detection(frame=7, at=1.25, vins=(PRINTED_VIN, SEEN_VIN)), []),
    (Heartbeat(at=3.5, reading_since=3.25), []),
    (Heartbeat(at=3.5, captured=9, read=3, skipped=6, dropped=4, load=0.75), []),
    (PreviewFrame(frame=1, at=2.0, picture=0, width_px=1920, height_px=1080, sharpness=0.5), [JPEG]),
    (Configure(camera_kind="opencv", camera={"url": "rtsp://x", "loop": True}), []),
    (Preview(width_px=640, fps=5.0, for_s=2.5, measured=True), []),
    (Expose(share=0.25, for_s=10.0), []),
    (Expose(share=None, for_s=0.0), []),
    (PicturesShown(codes=((b"\x00\xff", b"2"), ()), plates=(PLATE, None)), []),
    (PicturesShown(vins=((), (ShownVin(text=VIN, source=VinSource.QR),))), []),
    (
        PicturesShown(
            vins=(
                (
                    ShownVin(
                        text=VIN,
                        source=VinSource.PRINT,
                        confidence=0.5,
                        positions=PRINTED_VIN.positions,
                        columns=COLUMNS,
                    ),
                ),
            )
        ),
        [],
    ),
    (ReadPictures(codes=1, plates=1), [JPEG, JPEG]),
    (ReadPictures(codes=1, plates=0, vins=2), [JPEG, JPEG, JPEG]),
    (Attend(present=True), []),
    (Stop(), []),
]


@pytest.mark.parametrize(
    ("codes", "plates", "vins"), [(0, 0, 0), (1, 0, 0), (1, 2, 0), (3, 0, 0), (1, 1, 1), (0, 0, 1)]
)
def test_pictures_to_be_read_are_as_many_as_are_announced(codes, plates, vins):
    data = encoded(ReadPictures(codes=1, plates=1), [JPEG, JPEG])
    text = json.loads(data[4 : -2 * len(JPEG)])
    text["message"] |= {"codes": codes, "plates": plates, "vins": vins}
    with pytest.raises(ProtocolError, match="other pictures than came with it"):
        Decoder(from_worker=False).feed(frame(text, JPEG, JPEG))


def from_worker(message):
    return not isinstance(message, ToWorker)


def frame(text, *tail):
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack(">I", len(data)) + data + b"".join(tail)


@pytest.mark.parametrize(("message", "pictures"), SAMPLES)
def test_a_message_comes_out_as_it_went_in(message, pictures):
    (envelope,) = Decoder(from_worker=from_worker(message)).feed(encoded(message, pictures))
    assert envelope.message == message
    assert envelope.pictures == tuple(pictures)


@given(st.lists(st.sampled_from([sample for sample in SAMPLES if from_worker(sample[0])]), max_size=6), st.data())
def test_messages_survive_any_cut_of_the_stream(samples, data):
    stream = b"".join(encoded(*sample) for sample in samples)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    decoder = Decoder(from_worker=True)
    heard = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += decoder.feed(stream[begin:end])
    assert [envelope.message for envelope in heard] == [message for message, _ in samples]
    assert not decoder.inside_a_frame


@given(st.binary(max_size=300))
def test_garbage_is_a_protocol_error_and_nothing_else(data):
    decoder = Decoder(from_worker=True)
    try:
        decoder.feed(data)
    except ProtocolError:
        return
    assert decoder.inside_a_frame == bool(data)


@given(st.sampled_from([sample for sample in SAMPLES if from_worker(sample[0])]), st.data())
def test_a_damaged_message_is_a_protocol_error_or_another_message(sample, data):
    damaged = bytearray(encoded(*sample))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ProtocolError):
        Decoder(from_worker=True).feed(bytes(damaged))


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", 0),
        struct.pack(">I", MAX_TEXT_BYTES + 1),
        frame(b"hello"),
        frame(b"[" * 100_000),
        frame(b"\xff\xfe"),
        frame({"message": {"type": "unknown"}}),
        frame({"message": {"type": "stop"}}),
        frame({"message": {"type": "heartbeat", "at": 1.0}, "more": 1}),
        frame({"message": {"type": "heartbeat", "at": 1.0, "more": 1}}),
        frame({"message": {"type": "heartbeat", "at": "1.0"}}),
        frame(b'{"message": {"type": "heartbeat", "at": NaN}}'),
        frame(b'{"message": {"type": "heartbeat", "at": Infinity}}'),
        frame(b'{"message": {"type": "heartbeat", "at": 1e999}}'),
        frame({"message": {"type": "heartbeat", "at": -1.0}}),
        frame({"message": {"type": "detection", "frame": -1, "at": 1.0}}),
        frame({"message": {"type": "detection", "frame": 1, "at": 1.0, "picture": 0}}),
        frame({"message": {"type": "detection", "frame": 1, "at": 1.0, "codes": [{"payload": "!", "engine": "e"}]}}),
        frame(
            {"message": {"type": "detection", "frame": 1, "at": 1.0, "codes": [{"payload": "", "engine": "e" * 33}]}}
        ),
        frame(
            {"message": {"type": "detection", "frame": 1, "at": 1.0, "codes": [{"payload": "", "engine": "e"}] * 17}}
        ),
        frame({"pictures": [MAX_PICTURE_BYTES + 1], "message": {"type": "heartbeat", "at": 1.0}}),
        frame({"pictures": [-1], "message": {"type": "heartbeat", "at": 1.0}}),
        frame({"pictures": [9] * 17, "message": {"type": "heartbeat", "at": 1.0}}),
        frame({"pictures": [MAX_PICTURE_BYTES] * 5, "message": {"type": "heartbeat", "at": 1.0}}),
        frame({"pictures": [5], "message": {"type": "heartbeat", "at": 1.0}}, b"GIF89"),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused_before_it_is_waited_for(data):
    with pytest.raises(ProtocolError):
        Decoder(from_worker=True).feed(data)


def test_the_worker_does_not_take_the_messages_of_a_worker():
    with pytest.raises(ProtocolError):
        Decoder(from_worker=False).feed(encoded(Hello(pid=1, version=1)))


def test_a_refusal_never_repeats_what_was_said():
    with pytest.raises(ProtocolError) as refused:
        Decoder(from_worker=False).feed(
            frame({"message": {"type": "configure", "camera_kind": 5, "camera": {"url": "hunter2"}}})
        )
    assert "hunter2" not in str(refused.value)


def test_a_message_that_the_other_end_would_refuse_is_not_sent():
    for pictures in ([b"GIF"[:2]], [bytes(MAX_PICTURE_BYTES + 1)], [JPEG] * 17):
        with pytest.raises(ProtocolError):
            encoded(Heartbeat(at=1.0), pictures)
    with pytest.raises(ProtocolError, match="too large"):
        encoded(Configure(camera_kind="x", camera={"a": "b" * MAX_TEXT_BYTES}))


def test_sixteen_of_the_largest_codes_fit_into_one_message():
    codes = (SeenCode(payload=b"1" * MAX_PAYLOAD, engine="zxing"),) * 16
    assert Decoder(from_worker=True).feed(encoded(Detection(frame=1, at=1.0, codes=codes)))[0].message.codes == codes


@pytest.mark.parametrize(
    "change",
    [
        {"text": VIN[:16]},
        {"text": VIN + "0"},
        {"text": VIN.lower()},
        {"text": VIN[:16] + "I"},
        {"text": VIN[:16] + "O"},
        {"text": VIN[:16] + "Q"},
        {"text": VIN + "\n"},
        {"text": VIN[:16] + "１"},  # noqa: RUF001 - the wide digit is the point
        {"text": 17},
        {"source": "qr"},
        {"source": "print"},
        {"source": "scanner"},
        {"source": "engraved"},
        {"box": [0, 1, 2]},
        {"box": [0, -1, 2, 3]},
        {"crop": 0},
        {"crop": 16},
        {"track": 1},
        {"confidence": 0.99},
        {"positions": [[["L", 0.9]]] * 17},
        {"columns": "AgAJMgM="},
    ],
)
def test_a_vision_worker_cannot_tell_of_a_vin_that_is_none_or_that_it_does_not_read(change):
    told = {"text": VIN, "source": "code_39", "box": [0, 1, 2, 3]}

    def heard(*vins):
        return Decoder(from_worker=True).feed(
            frame({"message": {"type": "detection", "frame": 1, "at": 1.0, "vins": vins}})
        )

    assert heard(told)[0].message.vins == (SEEN_VIN,)
    with pytest.raises(ProtocolError):
        heard(told | change)


@pytest.mark.parametrize(
    "change",
    [
        {"positions": ()},
        {"positions": (SHARES,) * 16},
        {"positions": (SHARES,) * 18},
        {"positions": ((), *(SHARES,) * 16)},
        {"positions": ((("L", 1.5),), *(SHARES,) * 16)},
        {"positions": (tuple(("L", 0.01) for _ in range(17)), *(SHARES,) * 16)},
        {"columns": b""},
        {"columns": bytes((1, 200, 0))},
        {"columns": bytes(65)},
        {"columns": bytes((16, *range(32))) * 65},
        {"confidence": 1.1},
        {"confidence": float("nan")},
    ],
)
@pytest.mark.parametrize("kind", [SeenVin, ShownVin])
def test_a_printed_vin_has_the_shares_of_its_17_characters_and_columns(kind, change):
    fields = {name: value for name, value in dict(PRINTED_VIN).items() if name in kind.model_fields}
    assert kind(**fields).confidence == 0.9
    with pytest.raises(ValidationError):
        kind(**fields | change)


def test_nor_of_more_than_four_in_one_frame():
    assert Detection(frame=1, at=1.0, vins=(SEEN_VIN,) * 4).vins
    with pytest.raises(ValidationError):
        Detection(frame=1, at=1.0, vins=(SEEN_VIN,) * 5)


def test_a_second_reader_cannot_tell_of_more_in_one_picture_either():
    shown = ShownVin(text=VIN, source=VinSource.CODE_128)
    with pytest.raises(ValidationError):
        PicturesShown(vins=((shown,) * 5,))
    with pytest.raises(ValidationError):
        ShownVin(text=VIN[1:], source=VinSource.CODE_128)


def test_a_plate_has_one_position_for_each_character():
    with pytest.raises(ValidationError):
        SeenPlate(text="AB", positions=((("A", 1.0),),), kind="x", confidence=0.1, box=(0, 0, 0, 0))


@pytest.mark.parametrize("off_centre", [-0.1, 1.5, float("nan"), float("inf")])
def test_a_plate_that_is_nowhere_in_the_lane_is_refused(off_centre):
    with pytest.raises(ValidationError):
        SeenPlate(**dict(PLATE) | {"off_centre": off_centre})


@pytest.mark.parametrize("columns", [bytes((1, 0)), bytes((1, 200, 0)), bytes(65), bytes((16, *range(32))) * 65])
def test_columns_that_the_recogniser_cannot_have_written_are_refused(columns):
    with pytest.raises(ValidationError, match=r"byte|at most"):
        SeenPlate(**dict(PLATE) | {"columns": columns})


def test_the_other_end_believes_no_columns_either():
    sent = encoded(Detection(frame=1, at=1.0, plates=(PLATE,)))
    good, bad = base64.urlsafe_b64encode(PLATE.columns), base64.urlsafe_b64encode(bytes((9, 0, 9, 50, 3, 0)))
    assert good in sent

    with pytest.raises(ProtocolError, match="no column starts there"):
        Decoder(from_worker=True).feed(sent.replace(good, bad))


@pytest.mark.parametrize("zone", [((0.5, 1.5),) * 3, ((0.5, 0.5),) * 33, ((-0.1, 0.5),) * 3])
def test_the_vision_worker_takes_no_zone_outside_the_picture(zone):
    with pytest.raises(ValidationError):
        Configure(camera_kind="x", camera={}, zone=zone)


def test_the_parent_end_loads_no_library_for_pictures():
    code = (
        "import sys, agent.vision.supervisor, agent.vision.worker.wire;"
        "print([name for name in ('cv2', 'numpy', 'onnxruntime', 'zxingcpp') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
