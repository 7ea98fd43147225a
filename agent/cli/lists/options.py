"""The options that several commands of the lists have, and how an error ends one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Site = Annotated[int, typer.Option(min=1, max=(1 << 32) - 1, help="Number of the site.")]
Key = Annotated[
    Path,
    typer.Option(
        help="File of the private key that signs the lists. The trust list must contain it, as a key for lists."
    ),
]
TrustFile = Annotated[Path, typer.Option("--trust-list", help="The signed trust list; it is sent to the gates too.")]
RootKey = Annotated[
    list[str],
    typer.Option(help="Public root key (hex), as in permits.root_keys of the gates; repeat for a second one."),
]
State = Annotated[
    Path,
    typer.Option(
        help="Folder for the versions and everything that is signed; created if it does not exist. Use one for"
        " each site, and back it up."
    ),
]
Declarations = Annotated[
    Path | None, typer.Option(help="File with all declarations, CSV or JSON lines. Without it, they do not change.")
]
Revocations = Annotated[
    Path | None, typer.Option(help="File with all revocations, CSV or JSON lines. Without it, they do not change.")
]
WatchFile = Annotated[
    Path | None,
    typer.Option("--watch", help="File with the whole watch list, CSV or JSON lines. Without it, it does not change."),
]
HeadHours = Annotated[
    int,
    typer.Option(min=1, max=24 * 366, help="Hours for which gates accept the signed lists, such as from a USB stick."),
]
Floor = Annotated[
    int | None,
    typer.Option(
        min=1, help="Only if the folder was lost: the highest version that gates may have. The next version is higher."
    ),
]
CaFile = Annotated[
    Path | None, typer.Option(help="Certificates of the authorities that may sign the broker's; default: the system's.")
]
Certificate = Annotated[Path | None, typer.Option(help="The client certificate for the broker.")]
CertificateKey = Annotated[Path | None, typer.Option(help="The private key of the client certificate.")]
User = Annotated[str | None, typer.Option(help="User name at the broker.")]

HEAD_HOURS = 7 * 24
HOUR_S = 3600
