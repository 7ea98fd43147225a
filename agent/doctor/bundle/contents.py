"""What goes into a bundle, gathered: the log, the machine's devices, the versions and the hashes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.doctor.collectors import software
from agent.doctor.collectors.drivers import declared_drivers, packages_with_drivers
from agent.doctor.collectors.files import MODELS
from agent.service.systemd_unit import MANAGER, UNIT, run_command
from agent.settings import key_origins
from agent.store.durable_files import open_regular
from agent.store.errors import JournalError
from agent.store.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.settings import LoadedSettings

LOG_LINES: Final = 5000
EVENTS: Final = 500
USB: Final = "sys/bus/usb/devices"
USB_FIELDS: Final = ("idVendor", "idProduct", "manufacturer", "product", "serial", "speed")
DEVICE_FOLDERS: Final = ("serial/by-id", "serial/by-path", "v4l/by-id", "v4l/by-path")
DEVICE_NAMES: Final = ("ttyUSB*", "ttyACM*", "video*", "gate-*")
ROOT: Final = Path("/")


def service_log() -> str | None:
    """The last lines that the service manager kept of the unit; None where it keeps none or shows none to this user."""
    if not MANAGER.is_dir() or shutil.which("journalctl") is None:
        return None
    command = ("journalctl", f"--unit={UNIT}", f"--lines={LOG_LINES}", "--output=short-iso", "--no-pager")
    try:
        done = run_command((*command, "--quiet"))
    except (OSError, subprocess.TimeoutExpired):  # a sandbox forbids it
        return None
    return done.stdout or None


def configuration(loaded: LoadedSettings) -> list[dict[str, Any]]:
    """Every key with its value and where that comes from; secrets are only said to be set."""
    return [
        {"key": one.key, "value": "set" if one.secret else one.value, "origin": one.source}
        for one in key_origins(loaded)
    ]


def last_events(journal: Path, count: int = EVENTS) -> list[dict[str, Any]]:
    """The newest events; none where there is no journal, or it cannot be read: the doctor's report says so."""
    if not journal.exists():
        return []
    try:
        with JournalReader(journal) as reader:
            head = reader.standing().head.seq
            return [json.loads(payload) for payload in reader.payloads(max(1, head - count + 1))]
    except (JournalError, ValueError, RecursionError):
        return []


def devices(root: Path = ROOT) -> dict[str, Any]:
    """What is plugged in: USB devices, and the names below /dev."""
    usb = [
        {field: _text(folder / field) for field in USB_FIELDS} | {"place": folder.name}
        for folder in sorted((root / USB).glob("*"))
        if (folder / "idVendor").is_file()
    ]
    dev = root / "dev"
    names = sorted(path for pattern in DEVICE_NAMES for path in dev.glob(pattern))
    names += sorted(path for folder in DEVICE_FOLDERS for path in (dev / folder).glob("*"))
    return {"usb": usb, "names": {f"/{path.relative_to(root)}": _target(path) for path in names}}


def versions() -> dict[str, Any]:
    """The machine, every Python package, and the drivers that some of them bring."""
    facts = software.versions(lambda: None)
    described = [_fields(one.read_text("METADATA") or one.read_text("PKG-INFO") or "") for one in distributions()]
    packages = {one["name"]: one.get("version", "") for one in described if one.get("name")}
    return {
        "gate-agent": facts.installed,
        "python": facts.python,
        "system": facts.system,
        "kernel": facts.kernel,
        "packages": dict(sorted(packages.items(), key=lambda pair: pair[0].lower())),
        "drivers_from_outside": declared_drivers(),
    }


def _fields(description: str) -> dict[str, str]:
    """The fields of a package's description that fill one line, by their names in small letters.

    A hundred packages as mails, the whole of each, are a tenth of a second of work.
    """
    head = description.partition("\n\n")[0].splitlines()
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}


def hashes(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of these files, of the weights, and of the lists of what was installed: ours, and of others' drivers."""
    found = {str(path): _sha256(path) for path in files}
    found |= {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in MODELS.iterdir() if one.name.endswith(".onnx")
    }
    record = Distribution.from_name("gate-agent").read_text("RECORD")
    if record is not None:
        found["gate-agent RECORD"] = hashlib.sha256(record.encode()).hexdigest()
    for name in packages_with_drivers():
        theirs = Distribution.from_name(name).read_text("RECORD")
        if theirs is not None:
            found[f"{name} RECORD"] = hashlib.sha256(theirs.encode()).hexdigest()
    return found


def pictures(evidence: Path, events: Sequence[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """The pictures that these events name and that are kept, by their hash."""
    for name in dict.fromkeys(_named(events)):
        for path in evidence.glob(f"*/{name[:2]}/{name}.jpg"):
            try:
                with open_regular(path) as file:
                    jpeg = file.read()
            except OSError:  # given up a moment ago, or no picture that can be read: the others are wanted all the same
                continue
            yield name, jpeg


def _named(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        data = event.get("data")
        for name in data.get("pictures", ()) if isinstance(data, dict) else ():
            if isinstance(name, str) and len(name) == hashlib.sha256().digest_size * 2 and name.isalnum():
                yield name


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return error.strerror or str(error)


def _target(path: Path) -> str:
    return f"/{path.resolve().name}" if path.is_symlink() else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
