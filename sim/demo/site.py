"""The demo's site on disk: keys, trust list and the configuration of its gate."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.crypto import SigningKey
from agent.core.permit import Issuer, trust, trust_list
from agent.lane import put_scene
from sim.demo.central import ACK_KID

if TYPE_CHECKING:
    from pathlib import Path

GATE = "demo-gate"
SITE = 17
LANE = "exit-1"
OPEN_CHANNEL, RED_CHANNEL, GREEN_CHANNEL = 5, 7, 8
"""Relays whose inputs have no wire: a relay that follows its own input does not move one of these."""

SIGN_LINES, SIGN_COLUMNS = 2, 16
_CONFIGURATION = """\
version = 1

[gate]
id = "{gate}"
site = {site}

[state]
directory = "{state}"
head_file = "{head_file}"

[permits]
trust_list = "{trust_list}"
root_keys = ["{root_key}"]
forms = ["signed", "reference"]

[lists]
require = ["declarations", "revocations"]

[clock]
require_synchronised = false

[mqtt]
brokers = ["mqtt://127.0.0.1:{broker_port}"]
resend_s = 2.0
start_spread_s = 0.0

[[mqtt.ack_keys]]
id = "{ack_kid}"
public_key = "{ack_key}"

[console]
enabled = true
port = {console_port}

[lanes.exit-1]
number = 1
direction = "export"

[lanes.exit-1.rules]
without_plate = "vin"

[lanes.exit-1.driver_page]
enabled = true

[lanes.exit-1.timing]
read_s = 3
decide_s = 8
# The board is emulated by a process that also draws; a busy machine lets it wait.
stale_s = 1.5

[lanes.exit-1.barrier]
open_channel = {open_channel}
red_channel = {red_channel}
green_channel = {green_channel}

[lanes.exit-1.relay]
kind = "modbus_rtu"
port = "{serial_port}"
timeout_ms = 600

[lanes.exit-1.inputs]
kind = "modbus_rtu"
port = "{serial_port}"
timeout_ms = 600

[lanes.exit-1.signals]
presence = 1
safety = 2
opened = 3
closed = 4

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
readers = ["qr", "plate", "vin"]
scene_file = "{scene_file}"
# Leaves out the sign, whose letters could be read as a plate.
zone = [[0.1, 0.3], [0.85, 0.3], [0.85, 0.95], [0.1, 0.95]]

[[lanes.exit-1.signs]]
id = "post"
kind = "onbon"
port = "{sign_port}"
lines = {sign_lines}
columns = {sign_columns}
timeout_ms = 600

[lanes.exit-1.voice]
kind = "simulated"
languages = ["zh", "ru", "kk", "en"]
"""
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Site:
    """Where the demo keeps its things. `serial_port` is the stable path of the emulated relay board.

    `console_port`: where the console serves the driver page. `issuer` signs permits, `central` the lists.
    """

    folder: Path
    serial_port: Path
    broker_port: int
    console_port: int
    issuer: Issuer
    central: Issuer

    @property
    def scene_file(self) -> Path:
        """What stands before the simulated camera; in a folder of its own, of which the vision worker may read all."""
        return self.folder / "yard" / "scene.json"

    @property
    def ack_key_file(self) -> Path:
        """The key by which central signs what it acknowledges."""
        return self.folder / "ack.pem"

    @property
    def configuration(self) -> Path:
        """The gate's configuration file."""
        return self.folder / "gate.toml"

    @property
    def state(self) -> Path:
        """The gate's state directory."""
        return self.folder / "state"

    @property
    def head_file(self) -> Path:
        """Where the gate keeps what an older copy of its state is known by."""
        return self.folder / "head" / "head"

    @property
    def agent_log(self) -> Path:
        """The log of the agent."""
        return self.folder / "agent.log"

    @property
    def sign_port(self) -> Path:
        """The stable path of the emulated sign's serial line."""
        return self.folder / "sign"

    @property
    def driver_page(self) -> str:
        """The address of the driver page, for a browser of this machine."""
        return f"http://127.0.0.1:{self.console_port}/driver/{LANE}"

    def show(self, scene: dict[str, object]) -> None:
        """Put a scene before the camera, at once and whole."""
        put_scene(self.scene_file, scene)


def build(folder: Path, serial_port: Path, broker_port: int, utc: int) -> Site:
    """Write keys, trust list and configuration of the demo's gate into `folder`."""
    root, key, lists_key, ack_key = (SigningKey.from_seed(secrets.token_bytes(32)) for _ in range(4))
    issuer, central = Issuer("demo trade window", key, (SITE,)), Issuer("demo central", lists_key, (SITE,))
    site = Site(folder, serial_port, broker_port, _free_port(), issuer, central)
    site.state.mkdir(parents=True)
    site.ack_key_file.touch(0o600)
    site.ack_key_file.write_bytes(ack_key.to_pem())
    for folder_of in (site.scene_file, site.head_file):
        folder_of.parent.mkdir()
    since = utc - HOUR_S
    keys = trust_list([issuer], since)
    for_lists = replace(central.entry(since), purpose=trust.Purpose.LISTS)
    (folder / "trust.gtl").write_bytes(trust.seal(replace(keys, entries=(*keys.entries, for_lists)), root))
    site.configuration.write_text(
        _CONFIGURATION.format(
            gate=GATE,
            site=SITE,
            state=site.state,
            head_file=site.head_file,
            trust_list=folder / "trust.gtl",
            root_key=root.public.raw.hex(),
            broker_port=broker_port,
            ack_kid=ACK_KID,
            ack_key=ack_key.public.raw.hex(),
            console_port=site.console_port,
            serial_port=serial_port,
            sign_port=site.sign_port,
            sign_lines=SIGN_LINES,
            sign_columns=SIGN_COLUMNS,
            scene_file=site.scene_file,
            open_channel=OPEN_CHANNEL,
            red_channel=RED_CHANNEL,
            green_channel=GREEN_CHANNEL,
        ),
        encoding="utf-8",
    )
    site.show({})
    return site


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
