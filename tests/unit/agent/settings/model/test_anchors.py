"""The form of trust anchors."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import get_args

import pytest
from pydantic import BaseModel

from agent.core.anchors import ANCHOR_KEYS, DOCUMENT_KEYS, PERSONS
from agent.settings import AnchorValueError, Settings, anchors_of, anchors_text, changed_anchors, tables_of
from tests.support.anchors.people import OTHER_ROOT_KEY, ROOT_KEY, held, public, tables
from tests.support.pki.certificates import Authority


def test_every_anchor_is_a_key_of_the_configuration():
    for section, name in ANCHOR_KEYS:
        assert name in Settings.model_fields[section].annotation.model_fields, (section, name)


def holds_a_public_key(field):
    """Whether a key of the configuration holds public keys, itself or in its tables."""
    tables = [one for one in get_args(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
    told = f"{field.annotation!r}{field.metadata!r}"
    return "_root_key" in told or any(
        holds_a_public_key(one) for table in tables for one in table.model_fields.values()
    )


def test_every_key_that_holds_public_keys_is_an_anchor_and_so_is_all_that_says_where_the_state_is():
    trusted = {
        (section, name)
        for section, table in Settings.model_fields.items()
        for name, field in getattr(table.annotation, "model_fields", {}).items()
        if section == "state" or holds_a_public_key(field)
    }
    assert {("permits", "root_keys"), ("commands", "keys"), ("site", "gates")} <= trusted
    assert trusted <= set(ANCHOR_KEYS)


def test_anchors_are_read_as_they_are_written():
    anchors = held()
    assert anchors_of(tomllib.loads(anchors_text(anchors))) == anchors
    assert anchors_of(tables_of(anchors)) == anchors
    assert anchors.values["state.directory"] == "/var/lib/gate-agent"  # what is not there has its default


def test_the_digest_is_of_what_is_trusted_and_not_of_how_often_it_was_changed():
    assert held().digest == held(number=9, sealed=False).digest
    assert held().digest != held(gate="gate-8").digest
    assert held().digest != held(document_keys=[]).digest


def test_a_change_is_made_as_a_whole():
    anchors = held()
    fresh = changed_anchors(anchors, 6, {"permits.root_keys": [ROOT_KEY, OTHER_ROOT_KEY], "mqtt.ack_mode": "puback"})
    assert fresh.values["permits.root_keys"] == [ROOT_KEY, OTHER_ROOT_KEY]
    assert (fresh.number, fresh.sealed, fresh.values["mqtt.ack_mode"]) == (6, True, "puback")
    assert changed_anchors(fresh, 7, {"mqtt.ack_mode": None}).values["mqtt.ack_mode"] == "watermark"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"log.level": "debug"}, "log.level"),
        ({"anchors.number": 1}, "anchors.number"),
        ({"anchors.sealed": False}, "anchors.sealed"),
        ({"anchors.gate": "gate-8"}, "anchors.gate"),
        ({"permits": {"root_keys": []}}, "permits"),
        ({"mqtt.password": "secret"}, "mqtt.password"),
        ({"permits.root_keys": []}, "permits.root_keys"),
        ({"permits.root_keys": None}, "permits.root_keys"),
        ({"permits.root_keys": ["00" * 32]}, "permits.root_keys.0"),
        ({"permits.root_keys": [ROOT_KEY] * 3}, "permits.root_keys"),
        ({"permits.root_keys": ROOT_KEY}, "permits.root_keys"),
        ({"commands.keys": [{"id": "a", "public_key": ROOT_KEY, "may": ["fly"]}]}, "commands.keys.0.may.0"),
        ({"commands.keys": [{"id": "a", "public_key": ROOT_KEY, "more": 1}]}, "commands.keys.0.more"),
        ({"mqtt.brokers": ["http://elsewhere"]}, "mqtt.brokers.0"),
        ({"mqtt.ca": "/etc/shadow"}, "mqtt.ca"),
        ({"mqtt.ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, "mqtt.ca"),
        ({"console.port": "8480"}, "console.port"),
        ({"console.enabled": "yes"}, "console.enabled"),
        ({"console.listen": ["everywhere"]}, "console.listen.0"),
        ({PERSONS: [{"name": "aigul", "public_key": public("aigul")}] * 2}, PERSONS),
        ({PERSONS: [{"name": name, "public_key": public("aigul")} for name in ("aigul", "bolat")]}, PERSONS),
        ({PERSONS: [{"name": "aigul", "public_key": public("central")}]}, PERSONS),
        ({PERSONS: [{"name": "Aigul\n", "public_key": public("aigul")}]}, "anchors.persons.0.name"),
        ({DOCUMENT_KEYS: ["nobody"]}, DOCUMENT_KEYS),
        ({"commands.keys": []}, DOCUMENT_KEYS),
    ],
    ids=str,
)
def test_what_is_not_of_its_form_is_refused_and_named(changes, key):
    with pytest.raises(AnchorValueError) as refused:
        changed_anchors(held(), 6, changes)
    assert refused.value.key == key
    assert str(refused.value)


@pytest.mark.parametrize(
    "spoilt",
    [
        {**tables(), "version": 2},
        {**tables(), "lanes": {}},
        {name: table for name, table in tables().items() if name != "anchors"},
        tables(number=0),
        tables(number="5"),
        tables(sealed="no"),
        tables(gate="../other"),
        {**tables(), "state": {"directory": date(2026, 1, 1)}},
        {"version": 1, "anchors": []},
    ],
)
def test_a_file_of_another_form_is_refused(spoilt):
    with pytest.raises(AnchorValueError):
        anchors_of(spoilt)


def test_a_key_or_anything_else_beside_certificates_is_refused(tmp_path):
    authority = Authority(tmp_path)
    certificate, private = authority.ca.read_text(), authority.issue("gate-7")[1].read_text()
    fresh = changed_anchors(held(), 6, {"mqtt.ca": f"# our CA\n{certificate}"})
    assert fresh.values["mqtt.ca"] == certificate
    with pytest.raises(AnchorValueError):
        changed_anchors(held(), 6, {"mqtt.ca": certificate + private})
