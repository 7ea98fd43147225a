"""Looks at the gate's own files: state, journal, keys, certificates, weights."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.core.trust_state import StatePart, TrustState, state_from_json
from agent.doctor.facts import (
    AnchorFacts,
    CertificateFacts,
    GateKeyFacts,
    HeadFileFacts,
    JournalFacts,
    ModelFacts,
    PrivateKeyFacts,
    StateFacts,
    TlsFacts,
)
from agent.enrolment import renewal_utc
from agent.recording import TRUST_STATE as STATE
from agent.settings import AnchorsUnusableError, anchors_folder, read_anchors
from agent.site import CLIENT_SUFFIX
from agent.store.errors import JournalError
from agent.store.gate_key import GateKeyError, read_gate_key
from agent.store.head_file import HeadFile
from agent.store.journal import JournalReader
from agent.store.numbers import MAX_BYTES as NUMBERS_BYTES
from agent.store.numbers import NAME as NUMBERS
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from agent.doctor.collectors.user import SystemUser
    from agent.settings import Settings

MEGABYTE: Final = 1 << 20
PROVED_EVENTS: Final = 500
"""How many of the newest events are proved: what is older was proved when it was new, and takes minutes."""
CONSOLE_CERTIFICATE: Final = "console.pem"
"""That of the console's own making, in the state directory."""
VEHICLES: Final = "vehicles.db"
"""The console's index of the journal, and how many times smaller it is: 58 MB of a million events in 800 MB."""
JOURNAL_SHARE: Final = 10
MODELS: Final = files("agent.vision.worker.plate") / "models"


def anchors(configuration: Path) -> AnchorFacts:
    """The trust anchors of a configuration."""
    folder = anchors_folder(configuration)
    try:
        found = read_anchors(folder)
    except AnchorsUnusableError as error:
        return AnchorFacts(folder, exists=True, trouble=f"{error.filename}: {reason(error)}")
    if found is None:
        return AnchorFacts(folder, exists=False)
    held = found.held
    return AnchorFacts(folder, exists=True, number=held.number, sealed=held.sealed, can_change=held.can_change)


def state(path: Path, user: SystemUser) -> StateFacts:
    """The state directory."""
    if not path.is_dir():
        return StateFacts(path, exists=False)
    mode = stat.S_IMODE(path.stat().st_mode)
    return StateFacts(path, exists=True, mode=mode, user=user.name, writable=user.may(path, os.W_OK | os.X_OK))


def head_file(settings: Settings) -> HeadFileFacts:
    """The head file, and what the journal keeps of the trust state, also beside an agent that writes both."""
    path, journal_path = settings.state.head_file, settings.state.directory / "journal.db"
    not_whole: tuple[tuple[str, str], ...] = ()
    if journal_path.exists():
        try:
            with JournalReader(journal_path) as reader:
                kept = reader.kept(STATE)
            found = TrustState() if kept is None else state_from_json(kept)
            not_whole = tuple(
                (part.value, found.standing(part).cause) for part in StatePart if not found.standing(part).whole
            )
        except (JournalError, ValueError) as error:
            not_whole = ((StatePart.JOURNAL.value, str(error)),)
    if path is None:
        return HeadFileFacts(None, not_whole=not_whole)
    content = HeadFile(path).read()
    missing = content.missing and not journal_path.exists()  # nothing has run here yet
    return HeadFileFacts(path, "" if missing else content.trouble, not_whole)


def journal(settings: Settings, *, failing: bool, utc: float) -> JournalFacts:
    """The journal as it is on the disk, also beside an agent that writes it. `utc`: now, Unix seconds."""
    path = settings.state.directory / "journal.db"
    limit_bytes, delivers = settings.journal.max_mb * MEGABYTE, settings.mqtt.enabled
    asked = delivers and settings.mqtt.ack_mode == "watermark"
    if not path.exists():
        return JournalFacts(path, exists=False, limit_bytes=limit_bytes, delivers=delivers)
    try:
        with JournalReader(path) as reader:
            now = reader.standing()
            head, watermark = now.head.seq, now.watermark
            for _ in reader.sound_events(max(now.tail.seq + 1, head - PROVED_EVENTS + 1), head):
                pass
            waiting = next(iter(reader.events(watermark + 1, watermark + 1)), None)
    except JournalError as error:
        return JournalFacts(path, exists=True, trouble=str(error), limit_bytes=limit_bytes, delivers=delivers)
    return JournalFacts(
        path,
        exists=True,
        failing=failing,
        events=head,
        size_bytes=path.stat().st_size,
        limit_bytes=limit_bytes,
        unacknowledged=head - watermark,
        oldest_s=None if waiting is None else utc - _time(waiting.payload),
        delivers=delivers,
        acks_signed=bool(settings.mqtt.ack_keys) and not settings.mqtt.unsigned_acks if asked else None,
    )


def gate_key(settings: Settings) -> GateKeyFacts:
    """The gate's own key, and whether the other gates of the site know it."""
    try:
        key = read_gate_key(settings.state.directory)
    except FileNotFoundError:
        return GateKeyFacts(exists=False, trouble="")
    except GateKeyError as error:
        return GateKeyFacts(exists=True, trouble=str(error))
    named = next((gate.public_key for gate in settings.site.gates if gate.id == settings.gate.id), "")
    return GateKeyFacts(exists=True, trouble="", public=key.public.raw.hex(), named=named)


def tls_facts(
    settings: Settings, user: SystemUser, utc: float, troubles: Mapping[str, str] = MappingProxyType({})
) -> TlsFacts:
    """Every certificate and private key that the settings name. `utc`: now, Unix seconds.

    `troubles`: why the renewal of the certificate of a section failed last, as the running agent knows it.
    """
    certificates: dict[Path, CertificateFacts] = {}
    keys: dict[Path, PrivateKeyFacts] = {}
    sections = (
        ("mqtt", settings.mqtt, settings.gate.id),
        ("site", settings.site, f"{settings.gate.id}{CLIENT_SUFFIX}"),
        ("console", settings.console, None),
    )
    server_ca = settings.enrolment.ca_file
    if server_ca is not None:
        certificates[server_ca] = _certificate(server_ca, None, user)
    for title, section, name in sections:
        ca = getattr(section, "ca_file", None)
        for path, expected in ((ca, None), (section.certificate_file, name)):
            if path is not None:
                renewed = expected is not None and settings.enrolment.url is not None
                found = _certificate(path, expected, user, renewed=renewed)
                trouble = troubles.get(title, "") if renewed else ""
                certificates.setdefault(path, replace(found, renewal_trouble=trouble))
        if section.key_file is not None and section.certificate_file is not None:
            files_ = TlsFiles(None, section.certificate_file, section.key_file)
            usable = not certificates[section.certificate_file].trouble
            keys.setdefault(section.key_file, _key(section.key_file, files_, user, usable=usable))
    own = settings.state.directory / CONSOLE_CERTIFICATE
    if settings.console.enabled and settings.console.certificate_file is None and own.is_file():
        certificates[own] = _certificate(own, None, user)
    return TlsFacts(tuple(certificates.values()), tuple(keys.values()), datetime.fromtimestamp(utc, UTC))


def models(folder: Traversable = MODELS) -> tuple[ModelFacts, ...]:
    """Every file of weights, against its manifest."""
    try:
        manifest: dict[str, dict[str, Any]] = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        return (ModelFacts("manifest.toml", str(error)),)
    return tuple(_model(folder / str(entry["file"]), entry) for entry in manifest.values())


def _model(path: Traversable, entry: dict[str, Any]) -> ModelFacts:
    try:
        content = path.read_bytes()
    except OSError as error:
        return ModelFacts(path.name, error.strerror or str(error))
    found = hashlib.sha256(content).hexdigest()
    return ModelFacts(
        path.name,
        "" if found == entry["sha256"] else Text("SHA-256 {found}, not {entry}", found=found, entry=entry["sha256"]),
    )


def _certificate(path: Path, expected: str | None, user: SystemUser, *, renewed: bool = False) -> CertificateFacts:
    trouble = _unreadable(path, user)
    if trouble:
        return CertificateFacts(path, trouble)
    try:
        # The first is the gate's own, and of a list of authorities the one that ends first counts.
        chain = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        return CertificateFacts(path, Text("it contains no PEM certificate ({error})", error=error))
    one = chain[0] if expected is not None else min(chain, key=lambda each: each.not_valid_after_utc)
    names = one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else one.subject.rfc4514_string()
    due = datetime.fromtimestamp(renewal_utc(one), UTC) if renewed else None
    return CertificateFacts(path, "", name, expected, one.not_valid_before_utc, one.not_valid_after_utc, due)


def _key(path: Path, pair: TlsFiles, user: SystemUser, *, usable: bool) -> PrivateKeyFacts:
    trouble = _unreadable(path, user)
    if trouble:
        return PrivateKeyFacts(path, trouble, 0)
    if usable:
        try:
            make_context(pair)
        except TlsFilesError as error:
            trouble = str(error)
    return PrivateKeyFacts(path, trouble, stat.S_IMODE(path.stat().st_mode))


def _unreadable(path: Path, user: SystemUser) -> str:
    """Why a file cannot be read by the agent's user; "" where it can."""
    try:
        return (
            ""
            if user.may(path, os.R_OK)
            else Text("the user {name} may not read it: check owner and mode", name=user.name)
        )
    except OSError as error:
        return error.strerror or str(error)


def _time(payload: bytes) -> float:
    """When an event was recorded, Unix seconds."""
    return datetime.fromisoformat(json.loads(payload)["time"]).timestamp()


def stores(settings: Settings) -> Iterator[tuple[Path, int]]:
    """Each store below the state directory, and how large the settings let it become, in bytes."""
    folder = settings.state.directory
    yield folder / "journal.db", settings.journal.max_mb * MEGABYTE
    yield folder / "evidence", settings.evidence.max_mb * MEGABYTE
    yield folder / "registry.db", settings.lists.max_mb * MEGABYTE
    yield folder / NUMBERS, NUMBERS_BYTES
    if settings.console.enabled:
        yield folder / VEHICLES, settings.journal.max_mb * MEGABYTE // JOURNAL_SHARE


def wanted_bytes(settings: Settings) -> int:
    """How much the stores may still grow, in bytes."""
    return sum(max(0, most - _used(path)) for path, most in stores(settings))


def _used(path: Path) -> int:
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())
    return path.stat().st_size if path.is_file() else 0
