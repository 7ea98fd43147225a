"""What events tell of two configurations: every key, values, and fingerprints of what is not told."""

from __future__ import annotations

from hashlib import sha256

import pytest

from agent.settings import recorded_changes
from tests.support.gate.config_files import GOOD, OTHER_ROOT_KEY, ROOT_KEY, write
from tests.support.gate.config_files import loaded as load_file

KEY = b"only the gate has this"


@pytest.fixture
def loaded(tmp_path):
    def of(text):
        return load_file(write(tmp_path, text))

    return of


def told(loaded, before, after, key=KEY):
    found = recorded_changes(None if before is None else loaded(before), loaded(after), key)
    return {one.key: one for one in found}


def test_nothing_is_told_of_what_is_the_same(loaded):
    assert told(loaded, GOOD, GOOD) == {}


def test_a_value_is_told_with_the_one_before_and_the_default_where_it_had_none(loaded):
    change = told(loaded, GOOD, GOOD + "[journal]\nmax_mb = 99\n")["journal.max_mb"]
    assert (change.before, change.after) == ("2048", "99")
    assert (change.before_fingerprints, change.after_fingerprints) == ((), ())


def test_a_table_more_is_told_with_all_its_keys_and_one_less_too(loaded):
    scanner = '\n[[lanes.out.cameras]]\nid = "back"\nkind = "cam"\nurl = "rtsp://10.0.0.6/stream"\n'
    more, less = told(loaded, GOOD, GOOD + scanner), told(loaded, GOOD + scanner, GOOD)
    assert more.keys() == less.keys()
    assert (more["lanes.out.cameras[1].id"].before, more["lanes.out.cameras[1].id"].after) == (None, '"back"')
    assert (less["lanes.out.cameras[1].id"].before, less["lanes.out.cameras[1].id"].after) == ('"back"', None)


def test_public_keys_are_told_whole_and_by_their_fingerprints(loaded):
    change = told(loaded, GOOD, GOOD.replace(f'"{ROOT_KEY}"', f'"{ROOT_KEY}", "{OTHER_ROOT_KEY}"'))["permits.root_keys"]
    prints = [f"sha256:{sha256(bytes.fromhex(key)).hexdigest()}" for key in (ROOT_KEY, OTHER_ROOT_KEY)]
    assert change.before_fingerprints == (prints[0],)
    assert change.after_fingerprints == tuple(prints)
    assert change.after == f'["{ROOT_KEY}", "{OTHER_ROOT_KEY}"]'


def with_password(password):
    return GOOD.replace("[mqtt]\n", f'[mqtt]\nusername = "gate-7"\npassword = "{password}"\n')


def test_a_secret_is_told_by_what_only_the_gate_can_make_of_it(loaded):
    set_, other = told(loaded, GOOD, with_password("one")), told(loaded, with_password("one"), with_password("two"))
    first, second = set_["mqtt.password"], other["mqtt.password"]
    assert (first.before, first.after, second.before, second.after) == (None, None, None, None)
    assert first.before_fingerprints == ()
    assert first.after_fingerprints == second.before_fingerprints
    assert second.before_fingerprints != second.after_fingerprints
    elsewhere = told(loaded, GOOD, with_password("one"), key=b"another gate's")["mqtt.password"]
    assert elsewhere.after_fingerprints != first.after_fingerprints
    assert "one" not in first.model_dump_json()


def test_a_password_in_an_address_is_a_secret_and_the_rest_of_the_address_is_told(loaded):
    camera = 'url = "rtsp://10.0.0.5/stream"'
    before, after = (GOOD.replace(camera, f'url = "rtsp://u:{word}@10.0.0.5/stream"') for word in ("wun", "tew"))
    change = told(loaded, before, after)["lanes.out.cameras[0].url"]
    assert change.before == change.after == '"rtsp://u:********@10.0.0.5/stream"'
    assert change.before_fingerprints != change.after_fingerprints
    assert not {"wun", "tew"} & set(change.model_dump_json().split("u:"))


def test_a_value_too_long_for_an_event_is_told_by_its_fingerprint(loaded):
    long = "rtsp://10.0.0.5/" + "x" * 5_000
    change = told(loaded, GOOD, GOOD.replace("rtsp://10.0.0.5/stream", long))["lanes.out.cameras[0].url"]
    text = f'"{long}"'
    assert (change.after, change.after_fingerprints) == (None, (f"sha256:{sha256(text.encode()).hexdigest()}",))


def test_without_one_before_all_that_is_set_is_told(loaded):
    found = told(loaded, None, GOOD)
    assert {"gate.id", "permits.root_keys", "mqtt.brokers", "lanes.out.relay.port"} <= found.keys()
    assert "journal.max_mb" not in found
    assert found["permits.root_keys"].after_fingerprints
