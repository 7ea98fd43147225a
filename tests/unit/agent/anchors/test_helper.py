"""The helper over its real socket: who is heard, for how long, and with what."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agent.anchors import AnchorStore, HelperUnreachableError, ask_helper
from agent.anchors import helper as helper_module
from agent.anchors.helper import AnchorHelper
from agent.clock import Clock
from agent.core.anchors import REQUEST_LIMIT_BYTES, ChangeRequest, SealRequest, Sender
from agent.i18n import Language, translate
from agent.i18n.recorded import recorded_text
from tests.support.anchors.people import OTHER_ROOT_KEY, UTC, document, held, signed
from tests.support.gate.root_commands import account
from tests.support.waiting import PATIENCE_S, scaled

ME = os.geteuid()


@pytest.fixture
def store(tmp_path):
    store = AnchorStore(tmp_path / "etc-anchors", ME)
    store.adopt(held(), "root", UTC)
    store.seal(UTC)
    return store


@pytest.fixture
def serve(tmp_path, store, mocker):
    """Serve one socket for these senders; its path."""
    mocker.patch.object(helper_module, "TALK_S", PATIENCE_S)
    threads = []

    def serving(senders=None):
        path = tmp_path / f"{len(threads)}.sock"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        helper = AnchorHelper(store, {ME: Sender.SERVICE} if senders is None else senders, lambda: UTC)

        def run():
            with listener:
                helper.serve(listener, scaled(0.5))

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return path

    yield serving
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "it ends by itself when nobody comes"


def two(store):
    return signed(document(store.held()), "person:aigul", "person:bolat")


def test_what_two_persons_signed_is_done(serve, store):
    answer = ask_helper(ChangeRequest(signatures=two(store)), serve())
    assert (answer.done, answer.number) == (True, 2)
    assert store.held().values["permits.root_keys"] == [OTHER_ROOT_KEY]


def test_what_one_signed_is_refused_with_its_reason_and_for_root_it_is_done(serve, store):
    request = ChangeRequest(signatures=two(store)[:1])
    answer = ask_helper(request, serve())
    assert (answer.done, answer.fault) == (False, "second_person_needed")
    why = recorded_text(answer.why, answer.message)
    assert translate(why, Language.RU).startswith("подписал")
    assert store.held().number == 1
    assert ask_helper(request, serve({ME: Sender.ROOT})).done


def test_the_agent_may_only_ever_seal(serve, store):
    path = serve()
    assert ask_helper(SealRequest(), path).done
    for line in (
        b'{"op":"unseal"}',
        b'{"op":"adopt","tables":{}}',
        b'{"op":"change","signatures":["a.b.c"],"by":["aigul","bolat"]}',
        b'{"op":"change","persons":["aigul","bolat"]}',
    ):
        assert b'"done":false' in talk(path, line + b"\n")
    assert store.held().sealed


def talk(path, data, *, end=False):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return connection.recv(1 << 16)
        except (BrokenPipeError, ConnectionResetError):
            return b""


@pytest.mark.parametrize(
    "data",
    [b"\n", b"\x00\xff" * 500 + b"\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * (REQUEST_LIMIT_BYTES + 10), b"{}\n" * 1000],
    ids=["nothing", "bytes", "http", "too much", "many"],
)
def test_garbage_is_answered_or_left_and_the_next_one_is_heard(serve, store, data):
    path = serve()
    answer = talk(path, data, end=True)
    assert b'"done":true' not in answer
    assert ask_helper(ChangeRequest(signatures=two(store)), path).done


def test_another_user_is_not_heard_whatever_he_brings(serve, store):
    path = serve({ME + 1: Sender.ROOT})
    with pytest.raises(HelperUnreachableError):
        ask_helper(ChangeRequest(signatures=two(store)), path)
    assert store.held().number == 1


def test_who_says_nothing_or_one_byte_at_a_time_is_left_in_bounded_time(serve, store, mocker):
    path, line, first = serve(), helper_module._line, iter([scaled(0.1) - PATIENCE_S])

    def shorter_for_the_first(connection, until_at):
        return line(connection, until_at + next(first, 0.0))

    mocker.patch.object(helper_module, "_line", shorter_for_the_first)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as silent:
        silent.connect(str(path))
        silent.sendall(b"{")
        assert ask_helper(ChangeRequest(signatures=two(store)), path).done
        silent.settimeout(PATIENCE_S)
        assert silent.recv(1) == b""


def test_a_helper_that_is_not_there_is_told(tmp_path):
    with pytest.raises(HelperUnreachableError, match="No such file"):
        ask_helper(SealRequest(), tmp_path / "nobody.sock")


def test_a_folder_that_cannot_be_written_is_told(serve, store):
    signatures = two(store)
    store.folder.chmod(0o777)
    answer = ask_helper(ChangeRequest(signatures=signatures), serve())
    assert (answer.done, answer.fault) == (False, "store_failed")


AS_SYSTEMD_DOES = """
import sys
from pathlib import Path
from agent.anchors import helper
helper.FOLDER, helper.USER, helper.IDLE_S = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
sys.exit(helper.main())
"""
ASK = """
import os, sys
from pathlib import Path
from agent.anchors import HelperUnreachableError, ask_helper
from agent.core.anchors import ChangeRequest
os.setgroups([]); os.setresuid(*[int(sys.argv[1])] * 3)
try:
    print(ask_helper(ChangeRequest(signatures=tuple(sys.argv[3:])), Path(sys.argv[2])).model_dump_json())
except HelperUnreachableError:
    print("not heard")
"""


@pytest.fixture
def public_socket():
    """A listening socket that every user may reach, and its path."""
    folder = Path(tempfile.mkdtemp(prefix="helper-of-root-"))
    folder.chmod(0o755)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "sock"))
        (folder / "sock").chmod(0o777)
        listener.listen()
        yield listener, folder / "sock"
    shutil.rmtree(folder)


def asked_by(uid, path, signatures):
    """What the helper answers to another user's process."""
    command = [sys.executable, "-c", ASK, str(uid), str(path), *signatures]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout.strip()


@pytest.mark.skipif(ME != 0, reason="only root has other users ask")
def test_as_a_process_on_a_passed_socket_it_hears_root_and_the_agents_user_alone(store, public_socket):
    user = account()
    if user is None:
        pytest.skip("this machine has no user with a group of his own")
    listener, path = public_socket
    anchors, now = store.held(), int(Clock().now().utc)
    signatures = signed(document(anchors, iat=now, exp=now + 600), "person:aigul", "person:bolat")
    # Without root's capabilities, as the unit has it.
    bare = "setpriv --bounding-set=-all --inh-caps=-all --no-new-privs --" if shutil.which("setpriv") else ""
    script = f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec {bare} "$@"'
    arguments = [sys.executable, "-c", AS_SYSTEMD_DOES, str(store.folder), user.pw_name, str(scaled(2.0))]
    with subprocess.Popen(
        ["/bin/bash", "-c", script, "bash", *arguments], pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True
    ) as helper:
        assert asked_by(user.pw_uid + 1, path, signatures) == "not heard"
        assert store.held() == anchors
        assert '"done":true' in asked_by(user.pw_uid, path, signatures)
        assert '"fault":"number_used"' in asked_by(0, path, signatures)
        _, said = helper.communicate(timeout=PATIENCE_S)
    assert helper.returncode == 0, said  # nobody came any more
    assert "is not allowed to ask" in said
    assert "permits.root_keys: sha256:" in said


def test_started_by_hand_it_does_nothing_and_says_why():
    done = subprocess.run(
        [sys.executable, "-m", "agent.anchors.helper"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={name: value for name, value in os.environ.items() if not name.startswith("LISTEN_")},
    )
    assert done.returncode == 1
    assert "gate-agent-anchors.socket" in done.stderr
