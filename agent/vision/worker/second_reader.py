"""The entry point of second readers: processes that read the kept pictures of one vehicle, once, and end.

`python -m agent.vision.worker.second_reader --fd N [--without-print]` loads what the readers need. This process is the
template from which they are forked (ADR 37). Each reader is forked and confined before the lane needs it, and waits. So
no picture of another vehicle can affect it, and the lane waits only for the reading.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from agent.core.model import VinSource, vins_in
from agent.core.vin_match import NEIGHBOURS_APART, differences
from agent.service.garbage_collection import loading
from agent.vision.worker import start, template_process
from agent.vision.worker.parent_link import ParentConnection, ParentGoneError
from agent.vision.worker.protocol import (
    MAX_PAYLOAD,
    MOST_VINS,
    VERSION,
    Hello,
    PicturesShown,
    ProtocolError,
    ReadPictures,
    SeenPlate,
    ShownVin,
)
from agent.vision.worker.sandbox.confinement import Confinement
from agent.vision.worker.sandbox.readable_files import find_readable_files
from agent.vision.worker.wire import encoded
from drivers.api import CameraNeeds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.vision.worker.plate.crop_reader import PlateCropReader, PlateFound
    from agent.vision.worker.sandbox.readable_files import ReadableFiles
    from agent.vision.worker.vin.reader import KeptVin

    ReadPicturesOf = Callable[[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]], PicturesShown]

log = logging.getLogger("agent.vision.worker")

_LISTEN_S: Final = 3600.0
_MOST_CODES: Final = 16
_BLANK_PX: Final = 128
_BLANK_PLATE_PX: Final = (80, 288)


@dataclass(frozen=True, slots=True)
class KeptReading:
    """How kept pictures are read.

    `read`: pictures of codes, of plates and of VINs, JPEG; raises nothing, whatever they hold. `warm`: uses once, on a
    picture of nothing, what they are read with.
    """

    read: ReadPicturesOf
    warm: Callable[[], None]


def main() -> NoReturn:
    """Run the template on the socket that the parent handed down. Leaves the process; never returns."""
    parser = argparse.ArgumentParser(prog="agent.vision.worker.second_reader")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the socket to the parent")
    parser.add_argument("--without-print", action="store_true", help="do not read VINs in print: it takes 95 MB")
    asked = parser.parse_args()
    code = serve(asked.fd, partial(made_reader, printed=not asked.without_print))
    logging.shutdown()
    os._exit(code)


def serve(descriptor: int, make_reader: Callable[[], KeptReading]) -> int:
    """Load, and have second readers forked until the parent has gone. Returns the exit code of the process."""
    start.begin("second reader")
    with loading():
        start.load_what_looks_around(codes=True, networks=True)
        read = partial(read_once, find_readable_files(CameraNeeds()), make_reader())
    return template_process.serve(descriptor, read)


def read_once(around: ReadableFiles, reading: KeptReading, end: socket.socket, handle: int) -> int:
    """Be a second reader: give the parent the handle of this process, be confined, wait for pictures, answer once.

    Returns the exit code of the process.
    """
    try:
        socket.send_fds(end, [encoded(Hello(pid=os.getpid(), version=VERSION))], [handle])
        os.close(handle)
        confinement = Confinement(around)
        confinement.bar_files()
        confined = confinement.complete()
        # A page of memory that is shared with the template is copied when it is used first: nobody waits for it now.
        reading.warm()
        link = ParentConnection(end)
        # That it is confined is the word that it is ready.
        link.send(confined)
        _answer(link, reading.read)
    except (ParentGoneError, BrokenPipeError, ConnectionResetError):
        return start.EXIT_DONE
    except ProtocolError as error:
        log.error("the message of the parent process cannot be parsed: %s", error)  # noqa: TRY400 - no bug of ours
        return start.EXIT_PROTOCOL
    return start.EXIT_DONE


def _answer(link: ParentConnection, read: ReadPicturesOf) -> None:
    while True:
        for envelope in link.receive(_LISTEN_S):
            message = envelope.message
            if not isinstance(message, ReadPictures):
                raise ProtocolError("expected ReadPictures, once")
            pictures = envelope.pictures
            vins_from = message.codes + message.plates
            link.send(read(pictures[: message.codes], pictures[message.codes : vins_from], pictures[vins_from:]))
            return


def made_reader(*, printed: bool = True) -> KeptReading:
    """The reader of kept pictures, warm: what is loaded at the first use has been. Raises WeightsError.

    `printed`: it reads VINs in print too.
    """
    import cv2  # noqa: PLC0415 - `--help` does not need it
    import numpy as np  # noqa: PLC0415

    from agent.vision.worker.evidence_picture import KeptPictureReader  # noqa: PLC0415
    from agent.vision.worker.picture_selector import crop_jpeg, decoded  # noqa: PLC0415
    from agent.vision.worker.plate.crop_reader import PlateCropReader  # noqa: PLC0415
    from agent.vision.worker.vin.reader import VinReader  # noqa: PLC0415

    cv2.setNumThreads(1)
    codes, plates = KeptPictureReader(), PlateCropReader()
    labels = VinReader.with_print() if printed else VinReader()

    def read(of_codes: tuple[bytes, ...], of_plates: tuple[bytes, ...], of_vins: tuple[bytes, ...]) -> PicturesShown:
        shown = tuple(_told(codes.codes(picture, thorough=True)) for picture in of_codes)
        found = tuple(_plate(plates, picture) for picture in of_plates)
        return PicturesShown(codes=shown, plates=found, vins=tuple(_vins(picture) for picture in of_vins))

    def _vins(picture: bytes) -> tuple[ShownVin, ...]:
        """The VINs of labels. The picture of one in a QR code is one that a reader of QR codes has kept."""
        in_labels = tuple(_shown_vin(one) for one in labels.read_kept(picture).values())
        if any(one.source is not VinSource.PRINT for one in in_labels):
            return in_labels
        in_codes = codes.codes(picture, thorough=True)
        in_qr = dict.fromkeys(vin for code in in_codes for vin in vins_in(code.decode("utf-8", errors="replace")))
        # As of other codes: what is printed under one is told by the code.
        beside = (one for one in in_labels if all(differences(one.text, text) > NEIGHBOURS_APART for text in in_qr))
        return (*(ShownVin(text=text, source=VinSource.QR) for text in in_qr), *beside)[:MOST_VINS]

    def _plate(reader: PlateCropReader, picture: bytes) -> SeenPlate | None:
        pixels = decoded(picture)
        found = None if pixels is None else reader.read_crop(pixels)
        return None if found is None else _seen(found)

    blank = crop_jpeg(np.full((_BLANK_PX, _BLANK_PX, 3), 128, np.uint8))
    blank_plate = crop_jpeg(np.full((*_BLANK_PLATE_PX, 3), 128, np.uint8))

    def warm() -> None:
        codes.codes(blank, thorough=False)
        labels.read_kept(blank)
        _plate(plates, blank_plate)

    warm()
    return KeptReading(read, warm)


def _told(payloads: Sequence[bytes]) -> tuple[bytes, ...]:
    """As many as a message may hold, and none that is longer than a permit could be."""
    return tuple(payload for payload in payloads if len(payload) <= MAX_PAYLOAD)[:_MOST_CODES]


def _shown_vin(found: KeptVin) -> ShownVin:
    return ShownVin(
        text=found.text,
        source=found.source,
        confidence=found.confidence,
        positions=found.positions,
        columns=found.columns,
    )


def _seen(found: PlateFound) -> SeenPlate:
    return SeenPlate(
        text=found.text,
        positions=found.positions,
        kind=str(found.kind),
        confidence=found.confidence,
        box=(0, 0, 0, 0),
        columns=found.columns,
        two_lines=found.two_lines,
        colour=str(found.colour),
    )


if __name__ == "__main__":
    main()
