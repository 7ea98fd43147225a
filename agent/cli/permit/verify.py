"""The command `gate-agent permit verify`: every check on a text, as a gate makes it."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.cli import exit_codes
from agent.cli.permit import view
from agent.cli.permit.common import AsJson, Source, TextForm, time_of
from agent.cli.permit.declarations import declared
from agent.cli.permit.files import PermitFileError, read_permit, read_roots, read_trust_list
from agent.cli.terminal import echo, fail
from agent.core.model import Reason
from agent.core.permit import LANES, Direction, GateContext, reference, verify_permit
from agent.i18n import Language  # noqa: TC001 - Typer reads the annotations
from agent.i18n.reasons import officer_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.model import Declaration
    from agent.core.permit import TrustList

_FORMS = frozenset(one.permit_form for one in TextForm)


def verify(  # noqa: PLR0913, PLR0917 - one argument an option
    source: Source,
    trust_file: Annotated[Path, typer.Option("--trust-list", help="The signed trust list.")],
    root_key: Annotated[
        list[str],
        typer.Option(help="Public root key (hex), as in permits.root_keys of the gate; repeat for a second one."),
    ],
    site: Annotated[int, typer.Option(help="Number of the site where the permit is shown.")],
    lane: Annotated[int, typer.Option(min=1, max=LANES, help="Number of the lane.")] = 1,
    direction: Annotated[Direction, typer.Option(help="Direction of the lane.")] = "export",
    at: Annotated[
        str | None, typer.Option(help="Time in Unix seconds or ISO 8601; default: the computer's clock.")
    ] = None,
    clock_skew_s: Annotated[
        int, typer.Option(min=0, help="Tolerance between the permit's times and the clock, in seconds.")
    ] = 60,
    declarations: Annotated[
        Path | None,
        typer.Option(help="Only for a text that begins with GPR: a pack of lists, or an issuer's declarations.csv."),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Also explain the reason, in this language.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a permit text as a gate does: form, signature, issuer, times, site, lane and direction.

    The lists, the plate and earlier uses are not checked. Exit code 0 when all checks pass, 1 when one fails.
    """
    context = GateContext(site, lane, direction, clock_trusted=True, clock_skew_s=clock_skew_s, forms=_FORMS)
    utc = time_of(at)
    try:
        trusted = read_trust_list(trust_file, read_roots(root_key))
        text = read_permit(source)
        references = _references(text, declarations, (trusted, site, utc))
        result = verify_permit(text, context, trusted, utc, references)
    except PermitFileError as error:
        fail("permit verify", error)
    stale = utc >= trusted.expires_at
    if as_json:
        echo(json.dumps(view.result_json(result) | {"trust_list_stale": stale}, ensure_ascii=False, indent=2))
    else:
        console = Console()
        console.print(view.checks_table(result))
        if result.permit is not None:
            console.print(view.permit_table(result.permit, "signed claims"))
        console.print(f"{result.reason} at {view.moment(utc)}", style="bold", markup=False, highlight=False)
        if language is not None:
            console.print(officer_text(result.reason, language), markup=False, highlight=False)
    if stale:
        echo(f"warning: the trust list ended at {view.moment(trusted.expires_at)}; publish a newer one", err=True)
    raise typer.Exit(exit_codes.OK if result.reason is Reason.OK else exit_codes.FAILED)


def _references(text: bytes, file: Path | None, trusted: tuple[TrustList, int, int]) -> Mapping[bytes, Declaration]:
    digest = reference.digest_of_reference(text)
    if digest is None:
        return {}
    if file is None:
        raise PermitFileError("a reference needs the declarations: give them with --declarations")
    found = declared(file, digest, *trusted)
    return {} if found is None else {digest: found}
