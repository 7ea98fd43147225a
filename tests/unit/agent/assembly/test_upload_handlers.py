"""The commands of uploads: a bundle is made and queued, places are taken, and nothing is sent where it may not be."""

import io
import json
import zipfile
from dataclasses import replace

import pytest

from agent.assembly.upload_handlers import GROUP_SPREAD_S, UploadParts, grant_uploads, send_bundle
from agent.assembly.upload_routes import shelves
from agent.core.commands.command import Command, Result
from agent.core.model import CommandName
from agent.doctor.bundle.archive import BundleMaterial, BundleRequest, pack_bundle
from agent.doctor.finding import DiagnosticReport
from agent.store.evidence.bundles import BUNDLES_LIMIT, BundleStore
from agent.store.evidence.evidence_store import EvidenceStore
from agent.uploads import UploadDependencies, UploadRules, UploadService

PLACE = "https://store.example/gates/a?X-Amz-Signature=s3cret"


def made():
    report = DiagnosticReport("khorgos-03", "0.1.0", agent=True, utc=1_800_000_000.0, findings=())
    return pack_bundle(BundleMaterial(report, None, "a line\n", {}, {}, None), BundleRequest())


@pytest.fixture
def parts(tmp_path):
    pictures, bundles = EvidenceStore(tmp_path / "evidence", 1 << 20), BundleStore(tmp_path / "bundles")
    dependencies = UploadDependencies(lambda _: None, lambda: True, lambda: None)
    service = UploadService(shelves(pictures, bundles), UploadRules(hosts=("store.example",)), dependencies)
    return UploadParts(service, bundles, made)


def ordered(name, **arguments):
    return Command("id", "duty", 1, CommandName(name), None, "officer 7", "a test", 0, 9, arguments)


def test_a_bundle_is_made_kept_and_named(parts):
    answer = send_bundle(parts, ordered("send_bundle", url=None, for_s=900))
    name = parts.bundles.outgoing.first()
    assert (answer.result, answer.data) == (
        Result.DONE,
        {"bundle": name, "bytes": parts.bundles.size(name), "via": "store"},
    )
    with zipfile.ZipFile(io.BytesIO(parts.bundles.get(name))) as archive:
        (doctor,) = [one for one in archive.namelist() if one.endswith("doctor.json")]
        assert json.loads(archive.read(doctor))["gate"] == "khorgos-03"


def test_the_bundles_of_a_group_go_over_mqtt_one_gate_after_the_other(tmp_path):
    at = 1000.0
    sent = []
    for number in range(4):
        folder = tmp_path / str(number)
        pictures, bundles = EvidenceStore(folder / "evidence", 1 << 20), BundleStore(folder / "bundles")
        dependencies = UploadDependencies(lambda _: None, lambda: True, lambda: None, lambda: at)
        on_shelves = shelves(pictures, bundles)
        service = UploadService(on_shelves, UploadRules(), dependencies)
        parts = UploadParts(service, bundles, made, lambda number=number: number / 4)
        command = replace(ordered("send_bundle", url=None, for_s=900), group="north" if number else "")
        answer = send_bundle(parts, command)
        assert (answer.result, answer.data["via"]) == (Result.DONE, "mqtt")
        sent.append((service, on_shelves[1], answer.data["bundle"]))

    def on_their_way():
        return [number for number, (one, shelf, name) in enumerate(sent) if one.turn_over_mqtt(shelf) == name]

    assert on_their_way() == [0]  # asked by itself
    for number in (1, 2, 3):
        at = 1000.0 + GROUP_SPREAD_S * number / 4 - 1
        assert on_their_way() == list(range(number))
        at += 1
        assert on_their_way() == list(range(number + 1))


def test_a_place_of_the_command_is_taken(parts):
    answer = send_bundle(parts, ordered("send_bundle", url=PLACE, for_s=900))
    assert answer.result is Result.DONE
    assert parts.service._places.of(answer.data["bundle"]).place.host.text == "store.example"


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://evil.example/a", "host_not_allowed"), ("http://store.example/a", "host_not_allowed")],
)
def test_for_a_place_that_is_not_allowed_no_bundle_is_made(parts, url, code):
    answer = send_bundle(parts, ordered("send_bundle", url=url, for_s=900))
    assert (answer.result, answer.data) == (Result.NOT_DONE, {"code": code})
    assert len(parts.bundles.outgoing) == 0


def test_who_orders_bundles_does_not_fill_the_disk(parts):
    for number in range(BUNDLES_LIMIT):
        parts.bundles.keep(b"PK %d" % number)
    assert send_bundle(parts, ordered("send_bundle", url=None, for_s=900)).result is Result.NOT_DONE


def test_a_bundle_that_cannot_be_made_fails(parts):
    def broken():
        raise OSError("the disk is gone")

    answer = send_bundle(UploadParts(parts.service, parts.bundles, broken), ordered("send_bundle", url=None, for_s=9))
    assert (answer.result, answer.detail) == (Result.FAILED, "no bundle can be made: the disk is gone")


def test_places_are_taken_for_what_is_kept_and_allowed(parts):
    name = parts.bundles.keep(b"PK")
    uploads = [
        {"sha256": name, "url": PLACE},
        {"sha256": "ab" * 32, "url": PLACE},
        {"sha256": "cd" * 32, "url": "https://evil.example/a"},
    ]
    answer = grant_uploads(parts, ordered("upload_grant", uploads=uploads, for_s=60))
    assert (answer.result, answer.data) == (
        Result.DONE,
        {"granted": [name], "refused": {"ab" * 32: "unknown", "cd" * 32: "host_not_allowed"}},
    )
    refused = grant_uploads(parts, ordered("upload_grant", uploads=uploads[2:], for_s=60))
    assert refused.result is Result.NOT_DONE
    assert "evil.example is not in uploads.hosts" in refused.detail
