"""What the page Journal calls the fields of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Final[Mapping[str, Text]] = {
    "seen_by": Text("Detected by"),
    "direction": Text("Direction"),
    "camera": Text("Camera"),
    "engine": Text("Reader"),
    "verdict": Text("Verdict"),
    "reason": pgettext("code", "Reason"),
    "grant": Text("Grant"),
    "by": Text("Granted by"),
    "operator": Text("Officer"),
    "cause": Text("Cause"),
    "action": Text("Action"),
    "delivery": Text("Delivery"),
    "position": Text("Position"),
    "held": Text("Held"),
    "alarm": Text("Alarm"),
    "detail": Text("Detail"),
    "outcome": Text("Outcome"),
    "assumed": Text("Assumed"),
    "duration_s": Text("Seconds"),
    "seconds": Text("Seconds"),
    "violations": Text("Violations"),
    "declaration": Text("Declaration"),
    "vin": Text("VIN"),
    "vin_read": Text("VIN as read"),
    "source": Text("Read from"),
    "match": Text("Compared with the declared one"),
    "plate_code": Text("Kind of plate, GA/T 16.7"),
    "passed": Text("Went through"),
    "agrees": Text("As the gate decided"),
    "dry_run": Text("In dry run"),
    "granted": Text("Barrier commanded to open"),
    "taken": Text("Went under the arm"),
    "order": Text("Order"),
    "device": Text("Device"),
    "family": Text("Family"),
    "state": Text("State"),
    "person": Text("Person"),
    "role": Text("Role"),
    "address": Text("From"),
    "act": Text("Action taken"),
    "done": Text("Done"),
    "length": Text("Length in bytes"),
    "digest": Text("Digest"),
    "version": Text("Version"),
    "count": Text("Count"),
}
