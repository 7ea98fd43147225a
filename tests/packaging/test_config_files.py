"""Every shipped configuration is valid, complete and up to date."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from agent.settings import load
from agent.settings.configuration_loading import FAMILIES, models
from agent.settings.model.agent import EXAMPLE_ROOT_KEY, Settings
from agent.settings.model.json_schema import schema_text
from drivers import registry

CONFIG = Path(__file__).parents[2] / "config"
MAIN = CONFIG / "gate.toml"
LANES = sorted((CONFIG / "lanes").glob("*.toml"))
SIGNS = sorted((CONFIG / "signs").glob("*.toml"))
NOT_DEFAULTS = ("no default", "No default")


def loaded(path):
    return load(path, environment={}, credentials_directory=None, models=models, relays=registry.relay)


def fields(model, at=()):
    """Every field of the model and of its tables: the header of its table, its name, and the field."""
    for name, field in model.model_fields.items():
        inner = [kind for kind in _kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            yield ".".join(at), name, field
        for kind in inner:
            name_in_file = (name, "lane-1") if name == "lanes" else (name,)
            yield from fields(kind, (*at, *name_in_file))


def _kinds(annotation):
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def sections(text):
    """The lines below each header of the file; a header may be commented out with its keys."""
    found, header = {"": []}, ""
    for line in text.splitlines():
        if match := re.match(r"#?\[+([^\]]+)\]+$", line):
            header = match[1]
            found.setdefault(header, [])
        found[header].append(line)
    return found


def test_the_shipped_configuration_can_be_used_and_warns_of_its_example_key():
    answer = loaded(MAIN)
    assert [problem.key for problem in answer.warnings] == ["permits.root_keys[0]"]
    assert answer.settings.permits.root_keys == (EXAMPLE_ROOT_KEY,)


@pytest.mark.parametrize("lane", LANES, ids=lambda path: path.stem)
def test_a_sample_lane_can_be_used(lane, tmp_path):
    main = tmp_path / "gate.toml"
    shutil.copy(lane, tmp_path)
    text = MAIN.read_text(encoding="utf-8").replace("#include = []", f"include = {json.dumps([lane.name])}")
    main.write_text(text, encoding="utf-8")
    names = set(loaded(main).settings.lanes)
    assert names == {"lane-1", *tomllib.loads(lane.read_text(encoding="utf-8"))["lanes"]}


def test_all_samples_can_be_used_together_where_each_has_its_own_port(tmp_path):
    paths = []
    for number, lane in enumerate(LANES):
        path = tmp_path / lane.name
        text = lane.read_text(encoding="utf-8").replace("/dev/gate-barrier", f"/dev/gate-barrier-{number}")
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    main = tmp_path / "gate.toml"
    text = MAIN.read_text(encoding="utf-8").replace("#include = []", f"include = {json.dumps(paths)}")
    main.write_text(text, encoding="utf-8")
    assert len(loaded(main).settings.lanes) == 1 + len(LANES)


@pytest.mark.parametrize("kind", sorted({*registry.RELAYS.own, *registry.INPUTS.own}))
def test_every_kind_of_board_has_a_sample_that_names_each_of_its_keys(kind):
    text = (CONFIG / "lanes" / f"{kind}.toml").read_text(encoding="utf-8")
    assert f'kind = "{kind}"' in text
    for family in (registry.RELAYS, registry.INPUTS):
        if kind in family:
            for name in registry.settings_model(family, kind).model_fields:
                assert re.search(rf"^#?{name} = ", text, re.MULTILINE), name


@pytest.mark.parametrize("kind", sorted(registry.SCANNERS.own))
def test_every_kind_of_scanner_stands_in_the_sample_with_each_of_its_keys(kind):
    text = (CONFIG / "lanes" / "scanner.toml").read_text(encoding="utf-8")
    assert f'kind = "{kind}"' in text
    for name in registry.settings_model(registry.SCANNERS, kind).model_fields:
        assert re.search(rf"^#?{name} = ", text, re.MULTILINE), name


@pytest.mark.parametrize(("kind", "sample"), [("alsa", "voice"), ("simulated", "simulated")])
def test_every_kind_of_voice_stands_in_a_sample_with_each_of_its_keys(kind, sample):
    assert set(registry.VOICES.own) == {"alsa", "simulated"}
    table = tomllib.loads((CONFIG / "lanes" / f"{sample}.toml").read_text(encoding="utf-8"))["lanes"][sample]["voice"]
    text = (CONFIG / "lanes" / f"{sample}.toml").read_text(encoding="utf-8").partition(".voice]")[2]
    assert table["kind"] == kind
    for name in registry.settings_model(registry.VOICES, kind).model_fields:
        assert re.search(rf"^#?{name} = ", text, re.MULTILINE), name


@pytest.mark.parametrize("kind", sorted(registry.WITNESSES.own))
def test_every_kind_of_witness_stands_in_the_sample_with_each_of_its_keys(kind):
    _, _, text = (CONFIG / "lanes" / "witness.toml").read_text(encoding="utf-8").partition(f'kind = "{kind}"')
    text = text.partition("[[")[0]
    for name in ("camera_lane", *registry.settings_model(registry.WITNESSES, kind).model_fields):
        assert re.search(rf"^#?{name} = ", text, re.MULTILINE), name


@pytest.mark.parametrize("kind", sorted(registry.SIGNS.own))
def test_every_kind_of_sign_has_a_sample_that_names_each_of_its_keys(kind):
    text = (CONFIG / "signs" / f"{kind}.toml").read_text(encoding="utf-8")
    assert f'kind = "{kind}"' in text
    for name, field in registry.settings_model(registry.SIGNS, kind).model_fields.items():
        (shown,) = re.findall(rf"^#({name} = .*)", text, re.MULTILINE) or [""]
        assert shown or re.search(rf"^{name} = ", text, re.MULTILINE), name
        if shown and field.get_default() is not None:
            default = field.get_default()
            value = tomllib.loads(shown)[name]
            assert value == (list(default) if isinstance(default, tuple) else default), name


@pytest.mark.parametrize("sign", SIGNS, ids=lambda path: path.stem)
def test_a_sample_sign_can_be_used_in_a_lane_by_including_it(sign, tmp_path):
    main = tmp_path / "gate.toml"
    shutil.copy(sign, tmp_path)
    text = MAIN.read_text(encoding="utf-8").replace("#include = []", f"include = {json.dumps([sign.name])}")
    main.write_text(text, encoding="utf-8")
    (found,) = loaded(main).settings.lanes["lane-1"].signs
    assert (found.id, found.kind) == ("sign", sign.stem)


@pytest.mark.parametrize(
    ("header", "name", "field"), [pytest.param(*key, id=f"{key[0]}.{key[1]}") for key in fields(Settings)]
)
def test_every_key_stands_in_the_shipped_file_with_its_default(header, name, field):
    lines = sections(MAIN.read_text(encoding="utf-8")).get(header, [])
    number = next((at for at, line in enumerate(lines) if re.match(rf"#?{name} = ", line)), None)
    assert number is not None, f"{header}.{name} is missing in gate.toml"
    comments = []
    for line in reversed(lines[:number]):
        if not line.startswith("#") and comments:
            break
        comments.insert(0, line)
    assert any(line.startswith("# ") for line in comments), f"{header}.{name} has no comment"
    if lines[number].startswith("#") and not any(words in " ".join(comments) for words in NOT_DEFAULTS):
        shown = tomllib.loads(lines[number].removeprefix("#"))[name]
        default = field.get_default()
        assert shown == (list(default) if isinstance(default, tuple) else type(shown)(default))


def test_every_field_has_a_description():
    assert [f"{header}.{name}" for header, name, field in fields(Settings) if not field.description] == []


def test_every_key_of_a_driver_has_a_description():
    for family, table in FAMILIES.items():
        for kind in table:
            for name, field in models(family, kind).model_fields.items():
                assert field.description, f"{family} {kind}: {name}"


def test_the_generated_schema_knows_every_kind_of_device_and_each_of_its_keys():
    schema = json.loads(schema_text(models, {family: tuple(table) for family, table in FAMILIES.items()}))
    forms = {form["title"]: form for model in schema["$defs"].values() for form in model.get("oneOf", ())}
    for family, table in FAMILIES.items():
        for kind in table:
            assert {"kind", *models(family, kind).model_fields} <= set(forms[f"{family} {kind}"]["properties"])


def test_the_shipped_key_is_a_placeholder_nobody_signs_with():
    holders = [path for path in CONFIG.rglob("*") if path.is_file() and EXAMPLE_ROOT_KEY in path.read_text("utf-8")]
    assert holders == [MAIN]
