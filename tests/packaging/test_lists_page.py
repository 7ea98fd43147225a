"""The page docs/lists.md: what it says of names, numbers and bytes is what the code does, and its example runs."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.broker.addresses import BrokerAddress
from agent.core.lists import chunks, codec, signed_list
from agent.core.lists.errors import ListFault
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus, Subject
from agent.core.permit import trust
from agent.lists.topics import ListTopics
from agent.mqtt.one_shot_client import OneShotClient
from central.publishing import publisher
from central.publishing.broker_upload import survey
from central.publishing.sources import COLUMNS, REQUIRED
from tests.support.lists.lists import LISTS_KEY, declarations, trust_text, trusted
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.pki.permits import NOW
from tests.support.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs" / "lists.md").read_text()


def part(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def number(value):
    return f"{value:,}"


def test_every_column_of_the_files_is_in_the_table_and_those_that_must_be_filled_are_bold():
    table = part("The files")
    for kind, columns in COLUMNS.items():
        for column in columns:
            assert (f"**`{column}`**" if column in REQUIRED[kind] else f"`{column}`") in table, column
    for word in (*DeclarationStatus, *Subject):
        assert f"`{word}`" in table


def test_the_topics_are_those_of_the_code():
    topics, root = ListTopics(9411), "site/v1/9411/lists"
    named = re.findall(r"^\| `([^`]+)` \|", part("Topics"), re.MULTILINE)
    values = {"kind": ListKind.WATCH, "snapshot": 7, "n": 0, "version": 9}
    assert [f"{root}/{topic.format(**values)}" for topic in named] == [
        topics.trust,
        topics.head(ListKind.WATCH),
        topics.chunk(ListKind.WATCH, 7, 0),
        topics.delta(ListKind.WATCH, 9),
        topics.want(ListKind.WATCH),
    ]


def test_the_words_for_refusals_are_all_there():
    words = part("The bytes").split("`lists.refused`: ")[1].split(".\n")[0]
    assert re.findall(r"`(\w+)`", words) == list(ListFault)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("The bytes", f"A row has {number(codec.MAX_ROW_BYTES)} bytes at most"),
        ("The bytes", f"head ({signed_list.MAX_HEAD_BYTES >> 10} KiB at most)"),
        ("The bytes", f"delta ({signed_list.MAX_DELTA_BYTES >> 10} KiB at most)"),
        ("The bytes", f"array of chunks, {number(signed_list.MAX_CHUNKS)} at most"),
        ("The bytes", f"new or again, {number(signed_list.MAX_DELTA_ROWS)} at most"),
        ("The bytes", f"about {chunks.CHUNK_BYTES >> 10} KiB inflated, {chunks.MAX_CHUNK_BYTES >> 20} MiB at most"),
        ("The bytes", f"{chunks.MAX_CHUNK_SIZE >> 10} KiB as sent,\n{number(chunks.MAX_CHUNK_ROWS)} rows"),
        ("The bytes", "purpose 2"),
        ("Versions", f"after {publisher.MAX_DELTAS} deltas, or when their rows exceed a fifth"),
        (
            "Versions",
            f"more than {number(signed_list.MAX_DELTA_ROWS)}\nrows or {signed_list.MAX_DELTA_BYTES >> 10} KiB",
        ),
    ],
)
def test_the_numbers_are_those_of_the_code(title, said):
    assert said in part(title)


def test_the_numbers_of_statuses_subjects_and_purposes_are_those_of_the_code():
    text = part("The bytes")
    assert ", ".join(f"{code} {status}" for code, status in codec.STATUSES.items()) in text
    assert f"1 {ListKind.DECLARATIONS}, 2 {ListKind.REVOCATIONS}, 3 {ListKind.WATCH}" in text
    assert [subject.value for subject in codec.SUBJECTS.values()] == ["permit", "vin", "plate", "declaration"]
    assert list(trust.Purpose).index(trust.Purpose.LISTS) + 1 == 2
    assert publisher.DELTA_SHARE == 1 / 5


@needs_mosquitto
def test_the_example_in_python_publishes_what_it_says(tmp_path):
    example = part("From a program").split("```python\n")[1].split("```")[0]
    with Broker(tmp_path) as broker, ExitStack() as stack:
        for shown, real in (
            ("/var/lib/lists-9411", str(tmp_path / "lists")),
            ("mqtts://broker.example:8884", f"mqtt://127.0.0.1:{broker.port}"),
            ("survey(client, 9411)", "survey(client, 9411, 0.2)"),
            ("timeout_s=1.0", "timeout_s=0.1"),
            ('TlsFiles(Path("ca.crt"), Path("central.crt"), Path("central.key"))', "TlsFiles()"),
            ('Path("lists.pem")', f"Path({str(tmp_path / 'lists.pem')!r})"),
            ('Path("trust-list.txt")', f"Path({str(tmp_path / 'trust-list.txt')!r})"),
        ):
            assert shown in example
            example = example.replace(shown, real)
        rows = declarations(20)
        (tmp_path / "lists.pem").write_bytes(LISTS_KEY.to_pem())
        (tmp_path / "trust-list.txt").write_bytes(trust_text(trusted()))
        names = {"declarations": rows, "permit_id": rows[0].permit_id, "expires_at": NOW}
        exec(compile(example, "lists.md", "exec"), names)  # noqa: S102 - the page's own words
        stack.callback(names["database"].close)
        with OneShotClient(BrokerAddress.parse(f"mqtt://127.0.0.1:{broker.port}")) as client:
            heads = eventually(lambda: len(heads := survey(client, 9411, 0.2).heads) == 2 and heads, what="both heads")
        found = {kind: signed_list.read_head(data).said for kind, data in heads.items()}
    assert {kind: (head.version, head.rows) for kind, head in found.items()} == {
        ListKind.DECLARATIONS: (1, 20),
        ListKind.REVOCATIONS: (1, 1),
    }
