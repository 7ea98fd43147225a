"""Static files, compressed for browsers that take that: each once for the process."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from typing_extensions import override

if TYPE_CHECKING:
    import os

    from starlette.types import Scope

TEXTS: Final = (".css", ".js", ".svg")
MOST_KEPT: Final = 128
"""More files than there are; in memory they take a fifth of their size."""


class CompressedFiles(StaticFiles):
    """The files of one folder. What of a file is asked for by its range is not compressed."""

    @override
    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        whole = super().file_response(full_path, stat_result, scope, status_code)
        asked, path = Headers(scope=scope), Path(full_path)
        takes = "gzip" in asked.get("accept-encoding", "") and "range" not in asked
        if not takes or path.suffix not in TEXTS or not isinstance(whole, FileResponse):
            return whole
        kept = {name: whole.headers[name] for name in ("last-modified", "content-type")}
        weak = {"etag": f"W/{whole.headers['etag']}", "content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(_compressed(path, stat_result.st_mtime_ns), status_code, {**kept, **weak})


@lru_cache(MOST_KEPT)
def _compressed(path: Path, _changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
