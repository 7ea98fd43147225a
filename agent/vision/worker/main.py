"""The entry point of the vision worker, which puts its parts together.

`python -m agent.vision.worker.main --fd N`.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from functools import partial
from typing import TYPE_CHECKING, NoReturn, cast

from agent.service.garbage_collection import loading
from agent.vision.worker import start
from agent.vision.worker.parent_link import ParentConnection, ParentGoneError
from agent.vision.worker.protocol import EXIT_ANEW, VERSION, Configure, Hello, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.readers import Readers
    from agent.vision.worker.sandbox.readable_files import ReadableFiles
    from drivers.api import CameraNeeds, CameraPort

log = logging.getLogger("agent.vision.worker")

_CONFIGURE_WITHIN_S = 30.0

# Pictures of these cameras may stand still for as long as they like.
_STILL_KINDS = frozenset({"folder"})


def main() -> NoReturn:
    """Run one vision worker on the socket that the parent handed down. Leaves the process; never returns.

    It leaves without the interpreter's clean-up: a thread that still sits inside the video library would abort it.
    """
    parser = argparse.ArgumentParser(prog="agent.vision.worker.main")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the socket to the parent")
    code = serve(parser.parse_args().fd, made_camera, made_readers, needs_of)
    logging.shutdown()
    os._exit(code)


def serve(
    descriptor: int,
    make_camera: Callable[[Configure], CameraPort],
    make_readers: Callable[[Configure], Readers],
    find_needs: Callable[[Configure], CameraNeeds],
) -> int:
    """Talk to the parent on this socket until it says Stop or goes away. Returns the exit code of the process."""
    start.begin("vision worker")
    with socket.socket(fileno=descriptor) as end:
        end.settimeout(None)
        try:
            return _work(ParentConnection(end), make_camera, make_readers, find_needs)
        except ParentGoneError:
            return start.EXIT_DONE
        except ProtocolError as error:
            log.error("the message of the parent process cannot be parsed: %s", error)  # noqa: TRY400 - no bug of ours
            return start.EXIT_PROTOCOL


def _work(
    link: ParentConnection,
    make_camera: Callable[[Configure], CameraPort],
    make_readers: Callable[[Configure], Readers],
    find_needs: Callable[[Configure], CameraNeeds],
) -> int:
    link.send(Hello(pid=os.getpid(), version=VERSION))
    settings = _configuration(link)
    with loading():
        # Loaded after the greeting, so that a slow disk is not taken for a worker that does not start.
        from agent.vision.worker.sandbox.confinement import Confinement  # noqa: PLC0415
        from agent.vision.worker.sandbox.readable_files import find_readable_files  # noqa: PLC0415
        from agent.vision.worker.session import VisionWorkerSession  # noqa: PLC0415

        if settings.camera_kind in _STILL_KINDS:
            settings = settings.model_copy(update={"frozen_s": 0.0})
        around = find_readable_files(find_needs(settings))
        start.load_what_looks_around(
            codes=settings.read_codes or settings.read_vins, networks=settings.read_plates or settings.read_vins
        )
        confinement = Confinement(around)
        confinement.bar_files()
        readers = make_readers(settings)
    link.send(confinement.complete())
    make_first = partial(_camera_of, settings, make_camera, around)
    session = VisionWorkerSession(link, settings, make_first, readers, _second_of(make_first))
    if not session.run():
        log.warning("a thread hangs in the camera or a reader; leaving without it")
    return start.EXIT_DONE


def _configuration(link: ParentConnection) -> Configure:
    for envelope in link.receive(_CONFIGURE_WITHIN_S):
        if isinstance(envelope.message, Configure):
            return envelope.message
    raise ProtocolError("the first word must be Configure, at once and in one piece")


def _second_of(make_first: Callable[[], CameraPort]) -> Callable[[], CameraPort] | None:
    """What makes the second stream; None where there is none. That the settings are wrong, the first one tells."""
    from drivers.api import DeviceMisconfiguredError, SecondStreamPort  # noqa: PLC0415 - see _work

    def second() -> CameraPort | None:
        camera = make_first()
        return camera.second() if isinstance(camera, SecondStreamPort) else None

    try:
        found = second()
    except DeviceMisconfiguredError:
        return None
    return None if found is None else cast("Callable[[], CameraPort]", second)


def _camera_of(
    settings: Configure, make_camera: Callable[[Configure], CameraPort], around: ReadableFiles
) -> CameraPort:
    """The camera, unless what it needs is no longer what the sandbox has rules for: that needs a new worker."""
    moved = around.moved()
    if moved is not None:
        log.warning("%s has changed; leaving so that a vision worker is started that may reach it", moved)
        logging.shutdown()
        os._exit(EXIT_ANEW)
    return make_camera(settings)


def needs_of(settings: Configure) -> CameraNeeds:
    """What the camera that the settings name must reach; nothing for one that can never be made of them."""
    from pydantic import ValidationError  # noqa: PLC0415 - see _work

    from drivers.api import CameraNeeds, DeviceMisconfiguredError  # noqa: PLC0415
    from drivers.registry import camera_needs  # noqa: PLC0415

    try:
        return camera_needs(settings.camera_kind, settings.camera)
    except (DeviceMisconfiguredError, ValidationError):
        return CameraNeeds()


def made_camera(settings: Configure) -> CameraPort:
    """The camera that the settings name. Raises DeviceMisconfiguredError for a table that it cannot take."""
    import cv2  # noqa: PLC0415 - see _work
    from pydantic import ValidationError  # noqa: PLC0415

    from drivers.api import DeviceMisconfiguredError  # noqa: PLC0415
    from drivers.registry import camera  # noqa: PLC0415

    cv2.setNumThreads(1)
    try:
        return camera(settings.camera_kind, settings.camera)
    except ValidationError as error:
        causes = (f"{'.'.join(map(str, cause['loc']))}: {cause['msg']}" for cause in error.errors(include_input=False))
        raise DeviceMisconfiguredError("; ".join(causes)) from error


def made_readers(settings: Configure) -> Readers:
    """The readers that the settings ask for, each with one thread of its own."""
    from agent.vision.worker.readers import Readers  # noqa: PLC0415 - see _work

    codes = thorough_codes = plates = vins = None
    # A maker's label may be a QR code: those are read by one reader, whatever they hold.
    if settings.read_codes or settings.read_vins:
        from agent.vision.worker.qr.stream_reader import Cascade  # noqa: PLC0415

        codes, thorough_codes = Cascade(), Cascade()
    if settings.read_plates:
        from agent.vision.worker.plate.reader import PlateReader  # noqa: PLC0415

        plates = PlateReader(zone=settings.zone)
    if settings.read_vins:
        from agent.vision.worker.vin.reader import VinReader  # noqa: PLC0415

        vins = VinReader.with_print()
    return Readers(codes, thorough_codes, plates, vins)


if __name__ == "__main__":
    main()
