"""Who tries to change what a gate believes: a technician, the agent's user once taken over, one person alone.

Each test names the finding that it closes.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from agent.anchors import AnchorStore, AnchorStoreError, HelperUnreachableError, ask_helper
from agent.core.anchors import REQUEST_LIMIT_BYTES, AnchorRefusedError, ChangeRequest, Sender
from agent.settings import SettingsError, anchors_folder, last_good
from agent.settings.configuration_loading import history_of, load_configuration
from agent.settings.editing.history import EditStep, present_files
from tests.support.anchors.anchored_gate import AnchoredGate, key, public, served, signed
from tests.support.anchors.people import OTHER_ROOT_KEY, ROOT_KEY, UTC, document, held, jws_of
from tests.support.console.consoles import acts
from tests.support.gate.config_files import ROOT_KEY as GATES_KEY
from tests.support.gate.root_commands import account
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="anchors count only where they are root's")

EVIL = public("mallory")
COMMAND_KEY = {"id": "central", "public_key": EVIL}
RAW = {
    "root key": ('root_keys = ["{key}"]', f'root_keys = ["{EVIL}"]'),
    "command key": ("[mqtt]", f'[[commands.keys]]\nid = "mine"\npublic_key = "{EVIL}"\n[mqtt]'),
    "broker": ("[mqtt]\nenabled = false", '[mqtt]\nbrokers = ["mqtts://evil.example:8883"]'),
    "acknowledgements": ("[mqtt]", '[mqtt]\nack_mode = "puback"'),
    "gates of the site": ("[mqtt]", f'[[site.gates]]\nid = "gate-7"\npublic_key = "{EVIL}"\n[mqtt]'),
    "state": ("[state]\ndirectory", '[state]\ndirectory = "/tmp/elsewhere"\n#'),
    "console": ("[console]", '[console]\nlisten = ["0.0.0.0"]'),
}
"""Texts in the gate's file and what a technician puts in their place."""


@pytest.fixture(scope="module")
def adopted(tmp_path_factory):
    with AnchoredGate(tmp_path_factory.mktemp("adopted") / "etc") as gate:
        gate.text = gate.path.read_text(encoding="utf-8")
        yield gate


@pytest.fixture(scope="module")
def of_before(tmp_path_factory):
    """A gate as version 0.1 left it: its anchors stand in its configuration."""
    with AnchoredGate(tmp_path_factory.mktemp("before") / "etc", is_adopted=False) as gate:
        gate.text = gate.path.read_text(encoding="utf-8")
        yield gate


def raw_edit(gate, browser, old, new):
    """Send the whole file as text, with one place changed, and apply what comes of it."""
    page = browser.get("/settings/configuration/raw")
    seen = re.search(r'name="seen"\s+value="([^"]+)"', page.text)[1]
    old = old.format(key=GATES_KEY)
    assert old in gate.text
    content = gate.text.replace(old, new, 1)
    answer = browser.post("/settings/configuration/raw?file=0", data={"seen": seen, "content": content})
    if found := re.search(r'name="proposal"\s+value="([^"]+)"', answer.text):
        browser.post("/settings/configuration/apply", data={"proposal": found[1]})
    return answer


@pytest.mark.parametrize("what", RAW)
@pytest.mark.parametrize("role", ["technician", "admin"])
def test_nobody_swaps_an_anchor_by_the_console_once_root_keeps_them(adopted, role, what):
    """H5."""
    before = load_configuration(adopted.path)
    answer = raw_edit(adopted, adopted.browser(role), *RAW[what])
    assert answer.status_code == 422, answer.text
    assert "trust anchor" in answer.text
    assert adopted.path.read_text(encoding="utf-8") == adopted.text
    assert load_configuration(adopted.path).digest == before.digest
    last = acts(adopted)[-1]
    assert (last["act"], last["done"]) == ("configuration.proposed", False)


@pytest.mark.parametrize("what", RAW)
def test_a_technician_swaps_none_where_they_still_stand_in_the_configuration(of_before, what):
    """H5: before root has adopted them they are an administrator's."""
    answer = raw_edit(of_before, of_before.browser("technician"), *RAW[what])
    assert answer.status_code == 422, answer.text
    assert of_before.path.read_text(encoding="utf-8") == of_before.text
    assert acts(of_before)[-1]["done"] is False


OF_ADMINISTRATORS = {
    "second factor": ("[console]", '[console]\nsecond_factor = ["viewer"]'),
    "sessions": ("[console]", "[console]\nsession_hours = 168\nidle_minutes = 1440"),
    "lists": ("[console]", '[lists]\nrequire = ["declarations"]\n\n[console]'),
    "clock": ("[console]", "[clock]\nmax_error_s = 300.0\n\n[console]"),
    "metrics": ("[console]", '[metrics]\nenabled = true\nlisten = "0.0.0.0"\n\n[console]'),
}
"""What says who comes in, whom the gate speaks to, and what it asks: no trust anchor, and not of the lanes."""


@pytest.mark.parametrize("what", OF_ADMINISTRATORS)
@pytest.mark.parametrize("is_adopted", [True, False])
def test_a_technician_changes_the_lanes_alone(request, is_adopted, what):
    """Rights: a technician who takes the second factor away from administrators is one password from being one."""
    gate = request.getfixturevalue("adopted" if is_adopted else "of_before")
    answer = raw_edit(gate, gate.browser("technician"), *OF_ADMINISTRATORS[what])
    assert answer.status_code == 422, answer.text
    assert "an administrator changes this" in answer.text
    assert gate.path.read_text(encoding="utf-8") == gate.text
    assert acts(gate)[-1]["done"] is False


def test_an_administrator_does(of_before):
    """Rights: the same by who may."""
    try:
        answer = raw_edit(of_before, of_before.browser("admin"), "[console]", "[console]\nsession_hours = 11")
        assert answer.status_code == 200, answer.text
        assert load_configuration(of_before.path).settings.console.session_hours == 11
    finally:
        of_before.path.write_text(of_before.text, encoding="utf-8")


def test_a_technician_hides_none_among_harmless_keys(of_before):
    """H5: twenty keys more in the same proposal were enough to cut the one that mattered out of the event."""
    harmless = "[journal]\nkeep_acknowledged_days = 29\ncheckpoint_s = 301\n[log]\nlevel = 'warning'\n[lists]\n"
    harmless += "fresh_s = 901\nstale_ok_s = 14401\nknown_only_s = 86401\nmax_mb = 1023\n[evidence]\nmax_mb = 4095\n"
    harmless += "keep_passed_hours = 71\nkeep_hours = 719\n[clock]\nmax_error_s = 59\ndrift_ppm = 199\n[privacy]\n"
    harmless += f"keep_uses_days = 179\nkeep_lists_hours = 23\n[[commands.keys]]\nid = 'mine'\npublic_key = '{EVIL}'\n"
    answer = raw_edit(of_before, of_before.browser("technician"), "[mqtt]", f"{harmless}[mqtt]")
    assert answer.status_code == 422
    assert "commands.keys" in answer.text
    assert "commands.keys" in acts(of_before)[-1]["detail"]


def test_an_older_state_with_other_anchors_brings_none_of_them_back(adopted):
    """H5: what undo brings back stands in the file, and does not count."""
    evil = adopted.text.replace(GATES_KEY, EVIL)
    history = history_of(adopted.path)
    adopted.path.write_text(evil, encoding="utf-8")
    with history.held():
        history.note(present_files(adopted.path), EditStep("mallory", "edited by hand", UTC))
    adopted.path.write_text(adopted.text, encoding="utf-8")
    browser = adopted.browser("technician")
    page = browser.get("/settings/configuration/history")
    seen = re.search(r'name="seen"\s+value="([^"]+)"', page.text)[1]
    number = max(one.number for one in history.generations() if EVIL.encode() in next(iter(one.state.files.values())))
    answer = browser.post("/settings/configuration/undo", data={"number": number, "seen": seen})
    if found := re.search(r'name="proposal"\s+value="([^"]+)"', answer.text):
        browser.post("/settings/configuration/apply", data={"proposal": found[1]})
    loaded = load_configuration(adopted.path)
    assert loaded.settings.permits.root_keys == (GATES_KEY,)
    assert EVIL not in loaded.settings.model_dump_json()
    adopted.path.write_text(adopted.text, encoding="utf-8")


# --------------------------------------------------------------------------- the agent's user, once it was taken over


@pytest.fixture
def world(tmp_path):
    """A gate's files as the package lays them out: the configuration is the agent's, the anchors are root's."""
    configuration = tmp_path / "etc/gate.toml"
    configuration.parent.mkdir()
    configuration.write_text(
        f'version = 1\n[gate]\nid = "gate-7"\nsite = 7\n[state]\ndirectory = "{tmp_path}/state"\n'
        "[mqtt]\nenabled = false\n"
        '[lanes.out]\nnumber = 1\ndirection = "export"\n[lanes.out.relay]\nkind = "simulated"\nname = "attacked"\n',
        encoding="utf-8",
    )
    store = AnchorStore(anchors_folder(configuration))
    values = {**held().values, "state.directory": f"{tmp_path}/state"}
    store.adopt(replace(held(), values=values), "root", UTC)
    store.seal(UTC)
    return configuration, store


def test_a_service_that_writes_its_own_configuration_and_history_believes_nobody_new(world):
    """H5: the service cannot write what anchors trust: neither by its file nor by the last good state."""
    configuration, store = world
    evil = configuration.read_text(encoding="utf-8").replace(
        "[mqtt]\nenabled = false",
        f'[permits]\nroot_keys = ["{EVIL}"]\n[mqtt]\nenabled = false\nbrokers = ["mqtt://evil.example"]\n'
        f'[[commands.keys]]\nid = "central"\npublic_key = "{EVIL}"\n'
        f'[[site.gates]]\nid = "gate-7"\npublic_key = "{EVIL}"\n[console]\nlisten = ["0.0.0.0"]',
    )
    configuration.write_text(evil, encoding="utf-8")
    history = history_of(configuration)
    with history.held():
        history.keep_good(present_files(configuration), UTC)
    good = last_good(configuration, lambda reader: load_configuration(configuration, reader), {})
    for loaded in (load_configuration(configuration), good.loaded):
        assert loaded.settings.permits.root_keys == (ROOT_KEY,)
        assert EVIL not in loaded.settings.model_dump_json()
        assert loaded.settings.mqtt.brokers == ()
        assert set(loaded.overruled) >= {"permits.root_keys", "commands.keys", "mqtt.brokers", "site.gates"}
    assert store.held().number == 1


def test_an_environment_that_names_other_anchors_names_none(world, monkeypatch):
    """H5: a variable is no way round the anchors either."""
    configuration, _ = world
    monkeypatch.setenv("GATE_PERMITS__ROOT_KEYS", json.dumps([EVIL]))
    monkeypatch.setenv("GATE_STATE__DIRECTORY", "/srv/elsewhere")
    settings = load_configuration(configuration).settings
    assert settings.permits.root_keys == (ROOT_KEY,)
    assert str(settings.state.directory) != "/srv/elsewhere"
    assert history_of(configuration)._directory == settings.state.directory


@pytest.mark.parametrize("what", ["given away", "writable", "removed by its folder", "damaged"])
def test_anchors_that_are_not_roots_alone_stop_the_loading_and_are_never_passed_over(world, what):
    """H5: to spoil the file is no way back to the configuration's own words."""
    configuration, store = world
    configuration.write_text(
        configuration.read_text(encoding="utf-8") + f'[permits]\nroot_keys = ["{EVIL}"]\n', encoding="utf-8"
    )
    path = store.folder / "anchors.toml"
    match what:
        case "given away":
            os.chown(path, 12345, 12345)
        case "writable":
            path.chmod(0o666)
        case "removed by its folder":
            store.folder.chmod(0o777)
        case _:
            path.write_text("version = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError):
        load_configuration(configuration)


AS_AGENT = """
import os, sys
uid, gid, folder, configuration = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
os.setgroups([gid]); os.setresgid(gid, gid, gid); os.setresuid(uid, uid, uid)
path = os.path.join(folder, "anchors.toml")
tries = {
    "write": lambda: open(path, "a").write("x"),
    "replace": lambda: os.rename(configuration, path),
    "remove": lambda: os.unlink(path),
    "add": lambda: open(os.path.join(folder, "new"), "w"),
    "link": lambda: os.symlink("/etc/shadow", os.path.join(folder, ".anchors.toml.part")),
    "move the folder away": lambda: os.rename(folder, folder + ".old"),
    "give rights": lambda: os.chmod(path, 0o666),
    "own": lambda: os.chown(path, uid, gid),
}
for name, attempt in tries.items():
    try:
        attempt()
    except OSError:
        continue
    print(name)
"""


def test_the_agents_user_changes_nothing_where_the_anchors_lie(world, tmp_path):
    """H5: that user has the configuration's folder; beside it he has nothing."""
    user = account()
    if user is None:
        pytest.skip("this machine has no user with a group of his own")
    configuration, store = world
    os.chown(configuration.parent, 0, user.pw_gid)
    configuration.parent.chmod(0o770)
    os.chown(configuration, user.pw_uid, user.pw_gid)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    arguments = [str(user.pw_uid), str(user.pw_gid), str(store.folder), str(configuration)]
    done = subprocess.run(
        ["/usr/bin/env", "-i", sys.executable, "-I", "-S", "-c", AS_AGENT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before


def test_a_service_that_was_taken_over_says_what_it_likes_to_the_helper_and_changes_nothing(world, tmp_path):
    """H5: what the service claims of persons is nothing; it has no key of theirs, and signs with its own."""
    _, store = world
    payload = document(store.held())
    forged = (
        jws_of(payload, key("mallory"), {"kid": "person:aigul", "typ": "gate-anchors+jwt"}),
        jws_of(payload, key("mallory"), {"kid": "person:bolat", "typ": "gate-anchors+jwt"}),
    )
    own = signed(payload, "person:aigul")
    with served(store, tmp_path / "helper.sock") as path:
        for signatures in (forged, (*own, forged[1]), own, own * 2, (forged[0].replace(".", "..", 1),)):
            answer = ask_helper(ChangeRequest(signatures=signatures), path)
            assert not answer.done
            assert answer.fault
    assert store.held().number == 1


# -------------------------------------------------------------------------------------------- replays, and one person


def test_a_signed_document_that_was_seen_is_of_no_use_again(world):
    """H5: once it was used, when its time is over, at another gate, for other anchors."""
    _, store = world
    anchors = store.held()
    by_persons = signed(document(anchors), "person:aigul", "person:bolat")
    by_central = signed(document(anchors, number=9, before=None, changes={"console.port": 9000}), "central:central")
    store.change(by_persons, Sender.SERVICE, UTC)
    store.change(by_central, Sender.SERVICE, UTC)
    third = signed(document(store.held(), changes={"console.port": 9001}), "person:aigul", "person:bolat")
    store.change(third, Sender.SERVICE, UTC)
    before = store.held()
    for signatures in (by_persons, by_central, third):
        for sender in Sender:
            with pytest.raises(AnchorRefusedError):
                store.change(signatures, sender, UTC)
    late = signed(document(before), "person:aigul", "person:bolat")
    with pytest.raises(AnchorRefusedError, match="expired"):
        store.change(late, Sender.SERVICE, UTC + 3600)
    elsewhere = signed(document(before, gate="gate-8", number=99, before=None), "central:central")
    with pytest.raises(AnchorRefusedError, match="another gate"):
        store.change(elsewhere, Sender.ROOT, UTC)
    assert store.held() == before


def test_one_person_changes_nothing_with_two_names_or_two_keys_of_central(world):
    """H5: an order's key, a persons' key under central's name, and the same person twice are one or nobody."""
    _, store = world
    payload = document(store.held())
    for signatures in (
        signed(payload, "person:aigul", "person:aigul"),
        signed(payload, "central:office"),
        (*signed(payload, "person:aigul"), *signed(payload, "central:office")),
        (jws_of(payload, key("aigul"), {"kid": "central:central", "typ": "gate-anchors+jwt"}),),
        (jws_of(payload, key("central"), {"kid": "person:bolat", "typ": "gate-anchors+jwt"}),),
    ):
        with pytest.raises(AnchorRefusedError):
            store.change(signatures, Sender.SERVICE, UTC)
    assert store.held().number == 1


def test_one_who_confirms_his_own_proposal_in_a_second_session_is_still_one(adopted):
    """H5: two browsers of one person, and a second account without a key of its own."""
    aigul, again, marat = adopted.admin("aigul"), adopted.admin("aigul"), adopted.admin("marat")
    payload = document(adopted.store.held(), iat=int(adopted.app.parts.utc()), exp=int(adopted.app.parts.utc()) + 600)
    assert aigul.post("/settings/anchors/propose", data={"signed": signed(payload, "person:aigul")[0]}).is_success
    for browser in (aigul, again, marat):
        for signer in ("person:aigul", "person:bolat"):
            answer = browser.post("/settings/anchors/confirm", data={"signed": signed(payload, signer)[0]})
            assert answer.status_code == 422
    assert adopted.store.held().number == 1
    assert aigul.post("/settings/anchors/refuse").is_success


# ------------------------------------------------------------------------------------------- the helper and its folder


GARBAGE = (
    b"",
    b"\n",
    b"\x00" * 4096 + b"\n",
    b"[" * 50_000 + b"\n",
    b"x" * (REQUEST_LIMIT_BYTES * 2),
    b'{"op":"change","signatures":["../../etc/shadow"]}\n',
    b'{"op":"change","signatures":["' + b"A" * 40_000 + b'"]}\n',
    b'{"op":"seal"}{"op":"seal"}\n',
    b"GET / HTTP/1.0\r\n\r\n",
)


def test_garbage_costs_the_helper_nothing_and_changes_nothing(world, tmp_path):
    """H5, C2: root's helper fed with bytes."""
    _, store = world
    before = (store.folder / "anchors.toml").read_bytes()
    with served(store, tmp_path / "helper.sock") as path:
        for data in GARBAGE:
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
                connection.settimeout(PATIENCE_S)
                connection.connect(str(path))
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    assert b'"done":true' not in connection.recv(1 << 16)
        signatures = signed(
            document(store.held(), iat=0, exp=2_000_000_000), "person:aigul", "person:bolat"
        )  # too long a life: refused, but heard
        assert ask_helper(ChangeRequest(signatures=signatures), path).fault == "expired"
    assert (store.folder / "anchors.toml").read_bytes() == before


def test_another_user_is_not_even_heard(world, tmp_path):
    """H5: the kernel says who asks."""
    _, store = world
    request = ChangeRequest(signatures=signed(document(store.held()), "person:aigul", "person:bolat"))
    uid = os.geteuid()
    path = tmp_path / "helper.sock"
    with served(store, path) as path:
        path.chmod(0o777)
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o011)
        os.seteuid(12345)
        try:
            with pytest.raises(HelperUnreachableError):
                ask_helper(request, path)
        finally:
            os.seteuid(uid)
    assert store.held().number == 1


@pytest.mark.parametrize("name", ["anchors.toml", ".anchors.toml.part", "changes.jsonl", "lock", "mqtt-ca-0.pem"])
@pytest.mark.parametrize("what", ["link", "link to nothing", "hard link", "fifo", "device"])
def test_what_lies_in_roots_folder_leads_the_helper_nowhere(world, tmp_path, name, what):
    """C2: even where somebody had got a name into the folder."""
    _, store = world
    signatures = signed(document(store.held()), "person:aigul", "person:bolat")
    victim = tmp_path / "shadow"
    victim.write_text("root:*\n", encoding="utf-8")
    victim.chmod(0o600)
    place = store.folder / name
    place.unlink(missing_ok=True)
    match what:
        case "link":
            place.symlink_to(victim)
        case "link to nothing":
            place.symlink_to(tmp_path / "nothing")
        case "hard link":
            place.hardlink_to(victim)
        case "fifo":
            os.mkfifo(place)
        case _:
            with suppress(PermissionError):  # no device nodes in this container
                os.mknod(place, 0o600 | 0o020000, os.makedev(1, 3))
    before = victim.stat().st_mode, victim.stat().st_uid, victim.read_text(encoding="utf-8")
    with suppress(AnchorStoreError, AnchorRefusedError):
        store.change(signatures, Sender.ROOT, UTC)
    assert (victim.stat().st_mode, victim.stat().st_uid, victim.read_text(encoding="utf-8")) == before
    assert not (tmp_path / "nothing").exists()


def test_a_folder_on_whose_way_somebody_else_can_put_another_is_not_used(tmp_path):
    """C2: root makes no anchors below a folder of the agent's."""
    agents = tmp_path / "lib"
    agents.mkdir()
    os.chown(agents, 12345, 12345)
    with pytest.raises(AnchorStoreError):
        AnchorStore(agents / "gate-anchors").adopt(held(), "root", UTC)
    assert list(agents.iterdir()) == []
    (tmp_path / "real").mkdir()
    (agents / "link").symlink_to(tmp_path / "real")
    os.chown(agents / "link", 12345, 12345, follow_symlinks=False)
    with pytest.raises(AnchorStoreError):
        AnchorStore(agents / "link/gate-anchors").adopt(held(), "root", UTC)
    assert list((tmp_path / "real").iterdir()) == []


def test_anchors_below_a_folder_of_somebody_else_are_none(tmp_path):
    """C2: a folder of root's that the agent's user could move away with all that is in it."""
    agents = tmp_path / "lib"
    (agents / "etc").mkdir(parents=True)
    configuration = agents / "etc/gate.toml"
    configuration.write_text("version = 1\n", encoding="utf-8")
    AnchorStore(anchors_folder(configuration)).adopt(held(), "root", UTC)
    os.chown(agents, 12345, 12345)
    with pytest.raises(SettingsError, match="must belong to root"):
        load_configuration(configuration)


def test_a_document_for_a_root_key_reaches_the_gate_by_no_other_text(world):
    """L5: a command, a checkpoint or a message of a site in the same form is no change of anchors."""
    _, store = world
    payload = document(store.held())
    for header in ({"kid": "central"}, {"kid": "central:central"}, {"kid": "central:central", "typ": "JWT"}):
        with pytest.raises(AnchorRefusedError):
            store.change((jws_of(payload, key("central"), header),), Sender.ROOT, UTC)
    assert OTHER_ROOT_KEY not in str(store.held().values)
