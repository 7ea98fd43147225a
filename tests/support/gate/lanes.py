"""The two kinds of lane in the tests of the main job: boards, the arm, and the vehicles that drive through.

`toml` is the lane's part of the configuration. `pulses` counts how often the barrier was told to open.
"""

from drivers.emulators.lcus import LcusEmulator
from tests.support.board.foreign_modbus import FlashRequest, Server
from tests.support.board.null_modem import NullModem
from tests.support.waiting import REPLY_MS, scaled, scaled_ms

PRESENCE, SAFETY, OPENED, CLOSED = range(4)
READ_S = max(1.0, scaled(1.5))
LONGEST_READ_S = 600.0
LONGEST_DECIDE_S = 60.0
"""As long as a lane may take: where every vehicle can be read, and how soon is judged elsewhere."""

GRANT_S = min(60.0, scaled(10.0))
GONE_S = max(0.5, scaled(0.6))
"""So long may no picture be read though a vehicle is in view."""
STALE_S = min(5.0, scaled(2.0))
POLLS_TO_BE_SURE = 5


class BlindLane:
    """An LCUS board and no inputs: the camera alone tells who is there."""

    assumed = True
    forget_s = GONE_S
    """So long after a vehicle the next one must not be in view."""

    def __init__(self, folder):
        self.pulses = 0
        self._board = LcusEmulator(folder / "relay-board")
        self._board.relays.watch(self._switched)
        self.toml = f"""
[lanes.exit-1.timing]
read_s = {READ_S}
decide_s = {LONGEST_DECIDE_S}
grant_s = {GRANT_S}
gone_s = {GONE_S}
blind_passage_s = 1

[lanes.exit-1.barrier]
pulse_ms = 200

[lanes.exit-1.relay]
kind = "lcus"
port = "{self._board.line.link}"
timeout_ms = {scaled_ms(200)}
"""

    def __enter__(self):
        self._board.plug()
        return self

    def __exit__(self, *_):
        self._board.close()

    @property
    def released(self):
        """Whether no relay is energised."""
        return not any(self._board.relays.states)

    def _switched(self, switching):
        self.pulses += switching.on

    def arrive(self, _until):
        """Nothing feels the vehicle."""

    def drive_through(self, _until):
        """Nothing feels it go."""

    def leave(self, _until):
        """Nothing feels it go."""


class InputsLane:
    """A Modbus board that somebody else wrote, with loops before and under the arm and both limit contacts."""

    assumed = False
    forget_s = 0.0

    def __init__(self, folder, *, read_s=READ_S, decide_s=LONGEST_DECIDE_S):
        self._modem = NullModem(folder)
        self.toml = f"""
[lanes.exit-1.timing]
read_s = {read_s}
decide_s = {decide_s}
grant_s = {GRANT_S}
gone_s = {GONE_S}
clear_s = 0.1
stale_s = {STALE_S}

[lanes.exit-1.barrier]
pulse_ms = 200

[lanes.exit-1.relay]
kind = "modbus_rtu"
port = "{self._modem.client.link}"
timeout_ms = {REPLY_MS}

[lanes.exit-1.inputs]
kind = "modbus_rtu"
port = "{self._modem.client.link}"
timeout_ms = {REPLY_MS}

[lanes.exit-1.signals]
presence = {PRESENCE + 1}
safety = {SAFETY + 1}
opened = {OPENED + 1}
closed = {CLOSED + 1}
debounce_ms = 20
poll_hz = 50
"""

    def __enter__(self):
        self._modem.device.plug()
        self._modem.client.plug()
        self._server = Server(str(self._modem.device.link), [FlashRequest], coils=8)
        self._server.inputs[CLOSED] = True
        return self

    def __exit__(self, *_):
        self._server.stop()
        self._modem.client.unplug()
        self._modem.device.unplug()

    @property
    def pulses(self):
        return self._server.switchings.count((0, True))

    @property
    def released(self):
        """Whether no relay is energised."""
        return not any(dict(self._server.switchings).values())

    def arrive(self, until):
        """The vehicle comes to stand on the loop before the arm."""
        self._set(until, PRESENCE, on=True)

    def drive_through(self, until):
        """The arm goes up, the vehicle under it and away, the arm comes down."""
        for signal, on in (
            (CLOSED, False),
            (OPENED, True),
            (SAFETY, True),
            (PRESENCE, False),
            (SAFETY, False),
            (OPENED, False),
            (CLOSED, True),
        ):
            self._set(until, signal, on=on)

    def leave(self, until):
        """The vehicle backs away."""
        self._set(until, PRESENCE, on=False)

    def _set(self, until, signal, *, on):
        """Switch an input and wait until the gate has read it often enough to believe it."""
        self._server.inputs[signal] = on
        enough = self._server.polls + POLLS_TO_BE_SURE
        until(lambda: self._server.polls >= enough, f"reading of input {signal + 1}")
