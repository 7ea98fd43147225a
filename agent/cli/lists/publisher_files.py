"""The publisher of a command, its files, and what it tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import Progress, TaskID

from agent.cli.permit.files import PermitFileError, read_key, read_roots
from agent.cli.terminal import counted, echo
from agent.clock import Clock
from agent.core.model import ListKind
from agent.core.permit import KeyStatus, Purpose, TrustError, TrustList, load
from central.publishing import Publisher, PublisherDatabase, PublisherDatabaseError, SourceError, UploadError, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.core.crypto import SigningKey
    from central.publishing import ListChange

ERRORS = (PermitFileError, PublisherDatabaseError, UploadError, SourceError)
WARNINGS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class PublishingFiles:
    """Who signs, and by what trust list the gates will know it. `text`: of the trust list, as it is signed."""

    key: SigningKey
    text: bytes
    trust: TrustList

    @classmethod
    def read(cls, key: Path, trust_file: Path, roots: list[str]) -> Self:
        """Read both.

        Raises:
            PermitFileError: one cannot be read, or is refused.
        """
        signer = read_key(key)
        try:
            text = trust_file.read_bytes()
            trust = load(text, read_roots(roots))
        except OSError as error:
            raise PermitFileError(f"{trust_file} cannot be read: {error.strerror}") from None
        except TrustError as error:
            raise PermitFileError(f"{trust_file}: {error}") from None
        return cls(signer, text.strip(), trust)

    def check(self, site: int) -> None:
        """See to it that the gates of a site would accept what the key signs now.

        Raises:
            PermitFileError: they would not.
        """
        problem = _problem(self.key, self.trust, site, Clock().now().utc)
        if problem:
            raise PermitFileError(f"no gate would accept these lists: {problem}")


def _problem(key: SigningKey, trust: TrustList, site: int, utc: float) -> str:
    name = key.public.key_id.hex()
    entry = trust.find(key.public.key_id, Purpose.LISTS)
    if entry is None:
        return f"key {name} is not in the trust list as a key for lists"
    if entry.status is not KeyStatus.ACTIVE:
        return f"key {name} is {entry.status} in the trust list"
    if not entry.not_before <= utc <= entry.not_after:
        return f"key {name} is valid from {entry.not_before} to {entry.not_after} Unix seconds"
    if entry.sites and site not in entry.sites:
        return f"key {name} may not sign for site {site}"
    return ""


class ListPublishing:
    """The publisher's database, its publisher and the files that say what the lists should hold."""

    def __init__(
        self, state: Path, site: int, papers: PublishingFiles, head_life_s: int, files: Mapping[ListKind, Path]
    ) -> None:
        """Open the database.

        Raises PublisherDatabaseError, and PermitFileError where the key may not sign for the site.
        """
        papers.check(site)
        self.site = site
        self.papers = papers
        self.files = files
        self.database = PublisherDatabase.open(state, site)
        self.publisher = Publisher(self.database, site, papers.key, Clock(), head_life_s=head_life_s)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def load_files(self, kinds: list[ListKind]) -> None:
        """Make what the files of these lists hold their content, and say what changed.

        Raises:
            SourceError: a file has mistakes; its list stays as it was.
        """
        for kind in kinds:
            warnings: list[str] = []
            console = Console(stderr=True)
            with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
                task = progress.add_task(f"reading {kind}", total=None)
                rows = self._rows(kind, warnings, progress, task)
                change = self.publisher.replace_encoded(kind, rows)
            for warning in warnings[:WARNINGS_SHOWN]:
                echo(f"warning: {warning}", err=True)
            if len(warnings) > WARNINGS_SHOWN:
                echo(f"warning: {len(warnings) - WARNINGS_SHOWN} more lines like these", err=True)
            echo(change_text(change))

    def _rows(
        self, kind: ListKind, warnings: list[str], progress: Progress, task: TaskID
    ) -> Iterator[tuple[bytes, bytes]]:
        path = self.files[kind]
        for entry in entries(path, kind, self.site):
            if entry.warning:
                warnings.append(f"{path}:{entry.line}: {entry.warning}")
            progress.advance(task)
            yield entry.key, entry.data


def files_of(declarations: Path | None, revocations: Path | None, watch: Path | None) -> dict[ListKind, Path]:
    """The files that are given, by their list."""
    given = zip(ListKind, (declarations, revocations, watch), strict=True)
    return {kind: path for kind, path in given if path is not None}


def change_text(change: ListChange) -> str:
    """A change in words."""
    if change.version == change.before:
        return f"{change.kind}: nothing changed, version {change.version}, {counted(change.rows, 'row')}"
    how = " (a new snapshot; no delta leads there)" if change.whole and change.before else ""
    return (
        f"{change.kind}: version {change.version}, before {change.before or 'none'}: "
        f"{counted(change.upserts, 'row')} new or changed, {change.removed} removed, {change.rows} in all{how}"
    )
