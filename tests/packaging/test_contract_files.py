"""The published contract, docs/contract/v1: it is what the code does, and the code cannot break it unnoticed."""

import copy
import hashlib
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.events import app

ROOT = Path(__file__).parents[2]
ASYNCAPI = ROOT / "tests" / "data" / "asyncapi"


@pytest.fixture(scope="module")
def tools():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import contract_changes  # noqa: PLC0415 - the tools are on the path only here
        import contract_files  # noqa: PLC0415

        yield contract_files, contract_changes
        del sys.modules["contract_files"], sys.modules["contract_changes"]


@pytest.fixture(scope="module")
def files(tools):
    return tools[0]


@pytest.fixture(scope="module")
def breaks(tools):
    return tools[1].breaks


def run(*arguments):
    return CliRunner().invoke(app, ["schema", *arguments])


# -------------------------------------------------------------------------------------------- the files and the code


def test_the_code_does_not_break_the_published_contract(files, breaks):
    assert breaks(files.published(), files.made()) == []


def test_the_published_files_are_what_the_code_says(files):
    found = {
        file.relative_to(files.FOLDER).as_posix(): file.read_text("utf-8") for file in files.FOLDER.rglob("*.json")
    }
    made = {f"{name}.json": files.written(document) for name, document in files.made().items()}
    assert found == made, "run: python tools/contract_files.py"


def test_a_contract_that_would_break_the_published_one_is_not_written(files, tmp_path, capsys):
    assert files.main(tmp_path) == 0
    file = tmp_path / "event" / "access.granted.json"
    older = json.loads(file.read_text("utf-8"))
    older["properties"]["data"]["properties"]["visa"] = {"type": "string"}
    file.write_text(json.dumps(older), encoding="utf-8")
    (tmp_path / "ack.json").unlink()
    assert files.main(tmp_path) == 1
    assert "event/access.granted: $.data.visa: removed" in capsys.readouterr().err
    assert not (tmp_path / "ack.json").exists(), "nothing is written"


def test_the_official_schema_is_the_one_of_the_manifest():
    manifest = dict(line.split(maxsplit=1) for line in (ASYNCAPI / "MANIFEST").read_text("utf-8").splitlines())
    raw = (ASYNCAPI / "3.1.0.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == manifest["sha256"]
    assert len(raw) == int(manifest["bytes"])
    assert "Apache License" in (ASYNCAPI / "LICENSE").read_text("utf-8")


# ------------------------------------------------------------------------------------------------------- the command


def test_the_command_prints_the_asyncapi_document(files):
    assert run().stdout == (files.FOLDER / "asyncapi.json").read_text("utf-8")
    assert run("--form", "asyncapi").stdout == run().stdout


@pytest.mark.parametrize("name", ["access.granted", "event/access.granted", "status", "command/open"])
def test_the_command_prints_the_schema_of_one_message(files, name):
    file = name if (files.FOLDER / f"{name}.json").exists() else f"event/{name}"
    assert run("--type", name).stdout == (files.FOLDER / f"{file}.json").read_text("utf-8")


def test_the_command_prints_all_schemas_as_one_document(files):
    printed = json.loads(run("--form", "json-schema").stdout)
    assert printed == {name: one for name, one in files.published().items() if name != "asyncapi"}


def test_the_command_writes_the_files_of_the_published_folder(files, tmp_path):
    told = run("--form", "json-schema", "--out", str(tmp_path))
    assert (told.exit_code, run("--out", str(tmp_path)).exit_code) == (0, 0)
    assert files.published(tmp_path) == files.published()
    assert f"{len(files.published()) - 1} files" in told.stderr


def test_a_message_that_there_is_not_is_refused_with_the_nearest_names():
    refused = run("--type", "acces.granted")
    assert refused.exit_code == 2
    assert "access.granted" in refused.output
    assert run("--type", "ack", "--form", "asyncapi").exit_code == 2


# ------------------------------------------------------------------------------------------------------ the comparer

BASE = {
    "$id": "urn:x:1",
    "type": "object",
    "description": "old words",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^a"},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "kind": {"$ref": "#/$defs/Kind"},
        "many": {"type": "array", "items": {"type": "object", "properties": {"deep": {"type": "string"}}}},
        "free": {"type": "object", "additionalProperties": {"type": "integer"}},
        "either": {"type": "string", "enum": ["a", "b"]},
        "fixed": {"type": "string", "const": "x", "format": "uuid"},
    },
    "required": ["count", "name"],
    "$defs": {"Kind": {"anyOf": [{"type": "string", "enum": ["one", "two"]}, {"type": "string"}]}},
}


OF_TEXT = {"type": "string"}


def open_list(*values):
    return {"anyOf": [{"type": "string", "enum": list(values), "title": "KnownKind"}, {"type": "string"}]}


def put(*steps):
    """A change: `put("a", "b", value)` sets schema["a"]["b"]; without a value (...) it removes."""
    *path, last, value = steps

    def change(schema):
        for step in path:
            schema = schema[step]
        if value is ...:
            del schema[last]
        else:
            schema[last] = value

    return change


FIELDS = "properties"
EVERYWHERE = {
    "a field is removed": put(FIELDS, "count", ...),
    "a field is renamed": lambda schema: schema[FIELDS].update(counter=schema[FIELDS].pop("count")),
    "a field deep inside is removed": put(FIELDS, "many", "items", FIELDS, "deep", ...),
    "a type is changed": put(FIELDS, "count", "type", "string"),
    "a type is narrowed by taking null away": put(FIELDS, "maybe", {"type": "string", "default": None}),
    "an alternative is replaced": put(FIELDS, "maybe", "anyOf", [{"type": "integer"}, {"type": "null"}]),
    "the type of a list's items is changed": put(FIELDS, "many", "items", {"type": "string"}),
    "the type of a mapping's values is changed": put(FIELDS, "free", "additionalProperties", {"type": "string"}),
    "a mapping is closed": put(FIELDS, "free", "additionalProperties", False),
    "a field becomes required": put("required", ["count", "maybe", "name"]),
    "a new field is required": lambda schema: (
        schema[FIELDS].update(new={"type": "string"}),
        schema["required"].append("new"),
    ),
    "an extensible value is removed": put("$defs", "Kind", open_list("one")),
    "a value is renamed": put("$defs", "Kind", open_list("one", "zwei")),
    "a closed value is removed": put(FIELDS, "either", "enum", ["a"]),
    "values that could grow are closed": lambda schema: schema["$defs"].update(
        Kind={"type": "string", "enum": ["one", "two"]}
    ),
    "a least length is raised": put(FIELDS, "name", "minLength", 2),
    "a greatest length is lowered": put(FIELDS, "name", "maxLength", 9),
    "a least value is raised": put(FIELDS, "count", "minimum", 1),
    "a greatest value is lowered": put(FIELDS, "count", "maximum", 8),
    "a limit comes where there was none": put(FIELDS, "count", "exclusiveMaximum", 100),
    "a pattern is changed": put(FIELDS, "name", "pattern", "^b"),
    "a format is taken away": put(FIELDS, "fixed", "format", ...),
    "a constant is changed": put(FIELDS, "fixed", "const", "y"),
    "a default is changed": put(FIELDS, "maybe", "default", "none"),
    "the name of the schema is changed": put("$id", "urn:x:2"),
    "a word comes that nobody judges": put("not", {"required": ["maybe"]}),
}
ONLY_OF_WHAT_IS_SAID = {
    "a field may be absent now": put("required", ["name"]),
    "a type is widened": put(
        FIELDS, "count", {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "null"}]}
    ),
    "a type is left out": put(FIELDS, "name", "type", ...),
    "an alternative is added": put(FIELDS, "maybe", "anyOf", [{"type": "string"}, {"type": "null"}, {"type": "array"}]),
    "a closed list of values grows": put(FIELDS, "either", "enum", ["a", "b", "c"]),
    "a closed list of values is opened": put(FIELDS, "either", "enum", ...),
    "a greatest value is raised": put(FIELDS, "count", "maximum", 10),
    "a least value is lowered": put(FIELDS, "count", "minimum", -1),
    "a limit is taken away": put(FIELDS, "name", "maxLength", ...),
}
NOWHERE = {
    "nothing changes": lambda _schema: None,
    "an optional field is added": put(FIELDS, "new", {"type": "string", "default": ""}),
    "an optional field deep inside is added": put(FIELDS, "many", "items", FIELDS, "new", {"type": "null"}),
    "an extensible value is added": put("$defs", "Kind", open_list("zero", "one", "two")),
    "words are changed": put("description", "new words"),
    "words of a field are added": put(FIELDS, "count", "description", "how many"),
    "a reference is written out": put(FIELDS, "kind", open_list("one", "two")),
    "an open list is written as it was before": put(
        "$defs", "Kind", {"type": "string", "x-extensible-enum": ["one", "two"]}
    ),
    "a field gets a title": put(FIELDS, "count", "title", "Count"),
    "an unused definition goes": lambda schema: (
        put(FIELDS, "kind", open_list("one", "two"))(schema),
        put("$defs", ...)(schema),
    ),
    "alternatives change places": put(FIELDS, "maybe", "anyOf", [{"type": "null"}, {"type": "string"}]),
}


def compared(breaks, name, change):
    new = copy.deepcopy(BASE)
    change(new)
    return breaks({name: BASE}, {name: new})


@pytest.mark.parametrize("what", EVERYWHERE)
@pytest.mark.parametrize("name", ["event/x", "command/x"])
def test_a_break_is_noticed_in_what_is_said_and_in_what_is_read(breaks, name, what):
    assert compared(breaks, name, EVERYWHERE[what])


@pytest.mark.parametrize("what", ONLY_OF_WHAT_IS_SAID)
def test_what_readers_cannot_expect_is_a_break_while_a_gate_may_take_more_than_before(breaks, what):
    assert compared(breaks, "event/x", ONLY_OF_WHAT_IS_SAID[what])
    assert compared(breaks, "command/x", ONLY_OF_WHAT_IS_SAID[what]) == []


@pytest.mark.parametrize("what", NOWHERE)
@pytest.mark.parametrize("name", ["event/x", "command/x"])
def test_growth_is_no_break(breaks, name, what):
    assert compared(breaks, name, NOWHERE[what]) == []


def test_what_may_be_null_is_compared_in_the_same_form_whether_a_list_is_open_by_one_word_or_the_other(breaks):
    old = {"type": "object", "properties": {"kind": {"anyOf": [{"$ref": "#/$defs/Kind"}, {"type": "null"}]}}}
    before = old | {"$defs": {"Kind": {"type": "string", "x-extensible-enum": ["one", "two"]}}}
    assert breaks({"event/x": before}, {"event/x": old | {"$defs": {"Kind": open_list("one", "two")}}}) == []
    assert breaks({"event/x": before}, {"event/x": old | {"$defs": {"Kind": open_list("one")}}})
    closed = {"type": "string", "enum": ["one", "two"]}
    assert breaks({"event/x": before}, {"event/x": old | {"$defs": {"Kind": closed}}})


def test_a_limit_beside_alternatives_is_the_same_as_one_inside_them(breaks):
    beside = {"anyOf": [{"type": "string"}, {"type": "null"}], "format": "date-time"}
    inside = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    old, new = ({"type": "object", "properties": {"at": one}} for one in (beside, inside))
    assert breaks({"event/x": old}, {"event/x": new}) == []
    assert breaks({"event/x": old}, {"event/x": {**new, "properties": {"at": {"anyOf": beside["anyOf"]}}}})


def test_what_the_gate_says_as_any_text_may_become_an_open_list_and_never_a_closed_one(breaks):
    before = {"type": "object", "properties": {"kind": {"type": "string", "description": "What it is."}}}
    opened, closed = ({**before, "properties": {"kind": one}} for one in (open_list("a"), {"enum": ["a"], **OF_TEXT}))
    assert breaks({"event/x": before}, {"event/x": opened}) == []
    assert breaks({"event/x": opened}, {"event/x": before})
    assert breaks({"event/x": before}, {"event/x": closed})
    assert breaks({"command/x": before}, {"command/x": closed})


def test_a_break_says_where_it_is(breaks):
    found = compared(breaks, "event/x", put(FIELDS, "many", "items", FIELDS, "deep", "type", "integer"))
    assert found == ["event/x: $.many[].deep: its type was string and is integer"]


def test_a_message_may_come_and_may_not_go(breaks):
    assert breaks({"event/x": BASE}, {"event/x": BASE, "event/y": BASE}) == []
    assert breaks({"event/x": BASE, "event/y": BASE}, {"event/x": BASE}) == ["event/y: removed"]


def spoilt(files, breaks, *steps):
    old = files.made()["asyncapi"]
    new = copy.deepcopy(old)
    put(*steps)(new)
    return breaks({"asyncapi": old}, {"asyncapi": new})


@pytest.mark.parametrize(
    "steps",
    [
        ("channels", "status", "address", "gate/v1/{gate}/state"),
        ("channels", "status", ...),
        ("operations", "send.status", "bindings", "mqtt", "qos", 0),
        ("operations", "send.status", "bindings", "mqtt", "retain", False),
        ("operations", "send.result.open", "bindings", "mqtt", "messageExpiryInterval", 60),
        ("operations", "receive.ack", "action", "send"),
        ("operations", "receive.ack", ...),
        ("components", "messages", "event.gate.started", "contentType", "application/json"),
        ("components", "schemas", "EventHeaders", "properties", "seq", ...),
    ],
)
def test_a_topic_that_is_published_otherwise_is_a_break(files, breaks, steps):
    assert spoilt(files, breaks, *steps)


@pytest.mark.parametrize(
    "steps",
    [
        ("channels", "event.gate.sold", {"address": "gate/v1/{gate}/event/gate.sold"}),
        ("channels", "status", "summary", "other words"),
        ("components", "messages", "ack", "examples", []),
    ],
)
def test_a_new_topic_and_other_words_are_no_break(files, breaks, steps):
    assert spoilt(files, breaks, *steps) == []
