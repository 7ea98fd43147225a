"""How permits, checks and claims are shown, as tables and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from agent.core.model import Reason
from agent.core.permit import vin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.permit import Permit, PermitResult, TrustEntry

Row = tuple[str, str]


def permit_json(permit: Permit) -> dict[str, object]:
    """Return the claims for JSON: byte strings in hex, times in Unix seconds, the declaration as its 18 digits."""
    return {
        "permit": permit.permit_id.hex(),
        "issuer": permit.issuer,
        "key": permit.key_id.hex(),
        "not_before": permit.not_before,
        "expires_at": permit.expires_at,
        "issued_at": permit.issued_at,
        "declaration": permit.declaration_number,
        "vin": permit.vin,
        "vin_check_digit_differs": vin.check_digit_differs(permit.vin),
        "plate": permit.plate,
        "plate_kind": permit.plate_kind,
        "energy": permit.energy,
        "site": permit.site,
        "lanes": lanes(permit),
        "direction": permit.direction,
        "max_uses": permit.max_uses,
        "form": permit.form,
        "driver_hmac": permit.driver_hmac.hex() if permit.driver_hmac else None,
    }


def lanes(permit: Permit) -> list[int]:
    """Return the numbers of the lanes that a permit names; none means any."""
    return [lane for lane in range(1, 33) if permit.lane_mask and permit.allows_lane(lane)]


def result_json(result: PermitResult) -> dict[str, object]:
    """Return the answer of the checks for JSON."""
    return {
        "valid": result.reason is Reason.OK,
        "reason": str(result.reason),
        "checks": [{"reason": str(made.reason), "ok": made.ok, "detail": made.detail} for made in result.checks],
        "permit": permit_json(result.permit) if result.permit else None,
    }


def key_line(entry: TrustEntry) -> str:
    """Return a key of a trust list in one line."""
    sites = ", ".join(map(str, entry.sites)) or "all"
    until = moment(entry.not_after)
    return f"  {entry.key_id.hex()} {entry.status} {entry.purpose} of {entry.issuer}, sites {sites}, until {until}"


def permit_table(permit: Permit, title: str) -> Table:
    """Return the claims as a table under a title."""
    shown: Mapping[str, object] = permit_json(permit) | {
        "not_before": moment(permit.not_before),
        "expires_at": moment(permit.expires_at),
        "issued_at": moment(permit.issued_at),
        "lanes": ", ".join(map(str, lanes(permit))) or "any",
    }
    return table(title, [(name.replace("_", " "), _word(value)) for name, value in shown.items()])


def checks_table(result: PermitResult) -> Table:
    """Return every check that was made, in order."""
    view = Table(title="checks", title_justify="left")
    view.add_column("check")
    view.add_column("held")
    view.add_column("detail", overflow="fold")
    for made in result.checks:
        held = Text("yes", "green") if made.ok else Text("no", "bold red")
        view.add_row(Text(made.reason), held, Text(made.detail))
    return view


def table(title: str, rows: list[Row]) -> Table:
    """Return two columns without a head. What is in them is shown as it is, never taken for markup."""
    view = Table(title=title, title_justify="left", show_header=False)
    view.add_column()
    view.add_column(overflow="fold")
    for name, value in rows:
        view.add_row(Text(name), Text(value))
    return view


def moment(utc: int) -> str:
    """Return a Unix time as a date and time of UTC."""
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _word(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
