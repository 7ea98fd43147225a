"""Who tries to have root install something else than central and the makers have signed.

The helper is asked over its real socket by the agent's user, who has been taken over: all that is handed in is his.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from agent.anchors import held_folder
from agent.core.model import Instant
from agent.core.software import REQUEST_LIMIT_BYTES, BeginRequest, UpdateStage, WordRequest
from agent.software import ask_software_helper
from agent.software import helper as helper_module
from agent.software.helper import SoftwareHelper
from agent.software.release_signature import PATH
from agent.software.update_files import UpdateFiles
from agent.software.update_intake import UpdateIntake
from agent.software.update_run import UpdateRun
from tests.support.fleet.documents import OTHER_KEY, UTC
from tests.support.packaging.release_keys import release_key, signed_release, why_not
from tests.support.software.updates import (
    ME,
    NEW,
    OLD,
    OLD_PACKAGE,
    TARGET,
    Releases,
    UpdatedMachine,
    entry,
    order_text,
    signed_order,
)
from tests.support.waiting import PATIENCE_S
from tools.deb.targets import TARGETS


@pytest.fixture(scope="module")
def keys():
    if reason := why_not():
        pytest.skip(reason)
    with release_key() as key, release_key() as stranger:
        yield key, stranger


@pytest.fixture(scope="module")
def releases(tmp_path_factory, keys):
    return Releases(tmp_path_factory.mktemp("releases"), keys[0])


@pytest.fixture
def machine(tmp_path, releases):
    return UpdatedMachine(tmp_path / "machine", releases)


class Idle(UpdateRun):
    """Takes an update in, and never begins its work: what is handed in is the matter here."""

    def go_on(self):
        return None


@contextmanager
def served(machine, mocker, trust=None, processor="amd64", senders=(ME,), *, works=False):
    """The helper of a machine; the path of its socket."""
    mocker.patch.object(helper_module, "TALK_S", PATIENCE_S)
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as place, held_folder(machine.path, ME) as folder:
        files = UpdateFiles(folder, machine.path)

        def now():
            return Instant(1000.0, float(UTC))

        def this_machine(installed):
            return machine.machine(installed, architecture=processor)

        run = (UpdateRun if works else Idle)(files, machine.dpkg, lambda: True, now, machine.root)
        intake = UpdateIntake(files, machine.dpkg, this_machine, trust or machine.trust(), lambda: UTC)
        path = Path(place, "s")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        stopped = threading.Event()

        def serve():
            with listener:
                while not stopped.is_set():
                    SoftwareHelper(run, intake, set(senders)).serve(listener, 0.1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path
        finally:
            stopped.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def hand_in(path, document, files):
    """What the helper answers to a document and open files."""
    with ExitStack() as opened:
        handles = []
        for file in files:
            handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
            opened.callback(os.close, handle)
            handles.append(handle)
        return ask_software_helper(BeginRequest(document=document, connected=True), handles, path)


def refused(machine, mocker, document, files, **serving):
    """Why the helper refuses; nothing of it is left, and nothing was installed."""
    with served(machine, mocker, **serving) as path:
        answer = hand_in(path, document, files)
    assert not answer.done
    assert answer.stage is None
    left = {one.name for one in machine.path.iterdir()}
    assert "state.json" not in left
    assert not left & {"Release", "Release.gpg", "Packages"}
    assert machine.installed == OLD_PACKAGE
    assert machine.done == []
    return answer.fault, answer.why


def test_what_central_ordered_and_the_makers_signed_is_taken(machine, mocker, releases):
    with served(machine, mocker) as path:
        answer = hand_in(path, signed_order(releases.text()), releases.files())
        assert (answer.done, answer.stage) == (True, UpdateStage.KEEPING), answer.why
        again = hand_in(path, signed_order(releases.text()), releases.files())
        assert again.identity == answer.identity
    kept = machine.path / "package.deb"
    assert kept.read_bytes() == releases.package().read_bytes()
    assert (kept.stat().st_mode & 0o777, kept.stat().st_uid) == (0o600, ME)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("signature_invalid", {"key": OTHER_KEY}),
        ("key_unknown", {"key_id": "nobody"}),
        ("expired", {"exp": UTC}),
        ("from_the_future", {"iat": UTC + 601}),
        ("wrong_gate", {"for_whom": "gate:gate-8"}),
        ("wrong_gate", {"stage": {"seed": "x", "share": 0, "gates": ("gate-8",)}}),
    ],
)
def test_a_document_that_does_not_count_is_refused(machine, mocker, releases, fault, change):
    assert refused(machine, mocker, signed_order(releases.text(), **change), releases.files())[0] == fault


def test_a_key_for_configuration_orders_no_software(machine, mocker, releases):
    trust = machine.trust(may=("configuration",))
    fault, _ = refused(machine, mocker, signed_order(releases.text()), releases.files(), trust=trust)
    assert fault == "key_of_other_kind"


def test_without_adopted_anchors_nobody_orders_software(machine, mocker, releases):
    trust = machine.trust()
    (machine.folder / "anchors" / "anchors.toml").unlink()
    fault, why = refused(machine, mocker, signed_order(releases.text()), releases.files(), trust=trust)
    assert (fault, "gate-agent anchors adopt" in why) == ("key_unknown", True)


def test_anchors_that_the_agents_user_could_write_do_not_count(machine, mocker, releases):
    trust = machine.trust()
    (machine.folder / "anchors" / "anchors.toml").chmod(0o666)
    fault, _ = refused(machine, mocker, signed_order(releases.text()), releases.files(), trust=trust)
    assert fault == "key_unknown"


def test_a_package_of_a_stranger_is_refused_also_where_central_ordered_its_bytes(machine, mocker, tmp_path, keys):
    """The repository is signed by a key that is not in the keyring of releases."""
    strange = Releases.__new__(Releases)
    strange.packages = {NEW: signed_release(tmp_path / "strange", keys[1], NEW)}
    strange.repositories = {NEW: tmp_path / "strange" / "apt"}
    fault, why = refused(machine, mocker, signed_order(strange.text()), strange.files())
    assert (fault, "no key of releases has signed it" in why) == ("not_authentic", True)


def test_lists_that_were_altered_after_they_were_signed_are_refused(machine, mocker, tmp_path, releases):
    files = releases.files()
    for number, name in ((1, "Release"), (3, "Packages")):
        altered = tmp_path / name
        altered.write_bytes(files[number].read_bytes() + b"\n")
        handed = [*files[:number], altered, *files[number + 1 :]]
        assert refused(machine, mocker, signed_order(releases.text()), handed)[0] == "not_authentic"


@pytest.mark.parametrize("what", ["cut", "longer", "one byte", "old version", "other processor"])
def test_another_package_than_the_one_ordered_is_refused(machine, mocker, tmp_path, releases, what):
    data, other = bytearray(releases.package().read_bytes()), tmp_path / "other.deb"
    match what:
        case "cut":
            del data[-100:]
        case "longer":
            data += b"\0"
        case "one byte":
            data[len(data) // 2] ^= 1
        case "old version":
            data = releases.package(OLD).read_bytes()
        case "other processor":
            data = releases.package(NEW, TARGETS["deb13_arm64"]).read_bytes()
    other.write_bytes(data)
    assert refused(machine, mocker, signed_order(releases.text()), [other, *releases.files()[1:]])[0] == "not_authentic"


def test_a_document_with_the_hash_of_another_package_of_the_repository_is_refused(machine, mocker, releases):
    """Central named the file of one processor and the bytes of another: both are signed, and do not belong together."""
    other = entry(releases.package(NEW, TARGETS["deb13_arm64"]))
    mixed = {**other, "file": releases.package().name}
    text = order_text({"version": NEW, "packages": {TARGET.name: mixed}})
    files = [releases.package(NEW, TARGETS["deb13_arm64"]), *releases.files()[1:]]
    assert refused(machine, mocker, signed_order(text), files)[0] == "not_authentic"


def test_on_another_processor_there_is_no_package(machine, mocker, releases):
    fault, why = refused(machine, mocker, signed_order(releases.text()), releases.files(), processor="riscv64")
    assert fault == "other_architecture"
    assert "deb13_riscv64" in why


def test_an_older_version_is_refused_however_well_it_is_signed(machine, mocker, releases):
    older = order_text({"version": "0.3.0", "packages": {TARGET.name: _named(releases.package(OLD), "0.3.0")}})
    assert refused(machine, mocker, signed_order(older), releases.files(OLD))[0] == "downgrade"


@pytest.mark.parametrize("floor", ["0.6.0+deb13", "nonsense", ""])
def test_below_the_floor_of_the_machine_nothing_is_installed(machine, mocker, releases, floor):
    (machine.versions / "floor").write_text(floor or "?")
    assert refused(machine, mocker, signed_order(releases.text()), releases.files())[0] == "below_floor"


def _named(package, version):
    return {**entry(package), "file": f"gate-agent_{version}+deb13_amd64.deb"}


def test_an_earlier_document_does_not_come_back(machine, mocker, releases):
    """Central took an order back by a later one; the taken-over agent still has the earlier."""
    with served(machine, mocker) as path:
        assert hand_in(path, signed_order(releases.text(), version=8), releases.files()).done
    (machine.path / "state.json").unlink()
    fault, _ = refused(machine, mocker, signed_order(releases.text(), version=7), releases.files())
    assert fault == "rolled_back"
    fault, _ = refused(machine, mocker, signed_order(releases.text(rest_s=11), version=8), releases.files())
    assert fault == "version_reused"


# ------------------------------------------------------------------------------ what the agent's user can plant


def test_a_package_that_is_swapped_after_it_was_checked_is_not_what_is_installed(machine, mocker, tmp_path, releases):
    mine = tmp_path / "mine.deb"
    mine.write_bytes(releases.package().read_bytes())
    with served(machine, mocker) as path:
        handle = os.open(mine, os.O_RDWR)
        with closing(os.fdopen(handle, "r+b")) as file:
            assert hand_in(path, signed_order(releases.text()), [mine, *releases.files()[1:]]).done
            file.write(b"another content")
    assert (machine.path / "package.deb").read_bytes() == releases.package().read_bytes()


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "too large"])
def test_what_is_no_file_of_the_right_size_is_refused_and_nobody_waits_for_it(
    machine, mocker, tmp_path, releases, kind
):
    planted = tmp_path / "planted"
    match kind:
        case "folder":
            planted.mkdir()
        case "pipe":
            os.mkfifo(planted)
        case "device":
            planted = Path("/dev/zero")
        case "too large":
            planted.touch()
            os.truncate(planted, 1 << 40)
    for number in range(4):
        handed = [*releases.files()]
        handed[number] = planted
        assert refused(machine, mocker, signed_order(releases.text()), handed)[0] == "not_authentic"


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_fewer_or_more_files_are_refused(machine, mocker, releases, count):
    files = [*releases.files(), releases.package()][:count]
    assert refused(machine, mocker, signed_order(releases.text()), files)[0] == "not_authentic"


def test_links_in_the_folder_of_the_update_lead_nowhere(machine, mocker, tmp_path, releases):
    """Only root writes there; where a link lay there all the same, what it leads to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name in ("package.deb", "Release", "Packages", ".state.json.part", "kept.deb"):
        (machine.path / name).symlink_to(victim)
    with served(machine, mocker) as path:
        assert hand_in(path, signed_order(releases.text()), releases.files()).done
    assert victim.read_text() == "untouched"
    assert not (machine.path / "package.deb").is_symlink()


def test_a_folder_that_others_may_write_is_not_used(machine):
    machine.path.chmod(0o777)
    with pytest.raises(PermissionError), held_folder(machine.path, ME):
        pass


def test_strangers_and_nonsense_are_not_heard_and_the_next_one_is(machine, mocker, releases):
    left = suppress(ConnectionResetError, BrokenPipeError)  # it was left before or after what was said
    with served(machine, mocker, senders=(ME + 1,)) as path, closing(_connected(path)) as connection, left:
        connection.sendall(b'{"op":"word","at_rest":true,"connected":true}\n')
        assert connection.recv(100) == b""
    with served(machine, mocker) as path:
        for line in (b"\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * (REQUEST_LIMIT_BYTES + 10), b'{"op":"install"}\n'):
            with closing(_connected(path)) as connection, suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(line)
                connection.shutdown(socket.SHUT_WR)
                assert b'"request_invalid"' in connection.recv(1000)
        assert ask_software_helper(WordRequest(at_rest=True, connected=True), path=path).done


def _connected(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    connection.connect(str(path))
    return connection


def test_the_agents_word_changes_neither_what_nor_whether_but_only_when(machine, mocker):
    with served(machine, mocker, works=True) as path:
        for word in ((True, True), (False, False)):
            answer = ask_software_helper(WordRequest(at_rest=word[0], connected=word[1]), path=path)
            assert (answer.done, answer.stage, answer.outcome) == (True, None, None)
    assert machine.done == []


def test_the_helper_runs_programs_of_debian_alone():
    """No program is looked for where the agent's user could put one."""
    for folder in PATH.split(":"):
        assert folder in {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}
