"""The product as it is installed: a wheel, an environment of its own, and the agent run from it as a process."""

import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.waiting import PATIENCE_S, eventually, scaled

ROOT = Path(__file__).parents[3]
PIP = (sys.executable, "-m", "pip")
STOP_S = PATIENCE_S


def build_wheel(folder, checkout=ROOT):
    """Build the wheel of a checkout, this one where none is named, and return its path."""
    _run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder), str(checkout)])
    (wheel,) = folder.glob("gate_agent-*.whl")
    return wheel


def install(wheel, folder, packages=("agent", "central", "drivers", "sim")):
    """Install a wheel into an environment in a folder; the libraries that it needs come from that of the tests.

    `packages`: those that the wheel must bring.
    """
    environment = folder / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    _run([*PIP, "--python", str(environment / "bin/python"), "install", "--no-deps", "--no-index", "-q", str(wheel)])
    installed = Installation(folder, folder / "scratch")
    # A .pth file of a folder that came by a .pth file is not obeyed: an editable install there stays out.
    (installed.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for package in packages:
        found = Path(installed.run_python(f"import {package}; print({package}.__file__)"))
        assert found == installed.packages / package / "__init__.py"
    return installed


class Installation:
    """What was installed into a folder. `scratch` is where its processes run: nothing of the checkout can be imported
    from there.
    """

    def __init__(self, folder, scratch):
        self.scratch = scratch
        self.scratch.mkdir(exist_ok=True)
        self.python = folder / "environment/bin/python"
        self.command = folder / "environment/bin/gate-agent"
        self.packages = Path(self.run_python("import sysconfig; print(sysconfig.get_path('purelib'))"))

    def run_python(self, code):
        """What a program of Python code, run in the environment, writes."""
        return _run([str(self.python), "-c", code], cwd=self.scratch, env=clean_environment(self.scratch)).strip()

    def run(self, *arguments):
        """Run `gate-agent` to its end; the CompletedProcess, with its output as text."""
        return subprocess.run(
            [self.command, *map(str, arguments)],
            cwd=self.scratch,
            env=clean_environment(self.scratch),
            capture_output=True,
            text=True,
            timeout=scaled(60),
            check=False,
        )

    def agent(self, configuration, environment=None):
        """The agent of a configuration, not started yet.

        `environment`: variables that it gets beside those of a service.
        """
        return AgentProcess(self, configuration, environment)


class AgentProcess:
    """`gate-agent run CONFIGURATION`, which can be started, killed and started again. `log` is all that it wrote."""

    def __init__(self, installation, configuration, environment=None):
        self._installation = installation
        self._environment = environment or {}
        self._configuration = configuration
        self._log = configuration.with_suffix(".log")
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._installation.command, "run", self._configuration],
                cwd=self._installation.scratch,
                env=clean_environment(self._installation.scratch) | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # As a service has its own share of the cores: what gives way in it gives way to itself alone.
                start_new_session=True,
            )
        return self

    @property
    def log(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    def kill(self):
        """End it as a loss of power does."""
        self._process.kill()
        self._process.wait()

    def freeze(self):
        """Let it do nothing more; it can only be killed then."""
        self._process.send_signal(signal.SIGSTOP)

    def stop(self):
        """Ask it to stop as the service manager does; it must end well and in time."""
        self._process.terminate()
        assert self._process.wait(STOP_S) == 0, self.log

    def until(self, condition, what, within_s=30.0):
        """Wait for a condition, and fail at once when the agent ends meanwhile."""

        def holds():
            assert self.running, f"the agent ended ({self._process.returncode}) while waiting for {what}:\n{self.log}"
            return condition()

        try:
            return eventually(holds, within_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-4000:]}") from None


def clean_environment(home):
    """What a service gets: nothing that points to the checkout or to the tests' environment."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}


def _run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(60), check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
