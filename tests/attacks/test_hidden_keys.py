"""A change of what the gate trusts, hidden among many that do no harm: the records of it, on a whole gate."""

from __future__ import annotations

import json
import re
import secrets
from hashlib import sha256

import pytest

from agent.core.crypto import SigningKey
from agent.core.events import ConsoleActed
from agent.core.events.changed_keys import PART_BYTES
from agent.store.journal.reader import JournalReader
from tests.support.console.consoles import ConsoleGate
from tests.support.gate.config_files import OTHER_ROOT_KEY, ROOT_KEY

MOST_COMMAND_KEYS = 32
"""Of commands.keys: the settings take no more."""


@pytest.fixture
def gate(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        yield gate


def public_key():
    return SigningKey.from_seed(secrets.token_bytes(32)).public.raw.hex()


def fingerprint(public):
    return f"sha256:{sha256(bytes.fromhex(public)).hexdigest()}"


def form_of(page):
    return dict(re.findall(r'<input\s+type="hidden"[^>]*\sname="([^"]+)"\s+value="([^"]*)"', page.text))


def upload(gate, text):
    """Propose another configuration by an upload, and apply it: an administrator may, until root adopts the anchors."""
    browser = gate.browser("admin")
    seen = form_of(browser.get("/settings/configuration"))["seen"]
    shown = browser.post(
        "/settings/configuration/upload", data={"seen": seen}, files={"upload": ("g.toml", text.encode())}
    )
    proposal = form_of(shown).get("proposal")
    return shown, browser.post("/settings/configuration/apply", data={"proposal": proposal}) if proposal else None


def recorded(gate, act):
    """The events of an act, in order, as they stand in the journal: their bytes, and what they say."""
    with JournalReader(gate.path.parent / "state" / "journal.db") as journal:
        payloads = list(journal.payloads())
    found = [(payload, json.loads(payload)) for payload in payloads]
    return [
        (payload, event["data"])
        for payload, event in found
        if event["type"] == ConsoleActed.TYPE and event["data"]["act"] == act
    ]


def changes(gate, act):
    return {change["key"]: change for _, data in recorded(gate, act) for change in data["changes"]}


def harmless(text, count):
    """The configuration with so many keys that do no harm, all of which come before `commands` in every list."""
    lists = 'fresh_s = 901\nstale_ok_s = 14401\nknown_only_s = 86401\nmax_mb = 1025\nrequire = ["revocations"]\n'
    more = (
        "[lists]\n" + lists + "[clock]\nmax_error_s = 61\ndrift_ppm = 201\nrtc_holdover_hours = 1\n"
        "[journal]\nmax_mb = 2049\nkeep_acknowledged_days = 31\ncheckpoint_s = 301\n"
        "[evidence]\nmax_mb = 4097\nkeep_passed_hours = 73\nkeep_hours = 721\n"
    )
    mqtt = "[mqtt]\nkeepalive_s = 16\nwindow = 101\nheartbeat_s = 31\nresend_s = 31\nstart_spread_s = 6\n"
    permits = f'root_keys = ["{ROOT_KEY}"]\nclock_skew_s = 61\nmax_text = 701\n'
    made = text.replace("[mqtt]\n", mqtt).replace(f'root_keys = ["{ROOT_KEY}"]\n', permits) + more
    assert made.count(" = ") - text.count(" = ") >= count
    return made


@pytest.mark.parametrize("act", ["configuration.proposed", "configuration.changed"])
def test_twenty_harmless_keys_do_not_hide_a_key_that_may_sign_commands(gate, act):
    """H5: `keys[:20]` cut the list before `commands.keys[0].public_key`; orders by that key then had a false name."""
    public = public_key()
    text = harmless(gate.path.read_text(encoding="utf-8"), 20)
    shown, applied = upload(gate, f'{text}\n[[commands.keys]]\nid = "central"\npublic_key = "{public}"\n')
    assert (shown.status_code, applied.status_code) == (200, 200), shown.text
    found = changes(gate, act)
    assert len(found) > 20
    change = found["commands.keys[0].public_key"]
    assert (change["before"], change["after"]) == (None, f'"{public}"')
    assert change["after_fingerprints"] == [fingerprint(public)]
    assert found["lists.fresh_s"] == {
        "key": "lists.fresh_s",
        "before": "900",
        "after": "901",
        "before_fingerprints": [],
        "after_fingerprints": [],
    }
    for _, data in recorded(gate, act):
        assert (data["person"], data["role"]) == ("some-admin", "admin")
        assert all(change["key"] in data["detail"] for change in data["changes"])


def test_a_change_of_thousands_of_keys_is_split_into_events_that_every_broker_takes_and_none_is_left_out(gate):
    """H5: an event that no broker takes would be as good as none, and one that is cut is."""
    text = gate.path.read_text(encoding="utf-8")
    cameras = "".join(
        f'\n[[lanes.out.cameras]]\nid = "cam-{number}"\nkind = "simulated"\nreaders = ["qr"]\n' for number in range(60)
    )
    keys = "".join(
        f'\n[[commands.keys]]\nid = "key-{number}"\npublic_key = "{public_key()}"\n'
        for number in range(MOST_COMMAND_KEYS)
    )
    shown, _ = upload(gate, text + cameras + keys)
    assert shown.status_code == 200, shown.text
    events = recorded(gate, "configuration.proposed")
    parts = [(data["part"], data["parts"]) for _, data in events]
    assert len(parts) > 2
    assert parts == [(number, len(parts)) for number in range(1, len(parts) + 1)]
    assert all(len(payload) < 3 * PART_BYTES for payload, _ in events)
    found = changes(gate, "configuration.proposed")
    assert {f"commands.keys[{number}].public_key" for number in range(MOST_COMMAND_KEYS)} <= found.keys()
    assert {f"lanes.out.cameras[{number}].id" for number in range(60)} <= found.keys()


@pytest.mark.parametrize("mistake", ["{0} = 1", '[permits]\ntrust_list = "/{0}"', '[gate]\nid = "{0}"'])
def test_a_mistake_as_long_as_a_file_makes_no_event_that_no_broker_takes(gate, mistake):
    """H5: such an event would hold up all that follow, and central would hear of nothing any more."""
    shown, _ = upload(gate, f"{mistake.format('x' * 200_000)}\n{gate.path.read_text(encoding='utf-8')}")
    assert shown.status_code == 422
    (refused,) = recorded(gate, "configuration.proposed")
    assert len(refused[0]) < PART_BYTES
    assert refused[1]["done"] is False


def test_another_root_key_is_told_with_both_fingerprints(gate):
    """H5: who may sign the trust list."""
    text = gate.path.read_text(encoding="utf-8")
    upload(gate, text.replace(ROOT_KEY, OTHER_ROOT_KEY))
    change = changes(gate, "configuration.changed")["permits.root_keys"]
    assert change["before_fingerprints"] == [fingerprint(ROOT_KEY)]
    assert change["after_fingerprints"] == [fingerprint(OTHER_ROOT_KEY)]
    assert (ROOT_KEY in change["before"], OTHER_ROOT_KEY in change["after"]) == (True, True)


def test_a_password_is_told_as_another_and_by_nothing_that_it_could_be_guessed_from(gate):
    """H5: brokers and how the gate proves itself to them; a plain hash of a weak password would be found."""
    text = gate.path.read_text(encoding="utf-8")
    for password in ("summer2026", "winter2026"):
        upload(gate, text.replace("[mqtt]\n", f'[mqtt]\nusername = "gate-7"\npassword = "{password}"\n'))
    events = recorded(gate, "configuration.changed")
    found = [change for _, data in events for change in data["changes"] if change["key"] == "mqtt.password"]
    assert len(found) == 2
    prints = [change["after_fingerprints"][0] for change in found]
    assert prints[0] != prints[1]
    for payload, _ in events:
        assert b"summer2026" not in payload
        assert b"winter2026" not in payload
    for password in (b"summer2026", b'"summer2026"'):
        assert sha256(password).hexdigest() not in str(prints)


def test_birth_and_status_tell_the_keys_that_the_gate_trusts_by_their_fingerprints(tmp_path):
    """H5: key ids alone do not say whose key it is."""
    public = public_key()
    lines = f'[[commands.keys]]\nid = "central"\npublic_key = "{public}"\n'
    with ConsoleGate(tmp_path, console=lines) as gate:
        told = gate.app.parts.status.health()["fingerprints"]
    assert told == {
        "root_keys": [fingerprint(ROOT_KEY).removeprefix("sha256:")],
        "command_keys": {"central": fingerprint(public).removeprefix("sha256:")},
    }
