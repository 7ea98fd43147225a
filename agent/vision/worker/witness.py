"""The entry point of a witness process: it owns one camera that reads plates itself, and passes on what it says.

`python -m agent.vision.worker.witness --fd N`.

Such a camera is an untrusted computer. This confined process parses its bytes, so a fault costs only one witness.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from typing import TYPE_CHECKING, Final, NoReturn

from agent.vision.worker import start
from agent.vision.worker.parent_link import ParentConnection, ParentGoneError
from agent.vision.worker.protocol import EXIT_ANEW, VERSION, ConfigureWitness, Hello, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.sandbox.readable_files import ReadableFiles
    from drivers.api import CameraNeeds, WitnessPort

    MakeWitness = Callable[[ConfigureWitness], WitnessPort]

log = logging.getLogger("agent.vision.worker")

_CONFIGURE_WITHIN_S: Final = 30.0


def main() -> NoReturn:
    """Run one witness on the socket that the parent handed down. Leaves the process; never returns."""
    parser = argparse.ArgumentParser(prog="agent.vision.worker.witness")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the socket to the parent")
    code = serve(parser.parse_args().fd, made_witness, needs_of)
    logging.shutdown()
    os._exit(code)


def serve(descriptor: int, make_witness: MakeWitness, find_needs: Callable[[ConfigureWitness], CameraNeeds]) -> int:
    """Talk to the parent on this socket until it says Stop or goes away. Returns the exit code of the process."""
    start.begin("witness")
    with socket.socket(fileno=descriptor) as end:
        end.settimeout(None)
        try:
            _work(ParentConnection(end), make_witness, find_needs)
        except ParentGoneError:
            return start.EXIT_DONE
        except ProtocolError as error:
            log.error("the message of the parent process cannot be parsed: %s", error)  # noqa: TRY400 - no bug of ours
            return start.EXIT_PROTOCOL
    return start.EXIT_DONE


def _work(
    link: ParentConnection, make_witness: MakeWitness, find_needs: Callable[[ConfigureWitness], CameraNeeds]
) -> None:
    link.send(Hello(pid=os.getpid(), version=VERSION))
    settings = _configuration(link)
    # Loaded after the greeting, so that a slow disk is not taken for a process that does not start.
    from agent.vision.worker.sandbox.confinement import Confinement  # noqa: PLC0415
    from agent.vision.worker.sandbox.readable_files import find_readable_files  # noqa: PLC0415
    from agent.vision.worker.witness_session import WitnessSession  # noqa: PLC0415

    around = find_readable_files(find_needs(settings))
    confinement = Confinement(around)
    confinement.bar_files()
    link.send(confinement.complete())
    if not WitnessSession(link, settings, lambda: _witness_of(settings, make_witness, around)).run():
        log.warning("a thread hangs in the camera; leaving without it")


def _configuration(link: ParentConnection) -> ConfigureWitness:
    for envelope in link.receive(_CONFIGURE_WITHIN_S):
        if isinstance(envelope.message, ConfigureWitness):
            return envelope.message
    raise ProtocolError("the first word must be ConfigureWitness, at once and in one piece")


def _witness_of(settings: ConfigureWitness, make_witness: MakeWitness, around: ReadableFiles) -> WitnessPort:
    """The camera, unless its file is no longer the one that the sandbox has rules for: that needs a new process."""
    moved = around.moved()
    if moved is not None:
        log.warning("%s has changed; leaving so that a process is started that may reach it", moved)
        logging.shutdown()
        os._exit(EXIT_ANEW)
    return make_witness(settings)


def needs_of(settings: ConfigureWitness) -> CameraNeeds:
    """What the camera that the settings name must reach; nothing for one that can never be made of them."""
    from pydantic import ValidationError  # noqa: PLC0415 - see _work

    from drivers.api import CameraNeeds, DeviceMisconfiguredError  # noqa: PLC0415
    from drivers.registry import witness_needs  # noqa: PLC0415

    try:
        return witness_needs(settings.witness_kind, settings.witness)
    except (DeviceMisconfiguredError, ValidationError):
        return CameraNeeds()


def made_witness(settings: ConfigureWitness) -> WitnessPort:
    """The camera that the settings name. Raises DeviceMisconfiguredError for a table that it cannot take."""
    from pydantic import ValidationError  # noqa: PLC0415 - see _work

    from drivers.api import DeviceMisconfiguredError  # noqa: PLC0415
    from drivers.registry import witness  # noqa: PLC0415

    try:
        return witness(settings.witness_kind, settings.witness)
    except ValidationError as error:
        causes = (f"{'.'.join(map(str, cause['loc']))}: {cause['msg']}" for cause in error.errors(include_input=False))
        raise DeviceMisconfiguredError("; ".join(causes)) from error


if __name__ == "__main__":
    main()
