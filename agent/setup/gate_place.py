"""What the configuration says of a gate that is to be enrolled, before and after: also where its files are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.broker import check_gate_id
from agent.enrolment import CertificatePair, EnrolmentFiles
from agent.settings import Edit, SettingsError, read
from agent.settings.configuration_loading import load_configuration
from agent.settings.toml.plain_value import toml
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path as FilePath

    from agent.settings import Path

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
    def of(cls, configuration: FilePath) -> GatePlace:
        """Read it; where it cannot be used because files are missing that come only now, as far as it can be read."""
        try:
            settings = load_configuration(configuration).settings
        except SettingsError as error:
            try:
                return cls.of_data(configuration, read(configuration).data)
            except ValueError:
                raise ValueError(str(error)) from error
        mqtt, enrolment = settings.mqtt, settings.enrolment
        tables = {
            "gate": {"id": settings.gate.id},
            "mqtt": {key: getattr(mqtt, key) for key in (*NAMES, "brokers", "enabled")},
            "enrolment": {"url": enrolment.url, "ca_file": enrolment.ca_file},
        }
        return cls.of_data(
            configuration,
            {name: {key: one for key, one in table.items() if one is not None} for name, table in tables.items()},
        )

    @classmethod
    def of_data(cls, configuration: FilePath, data: Mapping[str, Any]) -> GatePlace:
        """What the tables of a configuration say, which nobody has checked. Raises ValueError."""
        table, own, enrolment = (data.get(name, {}) for name in ("mqtt", "gate", "enrolment"))
        gate = own.get("id", "") if isinstance(own, dict) else ""
        if not isinstance(gate, str) or not isinstance(table, dict) or not isinstance(enrolment, dict) or not gate:
            raise ValueError(Text("the gate has no name yet: set gate.id"))
        check_gate_id(gate)
        folder = configuration.absolute().parent
        named = {key: folder / str(table[key]) if key in table else None for key in NAMES}
        brokers, enabled = tuple(map(str, table.get("brokers", ()))), bool(table.get("enabled", True))
        url = str(enrolment["url"]) if "url" in enrolment else None
        server_ca = folder / str(enrolment["ca_file"]) if "ca_file" in enrolment else None
        paths = {key: folder / NAMES[key] if path is None else path for key, path in named.items()}
        files = EnrolmentFiles(
            CertificatePair(paths["certificate_file"], paths["key_file"]),
            paths["ca_file"],
            folder / SERVER_CA if server_ca is None else server_ca,
        )
        missing = tuple(key for key, path in named.items() if path is None)
        server = {key: str(value) for key, value in (("url", url), ("ca_file", server_ca)) if value is not None}
        return cls(gate, files, missing, brokers, enabled, server)

    def path_of(self, key: str) -> FilePath:
        """The file that a key of [mqtt] is to name."""
        pair = self.files.pair
        paths = {"certificate_file": pair.certificate_file, "key_file": pair.key_file, "ca_file": self.files.broker_ca}
        return paths[key]

    def wanted(self, url: str, brokers: Sequence[str], *, locked: bool) -> dict[Path, str | list[str] | bool]:
        """What the configuration lacks once the gate is enrolled by the server at `url`: values by their paths.

        `brokers`: those that it is to know. `locked`: the trust anchors are: brokers and their authority stay.
        """
        server = {"url": url, "ca_file": str(self.files.server_ca)}
        found: dict[Path, str | list[str] | bool] = {
            ("enrolment", key): value for key, value in server.items() if self.server.get(key) != value
        }
        found |= {("mqtt", key): str(self.path_of(key)) for key in self.missing if key != "ca_file" or not locked}
        if brokers and not locked and set(brokers) != set(self.brokers):
            found["mqtt", "brokers"] = list(brokers)
        if not self.enabled and (self.brokers or (brokers and not locked)):
            found["mqtt", "enabled"] = True
        return found

    def edits(self, url: str, brokers: Sequence[str], *, locked: bool) -> tuple[Edit, ...]:
        """The same as edits of the files."""
        wanted = self.wanted(url, brokers, locked=locked)
        return tuple(Edit("set", path, toml(value)) for path, value in wanted.items())
