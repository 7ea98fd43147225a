"""A gate's configuration for tests: a small valid file, drivers that exist on paper only, and the loader."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from agent.settings import load
from drivers.api import DeviceMisconfiguredError, RelayCapabilities
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import AnchorFile, LoadedSettings

ROOT_KEY = "3a7f0c5d9be1428866f2d0417c9ab35ee804517263cf9d1ab2407e5f8d6c3b19"
OTHER_ROOT_KEY = "c4d80b5f21e96a73b8024d1f6e3c7a950fd2b81e4a6c57930de1f8427b6a5c3d"

HEAD = f"""
version = 1

[gate]
id = "gate-7"
site = 7

[permits]
root_keys = ["{ROOT_KEY}"]

[mqtt]
brokers = ["mqtts://broker.example"]
"""
LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "board"
port = "/dev/gate-barrier"

[lanes.out.inputs]
kind = "bits"

[lanes.out.signals]
presence = 1
safety = 2

[[lanes.out.cameras]]
id = "front"
kind = "cam"
url = "rtsp://10.0.0.5/stream"
"""
GOOD = HEAD + LANE


class BoardSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: str
    unit: int | None = None
    baud: int = 9600
    channels: int = Field(default=4, ge=1, le=8)
    mode: Literal["plain", "pulsed"] = "pulsed"
    pin: SecretStr | None = None


class BitsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = 8
    name: str = ""
    timeout_ms: int | None = None


class CameraSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    path: Path | None = None


class Board:
    def __init__(self, table: Mapping[str, object]) -> None:
        settings = BoardSettings.model_validate(table)
        pulsed = settings.mode == "pulsed"
        self.capabilities = RelayCapabilities(settings.channels, pulsed, 100 if pulsed else 0, read_back=True)


class LinesSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: str
    baud: int = 9600


MODELS = {
    ("relay", "board"): BoardSettings,
    ("inputs", "bits"): BitsSettings,
    ("camera", "cam"): CameraSettings,
    ("scanner", "lines"): LinesSettings,
}


def models(family: str, kind: str) -> type[BaseModel]:
    if (family, kind) not in MODELS:
        there = ", ".join(name for group, name in MODELS if group == family)
        raise DeviceMisconfiguredError(
            Text("no driver of kind {kind!r}; expected one of {kinds}", kind=kind, kinds=there)
        )
    return MODELS[family, kind]


def write(folder: Path, text: str, name: str = "gate.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def loaded(
    path: Path,
    environment: Mapping[str, str] | None = None,
    credentials: Path | None = None,
    anchors: AnchorFile | None = None,
) -> LoadedSettings:
    return load(
        path,
        environment=environment or {},
        credentials_directory=credentials,
        models=models,
        relays=lambda _kind, table: Board(table),
        anchors=anchors,
    )
