"""Packs a support bundle: a ZIP of plain texts."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import time_text
from agent.doctor.bundle import contents
from agent.doctor.bundle.scrub import Scrubber, secrets_of
from agent.doctor.report import report_as_json
from agent.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.doctor.finding import DiagnosticReport
    from agent.settings import LoadedSettings

ABOUT: Final = """A support bundle of gate-agent.

doctor.json         what the doctor found, with the words in English
configuration.json  every key, its value and its origin; a secret is only said to be set
health.json         figures of the running agent, where one was asked
log.txt             the last lines of the log
events.jsonl        the last events; {events}
devices.json        what is plugged in
versions.json       the machine, every package, and the drivers that packages bring
hashes.json         SHA-256 of the configuration's files, the networks and the installed packages of agent and drivers
{pictures}
Passwords, tokens, private keys and the console's codes are taken out of all of it.
"""
MASKED: Final = "plates and VINs are masked, so that they do not prove the chain"
WHOLE: Final = "plates and VINs stand in them"
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """What is asked for besides. `pictures`: of the last vehicles. `plates`: plates and VINs as they are."""

    pictures: bool = False
    plates: bool = False


@dataclass(frozen=True, slots=True)
class BundleMaterial:
    """What a bundle is made of. `loaded`: None where no configuration can be used. `health`: of a running agent.

    `environment`, `credentials`: where secrets may stand that must not get in. `log`: None where there is none.
    """

    report: DiagnosticReport
    loaded: LoadedSettings | None
    log: str | None
    health: dict[str, Any] | None
    environment: Mapping[str, str]
    credentials: Path | None


def pack_bundle(material: BundleMaterial, wanted: BundleRequest) -> bytes:
    """The bundle."""
    buffer = io.BytesIO()
    moment = material.report.utc
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(material, wanted):
            archive.writestr(f"{bundle_file_name(material.report.gate, moment)}/{name}", content)
    return buffer.getvalue()


def bundle_file_name(gate: str, utc: float) -> str:
    """The usual name, without its ending. `utc`: Unix seconds."""
    stamp = time_text(round(utc * _MS_PER_S))[:19].replace(":", "").replace("-", "")
    safe = "".join(one if one.isalnum() or one in "-_" else "_" for one in gate)
    return f"gate-agent-{safe}-{stamp}Z"


def _files(material: BundleMaterial, wanted: BundleRequest) -> Iterator[tuple[str, bytes]]:
    loaded = material.loaded
    scrub = Scrubber(secrets_of(loaded, material.environment, material.credentials), plates=wanted.plates)
    state = None if loaded is None else loaded.settings.state.directory
    events = [] if state is None else contents.last_events(state / "journal.db")
    for event in events:
        scrub.learn(event)
    pictures = "pictures/           the pictures that these events name\n" if wanted.pictures else ""
    about = ABOUT.format(events=WHOLE if wanted.plates else MASKED, pictures=pictures)
    yield "README.txt", about.encode()
    yield "doctor.json", scrub.json(report_as_json(material.report, Language.EN))
    yield "configuration.json", scrub.json(None if loaded is None else contents.configuration(loaded))
    yield "health.json", scrub.json(material.health)
    yield "log.txt", scrub.text(material.log or "There is no log that this user may read.\n").encode()
    yield "events.jsonl", b"".join(scrub.line(event) for event in events)
    yield "devices.json", scrub.json(contents.devices())
    yield "versions.json", scrub.json(contents.versions())
    yield "hashes.json", scrub.json(contents.hashes(() if loaded is None else loaded.files))
    if wanted.pictures and state is not None:
        for name, jpeg in contents.pictures(state / "evidence", events):
            yield f"pictures/{name}.jpg", jpeg
