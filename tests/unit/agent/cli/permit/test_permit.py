"""The commands `gate-agent permit`, as they are typed."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.permit import app
from agent.clock.clock import Clock
from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.lists.chunks import pack_chunks
from agent.core.lists.codec import decode_row
from agent.core.lists.signed_list import ListHead, seal_head
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Revocation
from agent.core.model.reasons import Reason
from agent.core.permit import trust
from agent.core.permit.driver_id import driver_hmac
from agent.core.permit.trust import KeyStatus
from agent.i18n import Language
from agent.i18n.reasons import officer_text
from agent.store.registry.list_pack import PackedList, write_pack
from central.publishing.sources import COLUMNS, entries

NOON = "2026-11-24T12:00:00+00:00"


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    made = run("keygen", "--out", folder, "--issuer", "KHE", "--site", 9411)
    assert made.exit_code == exit_codes.OK, made.output
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
    assert result.exit_code == exit_codes.OK, result.output
    return result.stdout.strip()


def test_keygen_writes_private_keys_for_the_owner_only_and_prints_the_root(tmp_path):
    folder = tmp_path / "a" / "b"
    made = run("keygen", "--out", folder, "--issuer", "KHE", "--site", 1, "--site", 2, "--algorithm", "ES256")
    assert made.stdout == f'root_keys = ["{root_of(folder).raw.hex()}"]\n'
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"root.pem": 0o600, "issuer.pem": 0o600, "issuer.pub": 0o644, "trust-list.txt": 0o644}
    assert (folder / "root.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    listed = trust.load((folder / "trust-list.txt").read_bytes(), [root_of(folder)])
    assert (listed.version, listed.entries[0].sites) == (1, (1, 2))
    assert listed.entries[0].key.algorithm is Algorithm.ES256


def test_keygen_overwrites_nothing(keys):
    before = {file.name: file.read_bytes() for file in keys.iterdir()}
    (keys / "root.pem").unlink()
    again = run("keygen", "--out", keys, "--issuer", "KHE")
    assert again.exit_code == exit_codes.FAILED
    assert "issuer.pem already exists" in again.stderr
    del before["root.pem"]
    assert {file.name: file.read_bytes() for file in keys.iterdir()} == before


def test_keygen_says_why_a_name_will_not_do(tmp_path):
    made = run("keygen", "--out", tmp_path / "keys", "--issuer", "")
    assert made.exit_code == exit_codes.FAILED
    assert "field 4 is not a printable text" in made.stderr
    assert not (tmp_path / "keys").exists()


def test_an_issued_permit_verifies(keys):
    shown = verify(keys, text_of(issue(keys)))
    assert shown.exit_code == exit_codes.OK
    assert "SIGNATURE_INVALID" in shown.stdout
    assert "LSVAA49J132047371" in shown.stdout
    assert "\nOK at " in shown.stdout


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_picture_holds_the_text_that_is_printed(keys, tmp_path, suffix):
    picture = tmp_path / f"permit{suffix}"
    made = issue(keys, out=picture)
    assert "QR code" in made.stderr
    if suffix == ".png":
        (found,) = zxingcpp.read_barcodes(Image.open(picture).convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
        assert found.text == text_of(made)
        assert found.ec_level == "M"
    else:
        assert b"<svg" in picture.read_bytes()


def test_a_picture_of_another_kind_is_refused(keys, tmp_path):
    made = issue(keys, out=tmp_path / "permit.bmp")
    assert made.exit_code == exit_codes.FAILED
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
        "form": "signed",
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
    assert made.exit_code == exit_codes.OK
    assert "the check digit of LSVAA49J132047372 should be" in made.stderr
    assert "warning" not in made.stdout


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"declaration": "94112026000001234"}, "18 digits"),
        ({"declaration": "941120262000012345"}, "digit 9"),
        ({"declaration": "941119990000012345"}, "not a year"),
        ({"vin": "LSVAA49I132047371"}, "without I, O and Q; did you mean LSVAA491132047371?"),
        ({"plate": "!"}, "a plate of China or Kazakhstan"),
        ({"plate-kind": "kazakhstan"}, "form of kazakhstan"),
        ({"issuer": ""}, "claim 1"),
        ({"site": 0}, "vehicle claim 7"),
        ({"permit-id": "xyz"}, "hex"),
        ({"permit-id": "00"}, "16 hexadecimal digits"),
        ({"key": "/nowhere/issuer.pem"}, "cannot be read: No such file"),
    ],
)
def test_issue_says_why_it_refuses(keys, changes, why):
    made = issue(keys, **changes)
    assert made.exit_code == exit_codes.FAILED
    assert made.stderr.startswith("gate-agent permit issue: ")
    assert why in made.stderr
    assert made.stdout == ""


def test_a_wrong_option_is_a_matter_of_usage(keys):
    assert issue(keys, "--energy", 9).exit_code == exit_codes.USAGE
    assert issue(keys, "--since", "soon").exit_code == exit_codes.USAGE
    assert run("issue").exit_code == exit_codes.USAGE


def test_a_permit_can_come_from_a_file_or_from_standard_input(keys, tmp_path):
    text = text_of(issue(keys))
    file = tmp_path / "permit.txt"
    file.write_text(text + "\n")
    assert verify(keys, file).exit_code == exit_codes.OK
    assert verify(keys, "-", stdin=text + "\r\n").exit_code == exit_codes.OK
    assert verify(keys, "-", stdin=text + " ").exit_code == exit_codes.FAILED


def test_inspect_never_hides_that_nothing_was_verified(keys):
    stranger = SigningKey.from_seed(b"s" * 32)
    (keys / "stranger.pem").write_bytes(stranger.to_pem())
    text = text_of(issue(keys, key=keys / "stranger.pem"))
    shown = run("inspect", text)
    assert shown.exit_code == exit_codes.OK
    assert "NOT VERIFIED" in shown.stdout
    assert stranger.public.key_id.hex() in shown.stdout
    assert verify(keys, text).exit_code == exit_codes.FAILED


@pytest.mark.parametrize(
    "source", ["GP2:ABC", "GP1:abc", "GP1:ABC", "GP1:", "/nowhere/permit.txt", "https://example.com"]
)
def test_inspect_says_why_it_cannot_show_a_text(source):
    shown = run("inspect", source)
    assert shown.exit_code == exit_codes.FAILED
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
    assert shown.exit_code == exit_codes.FAILED
    assert (said["valid"], said["reason"]) == (False, reason)
    assert said["checks"][-1]["reason"] == reason
    assert (said["permit"] is None) == (reason == "KEY_EXPIRED")


def test_verify_needs_a_trust_list_of_the_pinned_root(keys, tmp_path):
    text = text_of(issue(keys))
    other = SigningKey.from_seed(b"o" * 32).public.raw.hex()
    listed = ("--trust-list", keys / "trust-list.txt")
    assert "not a pinned root key" in run("verify", text, *listed, "--root-key", other, "--site", 9411).stderr
    assert "the root key" in run("verify", text, *listed, "--root-key", "xyz", "--site", 9411).stderr
    both = ("--root-key", other, "--root-key", root_of(keys).raw.hex(), "--site", 9411)
    assert run("verify", text, *listed, *both).exit_code == exit_codes.OK
    missing = run("verify", text, "--trust-list", tmp_path / "none", *both)
    assert missing.exit_code == exit_codes.FAILED
    assert "No such file" in missing.stderr


def renew(keys, *more):
    return run("renew", "--trust-list", keys / "trust-list.txt", "--root", keys / "root.pem", *more)


def test_renew_signs_the_next_version_and_disables_a_key(keys):
    text = text_of(issue(keys))
    name = SigningKey.from_pem((keys / "issuer.pem").read_bytes()).public.key_id.hex()
    assert renew(keys).stdout.startswith("version 2, ")
    assert verify(keys, text).exit_code == exit_codes.OK
    assert renew(keys, "--disable", name, "--reason", "lost laptop").exit_code == exit_codes.OK
    listed = trust.load((keys / "trust-list.txt").read_bytes(), [root_of(keys)], oldest=3)
    assert (listed.entries[0].status, listed.entries[0].reason) == (KeyStatus.DISABLED, "lost laptop")
    said = json.loads(verify(keys, text, "--json").stdout)
    assert said["reason"] == "KEY_REVOKED"
    assert said["checks"][-1]["detail"] == "disabled lost laptop"


def test_renew_leaves_the_list_alone_when_it_refuses(keys):
    before = (keys / "trust-list.txt").read_bytes()
    refused = renew(keys, "--disable", "00000000")
    assert refused.exit_code == exit_codes.FAILED
    assert "no key 00000000" in refused.stderr
    stranger = run("renew", "--trust-list", keys / "trust-list.txt", "--root", keys / "issuer.pem")
    assert "not a pinned root key" in stranger.stderr
    assert (keys / "trust-list.txt").read_bytes() == before


def test_a_key_is_added_with_its_public_half_and_both_issuers_hold_meanwhile(keys, tmp_path):
    before = text_of(issue(keys))
    office = tmp_path / "office"
    made = run(
        "keygen", "--out", office, "--alone", "--algorithm", "ES256", "--purpose", "permits", "--purpose", "lists"
    )
    assert made.exit_code == exit_codes.OK, made.output
    assert {file.name for file in office.iterdir()} == {"issuer.pem", "issuer.pub", "lists.pem", "lists.pub"}
    added = renew(keys, "--add", office / "issuer.pub", "--issuer", "HSM", "--site", 9411)
    assert added.exit_code == exit_codes.OK, added.output
    listing = renew(keys, "--add", office / "lists.pub", "--issuer", "HSM", "--purpose", "lists")
    assert "active lists of HSM, sites all" in listing.stdout
    after = text_of(issue(office, issuer="HSM"))
    assert [verify(keys, text).exit_code for text in (before, after)] == [exit_codes.OK, exit_codes.OK]
    again = renew(keys, "--add", office / "issuer.pub", "--issuer", "HSM")
    assert (again.exit_code, "is in the trust list already" in again.stderr) == (exit_codes.FAILED, True)


def test_a_public_key_of_another_program_can_be_added(keys, tmp_path):
    private = tmp_path / "hsm.pem"
    public = tmp_path / "hsm.pub"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private], check=True)
    subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    assert renew(keys, "--add", public, "--issuer", "HSM").exit_code == exit_codes.OK
    refused = renew(keys, "--add", private, "--issuer", "HSM")
    assert "no public key in PEM form" in refused.stderr


def test_a_disabled_key_comes_back_and_a_revoked_one_never_does(keys):
    text = text_of(issue(keys))
    name = SigningKey.from_pem((keys / "issuer.pem").read_bytes()).public.key_id.hex()
    renew(keys, "--disable", name)
    assert verify(keys, text).exit_code == exit_codes.FAILED
    assert renew(keys, "--enable", name).exit_code == exit_codes.OK
    assert verify(keys, text).exit_code == exit_codes.OK
    assert renew(keys, "--revoke", name, "--reason", "stolen").exit_code == exit_codes.OK
    refused = renew(keys, "--enable", name)
    assert (refused.exit_code, "is revoked, and stays so" in refused.stderr) == (exit_codes.FAILED, True)
    assert "revoked stolen" in verify(keys, text, "--json").stdout


def test_the_root_changes_while_gates_pin_both(keys, tmp_path):
    text = text_of(issue(keys))
    old = root_of(keys).raw.hex()
    told = run("keygen", "--out", tmp_path / "next", "--next-root")
    fresh = root_of(tmp_path / "next").raw.hex()
    assert fresh in told.stdout
    listed = ("--trust-list", keys / "trust-list.txt", "--root", tmp_path / "next" / "root.pem")
    assert "not a pinned root key" in run("renew", *listed).stderr
    assert run("renew", *listed, "--signed-by", old).exit_code == exit_codes.OK
    checked = ("verify", text, "--trust-list", keys / "trust-list.txt", "--site", 9411)
    assert run(*checked, "--root-key", old, "--root-key", fresh).exit_code == exit_codes.OK
    assert run(*checked, "--root-key", fresh).exit_code == exit_codes.OK
    assert run(*checked, "--root-key", old).exit_code == exit_codes.FAILED


def test_an_ended_trust_list_is_told_of_and_is_no_fault_of_the_permit(keys):
    text = text_of(issue(keys, "--hours", 24 * 60))
    at = int(trust.load((keys / "trust-list.txt").read_bytes(), [root_of(keys)]).expires_at)
    fresh, stale = (verify(keys, text, "--at", when, "--json") for when in (at - 1, at))
    assert (fresh.exit_code, json.loads(fresh.stdout)["trust_list_stale"], fresh.stderr) == (exit_codes.OK, False, "")
    assert (stale.exit_code, json.loads(stale.stdout)["trust_list_stale"]) == (exit_codes.OK, True)
    assert "the trust list ended at" in stale.stderr


# ------------------------------------------------------------------------------------------------ other forms


@pytest.mark.parametrize("command", ["issue", "batch"])
def test_a_form_without_a_text_is_not_offered(command):
    assert "<signed|jws|reference>" in run(command, "--help").stdout


def test_a_json_web_signature_is_issued_shown_and_verified(keys):
    text = text_of(issue(keys, "--form", "jws"))
    assert text.startswith("eyJ")
    assert json.loads(run("inspect", text, "--json").stdout)["permit"]["form"] == "jws"
    assert verify(keys, text).exit_code == exit_codes.OK


@pytest.mark.parametrize("traced", [False, True], ids=["of an earlier release", "with traces"])
def test_a_declaration_is_added_to_a_file_in_the_columns_that_it_has(keys, tmp_path, traced):
    file, whole = tmp_path / "declarations.csv", COLUMNS[ListKind.DECLARATIONS]
    header = ",".join(whole if traced else whole[: whole.index("traceparent")])
    file.write_text(f"{header}\n")
    text_of(issue(keys, declarations=file))
    first, row = file.read_text().splitlines()
    assert (first, row.count(",")) == (header, header.count(","))
    assert len(list(entries(file, ListKind.DECLARATIONS, 9411))) == 1


def test_a_reference_is_worth_what_its_declaration_is(keys, tmp_path):
    file = tmp_path / "declarations.csv"
    assert issue(keys, "--form", "reference").exit_code == exit_codes.USAGE
    text = text_of(issue(keys, "--form", "reference", declarations=file))
    other = text_of(issue(keys, "--form", "reference", declarations=tmp_path / "other.csv", vin="WBA71DC010CH14720"))
    assert len(text) == 20
    shown = verify(keys, text, "--declarations", file, "--json")
    said = json.loads(shown.stdout)
    assert (shown.exit_code, said["permit"]["vin"], said["permit"]["form"]) == (
        exit_codes.OK,
        "LSVAA49J132047371",
        "reference",
    )
    assert json.loads(verify(keys, other, "--declarations", file, "--json").stdout)["reason"] == "DECLARATION_UNKNOWN"
    assert "give them with --declarations" in verify(keys, text).stderr
    assert "16 characters" in run("inspect", "GPR:0").stderr
    assert text[4:] not in file.read_text()
    assert run("inspect", text, "--json").exit_code == exit_codes.OK


def test_a_reference_is_looked_up_in_a_signed_pack(keys, tmp_path):
    file, pack = tmp_path / "declarations.csv", tmp_path / "lists.zip"
    run("keygen", "--out", tmp_path / "central", "--alone", "--purpose", "lists")
    renew(keys, "--add", tmp_path / "central" / "lists.pub", "--issuer", "central", "--purpose", "lists")
    text = text_of(issue(keys, "--form", "reference", declarations=file))
    signer = SigningKey.from_pem((tmp_path / "central" / "lists.pem").read_bytes())
    now = Clock().now().utc
    rows = [entry.data for entry in entries(file, ListKind.DECLARATIONS, 9411)]
    chunks = list(pack_chunks(rows))
    refs = tuple(chunk.ref for chunk in chunks)
    head = ListHead(ListKind.DECLARATIONS, 9411, 1, int(now), int(now) + 3600, 1, refs)
    listed = PackedList(ListKind.DECLARATIONS, seal_head(head, signer), [chunk.data for chunk in chunks])
    write_pack(pack, (keys / "trust-list.txt").read_bytes(), [listed])
    assert verify(keys, text, "--declarations", pack).exit_code == exit_codes.OK
    stranger = SigningKey.from_pem((keys / "issuer.pem").read_bytes())
    forged = PackedList(ListKind.DECLARATIONS, seal_head(head, stranger), [chunk.data for chunk in chunks])
    write_pack(pack, (keys / "trust-list.txt").read_bytes(), [forged])
    refused = verify(keys, text, "--declarations", pack)
    assert (refused.exit_code, "are refused" in refused.stderr) == (exit_codes.FAILED, True)


def test_a_driver_is_only_ever_a_keyed_hash(keys, tmp_path):
    secret = tmp_path / "drivers.hex"
    secret.write_text("00112233445566778899aabbccddeeff\n")
    number = tmp_path / "driver"
    number.write_text("e 1234-5678\n")
    number.chmod(0o600)
    text = text_of(issue(keys, **{"driver-key": secret, "driver-id-file": number}))
    said = json.loads(run("inspect", text, "--json").stdout)["permit"]["driver_hmac"]
    assert said == driver_hmac(bytes.fromhex(secret.read_text()), "E12345678").hex()
    assert "the site's key for drivers" in issue(keys, **{"driver-id-file": number}).stderr


# ------------------------------------------------------------------------------------------------ revoking


def test_revoked_permits_go_into_the_file_that_is_published(keys, tmp_path):
    file = tmp_path / "revocations.csv"
    text = text_of(issue(keys))
    said = json.loads(run("inspect", text, "--json").stdout)["permit"]
    assert run("revoke", text, "--file", file, "--cause", "sold, again").exit_code == exit_codes.OK
    assert run("revoke", "00112233445566FF", "--file", file, "--until", NOON).exit_code == exit_codes.OK
    rows = [decode_row(ListKind.REVOCATIONS, entry.data) for entry in entries(file, ListKind.REVOCATIONS, 9411)]
    assert rows == [
        Revocation(bytes.fromhex(said["permit"]), said["expires_at"], "sold, again"),
        Revocation(bytes.fromhex("00112233445566ff"), 1_795_521_600, ""),
    ]


def test_a_permit_is_revoked_and_declared_once(keys, tmp_path):
    file = tmp_path / "revocations.csv"
    words = ("00112233445566ff", "--file", file, "--until", NOON)
    assert run("revoke", *words).exit_code == exit_codes.OK
    file.write_text(file.read_text().rstrip("\n"))
    again = run("revoke", *words)
    assert (again.exit_code, "already" in again.stdout) == (exit_codes.OK, True)
    assert run("revoke", "ffffffffffffffff", *words[1:]).exit_code == exit_codes.OK
    assert len(list(entries(file, ListKind.REVOCATIONS, 9411))) == 2
    declared = {"declarations": tmp_path / "declarations.csv", "permit-id": "00112233445566ff"}
    assert issue(keys, **declared).exit_code == exit_codes.OK
    assert "already" in issue(keys, **declared).stderr
    assert len(list(entries(declared["declarations"], ListKind.DECLARATIONS, 9411))) == 1


def test_revoke_says_why_it_cannot(keys, tmp_path):
    file = tmp_path / "revocations.csv"
    assert "also give --until" in run("revoke", "00112233445566ff", "--file", file).stderr
    assert "begins with none of" in run("revoke", "GPR:0000000000000000", "--file", file).stderr
    assert not file.exists()
    file.write_text("permit,why\n")
    text = text_of(issue(keys))
    assert "expected permit_id,expires_at,cause" in run("revoke", text, "--file", file).stderr
    assert file.read_text() == "permit,why\n"
    long = run("revoke", text, "--file", tmp_path / "other.csv", "--cause", "x" * 201)
    assert long.exit_code == exit_codes.FAILED


def test_what_cannot_be_read_or_written_is_named(keys, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"GP1:" + b"0" * 5000)
    assert "Not a directory" in run("keygen", "--out", file / "keys", "--issuer", "KHE").stderr
    assert "no unencrypted private key" in issue(keys, key=keys / "trust-list.txt").stderr
    assert "cannot be written: No such file" in issue(keys, out=tmp_path / "nowhere" / "permit.png").stderr
    assert "more than 4096 bytes" in run("inspect", file).stderr
    (keys / "trust-list.txt.new").mkdir()
    assert "cannot be written: Is a directory" in renew(keys).stderr


@pytest.mark.parametrize("language", Language)
def test_verify_says_in_words_what_the_reason_means(keys, language):
    shown = verify(keys, text_of(issue(keys)), "--language", language.value, site=9410)
    assert shown.exit_code == exit_codes.FAILED
    wanted = officer_text(Reason.WRONG_SITE, language)
    assert "".join(wanted.split()) in "".join(shown.stdout.split())
