"""The command `gate-agent sign list`: which kinds of signs there are, and those of the configuration."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of its callbacks
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.sign.target_signs import TargetSign, configured
from agent.cli.terminal import echo
from drivers import registry
from drivers.api import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def list_signs(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Also list the signs of this configuration.", show_default=False),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--identify", help="Open each of them and ask what it is. Does not change what they show.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")] = False,
) -> None:
    """List the kinds of signs, and the signs of a configuration.

    With --identify, the command opens each sign of the configuration, and asks what it is if its kind can answer. Stop
    the agent first: while the agent has a port, the command says so. It asks no other port: a query for a sign can be a
    command for a relay board.

    Exit code 1 when a sign does not answer.
    """
    if ask and config is None:
        raise typer.BadParameter("--identify needs --config: it asks only the signs of a configuration")
    signs = configured(config) if config is not None else []
    rows = [_row(sign, ask=ask) for sign in signs]
    if as_json:
        echo(json.dumps({"kinds": sorted(registry.SIGNS), "signs": rows}, ensure_ascii=False, indent=2))
    else:
        echo("\n".join(_lines(rows, config)))
    raise typer.Exit(exit_codes.FAILED if any(row.get("trouble") for row in rows) else exit_codes.OK)


def _row(sign: TargetSign, *, ask: bool) -> dict[str, Any]:
    there = sign.driver().capabilities
    row: dict[str, Any] = {
        "sign": sign.name,
        "kind": sign.kind,
        "place": sign.place,
        "languages": [str(language) for language in sign.languages],
        "lines": there.lines,
        "columns": there.columns,
        "scrolls": there.scrolls,
        "speaks": there.speaks,
        "timer": str(there.timer),
    }
    return row | (_asked(sign) if ask else {})


def _asked(sign: TargetSign) -> dict[str, str]:
    """Who answers, or what is the trouble."""
    driver = sign.driver()
    try:
        sign.check_free()
        return {"identity": driver.open()}
    except DeviceError as error:
        return {"trouble": str(error)}
    finally:
        driver.close()


def _lines(rows: Iterable[dict[str, Any]], config: Path | None) -> Iterator[str]:
    yield f"kinds of signs: {', '.join(sorted(registry.SIGNS))}"
    rows = list(rows)
    if config is not None and not rows:
        yield f"{config} has no sign"
    for row in rows:
        can = ", ".join(word for word, has in (("scrolls", row["scrolls"]), ("speaks", row["speaks"])) if has)
        yield (
            f"{row['sign']}: {row['kind']} at {row['place']}, {row['lines']} lines of {row['columns']} columns"
            f"{f', {can}' if can else ''}; own timer {row['timer']}; {', '.join(row['languages'])}"
        )
        if "identity" in row:
            yield f"  it is {row['identity']}"
        if "trouble" in row:
            yield f"  not there: {row['trouble']}"
