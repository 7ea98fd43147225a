"""The commands `gate-agent permit`, as they are typed."""

from __future__ import annotations

import json
import stat

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from agent.cli import exits
from agent.cli.permit import app
from agent.core.permit import trust
from agent.core.permit.keys import Algorithm, SigningKey
from agent.core.permit.trust import KeyStatus

NOON = "2026-11-24T12:00:00+00:00"


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    made = run("keygen", "--out", folder, "--issuer", "KHE", "--site", 9411)
    assert made.exit_code == exits.OK, made.output
    return folder


def root_of(folder):
    return SigningKey.from_pem((folder / "root.pem").read_bytes()).public


def issue(folder, *more, **changes):
    options = {
        "key": folder / "issuer.pem",
        "issuer": "KHE",
        "site": 9411,
        "declaration": "941120260000012345",
        "vin": "LSVAA49J132047371",
        "plate": "新A·12345",
    } | changes
    given = [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
    return run("issue", *given, *more)


def verify(folder, source, *more, site=9411, stdin=None):
    listed = ("--trust-list", folder / "trust-list.txt", "--root-key", root_of(folder).raw.hex(), "--site", site)
    return run("verify", source, *listed, *more, stdin=stdin)


def text_of(result):
    assert result.exit_code == exits.OK, result.output
    return result.stdout.strip()


def test_keygen_writes_private_keys_for_the_owner_only_and_prints_the_root(tmp_path):
    folder = tmp_path / "a" / "b"
    made = run("keygen", "--out", folder, "--issuer", "KHE", "--site", 1, "--site", 2, "--algorithm", "ES256")
    assert made.stdout == f'root_keys = ["{root_of(folder).raw.hex()}"]\n'
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"root.pem": 0o600, "issuer.pem": 0o600, "trust-list.txt": 0o644}
    assert (folder / "root.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    listed = trust.load((folder / "trust-list.txt").read_bytes(), [root_of(folder)])
    assert (listed.version, listed.entries[0].sites) == (1, (1, 2))
    assert listed.entries[0].key.algorithm is Algorithm.ES256


def test_keygen_overwrites_nothing(keys):
    before = {file.name: file.read_bytes() for file in keys.iterdir()}
    (keys / "root.pem").unlink()
    again = run("keygen", "--out", keys, "--issuer", "KHE")
    assert again.exit_code == exits.FAILED
    assert "issuer.pem is there already" in again.stderr
    del before["root.pem"]
    assert {file.name: file.read_bytes() for file in keys.iterdir()} == before


def test_keygen_says_why_a_name_will_not_do(tmp_path):
    made = run("keygen", "--out", tmp_path / "keys", "--issuer", "")
    assert made.exit_code == exits.FAILED
    assert "field 4 is not a printable text" in made.stderr
    assert not (tmp_path / "keys").exists()


def test_an_issued_permit_verifies(keys):
    shown = verify(keys, text_of(issue(keys)))
    assert shown.exit_code == exits.OK
    assert "SIGNATURE_INVALID" in shown.stdout
    assert "LSVAA49J132047371" in shown.stdout
    assert "\nOK at " in shown.stdout


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_picture_holds_the_text_that_is_printed(keys, tmp_path, suffix):
    picture = tmp_path / f"permit{suffix}"
    made = issue(keys, out=picture)
    assert "QR code" in made.stderr
    if suffix == ".png":
        (found,) = zxingcpp.read_barcodes(Image.open(picture).convert("L"))
        assert found.text == text_of(made)
        assert found.ec_level == "M"
    else:
        assert b"<svg" in picture.read_bytes()


def test_a_picture_of_another_kind_is_refused(keys, tmp_path):
    made = issue(keys, out=tmp_path / "permit.bmp")
    assert made.exit_code == exits.FAILED
    assert "must be named .png or .svg" in made.stderr


def test_the_options_of_issue_become_claims(keys):
    more = ("--energy", 2, "--lane", 1, "--lane", 3, "--uses", 4, "--hours", 5, "--since", NOON)
    changes = {"plate": "新A D12345", "permit-id": "00112233445566ff", "declaration": "941120261000012345"}
    text = text_of(issue(keys, *more, **changes))
    said = json.loads(run("inspect", text, "--json").stdout)
    assert said["verified"] is False
    assert said["permit"] == {
        "permit": "00112233445566ff",
        "issuer": "KHE",
        "key": SigningKey.from_pem((keys / "issuer.pem").read_bytes()).public.key_id.hex(),
        "not_before": 1_795_521_600,
        "expires_at": 1_795_521_600 + 5 * 3600,
        "issued_at": 1_795_521_600,
        "declaration": "941120261000012345",
        "vin": "LSVAA49J132047371",
        "vin_check_digit_differs": False,
        "plate": "新AD12345",
        "plate_kind": "new_energy_small",
        "energy": 2,
        "site": 9411,
        "lanes": [1, 3],
        "direction": "import",
        "max_uses": 4,
        "driver_hmac": None,
    }


def test_a_vehicle_may_have_no_plate_yet(keys):
    said = json.loads(run("inspect", text_of(issue(keys, plate=None)), "--json").stdout)["permit"]
    assert (said["plate"], said["plate_kind"]) == (None, None)


def test_a_kind_of_plate_can_be_named(keys):
    said = json.loads(run("inspect", text_of(issue(keys, **{"plate-kind": "civil_yellow"})), "--json").stdout)
    assert said["permit"]["plate_kind"] == "civil_yellow"


def test_a_wrong_check_digit_is_told_to_the_issuer(keys):
    made = issue(keys, vin="LSVAA49J132047372")
    assert made.exit_code == exits.OK
    assert "the check digit of LSVAA49J132047372 should be" in made.stderr
    assert "warning" not in made.stdout


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"declaration": "94112026000001234"}, "18 digits"),
        ({"declaration": "941120262000012345"}, "digit 9"),
        ({"declaration": "941119990000012345"}, "no year"),
        ({"vin": "LSVAA49I132047371"}, "VIN"),
        ({"plate": "!"}, "no known form"),
        ({"plate-kind": "kazakhstan"}, "form of kazakhstan"),
        ({"issuer": ""}, "claim 1"),
        ({"site": 0}, "vehicle claim 7"),
        ({"permit-id": "xyz"}, "hex"),
        ({"permit-id": "00"}, "claim 7"),
        ({"key": "/nowhere/issuer.pem"}, "cannot be read: No such file"),
    ],
)
def test_issue_says_why_it_refuses(keys, changes, why):
    made = issue(keys, **changes)
    assert made.exit_code == exits.FAILED
    assert made.stderr.startswith("gate-agent permit issue: ")
    assert why in made.stderr
    assert made.stdout == ""


def test_a_wrong_option_is_a_matter_of_usage(keys):
    assert issue(keys, "--energy", 9).exit_code == exits.USAGE
    assert issue(keys, "--since", "soon").exit_code == exits.USAGE
    assert run("issue").exit_code == exits.USAGE


def test_a_permit_can_come_from_a_file_or_from_standard_input(keys, tmp_path):
    text = text_of(issue(keys))
    file = tmp_path / "permit.txt"
    file.write_text(text + "\n")
    assert verify(keys, file).exit_code == exits.OK
    assert verify(keys, "-", stdin=text + "\r\n").exit_code == exits.OK
    assert verify(keys, "-", stdin=text + " ").exit_code == exits.FAILED


def test_inspect_never_hides_that_nothing_was_verified(keys):
    stranger = SigningKey.from_seed(b"s" * 32)
    (keys / "stranger.pem").write_bytes(stranger.to_pem())
    text = text_of(issue(keys, key=keys / "stranger.pem"))
    shown = run("inspect", text)
    assert shown.exit_code == exits.OK
    assert "NOT VERIFIED" in shown.stdout
    assert stranger.public.key_id.hex() in shown.stdout
    assert verify(keys, text).exit_code == exits.FAILED


@pytest.mark.parametrize(
    "source", ["GP2:ABC", "GP1:abc", "GP1:ABC", "GP1:", "/nowhere/permit.txt", "https://example.com"]
)
def test_inspect_says_why_it_cannot_show_a_text(source):
    shown = run("inspect", source)
    assert shown.exit_code == exits.FAILED
    assert shown.stderr.startswith("gate-agent permit inspect: ")


def test_claims_are_never_taken_for_markup(keys):
    text = text_of(issue(keys, issuer="[bold]KHE[/bold]"))
    assert "[bold]KHE[/bold]" in run("inspect", text).stdout


@pytest.mark.parametrize(
    ("more", "site", "reason"),
    [
        ((), 9412, "WRONG_SITE"),
        (("--direction", "import"), 9411, "WRONG_DIRECTION"),
        (("--lane", 2), 9411, "WRONG_LANE"),
        (("--at", "2030-01-01T00:00:00+00:00"), 9411, "KEY_EXPIRED"),
        (("--at", "1600000000"), 9411, "KEY_EXPIRED"),
    ],
)
def test_verify_names_the_first_check_that_fails(keys, more, site, reason):
    text = text_of(issue(keys, "--lane", 1))
    shown = verify(keys, text, *more, "--json", site=site)
    said = json.loads(shown.stdout)
    assert shown.exit_code == exits.FAILED
    assert (said["valid"], said["reason"]) == (False, reason)
    assert said["checks"][-1]["reason"] == reason
    assert (said["permit"] is None) == (reason == "KEY_EXPIRED")


def test_verify_needs_a_trust_list_of_the_pinned_root(keys, tmp_path):
    text = text_of(issue(keys))
    other = SigningKey.from_seed(b"o" * 32).public.raw.hex()
    listed = ("--trust-list", keys / "trust-list.txt")
    assert "no pinned root key" in run("verify", text, *listed, "--root-key", other, "--site", 9411).stderr
    assert "the root key" in run("verify", text, *listed, "--root-key", "xyz", "--site", 9411).stderr
    both = ("--root-key", other, "--root-key", root_of(keys).raw.hex(), "--site", 9411)
    assert run("verify", text, *listed, *both).exit_code == exits.OK
    missing = run("verify", text, "--trust-list", tmp_path / "none", *both)
    assert missing.exit_code == exits.FAILED
    assert "No such file" in missing.stderr


def renew(keys, *more):
    return run("renew", "--trust-list", keys / "trust-list.txt", "--root", keys / "root.pem", *more)


def test_renew_signs_the_next_version_and_disables_a_key(keys):
    text = text_of(issue(keys))
    name = SigningKey.from_pem((keys / "issuer.pem").read_bytes()).public.key_id.hex()
    assert renew(keys).stdout.startswith("version 2, ")
    assert verify(keys, text).exit_code == exits.OK
    assert renew(keys, "--disable", name, "--reason", "lost laptop").exit_code == exits.OK
    listed = trust.load((keys / "trust-list.txt").read_bytes(), [root_of(keys)], oldest=3)
    assert (listed.entries[0].status, listed.entries[0].reason) == (KeyStatus.DISABLED, "lost laptop")
    said = json.loads(verify(keys, text, "--json").stdout)
    assert said["reason"] == "KEY_REVOKED"
    assert said["checks"][-1]["detail"] == "disabled lost laptop"


def test_renew_leaves_the_list_alone_when_it_refuses(keys):
    before = (keys / "trust-list.txt").read_bytes()
    refused = renew(keys, "--disable", "00000000")
    assert refused.exit_code == exits.FAILED
    assert "no key 00000000" in refused.stderr
    stranger = run("renew", "--trust-list", keys / "trust-list.txt", "--root", keys / "issuer.pem")
    assert "no pinned root key" in stranger.stderr
    assert (keys / "trust-list.txt").read_bytes() == before


def test_what_cannot_be_read_or_written_is_named(keys, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"GP1:" + b"0" * 5000)
    assert "Not a directory" in run("keygen", "--out", file / "keys", "--issuer", "KHE").stderr
    assert "no unencrypted private key" in issue(keys, key=keys / "trust-list.txt").stderr
    assert "cannot be written: No such file" in issue(keys, out=tmp_path / "nowhere" / "permit.png").stderr
    assert "more than 4096 bytes" in run("inspect", file).stderr
    (keys / "trust-list.txt.new").mkdir()
    assert "cannot be written: Is a directory" in renew(keys).stderr
