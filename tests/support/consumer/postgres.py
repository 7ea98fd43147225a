"""A real PostgreSQL for tests, reached over a socket in its own folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.support.waiting import PATIENCE_S, eventually

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
USER = "postgres"
needs_postgres = pytest.mark.skipif(BINARIES is None, reason="PostgreSQL is not installed")


class Postgres:
    """One server over all its lives. `flags`: more for the server; without any, it does not wait for the disk."""

    def __init__(self, *flags: str):
        self.folder = Path(tempfile.mkdtemp(prefix="gate-postgres-"))
        self._flags = flags or ("-F",)
        # The server refuses to run as root.
        self._as_user = []
        if os.geteuid() == 0:
            self._as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
            shutil.chown(self.folder, USER, USER)
        data = ["-D", self.folder / "data", "--no-sync", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C"]
        self._run([BINARIES / "initdb", *data])
        self.process: subprocess.Popen | None = None
        self._databases = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def start(self):
        command = [BINARIES / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses="]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._as_user, *command, *self._flags], stdout=log, stderr=log, cwd=self.folder
            )
        eventually(self._answers, what="PostgreSQL answering")
        return self

    def stop(self):
        """End it at once; it recovers when it starts."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(PATIENCE_S)

    def url(self, database=USER):
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def new_database(self):
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"central{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, command):
        done = subprocess.run(
            [*self._as_user, *command], check=False, capture_output=True, cwd=self.folder, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr.decode()

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres():
    """One server for all tests of the run; each takes a new database of it."""
    with Postgres() as running:
        yield running
