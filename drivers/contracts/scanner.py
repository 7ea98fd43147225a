"""What every scanner driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceUnavailableError, Scan
from drivers.contracts.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.api import ScannerPort

WAIT_S = PATIENCE_S
SHORT_S = 0.05


class Rig:
    """A scanner that a test can hold a code before, and the table that configures its driver.

    `begin` sends the first half of such a text, as at the moment at which a cable is pulled.
    """

    def __init__(
        self,
        table: dict[str, object],
        scan: Callable[[bytes], None],
        begin: Callable[[bytes], None],
        unplug: Callable[[], None],
        plug: Callable[[], None],
    ) -> None:
        self.table = table
        self.scan = scan
        self.begin = begin
        self.unplug = unplug
        self.plug = plug


@pytest.mark.usefixtures("no_leaks")
class ScannerContract:
    """The contract. A subclass names its kind and makes the rig."""

    kind: ClassVar[str]

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def scanner(self, rig: Rig) -> Iterator[ScannerPort]:
        scanner = registry.scanner(self.kind, rig.table)
        yield scanner
        scanner.close()

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        model = registry.settings_model(registry.SCANNERS, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_a_text_comes_out_as_the_code_holds_it_and_with_its_time(self, rig: Rig, scanner: ScannerPort) -> None:
        assert scanner.open()
        before = time.monotonic()
        rig.scan(b"GP1:A TEXT")
        scan = read(scanner)
        assert scan.payload == b"GP1:A TEXT"
        assert before <= scan.at <= time.monotonic()

    @pytest.mark.parametrize(
        "payload",
        [
            bytes(byte for byte in range(256) if byte not in b"\r\n\x02\x03"),
            b"\xff\xfe\xf0\x80",
            "新A12345".encode("gb18030"),
            b"x" * 2953,
        ],
        ids=["every byte", "no UTF-8", "another character set", "the largest QR code"],
    )
    def test_whatever_a_code_holds_goes_on_as_its_bytes(self, rig: Rig, scanner: ScannerPort, payload: bytes) -> None:
        scanner.open()
        rig.scan(payload)
        assert read(scanner).payload == payload
        assert not any(vars_of(scanner.losses))

    def test_texts_come_in_their_order_also_the_same_one_again(self, rig: Rig, scanner: ScannerPort) -> None:
        scanner.open()
        texts = [b"one", b"two", b"two", b"three"]
        for text in texts:
            rig.scan(text)
        assert [read(scanner).payload for _ in texts] == texts
        assert scanner.read(0.0) is None

    def test_without_a_code_a_read_ends_when_its_time_is_over(self, scanner: ScannerPort) -> None:
        scanner.open()
        began_at = time.monotonic()
        assert scanner.read(SHORT_S) is None
        assert time.monotonic() - began_at >= SHORT_S * 0.9

    def test_before_open_and_after_close_there_is_nothing_to_read(self, rig: Rig, scanner: ScannerPort) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                scanner.read(0.0)
            scanner.open()
            rig.scan(b"not read")
            scanner.close()
            scanner.close()

    def test_what_was_scanned_before_the_port_was_open_is_not_shown_now(self, rig: Rig, scanner: ScannerPort) -> None:
        scanner.open()
        scanner.close()
        rig.scan(b"of a vehicle long gone")
        scanner.open()
        rig.scan(b"now")
        assert read(scanner).payload == b"now"

    def test_an_unplugged_scanner_is_unavailable_and_comes_back_without_its_half_text(
        self, rig: Rig, scanner: ScannerPort
    ) -> None:
        scanner.open()
        for _ in range(3):
            rig.begin(b"a text that is cut off")
            assert scanner.read(SHORT_S) is None
            rig.unplug()
            with pytest.raises(DeviceUnavailableError):
                read(scanner)
            scanner.close()
            with pytest.raises(DeviceUnavailableError):
                scanner.open()
            rig.plug()
            scanner.open()
            rig.scan(b"whole")
            assert read(scanner).payload == b"whole"

    def test_a_read_that_waits_notices_the_pulled_cable(self, rig: Rig, scanner: ScannerPort) -> None:
        scanner.open()
        puller = threading.Timer(SHORT_S, rig.unplug)
        puller.start()
        with pytest.raises(DeviceUnavailableError):
            scanner.read(WAIT_S)
        puller.join()

    def test_it_may_be_opened_in_one_thread_and_read_in_another(self, rig: Rig, scanner: ScannerPort) -> None:
        scanner.open()
        heard: list[Scan] = []
        thread = threading.Thread(target=lambda: heard.append(read(scanner)))
        thread.start()
        rig.scan(b"text")
        thread.join(WAIT_S)
        assert [scan.payload for scan in heard] == [b"text"]


def read(scanner: ScannerPort) -> Scan:
    """The next text, which must come."""
    scan = scanner.read(WAIT_S)
    assert scan is not None
    return scan


def vars_of(losses: object) -> list[int]:
    """The counts of the losses."""
    return [getattr(losses, name) for name in ("overlong", "unfinished", "unmarked", "crowded")]
