"""A computer in a folder, on which gate-agent-install installs for true: dpkg with a root of its own."""

import os
import subprocess
from pathlib import Path

from tools.deb.package_files import INSTALLER

PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
DPKG = """\
#!/bin/sh
case $1 in
--install) exec /usr/bin/dpkg --root={root} --force-not-root "$@" ;;
*) exec /usr/bin/dpkg "$@" ;;
esac
"""
DPKG_QUERY = """\
#!/bin/sh
exec /usr/bin/dpkg-query --admindir={root}/var/lib/dpkg "$@"
"""
# As where it is not installed.
NOTHING = "#!/bin/sh\nexit 127\n"


class SmallComputer:
    """A Debian of a release and architecture with an installer, in a new folder.

    `checker`: with what it checks signatures, "sqv" or "gpgv". `keyring`: the file that its package has brought; None
    on one on which nothing was installed yet.
    """

    def __init__(self, folder, target, checker, keyring=None):
        self.root = folder / "root"
        self.room = folder / "room"
        self.versions = self.root / "var/lib/gate-agent-versions"
        self.keyring = folder / "keyrings" / "gate-agent-archive-keyring.gpg"
        self._bin = folder / "bin"
        for place in (self.room, self._bin, self.keyring.parent, self.root / "var/lib/dpkg/info"):
            place.mkdir(parents=True)
        (self.root / "var/lib/dpkg/updates").mkdir()
        (self.root / "var/lib/dpkg/status").write_text("")
        (folder / "os-release").write_text(f'ID=debian\nVERSION_ID="{target.release}"\n')
        if keyring is not None:
            self.keyring.write_bytes(keyring.read_bytes())
            self.keyring.chmod(0o644)
        self.program("dpkg", DPKG.format(root=self.root))
        self.program("dpkg-query", DPKG_QUERY.format(root=self.root))
        if checker == "gpgv":
            self.program("sqv", NOTHING)
        self._installer = folder / INSTALLER.name
        self._installer.write_text(
            places(
                INSTALLER.read_text(encoding="utf-8"),
                {
                    "PATH": f"{self._bin}:{PATH}",
                    "KEYRING": self.keyring,
                    "VERSIONS": self.versions,
                    "ROOM": self.room,
                    "OS": folder / "os-release",
                },
            )
        )

    def program(self, name, text):
        """Put a program before the machine's own."""
        file = self._bin / name
        file.write_text(text)
        file.chmod(0o755)

    def install(self, *words):
        """Run gate-agent-install; the CompletedProcess, errors among its output."""
        return as_root("sh", self._installer, *words)

    @property
    def installed(self):
        """The version that is installed; None without one."""
        marker = self.root / "usr/share/gate-agent/marker"
        return marker.read_text() if marker.exists() else None

    @property
    def history(self):
        """What was recorded of versions, a line each."""
        file = self.versions / "history"
        return file.read_text().splitlines() if file.exists() else []

    def left(self):
        """What is left in the folder in which it works."""
        return list(self.room.iterdir())


def places(script, values):
    """A script of ours with other places in the place of its own: NAME=value at the beginning of a line."""
    lines = script.splitlines(keepends=True)
    for name, value in values.items():
        (number,) = (number for number, line in enumerate(lines) if line.startswith(f"{name}="))
        lines[number] = f"{name}={value}\n"
    return "".join(lines)


def as_root(*command, **variables):
    """Run a program as root, or as what looks like root to it where the tests are not."""
    prefix = () if os.geteuid() == 0 else ("unshare", "--map-root-user")
    return subprocess.run(
        [*prefix, *command],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def signature_of(bundle):
    """Where the signature of a bundle lies."""
    return Path(f"{bundle}.sig")
