r"""A QR scanner in software, on a pseudo-terminal.

python -m drivers.emulators.scanner --link /run/scanner --suffix '\r\n'

What is typed in is scanned, a line a text. Lines that begin with a colon are orders: `:unplug`, `:plug`, `:noise 100`
(bytes), `:quit`.
"""

from __future__ import annotations

import argparse
import random
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drivers.emulators.command_line import print_line, typed_lines
from drivers.emulators.pty import PtyLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

ORDER_SIGN = ":"


class ScannerEmulator:
    """A scanner on a cable; a context manager that plugs it in and tidies up.

    `prefix`, `suffix`: sent before and after each text. `line` has the cable and all that passed it.
    """

    def __init__(self, link: Path, suffix: bytes = b"\r\n", prefix: bytes = b"") -> None:
        self.line = PtyLine(link, lambda _: None)
        self.suffix = suffix
        self.prefix = prefix
        self._pausing = threading.Event()

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def plug(self) -> None:
        """Put the cable in."""
        self.line.plug()

    def unplug(self) -> None:
        """Pull the cable."""
        self.line.unplug()

    def scan(self, text: str | bytes, *, pieces: int = 1, pause_s: float = 0.0) -> None:
        """Read a code that holds this text, and send it in so many pieces of about one size, with pauses between."""
        payload = text.encode() if isinstance(text, str) else text
        data = self.prefix + payload + self.suffix
        cuts = [len(data) * number // pieces for number in range(pieces + 1)]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            if number and pause_s:
                self._pausing.wait(pause_s)
            self.line.send(data[begin:end])

    def noise(self, count: int, seed: int = 0) -> None:
        """Send so many random bytes, the same for the same seed."""
        self.line.send(random.Random(seed).randbytes(count))  # noqa: S311 - noise, no secret


def obey(scanner: ScannerEmulator, order: str) -> str:
    """Carry out one order and return what to say about it. Raises ValueError for one that is none."""
    match order.split():
        case ["unplug"]:
            scanner.unplug()
        case ["plug"]:
            scanner.plug()
        case ["noise", count]:
            scanner.noise(int(count))
        case _:
            raise ValueError(" ".join((__doc__ or "").split("\n\n")[2].split()))
    return f"{order}: done"


def run(scanner: ScannerEmulator) -> int:
    """Run the scanner until it is told to stop; 0 is the exit code."""
    with typed_lines() as lines, scanner:
        print_line(f"serial port {scanner.line.link}; type a text to scan it, or :quit")
        for line in lines:
            if line == f"{ORDER_SIGN}quit":
                break
            if line.startswith(ORDER_SIGN):
                print_line(_answer(scanner, line.removeprefix(ORDER_SIGN).strip()))
            elif line:
                scanner.scan(line)
                print_line(f"scanned {len(line.encode())} bytes")
    return 0


def _answer(scanner: ScannerEmulator, order: str) -> str:
    try:
        return obey(scanner, order)
    except ValueError as error:
        return f"not done: {error}"


def _octets(text: str) -> bytes:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scanner from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description="A QR scanner in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--suffix", type=_octets, default=b"\r\n", help=r"what it sends after each text, as \r\n")
    parser.add_argument("--prefix", type=_octets, default=b"", help="what it sends before each text")
    options = parser.parse_args(arguments)
    return run(ScannerEmulator(options.link, options.suffix, options.prefix))


if __name__ == "__main__":
    raise SystemExit(main())
