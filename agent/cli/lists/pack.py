"""The command `gate-agent lists pack`: the lists as a file for a stick."""

from __future__ import annotations

import contextlib
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from agent.cli.lists import options
from agent.cli.lists.publisher_files import ERRORS, ListPublishing, PublishingFiles, files_of
from agent.cli.terminal import echo, fail
from agent.core.model import ListKind
from agent.store.registry import PackError, write_pack


def pack(  # noqa: PLR0913, PLR0917 - one argument an option
    out: Annotated[Path, typer.Option(help="The file to write, .zip; an existing file is replaced.")],
    site: options.Site,
    key: options.Key,
    trust_file: options.TrustFile,
    root_key: options.RootKey,
    state: options.State,
    declarations: options.Declarations = None,
    revocations: options.Revocations = None,
    watch: options.WatchFile = None,
    head_hours: options.HeadHours = options.HEAD_HOURS,
    version_floor: options.Floor = None,
) -> None:
    r"""Write all lists of a site, signed now, into one file that a technician carries to the gates.

    Without files of lists, it packs what was published last, even while a publisher uses the same folder.

    Example:
      gate-agent lists pack --out lists.zip --site 7 --key keys/lists.pem --trust-list keys/trust-list.txt \
          --root-key PUBLIC_KEY --state lists --declarations declarations.csv
    """
    files = files_of(declarations, revocations, watch)
    try:
        papers = PublishingFiles.read(key, trust_file, root_key)
        with contextlib.closing(ListPublishing(state, site, papers, head_hours * options.HOUR_S, files)) as publishing:
            if files or version_floor is not None:
                publishing.database.hold()
            for kind in ListKind if version_floor is not None else ():
                publishing.publisher.raise_to(kind, version_floor or 0)
            publishing.load_files(list(files))
            with publishing.publisher.packed() as lists:
                write_pack(out, papers.text, lists)
    except (*ERRORS, PackError) as error:
        fail("lists pack", error)
    echo(f"{out}: {out.stat().st_size} bytes")
