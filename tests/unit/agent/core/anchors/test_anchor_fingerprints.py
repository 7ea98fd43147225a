"""What people compare."""

from __future__ import annotations

import subprocess
from hashlib import sha256

from agent.core.anchors import differences, fingerprints
from agent.settings import changed_anchors
from tests.support.anchors.people import OTHER_ROOT_KEY, ROOT_KEY, held, public


def test_a_key_is_told_by_the_sha_256_of_its_bytes():
    assert fingerprints("permits.root_keys", [ROOT_KEY]) == (f"sha256:{sha256(bytes.fromhex(ROOT_KEY)).hexdigest()}",)


def test_a_key_of_somebody_bears_his_name_and_what_he_may():
    told = fingerprints("commands.keys", [{"id": "central", "public_key": public("central"), "may": ["open", "close"]}])
    assert told == (f"central open,close sha256:{sha256(bytes.fromhex(public('central'))).hexdigest()}",)


def test_certificates_are_told_as_openssl_tells_them(tmp_path):
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-subj",
            "/CN=a",
            "-keyout",
            "/dev/null",
            "-out",
            tmp_path / "ca",
        ],
        check=True,
        capture_output=True,
    )
    said = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "ca", "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    pem = (tmp_path / "ca").read_text()
    told = said.partition("=")[2].strip().replace(":", "").lower()
    assert fingerprints("mqtt.ca", pem * 2) == (f"sha256:{told}",) * 2
    assert fingerprints("mqtt.ca", pem.replace("\n", "\n" * 1000)) == (f"sha256:{told}",)


def test_all_else_is_told_as_it_is():
    assert fingerprints("mqtt.brokers", ["mqtts://a:8883"]) == ("mqtts://a:8883",)
    assert fingerprints("console.enabled", False) == ("false",)
    assert fingerprints("console.port", 8480) == ("8480",)
    assert fingerprints("mqtt.ca", None) == ()


def test_no_value_looks_like_another_line_of_what_is_compared():
    for sign in ("\n", "\t", "\x1b", "\u2028", "\u202e"):
        for key, value in (("console.names", [f"a{sign}b"]), ("state.directory", f"/a{sign}b")):
            (told,) = fingerprints(key, value)
            assert sign not in told
            assert told.isprintable()


def test_differences_are_of_what_is_another_alone():
    before = held()
    after = changed_anchors(before, 6, {"permits.root_keys": [ROOT_KEY, OTHER_ROOT_KEY]})
    (found,) = differences(before, after)
    assert found.key == "permits.root_keys"
    assert (len(found.before), len(found.after)) == (1, 2)
    assert found.before[0] == found.after[0]
    assert {one.key for one in differences(None, before)} >= {"permits.root_keys", "commands.keys", "anchors.persons"}
    assert all(one.after for one in differences(None, before))
