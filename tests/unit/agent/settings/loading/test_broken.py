"""Broken configuration files: each mistake is told with its line, its column and the nearest word,
all of them at once.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.settings import SettingsError
from agent.settings.toml.files import LARGEST_BYTES
from tests.support.gate.config_files import GOOD, HEAD, loaded

CAMERA = '[[lanes.out.cameras]]\nid = "front"\nkind = "cam"\nurl = "rtsp://10.0.0.5/stream"\n'
RELAY = '[lanes.out.relay]\nkind = "board"\nport = "/dev/gate-barrier"'
BROKERS = 'brokers = ["mqtts://broker.example"]'


def good(*changes):
    """The good file, changed."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def add(table, lines):
    """The good file with lines at the beginning of a table."""
    return good((table, f"{table}\n{textwrap.dedent(lines).strip()}"))


# A name, the file, and every mistake in it: line, column, key, what is said of it, and the nearest word.
BROKEN = [
    # ------------------------------------------------------------------------------------------------- keys
    ("a misspelt key", good(("site = 7", "sight = 7")), [(6, 1, "gate.sight", "no such key", "site")]),
    ("a misspelt section", good(("[mqtt]", "[mqqt]")), [(11, 2, "mqqt", "no such key", "mqtt")]),
    (
        "a misspelt table of a lane",
        good(("[lanes.out.signals]", "[lanes.out.singals]")),
        [(25, 2, "lanes.out.singals", "no such key", "signals")],
    ),
    (
        "a misspelt key of a driver",
        good(('port = "/dev/gate-barrier"', 'prot = "/dev/gate-barrier"')),
        [(20, 1, "lanes.out.relay.prot", "no such key", "port")],
    ),
    (
        "a misspelt key in an array of tables",
        good(('url = "rtsp', 'ulr = "rtsp')),
        [(32, 1, "lanes.out.cameras[0].ulr", "no such key", "url")],
    ),
    (
        "a key of another table",
        good(("number = 1", "number = 1\nread_s = 5")),
        [(16, 1, "lanes.out.read_s", "expected one of number, direction", "")],
    ),
    (
        "what a second table of an array lacks",
        GOOD + '[[lanes.out.cameras]]\nid = "back"\nkind = "cam"\n',
        [(33, 3, "lanes.out.cameras[1].url", "is required", "")],
    ),
    (
        "a table below an array of tables",
        GOOD + "[lanes.out.cameras.more]\nx = 1\n",
        [(33, 2, "lanes.out.cameras[0].more", "no such key", "")],
    ),
    (
        "an inline table",
        HEAD + '[lanes]\nout = { number = 1, direction = "exprt", '
        'relay = { kind = "board", port = "/dev/x", chanels = 2 } }\n',
        [
            (14, 21, "lanes.out.direction", 'expected one of "export", "import"', "export"),
            (14, 85, "lanes.out.relay.chanels", "no such key", "channels"),
        ],
    ),
    (
        "inline tables in a list of several lines",
        good(
            (CAMERA, ""),
            (
                'direction = "export"',
                (
                    'direction = "export"\ncameras = [\n  { id = "front", kind = "cam", url = "x" },  # [{\n'
                    '  { id = "back", kind = "cam", ulr = "x", readers = ["qr", "plat"] },\n]'
                ),
            ),
        ),
        [
            (19, 32, "lanes.out.cameras[1].ulr", "no such key", "url"),
            (19, 60, "lanes.out.cameras[1].readers[1]", 'one of "qr", "plate", "vin"', "plate"),
        ],
    ),
    (
        "quoted keys",
        good(("[lanes.out.signals]\npresence", '[lanes."out".\'signals\']\n"presense"')),
        [(26, 1, "lanes.out.signals.presense", "no such key", "presence")],
    ),
    ("a quoted key with a dot", add("[mqtt]", '"win.dow" = 5'), [(12, 1, 'mqtt."win.dow"', "no such key", "window")]),
    ("an escaped key", add("[mqtt]", r'"windo\u0077s" = 5'), [(12, 1, "mqtt.windows", "no such key", "window")]),
    ("a Chinese key", add("[mqtt]", '"端口" = 5'), [(12, 1, 'mqtt."端口"', "expected one of enabled, brokers", "")]),
    (
        "dotted keys",
        HEAD + '[lanes]\nout.number = 99\nout."direction" = "export"\nout.relay.kind = "board"\nout.relay.prot = "x"\n',
        [(14, 1, "lanes.out.number", "from 1 to 64; got 99", ""), (17, 1, "lanes.out.relay.prot", "no such", "port")],
    ),
    (
        "a dotted key with spaces",
        good(("number = 1", "number = 1\n  timing . reed_s = 5")),
        [(16, 3, "lanes.out.timing.reed_s", "no such key", "read_s")],
    ),
    (
        "a text of several lines that looks like a key",
        add("[mqtt]", 'username = """a\nwindow = 5\n"""\nwindow = 0'),
        [(15, 1, "mqtt.window", "from 1 to 1000; got 0", "")],
    ),
    (
        "a literal text of several lines that looks like a table",
        add("[mqtt]", "username = '''\n[gate]\nsite = 0\n'''\nkeepalive_s = 1"),
        [(16, 1, "mqtt.keepalive_s", "from 5 to 1200; got 1", "")],
    ),
    (
        "an item in a list of several lines",
        good(('kind = "cam"', 'kind = "cam"\nreaders = [\n  "qr",  # ]\n  "plat",\n]')),
        [(34, 3, "lanes.out.cameras[0].readers[1]", 'one of "qr", "plate", "vin"', "plate")],
    ),
    # ------------------------------------------------------------------------------------------------- set twice
    ("a key twice", good(("site = 7", 'site = 7\nid = "x"')), [(7, 1, "", "this key was set before, in line 5", "")]),
    ("a table twice", GOOD + "\n[gate]\nsite = 8\n", [(34, 2, "", "this table was set before, in line 4", "")]),
    (
        "a key twice in an inline table",
        good((RELAY, 'relay = { kind = "board", kind = "board", port = "x" }')),
        [(18, 27, "", "this key was set before, in the same table", "")],
    ),
    (
        "a table after its own dotted key",
        good(("[gate]", "gate.site = 7\n[gate]")),
        [(5, 2, "", "this table was set before, in line 4", "")],
    ),
    (
        "a list of several lines before its second",
        add("[mqtt]", 'window = 5\nbrokers = [\n  "mqtts://a",\n]'),
        [(16, 1, "", "this key was set before, in line 13", "")],
    ),
    (
        "two keys twice",
        good(("site = 7", "site = 7\nsite = 8"), ("safety = 2", "safety = 2\nsafety = 3")),
        [(7, 1, "", "set before, in line 6", ""), (29, 1, "", "set before, in line 28", "")],
    ),
    # ------------------------------------------------------------------------------------------------- values
    (
        "values of wrong types",
        good(("site = 7", 'site = "7"'), ("presence = 1", "presence = true"), ('kind = "bits"', "kind = 5")),
        [
            (6, 1, "gate.site", 'got "7"', ""),
            (23, 1, "lanes.out.inputs.kind", "a text in quotes; got 5", ""),
            (26, 1, "lanes.out.signals.presence", "got true", ""),
        ],
    ),
    (
        "a table for a value",
        good(('id = "gate-7"\nsite = 7', "site = 7\n[gate.id]\nx = 1")),
        [(6, 2, "gate.id", "a text in quotes; got a table", "")],
    ),
    (
        "a value for a table",
        good((RELAY, ""), ("number = 1", 'number = 1\nrelay = "board"')),
        [(16, 1, "lanes.out.relay", 'expected a table; got "board"', "")],
    ),
    (
        "a table for an array of tables",
        good(("[[lanes.out.cameras]]", "[lanes.out.cameras]")),
        [(29, 2, "lanes.out.cameras", "expected a list; got a table", "")],
    ),
    (
        "an array of tables for a table",
        HEAD + "[[lanes]]\nnumber = 1\n",
        [(13, 3, "lanes", "expected a table; got a list of 1", "")],
    ),
    ("a value for a lane", HEAD + "[lanes]\nout = 5\n", [(14, 1, "lanes.out", "expected a table; got 5", "")]),
    ("a date", good(("site = 7", "site = 2026-01-01")), [(6, 1, "gate.site", "got 2026-01-01", "")]),
    (
        "numbers out of range",
        good(("site = 7", "site = 0"), ("number = 1", "number = 65"), ("[mqtt]", "[mqtt]\nwindow = 1001")),
        [
            (6, 1, "gate.site", "from 1 to 4294967295; got 0", ""),
            (12, 1, "mqtt.window", "from 1 to 1000; got 1001", ""),
            (16, 1, "lanes.out.number", "from 1 to 64; got 65", ""),
        ],
    ),
    (
        "numbers that are none",
        good((RELAY, "[lanes.out.timing]\nread_s = nan\npass_s = inf\nclear_s = -1\n" + RELAY)),
        [
            (19, 1, "lanes.out.timing.read_s", "from 1 to 600; got nan", ""),
            (20, 1, "lanes.out.timing.pass_s", "from 1 to 3600; got inf", ""),
            (21, 1, "lanes.out.timing.clear_s", "from 0.1 to 30; got -1", ""),
        ],
    ),
    (
        "a number of five thousand digits",
        good(("site = 7", f"site = {'9' * 5000}")),
        [(6, 8, "", "expected a number with fewer digits", "")],
    ),
    (
        "unknown words of fixed choices",
        good(('direction = "export"', 'direction = "exports"'), ("[mqtt]", '[mqtt]\nack_mode = "pubback"'))
        + '[log]\nlevel = "warn"\nformat = "jsn"\n',
        [
            (12, 1, "mqtt.ack_mode", 'one of "watermark", "puback"; got "pubback"', "puback"),
            (17, 1, "lanes.out.direction", 'got "exports"', "export"),
            (35, 1, "log.level", 'got "warn"', "warning"),
            (36, 1, "log.format", 'got "jsn"', "json"),
        ],
    ),
    (
        "unknown drivers",
        good(('kind = "board"', 'kind = "bord"'), ('kind = "bits"', 'kind = "bit"'), ('kind = "cam"', 'kind = "ca"')),
        [
            (19, 1, "lanes.out.relay.kind", "no driver of kind 'bord'; expected one of board", "board"),
            (23, 1, "lanes.out.inputs.kind", "no driver of kind 'bit'", "bits"),
            (31, 1, "lanes.out.cameras[0].kind", "no driver of kind 'ca'", "cam"),
        ],
    ),
    (
        "what a driver does not take",
        add('port = "/dev/gate-barrier"', 'channels = 9\nmode = "puls"'),
        [
            (21, 1, "lanes.out.relay.channels", "from 1 to 8; got 9", ""),
            (22, 1, "lanes.out.relay.mode", 'one of "plain", "pulsed"', "pulsed"),
        ],
    ),
    (
        "keys that do not fit together",
        good(("safety = 2", "safety = 1")),
        [(27, 1, "lanes.out.signals.safety", "", "")],
    ),
    # ------------------------------------------------------------------------------------------------- bytes
    ("a mark of byte order", "\ufeff" + good(("site = 7", "site = 0")), [(6, 1, "gate.site", "got 0", "")]),
    (
        "a mark of byte order before the first key",
        "\ufeff" + GOOD.lstrip().replace("version = 1", "version = 2"),
        [(1, 1, "version", "expected 1; got 2", "")],
    ),
    (
        "a mark of byte order further down",
        good(("site = 7", "\ufeffsite = 7")),
        [(6, 1, "", "U+FEFF (ZERO WIDTH NO-BREAK SPACE) is not allowed here", "")],
    ),
    (
        "Windows line ends",
        good(("site = 7", "site = 0"), ("safety = 2", "safty = 2")).replace("\n", "\r\n"),
        [(6, 1, "gate.site", "got 0", ""), (27, 1, "lanes.out.signals.safty", "no such key", "safety")],
    ),
    (
        "mistakes of syntax between Windows line ends",
        good(("site = 7", "site 7"), ("safety = 2", "safety = two")).replace("\n", "\r\n"),
        [(6, 6, "", 'expected "=" after the key', ""), (27, 10, "", "expected a value", "")],
    ),
    (
        "a lone carriage return",
        good(("site = 7\n", "site = 7\rx = 1\n")),
        [(6, 9, "", "expected the end of the line", "")],
    ),
    ("tabs", good(("site = 7", "\t\tsite\t=\t0")), [(6, 3, "gate.site", "got 0", "")]),
    ("a space that is none", good(("site = 7", "\u00a0site = 7")), [(6, 1, "", "U+00A0 (NO-BREAK SPACE)", "")]),
    (
        "typographic quotes",
        good(('"gate-7"', "\u201cgate-7\u201d")),
        [(5, 6, "", "U+201C (LEFT DOUBLE QUOTATION MARK)", "")],
    ),
    ("another encoding", good(("site = 7", "site = 7  # 通道")).encode("gb18030"), [(6, 14, "", "UTF-8 text", "")]),
    ("two bytes a character", GOOD.encode("utf-16"), [(1, 1, "", "UTF-8 text", "")]),
    ("a NUL", good(('"gate-7"', '"gate\0-7"')), [(5, 11, "", "Illegal character", "")]),
    (
        "NULs that are escaped",
        good(('"/dev/gate-barrier"', r'"/dev/gate\u0000"'), ("[mqtt]", '[mqtt]\nca_file = "a\\u0000b"')),
        [
            (12, 1, "mqtt.ca_file", "without NUL characters", ""),
            (21, 1, "lanes.out.relay.port", "without NUL characters", ""),
        ],
    ),
    (
        "nothing",
        "",
        [(1, 1, name, "is required", "") for name in ("version", "gate", "permits", "lanes")]
        + [(1, 1, "mqtt.brokers", "expected at least one broker", "")],
    ),
    # ------------------------------------------------------------------------------------------------- syntax
    (
        "five mistakes of syntax",
        good(
            ('id = "gate-7"', "id = gate-7"),
            ("[mqtt]", "[mqtt"),
            ('direction = "export"', "direction ="),
            ("presence = 1", "presence 1"),
            ('id = "front"', 'id = "front'),
        ),
        [
            (5, 6, "", "expected a value", ""),
            (11, 6, "", "Expected ']'", ""),
            (16, 12, "", "expected a value", ""),
            (26, 10, "", 'expected "="', ""),
            (30, 12, "", "the text has no closing quote", ""),
        ],
    ),
    (
        "a text of several lines without its end",
        add("[mqtt]", 'username = """abc'),
        [(12, 12, "", "the text has no closing quotes", "")],
    ),
    (
        "a list without its end, between other mistakes",
        good((BROKERS, BROKERS.replace("]", ",")), ("site = 7", "site = seven"), ("safety = 2", "safety 2")),
        [
            (6, 8, "", "expected a value", ""),
            (12, 11, "", "the bracket [ is never closed", ""),
            (27, 8, "", 'expected "=" after the key', ""),
        ],
    ),
    (
        "an inline table without its end",
        good((RELAY, 'relay = { kind = "board", port = "x"')),
        [(18, 9, "", "the bracket { is never closed", "")],
    ),
    (
        "an inline table of two lines",
        good((RELAY, 'relay = { kind = "board",\n  port = "x" }'), ("safety = 2", "safety = two")),
        [(18, 26, "", "must be on one line", ""), (26, 10, "", "expected a value", "")],
    ),
    (
        "a backslash",
        good(('"/dev/gate-barrier"', '"C:\\dev"')),
        [(20, 13, "", "write a backslash twice", "")],
    ),
    (
        "YAML",
        "version: 1\ngate:\n  id: gate-7\n",
        [(1, 8, "", 'expected "="', ""), (2, 5, "", 'expected "="', ""), (3, 5, "", 'expected "="', "")],
    ),
    ("JSON", '{"version": 1}\n', [(1, 1, "", "expected a key, a [table] or a comment", "")]),
    ("brackets without end", "a = " + "[" * 100_000, [(1, 5, "", "nested too deeply", "")]),
    ("a tower of brackets", f"{GOOD}x = {'[' * 500}{']' * 500}\n", [(33, 66, "", "nested too deeply", "")]),
    ("a key of five thousand parts", f"[{'.'.join('a' * 5000)}]\n", [(1, 2, "", "nested too deeply", "")]),
]


def found(path):
    with pytest.raises(SettingsError) as caught:
        loaded(path)
    return caught.value.problems


@pytest.mark.parametrize(("text", "mistakes"), [pytest.param(*row[1:], id=row[0]) for row in BROKEN])
def test_every_mistake_is_told_with_its_place_and_the_nearest_word_and_nothing_else_is(tmp_path, text, mistakes):
    path = tmp_path / "gate.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    told = [(problem.spot.line, problem.spot.column, problem.key, problem.hint) for problem in found(path)]
    assert told == [(line, column, key, hint) for line, column, key, _, hint in mistakes]
    for problem, (_, _, _, words, _) in zip(found(path), mistakes, strict=True):
        assert words in problem.message
        assert problem.source == str(path)


def test_there_are_more_than_forty_broken_files():
    assert len({name for name, _, _ in BROKEN}) == len(BROKEN) > 40


def test_mistakes_in_included_files_are_told_together_with_those_of_the_first(tmp_path):
    (tmp_path / "gate.toml").write_text(
        good(("version = 1", 'version = 1\ninclude = ["a.toml", "b.toml"]'), ("site = 7", "site = 0"))
    )
    (tmp_path / "a.toml").write_text("[log]\nlevle = 'info'\n")
    (tmp_path / "b.toml").write_text("[journal]\nmax_mb = 1\n")
    told = [
        (Path(problem.source).name, problem.spot.line, problem.key, problem.hint)
        for problem in found(tmp_path / "gate.toml")
    ]
    assert told == [
        ("a.toml", 2, "log.levle", "level"),
        ("b.toml", 2, "journal.max_mb", ""),
        ("gate.toml", 7, "gate.site", ""),
    ]


def test_a_file_that_is_huge_endless_or_no_file_is_refused_at_once(tmp_path):
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"# " + b"x" * LARGEST_BYTES)
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for path, words in (
        (huge, "It is larger than 256 kB"),
        (pipe, "It is not a regular file"),
        ("/dev/zero", "is not a .toml file in the folder of the configuration"),
    ):
        main = tmp_path / "gate.toml"
        main.write_text(good(("version = 1", f'version = 1\ninclude = ["{path}"]')))
        (problem,) = found(main)
        assert (problem.spot.line, problem.spot.column) == (3, 12)
        assert words in problem.message


def test_the_name_of_an_included_file_may_hold_anything(tmp_path):
    for name in (r"a\u0000b.toml", f"{'x' * 5000}.toml", "*.toml", "\\ud7ff.toml"):
        main = tmp_path / "gate.toml"
        main.write_text(good(("version = 1", f'version = 1\ninclude = ["{name}"]')))
        (problem,) = found(main)
        assert problem.key == "include"
        assert "cannot be read" in problem.message


def test_thousands_of_mistakes_are_told_in_a_time_that_grows_with_their_number(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(add("[mqtt]", "\n".join(f"k{number} = {number}" for number in range(5000))))
    assert len(found(path)) == 5000


def test_a_mistake_beside_the_right_key_hides_none_of_that_keys_own(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(good(("site = 7", "site = 0\nsight = 7")))
    assert [(problem.key, problem.hint) for problem in found(path)] == [("gate.site", ""), ("gate.sight", "site")]


PIECES = ["[", "]", "{", "}", '"', '"""', "'''", "=", ",", ".", "#", "\n", "\r\n", "\\", "\0", "\ufeff", "通", "x", "0"]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=5)
)
def test_whatever_is_done_to_a_file_it_is_read_or_its_mistakes_have_places_in_it(tmp_path, cuts):
    text = GOOD
    for at, length, piece in cuts:
        text = text[:at] + piece + text[at + length :]
    path = tmp_path / "gate.toml"
    path.write_bytes(text.encode())
    try:
        loaded(path)
    except SettingsError as error:
        lines = text.replace("\r\n", "\n").split("\n")
        for problem in error.problems:
            if problem.spot is not None:
                assert 1 <= problem.spot.line <= len(lines)
                assert 1 <= problem.spot.column <= len(lines[problem.spot.line - 1]) + 2
