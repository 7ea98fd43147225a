"""Lists from a stick into a gate, and a look at what it has: real packs, a real configuration, a
running agent beside.
"""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from agent.cli.lists import app
from agent.clock.clock import Clock
from agent.core.crypto.keys import SigningKey
from agent.core.lists.chunks import pack_chunks
from agent.core.lists.codec import encode_row
from agent.core.lists.signed_list import ListHead, seal_head
from agent.core.model.list_rows import Revocation
from agent.store.registry.list_pack import PackedList, write_pack
from tests.support.lists.lists import (
    DECLARATIONS,
    HOUR_S,
    LISTS_KEY,
    REVOCATIONS,
    ROOT,
    SITE,
    declarations,
    delta,
    head_after,
    revocations,
    snapshot,
    trust_text,
    trusted,
)
from tests.support.store.registries import open_registry

NOW = int(Clock().now().utc)
ROWS = declarations(1500, now=NOW)
TRUST = trust_text(trusted(since=NOW - HOUR_S))
# The command alone, as the last thing that it does: what wait4 says of a child counts the pages of its parent.
PRINT_PEAK_KB = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


class Gate:
    """A configured gate in a folder, and the commands on it."""

    def __init__(self, folder, more=""):
        self.folder = folder
        self.configuration = folder / "gate.toml"
        self.pack = folder / "lists.zip"
        self.configuration.write_text(
            f"""\
version = 1

[gate]
id = "gate-7"
site = {SITE}

[state]
directory = "{folder / "state"}"

[permits]
root_keys = ["{ROOT.public.raw.hex()}"]

[mqtt]
enabled = false

{more}

[lanes.exit-1]
number = 1
direction = "export"
relay = {{ kind = "simulated" }}
"""
        )

    def write(self, *lists, trust=TRUST):
        write_pack(self.pack, trust, lists)

    def run(self, *arguments):
        return CliRunner().invoke(app, [*map(str, arguments), "--config", str(self.configuration)])

    def take(self):
        return self.run("import", self.pack)

    def registry(self):
        return open_registry(self.folder / "state" / "registry.db", utc=NOW)

    def versions(self):
        registry = self.registry()
        try:
            return {each.kind: (each.version, each.rows, each.issued_at) for each in registry.standings()}
        finally:
            registry.close()


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


def whole(kind, rows, version=1, issued_at=NOW, **changes):
    snap = snapshot(kind, rows, version=version, issued_at=issued_at, **changes)
    return snap, PackedList(kind, snap.data, snap.packed)


def test_everything_in_a_pack_is_taken_in_and_said(gate):
    gate.write(whole(DECLARATIONS, ROWS, 7)[1], whole(REVOCATIONS, revocations(ROWS[:2]), 2)[1])
    done = gate.take()
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "trust: version 1 is in force, 1 key",
        "declarations: version 7 is in force, 1,500 rows",
        "revocations: version 2 is in force, 2 rows",
    ]
    assert gate.versions() == {DECLARATIONS: (7, 1500, NOW), REVOCATIONS: (2, 2, NOW)}


def test_a_pack_that_was_taken_in_before_says_so_and_makes_the_lists_fresher(gate):
    snap, packed = whole(DECLARATIONS, ROWS[:5], 7)
    gate.write(packed)
    gate.take()
    gate.write(PackedList(DECLARATIONS, head_after(snap, 7, issued_at=NOW + 60), snap.packed))
    done = gate.take()
    assert (done.exit_code, done.stdout) == (0, "declarations: version 7 is already in force\n")
    assert gate.versions() == {DECLARATIONS: (7, 5, NOW + 60)}


@pytest.mark.parametrize("before", [0, 1, 2])
def test_deltas_in_a_pack_lead_on_from_what_the_gate_has(gate, before):
    snap, _ = whole(DECLARATIONS, ROWS[:5], 1)
    deltas = [
        (version, delta(DECLARATIONS, version - 1, version, upserts=[ROWS[version + 5]], issued_at=NOW + version))
        for version in (2, 3)
    ]
    if before:
        gate.write(PackedList(DECLARATIONS, head_after(snap, before, issued_at=NOW), snap.packed, deltas[: before - 1]))
        assert gate.take().exit_code == 0
    gate.write(PackedList(DECLARATIONS, head_after(snap, 3, issued_at=NOW + 9), snap.packed, deltas))
    done = gate.take()
    assert done.exit_code == 0, done.output
    assert done.stdout.count("declarations: version") == 3 - before
    assert gate.versions() == {DECLARATIONS: (3, 7, NOW + 9)}


def test_a_chunk_that_is_missing_or_wrong_leaves_the_old_list_and_the_other_lists_are_taken(gate):
    gate.write(whole(DECLARATIONS, ROWS[:5], 1)[1])
    gate.take()
    snap, _ = whole(DECLARATIONS, ROWS, 2)
    for chunks, code in ((snap.packed[:-1], "chunk_missing"), (snap.packed[::-1], "chunk_wrong")):
        gate.write(PackedList(DECLARATIONS, snap.data, chunks), whole(REVOCATIONS, revocations(ROWS[:1]))[1])
        done = gate.take()
        assert done.exit_code == 1
        assert f"declarations: refused ({code})" in done.stderr
        assert "the lists in force stay" in done.stderr
    assert {kind: version for kind, (version, *_) in gate.versions().items()} == {DECLARATIONS: 1, REVOCATIONS: 1}


def test_an_older_pack_and_one_that_does_not_lead_to_its_head_are_refused(gate):
    gate.write(whole(DECLARATIONS, ROWS[:5], 7)[1])
    gate.take()
    gate.write(whole(DECLARATIONS, ROWS[:4], 6)[1])
    done = gate.take()
    assert done.exit_code == 1
    assert "refused (rolled_back): the pack has version 6, while version 7 is in use" in done.stderr
    snap, _ = whole(DECLARATIONS, ROWS[:4], 8)
    gate.write(PackedList(DECLARATIONS, head_after(snap, 9, issued_at=NOW), snap.packed))
    done = gate.take()
    assert done.exit_code == 1
    assert "refused (gap)" in done.stderr
    assert gate.versions()[DECLARATIONS] == (8, 4, NOW)


def test_a_pack_of_foreign_keys_is_refused_part_by_part(gate):
    foreign = trust_text(trusted(since=NOW - HOUR_S), root=SigningKey.from_seed(b"f" * 32))
    gate.write(whole(DECLARATIONS, ROWS[:5])[1], trust=foreign)
    done = gate.take()
    assert done.exit_code == 1
    assert "trust: refused (root_unknown)" in done.stderr
    assert "declarations: refused (key_unknown)" in done.stderr
    assert gate.versions() == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no zip at all", "no pack of lists"), (None, "cannot be read"), (b"", "no pack of lists")],
)
def test_a_file_that_is_no_pack_is_said_in_one_line(gate, content, words):
    if content is not None:
        gate.pack.write_bytes(content)
    done = gate.take()
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_configuration_ends_with_78(gate):
    gate.configuration.write_text("version = 1\n")
    assert gate.take().exit_code == 78
    assert gate.run("show").exit_code == 78


def test_a_running_agent_has_the_lists_at_once(gate):
    beside = gate.registry()
    gate.write(whole(DECLARATIONS, ROWS, 7)[1])
    assert gate.take().exit_code == 0
    assert beside.declaration(ROWS[0].permit_id) == ROWS[0]
    assert [applied.source for applied in beside.last_applied(untold=True)] == ["file", "file"], "for the agent to tell"
    beside.close()


def many(count):
    """A list of so many revocations with long causes."""
    rows = (Revocation(number.to_bytes(8, "big"), NOW + HOUR_S, f"{number} {'x' * 150}") for number in range(count))
    chunks = list(pack_chunks(map(encode_row, rows)))
    head = ListHead(REVOCATIONS, SITE, 1, NOW, NOW + 24 * HOUR_S, 1, tuple(chunk.ref for chunk in chunks))
    return PackedList(REVOCATIONS, seal_head(head, LISTS_KEY), [chunk.data for chunk in chunks])


def test_a_list_beyond_the_configured_size_is_refused_with_the_key_to_change(tmp_path):
    gate = Gate(tmp_path, "[lists]\nmax_mb = 16\n")
    gate.write(many(40_000))
    done = gate.take()
    assert done.exit_code == 1
    assert "revocations: refused (disk_full)" in done.stderr
    assert "lists.max_mb" in done.stderr
    assert gate.versions() == {}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_million_rows_are_taken_in_within_bounded_memory(tmp_path):
    gate = Gate(tmp_path)
    gate.write(many(1_000_000))
    code = f"from agent.cli.lists import app\ntry:\n    app()\nfinally:\n    {PRINT_PEAK_KB}"
    command = [sys.executable, "-c", code, "import", gate.pack, "--config", gate.configuration]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1,000,000 rows" in done.stdout
    assert int(done.stdout.splitlines()[-1]) < 200_000


# --------------------------------------------------------------------------------------------------------------- show


def test_show_says_what_there_is_and_what_that_allows(gate):
    assert "no agent and no import has run here" in gate.run("show").stderr
    # Issued now, not when this file was loaded: what is shown goes by the age.
    issued_at = int(Clock().now().utc)
    gate.write(whole(DECLARATIONS, ROWS, 7, issued_at=issued_at)[1])
    gate.take()
    shown = gate.run("show")
    assert shown.exit_code == 0, shown.output
    trust, listed = shown.stdout.splitlines()[1:3]
    assert "valid until" in trust
    assert listed.split()[:3] == ["declarations", "7", "1,500"]
    assert LISTS_KEY.public.key_id.hex() in listed
    assert f"site {SITE}: FRESH" in shown.stdout
    said = json.loads(gate.run("show", "--json").stdout)
    assert said["state"] == "FRESH"
    assert [(each["list"], each["version"], each["rows"], each["source"]) for each in said["lists"]] == [
        ("trust", 1, 1, "file"),
        ("declarations", 7, 1500, "file"),
    ]
    assert 0 <= said["lists"][1]["age_s"] < 86_400


def test_show_says_that_a_needed_list_is_missing(tmp_path):
    gate = Gate(tmp_path, '[lists]\nrequire = ["declarations"]\n')
    gate.write()
    assert gate.take().exit_code == 0
    shown = gate.run("show")
    assert "TOO_OLD; needed: declarations" in shown.stdout
