"""The command `gate-agent lists publish`: publishes the lists of a site to its broker and keeps them fresh."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress

from agent.broker import BrokerAddress, TlsFiles
from agent.cli.lists import options
from agent.cli.lists.publisher_files import ERRORS, ListPublishing, PublishingFiles, files_of
from agent.cli.permit.files import PermitFileError
from agent.cli.secret_options import BROKER_PASSWORD, PasswordFile, RefusedPassword, password_of
from agent.cli.terminal import counted, echo, fail
from agent.clock import Clock
from agent.core.model import ListKind
from agent.mqtt import OneShotClient, OneShotClientError
from central.publishing import SETTLE_S, BrokerUpload, SourceError, Stock, UploadError, seen_version, survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOK_EVERY_S = 0.5
AGAIN_AFTER_S = 2.0


def publish(  # noqa: PLR0913, PLR0917 - one argument an option
    broker: Annotated[str, typer.Option(help="The broker, mqtts://HOST:PORT or mqtt://HOST:PORT.")],
    site: options.Site,
    key: options.Key,
    trust_file: options.TrustFile,
    root_key: options.RootKey,
    state: options.State,
    declarations: options.Declarations = None,
    revocations: options.Revocations = None,
    watch: options.WatchFile = None,
    every: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Keep running: send changes in the files, and confirm the lists to the gates every this many seconds.",
        ),
    ] = None,
    head_hours: options.HeadHours = options.HEAD_HOURS,
    version_floor: options.Floor = None,
    settle: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds without a message after which everything on the broker counts as read."),
    ] = SETTLE_S,
    ca: options.CaFile = None,
    certificate: options.Certificate = None,
    certificate_key: options.CertificateKey = None,
    user: options.User = None,
    password_file: PasswordFile = None,
    _password: RefusedPassword = None,
) -> None:
    r"""Sign the lists of a site and send them to its broker: as deltas if possible, otherwise as a snapshot.

    The command then ends. With --every it keeps running, sends changes in the files, and answers gates that ask.

    Example:
      gate-agent lists publish --broker mqtt://127.0.0.1:1883 --site 7 --key keys/lists.pem \
          --trust-list keys/trust-list.txt --root-key PUBLIC_KEY --state lists --declarations declarations.csv
    """
    password = password_of(password_file, BROKER_PASSWORD)
    files = files_of(declarations, revocations, watch)
    try:
        address = BrokerAddress.parse(broker)
        tls = TlsFiles(ca, certificate, certificate_key)
        publishing = ListPublishing(
            state, site, PublishingFiles.read(key, trust_file, root_key), head_hours * options.HOUR_S, files
        )
        with closing(publishing):
            publishing.database.hold()
            run = _Run(
                publishing,
                lambda: OneShotClient(address, tls=tls, user=user, password=password),
                address.url,
                version_floor,
                settle,
            )
            if every is None:
                run.once()
            else:
                run.stay(every, _Look(trust_file, lambda: PublishingFiles.read(key, trust_file, root_key)))
    except (*ERRORS, OneShotClientError, ValueError) as error:
        fail("lists publish", error)


@dataclass(frozen=True, slots=True)
class _Look:
    """The trust list's file, and how to read it."""

    path: Path
    read: Callable[[], PublishingFiles]


class _Run:
    """The visits to one broker."""

    def __init__(
        self,
        publishing: ListPublishing,
        client: Callable[[], OneShotClient],
        url: str,
        floor: int | None,
        settle_s: float,
    ) -> None:
        self._publishing = publishing
        self._client = client
        self._url = url
        self._floor = floor
        self._settle_s = settle_s
        self._stamps: dict[Path, tuple[int, ...]] = {}
        self._papers = publishing.papers

    def once(self) -> None:
        """Take in the files and bring everything."""
        with self._client() as client:
            self._arrive(client)

    def stay(self, every_s: float, trust: _Look) -> None:
        """Stay for ever: over lost connections, over files with mistakes, which are told once each."""
        pause = threading.Event()
        self._stamps[trust.path] = _stamp(trust.path)
        while True:
            try:
                with self._client() as client:
                    self._turns(client, every_s, trust)
            except OneShotClientError as error:
                echo(f"{error}; trying again in {AGAIN_AFTER_S:g} s", err=True)
            pause.wait(AGAIN_AFTER_S)

    def _arrive(self, client: OneShotClient) -> BrokerUpload:
        """Look at what the broker has, take in the files, and bring what it lacks."""
        publishing = self._publishing
        stock = survey(client, publishing.site, self._settle_s)
        for kind in ListKind:
            self._go_above(kind, stock)
        self._floor = None
        self._take_changed()
        console, columns = Console(stderr=True), (*Progress.get_default_columns(), DownloadColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            sent = _Sent(bar)
            upload = BrokerUpload(client, publishing.publisher, publishing.database, publishing.site, stock, sent.count)
            sent.expect(upload.pending_bytes())
            begun = time.monotonic()
            upload.publish_trust(self._papers.text)
            upload.publish_lists()
        took_s = time.monotonic() - begun
        echo(f"{self._url}: {counted(sent.messages, 'message')}, {sent.bytes} bytes in {took_s:.1f} s")
        return upload

    def _go_above(self, kind: ListKind, stock: Stock) -> None:
        """See to it that what comes is newer than all that gates may have seen.

        What they may have seen says this broker, or the option.
        """
        try:
            seen = seen_version(stock, kind, self._papers.trust, self._publishing.site, Clock().now().utc)
        except UploadError:
            if self._floor is None:
                raise
            seen = 0
        standing = self._publishing.database.standing(kind)
        # The head at the broker may be this folder's own; a version that the option names is another's.
        floor = max(self._floor or 0, seen if seen > (standing.version if standing else 0) else 0)
        if floor and self._publishing.publisher.raise_to(kind, floor):
            echo(f"{kind}: gates may have seen version {floor}; the next one is above it", err=True)

    def _turns(self, client: OneShotClient, every_s: float, trust: _Look) -> None:
        upload = self._arrive(client)
        due_at = time.monotonic() + every_s
        while True:
            until = time.monotonic() + LOOK_EVERY_S
            for message in client.messages(LOOK_EVERY_S):
                if (said := upload.answer_request(message)) is not None:
                    echo(said, err=True)
                if time.monotonic() > until:
                    break
            self._look_at_trust(upload, trust)
            changed = self._take_changed()
            if time.monotonic() >= due_at:
                self._papers.check(self._publishing.site)
                due_at, changed = time.monotonic() + every_s, list(ListKind)
            upload.publish_lists(changed)

    def _take_changed(self) -> list[ListKind]:
        """Take in the files that are new or other than last time; with mistakes in one, its list stays as it was."""
        taken = []
        for kind, path in self._publishing.files.items():
            stamp = _stamp(path)
            if self._stamps.get(path) == stamp:
                continue
            first = path not in self._stamps
            self._stamps[path] = stamp
            try:
                self._publishing.load_files([kind])
            except SourceError as error:
                if first:
                    raise
                echo(f"{error}\n{kind}: not changed", err=True)
            else:
                taken.append(kind)
        return taken

    def _look_at_trust(self, upload: BrokerUpload, trust: _Look) -> None:
        stamp = _stamp(trust.path)
        if self._stamps[trust.path] != stamp:
            self._stamps[trust.path] = stamp
            try:
                self._papers = trust.read()
            except PermitFileError as error:
                echo(f"{error}; the trust list stays as it was", err=True)
                return
            # Also one that names the key of this publisher no longer: the gates must hear of that above all.
            upload.publish_trust(self._papers.text)
            echo(f"trust list: version {self._papers.trust.version}")
            self._papers.check(self._publishing.site)


class _Sent:
    """Counts what is sent, on a bar while there is one."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("sending", total=None)
        self.messages = 0
        self.bytes = 0

    def expect(self, size: int) -> None:
        self._bar.update(self._task, total=size or None)

    def count(self, size: int) -> None:
        self.messages += 1
        self.bytes += size
        self._bar.advance(self._task, size)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is written again; empty while there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
