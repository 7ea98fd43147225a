"""apt with folders of its own: it reads one repository, and touches nothing of the machine."""

import subprocess


class PrivateApt:
    """apt that believes one keyring, and a repository for one release of Debian in a folder."""

    def __init__(self, folder, repository, suite, keyring, architecture="amd64"):
        self._folder = folder
        for name in ("lists/partial", "archives/partial", "downloads"):
            (folder / name).mkdir(parents=True)
        (folder / "sources.list").write_text(f"deb [signed-by={keyring}] file:{repository} {suite} main\n")
        (folder / "status").write_text("")
        options = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "Dir::Etc::SourceList": f"{folder}/sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": folder,
            "Dir::State::lists": f"{folder}/lists",
            "Dir::State::status": f"{folder}/status",
            "Dir::Cache": folder,
            "Dir::Cache::archives": f"{folder}/archives",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "root",
            "Debug::NoLocking": "1",
            # As Debian ships it, whatever this machine has.
            "Acquire::Check-Valid-Until": "true",
            "Acquire::Check-Date": "true",
        }
        self._options = [f"--option={name}={value}" for name, value in options.items()]

    def update(self):
        """Fetch the lists; the CompletedProcess, errors among its output."""
        return self._run("apt-get", "update")

    def candidate(self):
        """The version of the gate agent that it would install; None where it knows none."""
        for line in self._run("apt-cache", "policy", "gate-agent").stdout.splitlines():
            if line.strip().startswith("Candidate:"):
                return line.split(":", 1)[1].strip()
        return None

    def download(self):
        """Fetch the package; the CompletedProcess."""
        return self._run("apt-get", "download", "gate-agent")

    def _run(self, program, *words):
        return subprocess.run(
            [program, *self._options, *words],
            cwd=self._folder / "downloads",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
