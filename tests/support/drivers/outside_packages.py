"""Packages with drivers, as an installer leaves them: a folder on the path with modules and what they declare."""

from __future__ import annotations

import importlib
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "acme-gate"
VERSION = "1.2"
PACKAGE = f"{NAME} {VERSION}"

RELAY = """
from math import inf

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import Delivery, RelayCapabilities


class AcmeSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: str = Field(pattern="^/", description="Path of the port.")
    pin: int = Field(default=1, ge=1, description="The pin.")


class AcmeRelay:
    Settings = AcmeSettings

    def __init__(self, settings):
        self.capabilities = RelayCapabilities(2, hardware_pulse=False, pulse_step_ms=0, read_back=True)

    def open(self):
        return "an ACME board"

    def close(self):
        pass

    def pulse(self, channel, duration_ms, *, deadline=inf):
        return Delivery.NOT_DELIVERED

    def set(self, channel, *, on, deadline=inf):
        return Delivery.DELIVERED

    def all_off(self):
        return Delivery.DELIVERED

    def state(self):
        return (False, False)
"""
CHECK = """
    @field_validator("pin")
    def check(cls, pin):
        return {}[pin]


class AcmeRelay"""
FALLS_OVER = RELAY.replace("BaseModel,", "BaseModel, field_validator,").replace("\n\nclass AcmeRelay", CHECK)
"""Its settings fail in a way of their own, whatever its pin is."""
DECLARED = {"relay.acme": "acme_board:AcmeRelay"}


def put(
    folder: Path,
    declared: Mapping[str, str],
    modules: Mapping[str, str],
    name: str = NAME,
    version: str = VERSION,
) -> Path:
    """Lay a package into a folder; the folder.

    `declared`: its entry points for drivers. `modules`: the text of each of its modules, by name.
    """
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nA driver.\n")
    (about / "RECORD").write_text(f"{about.name}/METADATA,,\n")
    lines = "".join(f"{point} = {target}\n" for point, target in declared.items())
    (about / "entry_points.txt").write_text(f"[console_scripts]\nacme = acme:main\n\n[gate_agent.drivers]\n{lines}")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(textwrap.dedent(text))
    return folder


def trial_command(*folders: Path) -> tuple[str, ...]:
    """The command that tries drivers, in a Python in which the packages of these folders are installed."""
    places = [str(folder) for folder in folders]
    code = f"import sys; sys.path[:0] = {places!r}; from drivers.driver_trial import main; sys.exit(main())"
    return (sys.executable, "-c", code)


@contextmanager
def installed(*folders: Path) -> Iterator[None]:
    """What lies in these folders is installed until the end of the block."""
    modules = set(sys.modules)
    sys.path[:0] = map(str, folders)
    importlib.invalidate_caches()
    registry.outside.cache_clear()
    try:
        yield
    finally:
        del sys.path[: len(folders)]
        registry.outside.cache_clear()
        for name in set(sys.modules) - modules:
            if any(str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)) for folder in folders):
                del sys.modules[name]
