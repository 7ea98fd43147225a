"""The demo's site on disk: keys, trust list, permits and the configuration of its gate."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.permit import base45, trust, vin
from agent.core.permit.claims import PLATE_KINDS, Permit
from agent.core.permit.issue import Issuer, issue, trust_list
from agent.core.permit.keys import SigningKey
from agent.core.plates.formats import kinds_of

if TYPE_CHECKING:
    from pathlib import Path

    from agent.demo.acts import Act

GATE = "demo-gate"
SITE = 17
OPEN_CHANNEL, RED_CHANNEL, GREEN_CHANNEL = 1, 3, 4
_CONFIGURATION = """\
version = 1

[gate]
id = "{gate}"
site = {site}

[state]
directory = "{state}"

[permits]
trust_list = "{trust_list}"
root_keys = ["{root_key}"]

[clock]
require_synchronised = false

[mqtt]
brokers = ["mqtt://127.0.0.1:{broker_port}"]
resend_s = 2.0
start_spread_s = 0.0

[lanes.exit-1]
number = 1
direction = "export"

[lanes.exit-1.timing]
read_s = 3
decide_s = 3

[lanes.exit-1.barrier]
open_channel = {open_channel}
red_channel = {red_channel}
green_channel = {green_channel}

[lanes.exit-1.relay]
kind = "modbus_rtu"
port = "{serial_port}"

[lanes.exit-1.inputs]
kind = "modbus_rtu"
port = "{serial_port}"

[lanes.exit-1.signals]
presence = 1
safety = 2
opened = 3
closed = 4

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
scene_file = "{scene_file}"
"""
HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Site:
    """Where the demo keeps its things. `serial_port` is the stable path of the emulated relay board."""

    folder: Path
    serial_port: Path
    broker_port: int
    issuer: Issuer
    utc: int

    @property
    def scene_file(self) -> Path:
        """What stands before the simulated camera."""
        return self.folder / "scene.json"

    @property
    def configuration(self) -> Path:
        """The gate's configuration file."""
        return self.folder / "gate.toml"

    @property
    def state(self) -> Path:
        """The gate's state directory."""
        return self.folder / "state"

    def permit_text(self, act: Act) -> str:
        """The text in the QR code of a vehicle: signed by the issuer, or by somebody else under the issuer's name."""
        start, end = (-2 * DAY_S, -HOUR_S) if act.shown == "expired" else (-HOUR_S, DAY_S)
        permit = Permit(
            permit_id=secrets.token_bytes(8),
            issuer=self.issuer.name,
            key_id=self.issuer.key.public.key_id,
            not_before=self.utc + start,
            expires_at=self.utc + end,
            issued_at=self.utc + start,
            declaration=940120260000000000 + secrets.randbelow(1_000_000_000),
            vin=_some_vin(),
            plate=act.declared,
            plate_kind=next(kind for kind in kinds_of(act.declared) if kind in PLATE_KINDS.values()),
            energy=None,
            site=SITE,
            lane_mask=0,
            direction="export",
            max_uses=1,
        )
        text = issue(permit, self.issuer.key)
        return _altered(text, act.declared) if act.shown == "forged" else text

    def show(self, scene: dict[str, object]) -> None:
        """Put a scene before the camera, at once and whole."""
        fresh = self.scene_file.with_suffix(".new")
        fresh.write_text(json.dumps(scene, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self.scene_file)


def _altered(text: str, plate: str) -> str:
    """A genuine permit whose plate was changed by one digit after it was signed."""
    other = plate[:-1] + str((int(plate[-1]) + 1) % 10)
    signed = base45.decode(text.removeprefix("GP1:").encode())
    return "GP1:" + base45.encode(signed.replace(plate.encode(), other.encode())).decode()


def _some_vin() -> str:
    text = "LSG" + "".join(secrets.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(vin.LENGTH - 3))
    return text[:8] + vin.check_digit(text) + text[9:]


def build(folder: Path, serial_port: Path, broker_port: int, utc: int) -> Site:
    """Write keys, trust list and configuration of the demo's gate into `folder`."""
    root, key = (SigningKey.from_seed(secrets.token_bytes(32)) for _ in range(2))
    issuer = Issuer("demo trade window", key, (SITE,))
    site = Site(folder, serial_port, broker_port, issuer, utc)
    site.state.mkdir(parents=True)
    (folder / "trust.gtl").write_bytes(trust.seal(trust_list([issuer], utc - HOUR_S), root))
    site.configuration.write_text(
        _CONFIGURATION.format(
            gate=GATE,
            site=SITE,
            state=site.state,
            trust_list=folder / "trust.gtl",
            root_key=root.public.raw.hex(),
            broker_port=broker_port,
            serial_port=serial_port,
            scene_file=site.scene_file,
            open_channel=OPEN_CHANNEL,
            red_channel=RED_CHANNEL,
            green_channel=GREEN_CHANNEL,
        ),
        encoding="utf-8",
    )
    site.show({})
    return site
