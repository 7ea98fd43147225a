"""Reading files of a repository of releases: over HTTPS, or from a folder such as a stick's. Redirects lead nowhere."""

from __future__ import annotations

import http.client
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from agent.enrolment import Endpoint, ServerTrust, ServerTrustError
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Stream(Protocol):
        """Gives bytes."""

        def read(self, most: int, /) -> bytes:
            """The next bytes, some at least; none at the end."""
            ...


STALL_S: Final = 30.0
"""Without a byte for so long the connection is given up."""
FILE: Final = "file:///"
_RANGE: Final = re.compile(r"bytes (\d{1,15})-\d{1,15}/(?:\d{1,15}|\*)", re.ASCII)


class SourceError(Exception):
    """A file of a repository cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """One repository. `url`: https:// or file:///. `ca_file`: whom its server is known by; None: as the system says."""

    url: str
    ca_file: Path | None = None

    @contextmanager
    def opened(self, path: str, begin: int = 0) -> Iterator[tuple[Stream, int]]:
        """The bytes of a file from `begin` on, and where they do begin: at 0 where the server knows no parts.

        Raises SourceError, also for what breaks off within.
        """
        try:
            if self.url.startswith(FILE):
                with open_regular(Path(unquote(urlsplit(self.url).path)) / path) as file:
                    file.seek(begin)
                    yield file, begin
            else:
                with self._fetched(path, begin) as found:
                    yield found
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else Text.of(str(error) or type(error).__name__)
            raise SourceError(Text("{url}: {path}: {why}", url=self.url, path=path, why=why)) from None

    @contextmanager
    def _fetched(self, path: str, begin: int) -> Iterator[tuple[Stream, int]]:
        endpoint = Endpoint.parse(self.url)
        try:
            context = ServerTrust.of_file(self.ca_file).context()
        except ServerTrustError as error:
            raise ValueError(str(error)) from None
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={begin}-"} if begin else {})}
        connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, timeout=STALL_S, context=context)
        with closing(connection):
            connection.request("GET", f"{endpoint.path}/{quote(path)}", headers=headers)
            answer = connection.getresponse()
            yield answer, _begin(answer, begin)


def _begin(answer: http.client.HTTPResponse, wanted: int) -> int:
    """Where the bytes of an answer begin. Raises ValueError where it has none."""
    if answer.status == http.client.OK:
        return 0
    if answer.status == http.client.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(answer.getheader("Content-Range", ""))
        if found is not None and int(found[1]) == wanted:
            return wanted
    raise ValueError(Text("the server answers {status} {words}", status=answer.status, words=answer.reason[:80]))
