"""Fleet documents for tests: signed by a key that only tests have."""

from __future__ import annotations

from agent.core.crypto import SigningKey
from agent.core.fleet import DocumentKind, FleetDocument, FleetKey, FleetRules, sign_fleet_document

KEY = SigningKey.from_seed(bytes(range(7, 39)))
OTHER_KEY = SigningKey.from_seed(bytes(range(8, 40)))
KEY_ID = "fleet-1"
UTC = 1_800_000_000
DAY_S = 86_400
BOTH = frozenset({DocumentKind.CONFIGURATION, DocumentKind.POLICY})
KEYS_TOML = f"""
[[fleet.keys]]
id = "{KEY_ID}"
public_key = "{KEY.public.raw.hex()}"
"""


def document(text="", **changes):
    """A configuration document for all gates, valid at UTC, unless changed; `for_whom` names others."""
    fields = {
        "kind": "configuration",
        "for": changes.pop("for_whom", "all"),
        "version": 1,
        "iat": UTC - DAY_S,
        "exp": UTC + DAY_S,
        "cause": "a test",
        "text": text,
    }
    return FleetDocument.model_validate(fields | changes)


def signed(text="", *, key=KEY, key_id=KEY_ID, **changes):
    """The same, signed."""
    return sign_fleet_document(document(text, **changes), key, key_id)


def rules(gate="gate-7", groups=("north",), may=BOTH):
    """Whose documents a gate takes."""
    return FleetRules(gate, groups, {KEY_ID: FleetKey(KEY_ID, KEY.public, may)})
