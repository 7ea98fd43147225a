"""The options that several commands of the lists have, and how an error ends one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Site = Annotated[int, typer.Option(min=1, max=(1 << 32) - 1, help="Number of the site.")]
Key = Annotated[Path, typer.Option(help="The private key that signs the lists; the trust list names it for that.")]
TrustFile = Annotated[Path, typer.Option("--trust-list", help="The signed trust list; it goes to the gates as well.")]
RootKey = Annotated[list[str], typer.Option(help="Root public key in hex, as pinned at the gates; again for two.")]
State = Annotated[
    Path,
    typer.Option(
        help="Folder with the versions and everything that was signed; created if it does not exist. One for "
        "each site; back it up."
    ),
]
Declarations = Annotated[
    Path | None, typer.Option(help="All declarations, CSV or JSON lines; without it they stay as they were.")
]
Revocations = Annotated[Path | None, typer.Option(help="All revocations, CSV or JSON lines.")]
WatchFile = Annotated[Path | None, typer.Option("--watch", help="The whole watch list, CSV or JSON lines.")]
HeadHours = Annotated[
    int,
    typer.Option(min=1, max=24 * 366, help="For how many hours a gate accepts a signed head, such as from a stick."),
]
Floor = Annotated[
    int | None,
    typer.Option(min=1, help="If the folder was lost: a version that gates may have seen; the next version is higher."),
]
CaFile = Annotated[
    Path | None, typer.Option(help="Certificates of the authorities that may sign the broker's; default: the system's.")
]
Certificate = Annotated[Path | None, typer.Option(help="The client certificate for the broker.")]
CertificateKey = Annotated[Path | None, typer.Option(help="The private key of the client certificate.")]
User = Annotated[str | None, typer.Option(help="User name at the broker.")]

HEAD_HOURS = 7 * 24
HOUR_S = 3600
