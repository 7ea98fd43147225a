"""What the configuration says of a gate that is to be enrolled, also before its files are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.broker import check_gate_id
from agent.enrolment import CertificatePair, EnrolmentFiles
from agent.settings import SettingsError, read
from agent.settings.drivers import load_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES: Final[Mapping[str, str]] = {
    "certificate_file": "gate.pem",
    "key_file": "gate.key",
    "ca_file": "broker-ca.pem",
}
SERVER_CA: Final = "est-ca.pem"


@dataclass(frozen=True, slots=True)
class GatePlace:
    """What the configuration says of the gate and its files. `missing`: keys of [mqtt] that it does not set yet."""

    gate: str
    files: EnrolmentFiles
    missing: tuple[str, ...]
    brokers: tuple[str, ...]
    enabled: bool

    @classmethod
    def of(cls, configuration: Path) -> GatePlace:
        """Read it; where it cannot be used because files are missing that come only now, as far as it can be read."""
        try:
            settings = load_configuration(configuration).settings
            gate, mqtt = settings.gate.id, settings.mqtt
            named = {key: getattr(mqtt, key) for key in NAMES}
            brokers, enabled, server_ca = mqtt.brokers, mqtt.enabled, settings.enrolment.ca_file
        except SettingsError as error:
            data: dict[str, Any] = read(configuration).data
            table, own, enrolment = (data.get(name, {}) for name in ("mqtt", "gate", "enrolment"))
            gate = own.get("id", "") if isinstance(own, dict) else ""
            if not isinstance(gate, str) or not isinstance(table, dict) or not isinstance(enrolment, dict) or not gate:
                raise ValueError(str(error)) from error
            check_gate_id(gate)
            named = {key: configuration.parent / str(table[key]) if key in table else None for key in NAMES}
            brokers, enabled = tuple(map(str, table.get("brokers", ()))), bool(table.get("enabled", True))
            server_ca = configuration.parent / str(enrolment["ca_file"]) if "ca_file" in enrolment else None
        folder = configuration.absolute().parent
        paths = {key: folder / NAMES[key] if path is None else path for key, path in named.items()}
        files = EnrolmentFiles(
            CertificatePair(paths["certificate_file"], paths["key_file"]),
            paths["ca_file"],
            folder / SERVER_CA if server_ca is None else server_ca,
        )
        missing = tuple(key for key, path in named.items() if path is None)
        return cls(gate, files, missing, brokers, enabled)

    def path_of(self, key: str) -> Path:
        """The file that a key of [mqtt] is to name."""
        pair = self.files.pair
        paths = {"certificate_file": pair.certificate_file, "key_file": pair.key_file, "ca_file": self.files.broker_ca}
        return paths[key]
