"""What the configuration says of a gate that is to be enrolled, before and after: also where its files are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.broker import check_gate_id
from agent.enrolment import CertificatePair, EnrolmentFiles
from agent.settings import Edit, SettingsError, read
from agent.settings.drivers import load_configuration
from agent.settings.toml.plain_value import toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAMES: Final[Mapping[str, str]] = {
    "certificate_file": "gate.pem",
    "key_file": "gate.key",
    "ca_file": "broker-ca.pem",
}
SERVER_CA: Final = "est-ca.pem"


@dataclass(frozen=True, slots=True)
class GatePlace:
    """What the configuration says of the gate and its files.

    `missing`: keys of [mqtt] that it does not set yet. `server`: key and value of [enrolment], as far as they are set.
    """

    gate: str
    files: EnrolmentFiles
    missing: tuple[str, ...]
    brokers: tuple[str, ...]
    enabled: bool
    server: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Path) -> GatePlace:
        """Read it; where it cannot be used because files are missing that come only now, as far as it can be read."""
        try:
            settings = load_configuration(configuration).settings
            gate, mqtt = settings.gate.id, settings.mqtt
            named = {key: getattr(mqtt, key) for key in NAMES}
            brokers, enabled = mqtt.brokers, mqtt.enabled
            url, server_ca = settings.enrolment.url, settings.enrolment.ca_file
        except SettingsError as error:
            data: dict[str, Any] = read(configuration).data
            table, own, enrolment = (data.get(name, {}) for name in ("mqtt", "gate", "enrolment"))
            gate = own.get("id", "") if isinstance(own, dict) else ""
            if not isinstance(gate, str) or not isinstance(table, dict) or not isinstance(enrolment, dict) or not gate:
                raise ValueError(str(error)) from error
            check_gate_id(gate)
            named = {key: configuration.parent / str(table[key]) if key in table else None for key in NAMES}
            brokers, enabled = tuple(map(str, table.get("brokers", ()))), bool(table.get("enabled", True))
            url = str(enrolment["url"]) if "url" in enrolment else None
            server_ca = configuration.parent / str(enrolment["ca_file"]) if "ca_file" in enrolment else None
        folder = configuration.absolute().parent
        paths = {key: folder / NAMES[key] if path is None else path for key, path in named.items()}
        files = EnrolmentFiles(
            CertificatePair(paths["certificate_file"], paths["key_file"]),
            paths["ca_file"],
            folder / SERVER_CA if server_ca is None else server_ca,
        )
        missing = tuple(key for key, path in named.items() if path is None)
        server = {key: str(value) for key, value in (("url", url), ("ca_file", server_ca)) if value is not None}
        return cls(gate, files, missing, brokers, enabled, server)

    def path_of(self, key: str) -> Path:
        """The file that a key of [mqtt] is to name."""
        pair = self.files.pair
        paths = {"certificate_file": pair.certificate_file, "key_file": pair.key_file, "ca_file": self.files.broker_ca}
        return paths[key]

    def edits(self, url: str, brokers: Sequence[str], *, locked: bool) -> tuple[Edit, ...]:
        """What the configuration lacks once the gate is enrolled by the server at `url`.

        `brokers`: those that it is to know. `locked`: the trust anchors are: brokers and their authority stay.
        """
        wanted = {"url": url, "ca_file": str(self.files.server_ca)}
        edits = [_set("enrolment", key, value) for key, value in wanted.items() if self.server.get(key) != value]
        edits += [_set("mqtt", key, str(self.path_of(key))) for key in self.missing if key != "ca_file" or not locked]
        if brokers and not locked and set(brokers) != set(self.brokers):
            edits.append(_set("mqtt", "brokers", list(brokers)))
        if not self.enabled and (self.brokers or (brokers and not locked)):
            edits.append(_set("mqtt", "enabled", value=True))
        return tuple(edits)


def _set(section: str, key: str, value: object) -> Edit:
    return Edit("set", (section, key), toml(value))
