"""The commands `gate-agent anchors`: from a bare gate to a change that two persons made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from agent.core.anchors import fingerprints
from agent.core.events import time_text
from agent.settings import anchors_folder, read_anchors
from agent.settings.configuration_loading import load_configuration
from tests.support.anchors.people import OTHER_ROOT_KEY, ROOT_KEY, key, public
from tests.support.pki.certificates import Authority

roots_alone = pytest.mark.skipif(os.geteuid() != 0, reason="anchors count only where they are root's")
TEXT = """
version = 1
[gate]
id = "gate-7"
site = 7
[state]
directory = "{state}"
[permits]
root_keys = ["{key}"]
[mqtt]
enabled = false
brokers = ["mqtts://broker.example:8883"]
ca_file = "ca.crt"
[[commands.keys]]
id = "central"
public_key = "{central}"
may = ["replay"]
[lanes.out]
number = 1
direction = "export"
[lanes.out.relay]
kind = "simulated"
name = "commands of anchors"
"""


@pytest.fixture
def configuration(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    Authority(folder)
    path = folder / "gate.toml"
    path.write_text(TEXT.format(state=tmp_path / "state", key=ROOT_KEY, central=public("central")), encoding="utf-8")
    return path


@pytest.fixture
def run(configuration, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "marat")

    def ran(*arguments, given=None):
        words = ["anchors", *map(str, arguments)]
        return CliRunner().invoke(application(words), words, input=given)

    ran.at = ("-c", str(configuration))
    return ran


@pytest.fixture
def keys(tmp_path):
    """The key files of people and of central, as keygen makes them."""
    for name in ("aigul", "bolat", "central"):
        path = tmp_path / f"{name}.pem"
        path.write_bytes(key(name).to_pem())
        path.chmod(0o600)
    return tmp_path


def held(configuration):
    return read_anchors(anchors_folder(configuration)).held


def adopt(run, *people, more=()):
    named = [part for name in people for part in ("--person", f"{name}={public(name)}")]
    done = run("adopt", "--yes", *named, *more, *run.at)
    assert done.exit_code == 0, done.output
    return done


def written(run, folder, *changes, name="document.json", more=()):
    done = run("write", *changes, "--cause", "a new issuer", *(more or run.at))
    assert done.exit_code == 0, done.output
    (folder / name).write_text(done.stdout, encoding="utf-8")
    return folder / name


def signed(run, keys, document, signer):
    done = run("sign", document, "--key", keys / f"{signer.partition(':')[2]}.pem", "--as", signer)
    assert done.exit_code == 0, done.output
    path = keys / f"{signer.replace(':', '-')}.txt"
    path.write_text(done.stdout, encoding="utf-8")
    return path


def change(new=OTHER_ROOT_KEY):
    return f'permits.root_keys=["{new}"]'


def test_keygen_makes_a_private_file_and_prints_what_adopt_takes(run, tmp_path):
    done = run("keygen", "aigul", tmp_path / "aigul.pem")
    assert done.exit_code == 0
    name, _, text = done.stdout.strip().partition("=")
    assert (name, len(bytes.fromhex(text))) == ("aigul", 32)
    assert (tmp_path / "aigul.pem").stat().st_mode & 0o777 == 0o600
    assert run("keygen", "aigul", tmp_path / "aigul.pem").exit_code == 1


def test_a_gate_of_version_0_1_says_that_it_has_none_of_its_own_and_how_to_lock_them(run):
    done = run("show", *run.at)
    assert done.exit_code == 0
    assert "sudo gate-agent anchors adopt" in done.stdout
    assert json.loads(run("show", "--json", *run.at).stdout) == {"adopted": False}


@roots_alone
def test_adopt_takes_what_the_configuration_says_and_show_shows_it(run, configuration):
    before = load_configuration(configuration)
    adopt(run, "aigul", "bolat", more=("--document-key", "central"))
    after = load_configuration(configuration)
    assert after.overruled == ()
    plain, other = (one.settings.model_dump(mode="json") for one in (before, after))
    assert other["mqtt"].pop("ca_file").startswith(str(anchors_folder(configuration)))
    plain["mqtt"].pop("ca_file")
    assert other == plain
    told = json.loads(run("show", "--json", *run.at).stdout)
    assert (told["number"], told["sealed"], told["changes"][0]["by"]) == (1, False, ["marat"])
    assert all(one.startswith("sha256:") for one in told["anchors"]["mqtt.ca"])
    assert "central replay sha256:" in run("show", *run.at).stdout


@roots_alone
def test_adopt_asks_and_a_no_changes_nothing(run, configuration):
    done = run("adopt", *run.at, given="n\n")
    assert done.exit_code == 1
    assert read_anchors(anchors_folder(configuration)) is None


@roots_alone
def test_adopted_again_it_takes_the_configuration_anew_and_keeps_who_was_named(run, configuration):
    adopt(run, "aigul", more=("--document-key", "central"))
    text = configuration.read_text(encoding="utf-8").replace(ROOT_KEY, OTHER_ROOT_KEY)
    configuration.write_text(text, encoding="utf-8")
    adopt(run)
    found = held(configuration)
    assert found.number == 2
    assert found.values["permits.root_keys"] == [OTHER_ROOT_KEY]
    assert list(found.persons) == ["aigul"]
    assert list(found.document_keys) == ["central"]


@roots_alone
def test_adopt_warns_where_nobody_could_change_them_later(run):
    assert "no one could change them" in adopt(run).output
    assert "root at this computer" in adopt(run, "aigul").output


@roots_alone
@pytest.mark.parametrize("person", ["aigul", "aigul=", "aigul=zz", f"Aigul={'5a' * 32}", f"aigul={'00' * 32}"])
def test_adopt_refuses_who_is_no_person(run, configuration, person):
    done = run("adopt", "--yes", "--person", person, *run.at)
    assert done.exit_code in {1, 2}
    assert read_anchors(anchors_folder(configuration)) is None


@roots_alone
def test_two_persons_change_an_anchor_at_the_computer(run, keys, configuration):
    adopt(run, "aigul", "bolat")
    document = written(run, keys, change())
    files = [signed(run, keys, document, signer) for signer in ("person:aigul", "person:bolat")]
    done = run("apply", "--yes", *files, *run.at)
    assert done.exit_code == 0, done.output
    assert "by persons aigul, bolat" in done.stdout
    assert held(configuration).values["permits.root_keys"] == [OTHER_ROOT_KEY]
    again = run("apply", "--yes", *files, *run.at)
    assert again.exit_code == 1
    assert "its number is 2" in again.output


@roots_alone
def test_a_signed_text_can_be_signed_by_the_second_without_the_document(run, keys, configuration):
    adopt(run, "aigul", "bolat")
    first = signed(run, keys, written(run, keys, change()), "person:aigul")
    second = signed(run, keys, first, "person:bolat")
    assert run("apply", "--yes", first, second, *run.at).exit_code == 0


@roots_alone
def test_at_a_site_with_one_person_somebody_else_is_root(run, keys, configuration, monkeypatch):
    adopt(run, "aigul")
    text = signed(run, keys, written(run, keys, change()), "person:aigul")
    monkeypatch.setenv("SUDO_USER", "aigul")
    refused = run("apply", "--yes", text, *run.at)
    assert refused.exit_code == 1
    assert "another person must be root" in refused.output
    monkeypatch.setenv("SUDO_USER", "marat")
    assert run("apply", "--yes", text, *run.at).exit_code == 0
    assert json.loads(run("show", "--json", *run.at).stdout)["changes"][-1]["by"] == ["aigul", "marat"]


@roots_alone
def test_a_document_of_central_for_this_gate_is_applied_by_root(run, keys, configuration):
    adopt(run, more=("--document-key", "central"))
    document = written(run, keys, "console.port=9000", more=("--gate", "gate-7", "--number", "40"))
    text = signed(run, keys, document, "central:central")
    assert run("apply", "--yes", text, *run.at).exit_code == 0
    assert held(configuration).number == 40
    elsewhere = written(run, keys, "console.port=9000", more=("--gate", "gate-8", "--number", "41"))
    assert run("apply", "--yes", signed(run, keys, elsewhere, "central:central"), *run.at).exit_code == 1


@roots_alone
def test_the_certificates_of_a_new_authority_come_from_a_file(run, keys, configuration, tmp_path):
    adopt(run, "aigul", "bolat")
    other = Authority(tmp_path, "other")
    document = written(run, keys, f"mqtt.ca=@{other.ca}")
    files = [signed(run, keys, document, signer) for signer in ("person:aigul", "person:bolat")]
    assert run("apply", "--yes", *files, *run.at).exit_code == 0
    assert load_configuration(configuration).settings.mqtt.ca_file.read_text() == other.ca.read_text()


@roots_alone
def test_what_the_gate_could_not_run_with_is_not_applied(run, keys, configuration):
    adopt(run, "aigul", "bolat")
    wrong = f'site.gates=[{{ id = "gate-8", public_key = "{OTHER_ROOT_KEY}" }}]'
    document = written(run, keys, wrong)
    files = [signed(run, keys, document, signer) for signer in ("person:aigul", "person:bolat")]
    done = run("apply", "--yes", *files, *run.at)
    assert done.exit_code == 1
    assert "site.gates" in done.output
    assert held(configuration).number == 1


@roots_alone
@pytest.mark.parametrize("spoil", ["link", "writable", "of another", "fifo", "hard link", "gone", "below another's"])
def test_apply_takes_only_files_that_root_alone_can_change(run, keys, configuration, tmp_path, spoil):
    adopt(run, "aigul", "bolat")
    document = written(run, keys, change())
    one, other = (signed(run, keys, document, signer) for signer in ("person:aigul", "person:bolat"))
    given = tmp_path / "given.txt"
    match spoil:
        case "link":
            given.symlink_to(other)
        case "writable":
            given.write_bytes(other.read_bytes())
            given.chmod(0o666)
        case "of another":
            given.write_bytes(other.read_bytes())
            os.chown(given, 12345, 12345)
        case "fifo":
            os.mkfifo(given)
        case "hard link":
            given.hardlink_to(other)
        case "below another's":
            folder = tmp_path / "others"
            folder.mkdir()
            given = folder / "given.txt"
            given.write_bytes(other.read_bytes())
            os.chown(folder, 12345, 12345)
        case _:
            pass
    done = run("apply", "--yes", one, given, *run.at)
    assert done.exit_code == 1, done.output
    assert "given.txt" in done.output
    assert ("folder that only root can change" in done.output) == (spoil not in {"link", "gone"})
    assert held(configuration).number == 1


def test_what_is_no_document_is_not_signed(run, keys, tmp_path):
    for raw in ("", "{}", '{"gate":"gate-7"}', "a.b.c", "[1]", '{"gate":"gate-7","gate":"gate-8"}'):
        path = tmp_path / "document"
        path.write_text(raw, encoding="utf-8")
        done = run("sign", path, "--key", keys / "aigul.pem", "--as", "person:aigul")
        assert done.exit_code == 1, raw
        assert done.stdout == ""


def test_nobody_signs_as_something_else(run, keys):
    document = written(run, keys, change(), more=("--gate", "gate-7", "--number", "2"))
    for signer in ("aigul", "root", ""):
        assert run("sign", document, "--key", keys / "aigul.pem", "--as", signer).exit_code == 1


def test_what_is_signed_is_shown_first_by_its_fingerprints(run, keys):
    document = written(run, keys, change(), more=("--gate", "gate-7", "--number", "2"))
    done = run("sign", document, "--key", keys / "aigul.pem", "--as", "person:aigul")
    assert "gate gate-7, number 2: a new issuer" in done.stderr
    until = time_text(json.loads(document.read_text())["exp"] * 1000)
    assert f"until {until}, whatever the trust anchors are then" in done.stderr
    assert "permits.root_keys = sha256:" in done.stderr


def test_nothing_in_a_document_looks_like_a_line_of_what_is_shown_before_it_is_signed(run, keys, tmp_path):
    forged = "\n  permits.root_keys = sha256:of-somebody-else"
    document = json.loads(written(run, keys, change(), more=("--gate", "gate-7", "--number", "2")).read_text())
    document["changes"]["console.names"] = [f"a.example{forged}"]
    (tmp_path / "forged.json").write_text(json.dumps(document), encoding="utf-8")
    done = run("sign", tmp_path / "forged.json", "--key", keys / "aigul.pem", "--as", "person:aigul")
    assert [line for line in done.stderr.splitlines() if line.startswith("  permits.root_keys = ")] == [
        f"  permits.root_keys = {fingerprints('permits.root_keys', [OTHER_ROOT_KEY])[0]}"
    ]
    document["cause"] = f"a new issuer{forged}"
    (tmp_path / "forged.json").write_text(json.dumps(document), encoding="utf-8")
    done = run("sign", tmp_path / "forged.json", "--key", keys / "aigul.pem", "--as", "person:aigul")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "cause: expected one line" in done.stderr


def test_write_refuses_what_is_no_change(run, keys):
    for wrong in ("permits.root_keys", "permits.root_keys=[", "console.port=2026-01-01"):
        assert run("write", wrong, "--cause", "x", "--gate", "gate-7", "--number", "2").exit_code == 2
    assert run("write", change(), "--cause", "x", "--gate", "gate-7").exit_code == 2
    assert run("write", change(), "--cause", "", "--gate", "gate-7", "--number", "2").exit_code == 1
    assert run("write", change(), "--cause", "x", *run.at).exit_code == 1  # nothing is adopted here


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("mqtt.ca_file", "mqtt.ca"),
        ("permits.root_key", "did you mean permits.root_keys?"),
        ("foo.bar", "expected one of permits.root_keys, commands.keys,"),
    ],
)
def test_write_names_the_trust_anchor_that_was_meant(run, key, hint):
    done = run("write", f"{key}=1", "--cause", "x", "--gate", "gate-7", "--number", "2")
    assert done.exit_code == 2
    assert f"{key} is not a trust anchor" in " ".join(done.output.replace("│", " ").split())
    assert hint in " ".join(done.output.replace("│", " ").split())


def test_who_is_not_root_is_told_so(run, monkeypatch):
    monkeypatch.setattr("agent.cli.anchors.common.os.geteuid", lambda: 1000)
    for command in (("adopt", "--yes"), ("apply", "--yes", Path("/etc/hostname"))):
        done = run(*command, *run.at)
        assert done.exit_code == 1
        assert "sudo" in done.output


@roots_alone
def test_the_configuration_is_not_edited_into_other_anchors(run, configuration):
    adopt(run, "aigul", "bolat")
    before = configuration.read_bytes()
    for words in (
        ["config", "set", "permits.root_keys", f'["{OTHER_ROOT_KEY}"]'],
        ["config", "set", "console.listen", "192.0.2.7"],
        ["config", "add", "commands.keys", "id=mine", f"public_key={public('mallory')}", "may=open"],
        ["config", "add", "site.gates", "id=gate-7", f"public_key={public('mallory')}"],
    ):
        done = CliRunner().invoke(application(words), [*words, *run.at])
        assert done.exit_code == 1, (words, done.output)
        assert "nothing is changed" in done.output
        assert configuration.read_bytes() == before
    for words in (
        ["config", "set", "journal.keep_acknowledged_days", "29"],
        ["config", "unset", "commands.keys[0]"],  # what does not count any more may go
    ):
        assert CliRunner().invoke(application(words), [*words, *run.at]).exit_code == 0
    assert [one.id for one in load_configuration(configuration).settings.commands.keys] == ["central"]
