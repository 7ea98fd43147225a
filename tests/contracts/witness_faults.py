"""Every fault of every witness of the registry, measured and printed as a table.

python -m tests.contracts.witness_faults
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

from drivers import registry
from drivers.api import DeviceMisconfiguredError
from drivers.contracts.witness import PLATE, connect, shown
from drivers.contracts.witness_faults import IN_THE_STREAM, WitnessFaults, error_of, patience
from drivers.emulators.plate_camera_faults import CameraFault

if TYPE_CHECKING:
    from collections.abc import Iterator


def suites() -> Iterator[WitnessFaults]:
    """The matrix of every kind of ours."""
    for kind in registry.WITNESSES.own:
        for found in vars(import_module(f"tests.unit.drivers.witness.test_{kind}")).values():
            if isinstance(found, type) and issubclass(found, WitnessFaults) and found.__name__.startswith("Test"):
                yield found()


def measured(suite: WitnessFaults, fault: CameraFault, *, opened: bool) -> str:
    """What is said of one fault, and how long it took; the recovery fails where there is none."""
    with suite.camera_class() as camera, suite.made(camera, **patience(fault)) as witness:
        if opened:
            connect(camera, witness)
        camera.fail(fault)
        began_at = time.monotonic()
        error = error_of(witness, opened=opened)
        took_s = time.monotonic() - began_at
        camera.fail(None)
        witness.close()
        connect(camera, witness)
        assert shown(camera, witness).text == PLATE
    state = "refused" if isinstance(error, DeviceMisconfiguredError) else "lost"
    return f"{state} after {took_s:.2f} s: {str(error).partition(':')[2].partition(' ')[2] or error}"


def main() -> int:
    """Measure every kind and print the table. Raises where one does not recover."""
    for suite in suites():
        for fault in CameraFault:
            for opened in (False, True) if fault in IN_THE_STREAM else (False,):
                where = "in the stream" if opened else "at first"
                said = measured(suite, fault, opened=opened)
                sys.stdout.write(f"{suite.kind:10} {fault:17} {where:14} {said}\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
