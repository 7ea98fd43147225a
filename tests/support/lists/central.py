"""The central side of the lists as it ships: its commands, over files in a folder."""

import os
import signal
import subprocess
import sys

from typer.testing import CliRunner

from agent.cli.lists import app
from agent.clock.clock import Clock
from agent.core.crypto.keys import SigningKey
from tests.support.lists.lists import LISTS_KEY, ROOT, SITE, declarations, trust_text, trusted
from tests.support.waiting import PATIENCE_S, eventually, scaled

NOW = int(Clock().now().utc)
ROWS = declarations(300, now=NOW)
NEXT_KEY = SigningKey.from_seed(b"n" * 32)


class CentralLists:
    """The files of the central side in a folder, and the commands on them."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.declarations = folder / "declarations.csv"
        (folder / "lists.pem").write_bytes(LISTS_KEY.to_pem())
        (folder / "next.pem").write_bytes(NEXT_KEY.to_pem())
        self.trust(trusted(since=NOW - 3600))
        self.declare(ROWS)

    def trust(self, trusted_list):
        self.trusted = trusted_list
        write(self.folder / "trust-list.txt", trust_text(trusted_list) + b"\n")

    def declare(self, rows, **changes):
        write(self.declarations, as_csv(rows, **changes))

    def options(self, *more, key="lists.pem"):
        return [
            *("--site", str(SITE), "--key", str(self.folder / key), "--state", str(self.state)),
            *("--trust-list", str(self.folder / "trust-list.txt"), "--root-key", ROOT.public.raw.hex()),
            *map(str, more),
        ]

    def run(self, command, *more, code=0, key="lists.pem"):
        result = CliRunner().invoke(app, [command, *self.options(*more, key=key)])
        assert result.exit_code == code, result.output
        return result.output

    def publish(self, broker, *more, **options):
        """To a broker that is near, and so soon has shown all it has."""
        address = f"mqtt://127.0.0.1:{broker.port}"
        return self.run("publish", "--broker", address, "--settle", f"{scaled(0.25):g}", *more, **options)


def write(path, data):
    """As a file should be delivered: whole, at once."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data if isinstance(data, bytes) else data.encode())
    fresh.replace(path)


def as_csv(rows, header=None):
    lines = [
        [
            row.permit_id.hex(),
            row.status,
            row.issuer,
            row.not_before,
            row.expires_at,
            f"{row.declaration:018d}",
            row.vin,
            row.plate,
            row.energy,
            row.reference.hex() if row.reference else "",
            row.exporter,
            row.model,
            row.colour,
        ]
        for row in rows
    ]
    names = "permit_id,status,issuer,not_before,expires_at,declaration,vin,plate,energy,reference,exporter,model,colour"
    return "\n".join([header or names, *(",".join(map(str, line)) for line in lines)]) + "\n"


class Staying:
    """`lists publish --every` in a process of its own."""

    def __init__(self, central, broker, *more, every="60"):
        command = [
            *(
                sys.executable,
                "-c",
                "from agent.cli.lists import app; app()",
                "publish",
                "--every",
                every,
                "--settle",
                "0.3",
            ),
            *(
                "--broker",
                f"mqtt://127.0.0.1:{broker.port}",
                *central.options("--declarations", central.declarations, *more),
            ),
        ]
        self.log = central.folder / "publish.log"
        self._file = self.log.open("wb")
        self.process = subprocess.Popen(
            command, stdout=self._file, stderr=self._file, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )

    def __enter__(self):
        try:
            self.until("messages,")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._file.close()

    def until(self, text, times=1):
        def there():
            assert self.process.poll() is None, self.log.read_text()
            return self.log.read_text().count(text) >= times

        eventually(there, what=f"{text!r} in {self.log.read_text()}")
