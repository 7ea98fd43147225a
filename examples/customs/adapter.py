"""Tell a customs platform of the vehicles that passed, from the central database: see README.md."""

import argparse
import json
import logging
import socket
import time
from collections.abc import Mapping
from contextlib import closing

from messages import (
    COMMAND,
    GATHER,
    Command,
    FrameError,
    Gathered,
    Place,
    frame,
    frame_size,
    gather_xml,
    lets_pass,
    read_command,
    unframed,
)

from central.database import Database, ReaderPosition, StoredEvent, begin_reader, connect, next_events, take

ANSWER_S, PAUSE_S, IDLE_S = 10, 5, 1
GONE_IN = frozenset({"passed", "passed_with_violation", "overridden"})
WAYS = {"import": "I", "export": "E"}
# The events of one transaction lie near one another; the first one tells the way.
_PRESENT = """
SELECT payload FROM events WHERE stream_id = %s AND seq BETWEEN %s AND %s AND type = 'vehicle.present'
    AND transaction_id = %s ORDER BY seq LIMIT 1
"""
BACK = 2_000


class PlatformError(OSError):
    """The platform is away, or answers something else."""


def gathered_of(
    database: Database, stored: StoredEvent, numbers: Mapping[tuple[str, str], object], area: str
) -> Gathered | None:
    """What is to be told of an event; None: nothing. `numbers`: of the lanes, by gate and lane."""
    if stored.type != "transaction.closed":
        return None
    event = stored.opened()
    data, serial, lane = event["data"], event.get("transaction", ""), event.get("lane", "")
    if event.get("dryrun") or data.get("outcome") not in GONE_IN or not (len(serial) == 20 and serial.isdigit()):
        return None
    rows = database.execute(_PRESENT, (stored.stream_id, stored.seq - BACK, stored.seq, serial)).fetchall()
    direction = json.loads(bytes(rows[0][0]))["data"].get("direction") if rows else None
    if direction not in WAYS:
        logging.warning("%s %s: no direction is known, nothing is told", stored.gate, serial)
        return None
    channel = str(numbers.get((stored.gate, lane), lane))[:10]
    plate = data.get("plate") or ""
    plate = "" if plate.startswith("sd:") else plate  # it was erased
    return Gathered(Place(area, channel, WAYS[direction]), serial, plate, data.get("permit") or "")


def lane_numbers(database: Database) -> dict[tuple[str, str], object]:
    """The number of each lane, as the gates' births say."""
    numbers: dict[tuple[str, str], object] = {}
    for gate, birth in database.execute("SELECT gate, birth FROM gates WHERE birth IS NOT NULL").fetchall():
        lanes = json.loads(bytes(birth)).get("inventory", {}).get("lanes", {})
        numbers |= {(gate, lane): said["number"] for lane, said in lanes.items() if "number" in said}
    return numbers


class Platform:
    """One connection. Raises PlatformError."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=ANSWER_S)
        except OSError as error:
            raise PlatformError(f"{host}:{port}: {error}") from None

    def close(self) -> None:
        self._socket.close()

    def tell(self, gathered: Gathered) -> Command:
        """Send a GATHER_INFO, and give the COMMAND_INFO that echoes its serial."""
        try:
            self._socket.sendall(frame(GATHER, gathered.place, gather_xml(gathered)))
            until = time.monotonic() + ANSWER_S
            while time.monotonic() < until:
                kind, place, xml = unframed(self._frame())
                if kind == COMMAND and (command := read_command(place, xml)).serial == gathered.serial:
                    return command
        except (OSError, FrameError) as error:
            raise PlatformError(f"the platform: {error}") from error
        raise PlatformError(f"the platform did not answer {gathered.serial}")

    def _frame(self) -> bytes:
        raw = b""
        while (size := frame_size(raw)) is None or len(raw) < size:
            piece = self._socket.recv((size or 8) - len(raw))
            if not piece:
                raise PlatformError("it hung up")
            raw += piece
        return raw


def work(database: Database, platform: Platform, area: str, reader: str = "customs") -> int:
    """Tell all that is proven and not told yet; how many events were taken. Each counts only once it was answered."""
    stored = next_events(database, reader)
    numbers = lane_numbers(database) if stored else {}
    for one in stored:
        gathered = gathered_of(database, one, numbers, area)
        if gathered is not None:
            command = platform.tell(gathered)
            level = logging.INFO if lets_pass(command) else logging.WARNING
            logging.log(level, "%s: CHECK_RESULT %s %s", command.serial, command.check_result, command.hint)
            if command.action:
                logging.warning("%s: a lift by hand is asked for; a gate obeys signed commands alone", command.serial)
        take(database, reader, [ReaderPosition(one.stream_id, one.seq)])
    return len(stored)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="postgresql://..., that of gate-central")
    parser.add_argument("--platform", required=True, help="HOST:PORT of the customs platform")
    parser.add_argument("--area", required=True, help="AREA_ID, up to 10 characters, as agreed with customs")
    options = parser.parse_args()
    host, _, port = options.platform.rpartition(":")
    with closing(connect(options.database)) as database:
        begin_reader(database, "customs", from_now=True)
        while True:
            try:
                with closing(Platform(host, int(port))) as platform:
                    while True:
                        if not work(database, platform, options.area):
                            time.sleep(IDLE_S)
            except PlatformError as error:
                logging.warning("%s; trying again in %d s", error, PAUSE_S)
                time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
