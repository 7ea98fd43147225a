"""The JSON Schema of the configuration file, for editors that complete and check while one writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.settings.model.agent import Settings
from agent.settings.model.devices import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from agent.settings.model.devices import DriverModels, Family

_DEVICES: Mapping[str, str] = {
    "camera": "Camera",
    "relay": "Relay",
    "inputs": "Inputs",
    "scanner": "Scanner",
    "sign": "Sign",
    "voice": "Voice",
    "witness": "Witness",
}


def schema_text(models: DriverModels, kinds: Mapping[Family, Sequence[str]]) -> str:
    """The schema as text. `kinds` names the kinds of each family that `models` knows."""
    schema = Settings.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    generic = definitions.pop("Device")
    definitions["Relay"], definitions["Inputs"] = ({**generic} for _ in range(2))
    for family in FAMILIES:
        name = _DEVICES[family]
        definitions[name] = _with_drivers(definitions[name], family, models, kinds[family], definitions)
    lane = definitions["Lane"]["properties"]
    lane["relay"] = _pointing(lane["relay"], "Relay")
    lane["inputs"] = _pointing(lane["inputs"], "Inputs")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "gate.toml"}
    schema.pop("additionalProperties", None)
    return json.dumps({**schema, "additionalProperties": False}, indent=2, ensure_ascii=False, default=str) + "\n"


def _pointing(field: dict[str, Any], name: str) -> dict[str, Any]:
    text = json.dumps(field).replace("#/$defs/Device", f"#/$defs/{name}")
    pointing: dict[str, Any] = json.loads(text)
    return pointing


def _with_drivers(
    table: dict[str, Any], family: Family, models: DriverModels, kinds: Sequence[str], definitions: dict[str, Any]
) -> dict[str, Any]:
    """One form for each kind: the common keys and the driver's own, and no other."""
    forms = []
    for kind in sorted(kinds):
        driver = _schema_of(models(family, kind), family, kind, definitions)
        forms.append(
            {
                "title": f"{family} {kind}",
                "type": "object",
                "properties": {
                    **table["properties"],
                    "kind": {**table["properties"]["kind"], "const": kind},
                    **driver.get("properties", {}),
                },
                "required": [*table.get("required", []), *driver.get("required", [])],
                "additionalProperties": False,
            }
        )
    return {"description": table.get("description", ""), "oneOf": forms}


def _schema_of(model: type[BaseModel], family: Family, kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a driver's own keys. What it names is put beside what others name, under names that nobody has."""
    driver = model.model_json_schema(ref_template="#/$defs/{model}")
    named = driver.get("$defs", {})
    before = ""
    if any(definitions.get(name, schema) != schema for name, schema in named.items()):
        before = f"{family}_{kind}_"
        driver = model.model_json_schema(ref_template=f"#/$defs/{before}{{model}}")
        named = driver.get("$defs", {})
    definitions.update({f"{before}{name}": schema for name, schema in named.items()})
    return driver
