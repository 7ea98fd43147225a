"""The gate's own key: made once, kept as long as it can be used, never replaced in silence."""

import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.core.crypto.keys import Algorithm, SigningKey
from agent.store.gate_key import GateKeyError, gate_key, key_path, read_gate_key


def test_the_key_is_made_at_the_first_start_for_its_owner_alone_and_stays(tmp_path):
    made = gate_key(tmp_path)
    path = key_path(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert made.signing.algorithm is Algorithm.ED25519
    assert (made.replaced, gate_key(tmp_path).replaced) == ("", "")
    assert gate_key(tmp_path).public == read_gate_key(tmp_path).public == made.public
    assert [one.name for one in tmp_path.iterdir()] == ["gate.key"]


def test_two_gates_have_two_keys(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    assert gate_key(tmp_path / "a").public != gate_key(tmp_path / "b").public


def test_threads_that_make_it_at_the_same_time_get_the_same_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: gate_key(tmp_path).public, range(8)))
    assert set(keys) == {read_gate_key(tmp_path).public}
    assert [one.name for one in tmp_path.iterdir()] == ["gate.key"]


def test_openssl_reads_it(tmp_path):
    key = gate_key(tmp_path)
    told = subprocess.run(
        ["openssl", "pkey", "-in", key_path(tmp_path), "-pubout", "-outform", "DER"], check=True, capture_output=True
    )
    assert told.stdout.endswith(key.public.raw)


def test_what_a_crash_left_while_it_was_made_is_no_key(tmp_path):
    left = tmp_path / "gate.key.new"
    left.write_bytes(b"-----BEGIN PRIV")
    key = gate_key(tmp_path)
    assert not left.exists()
    left.write_bytes(b"-----BEGIN PRIV")
    assert gate_key(tmp_path).public == key.public
    assert not left.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nMC4C", "damaged"),
        (SigningKey.from_seed(bytes(32), Algorithm.ED25519).to_pem()[:-40], "damaged"),
        (SigningKey.from_seed(bytes(range(32)), Algorithm.ES256).to_pem(), "not an Ed25519 key"),
    ],
    ids=["empty", "torn", "cut off", "another kind"],
)
def test_a_damaged_key_is_put_aside_as_it_is_and_a_new_one_is_made(tmp_path, content, said):
    path = key_path(tmp_path)
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(GateKeyError, match="put a good key there"):
        read_gate_key(tmp_path)
    made = gate_key(tmp_path)
    assert said in made.replaced
    assert f"moved to {path}.unusable" in made.replaced
    assert path.with_name("gate.key.unusable").read_bytes() == content
    again = gate_key(tmp_path)
    assert (again.public, again.replaced) == (made.public, "")


def test_each_that_is_put_aside_has_a_name_of_its_own(tmp_path):
    for content in (b"one", b"two"):
        key_path(tmp_path).write_bytes(content)
        gate_key(tmp_path)
    assert [(tmp_path / f"gate.key.unusable{end}").read_bytes() for end in ("", "-2")] == [b"one", b"two"]


def test_a_key_file_with_any_byte_altered_is_refused_or_holds_the_same_key(tmp_path):
    key = gate_key(tmp_path)
    path = key_path(tmp_path)
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert read_gate_key(tmp_path).public == key.public
        except GateKeyError:
            refused += 1
    assert refused > len(whole) * 3 // 4


def test_a_key_that_was_brought_without_its_public_half_is_taken(tmp_path):
    key = SigningKey.from_seed(bytes(32))
    key_path(tmp_path).write_bytes(key.to_pem())
    key_path(tmp_path).chmod(0o600)
    assert gate_key(tmp_path).public == key.public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777], ids=oct)
def test_a_key_that_others_can_use_is_put_aside(tmp_path, mode):
    before = gate_key(tmp_path)
    key_path(tmp_path).chmod(mode)
    made = gate_key(tmp_path)
    assert made.public != before.public
    assert f"its mode is {mode:04o}, expected 0600" in made.replaced
    assert stat.S_IMODE(key_path(tmp_path).with_name("gate.key.unusable").stat().st_mode) == mode


def test_a_link_a_folder_and_a_pipe_are_no_key(tmp_path):
    path = key_path(tmp_path)
    (tmp_path / "elsewhere").write_bytes(SigningKey.from_seed(bytes(32)).to_pem())
    path.symlink_to(tmp_path / "elsewhere")
    assert "is a link" in gate_key(tmp_path).replaced
    for put in (Path.mkdir, os.mkfifo):
        path.unlink()
        put(path)
        assert "is not a regular file" in gate_key(tmp_path).replaced
    assert (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("fault", [errno.EMFILE, errno.ENOMEM])
def test_a_key_that_cannot_be_read_just_now_stays(tmp_path, mocker, fault):
    gate_key(tmp_path)
    opened = os.open
    mocker.patch(
        "agent.store.gate_key.os.open",
        lambda path, *rest: opened(path, *rest) if path == tmp_path else _raise(OSError(fault, os.strerror(fault))),
    )
    with pytest.raises(GateKeyError, match="cannot read"):
        gate_key(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["gate.key"]


def _raise(error):
    raise error


def test_a_state_directory_that_cannot_hold_a_key_is_said(tmp_path):
    with pytest.raises(GateKeyError, match="cannot make the gate's key"):
        gate_key(tmp_path / "none")


def test_the_key_of_another_user_is_put_aside(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    gate_key(tmp_path)
    os.chown(key_path(tmp_path), 12345, 12345)
    assert read_gate_key(tmp_path).algorithm is Algorithm.ED25519
    for folder in (tmp_path, *tmp_path.parents):
        if folder == tmp_path or folder.name.startswith(("pytest", "popen")):
            folder.chmod(0o755)
    program = (
        "import os, pathlib, sys; from agent.store.gate_key import gate_key\n"
        "os.setuid(23456)\n"
        "print(gate_key(pathlib.Path(sys.argv[1])).replaced)"
    )
    os.chown(tmp_path, 23456, 23456)
    told = subprocess.run([sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True)
    assert "Permission denied" in told.stdout
    assert key_path(tmp_path).stat().st_uid == 23456
    assert key_path(tmp_path).with_name("gate.key.unusable").stat().st_uid == 12345
