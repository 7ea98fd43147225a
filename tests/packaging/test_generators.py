"""The judge of `make test-generators`: it has a sample of every schema, and nothing that goes wrong passes it."""

from agent.core.contract.schemas import schemas
from tests.generators.__main__ import Report, samples


def test_there_is_a_sample_of_every_schema():
    assert sorted(one["schema"] for one in samples()) == sorted(schemas())


def test_a_tool_that_finds_nothing_is_one_line_and_no_failure(capsys):
    report = Report()
    report.relayed("ajv", '{"made": "58 schemas", "errors": []}\n')
    report.compiled("javac", "185 classes", 0, "Note: some words")
    assert not report.failed
    assert capsys.readouterr().out.splitlines() == [
        f"{'ajv':<28} {'58 schemas':<52} errors 0",
        f"{'javac':<28} {'185 classes':<52} errors 0",
    ]


def test_an_error_a_compiler_that_ends_badly_and_a_tool_without_a_report_are_failures(capsys):
    for tell, words in (
        (lambda report: report.relayed("ajv", '{"made": "1 schema", "errors": ["ack: no type"]}'), "ack: no type"),
        (lambda report: report.compiled("javac", "1 class", 1, "Ack.java:7: error\n"), "Ack.java:7: error"),
        (lambda report: report.compiled("javac", "1 class", 1, ""), "no word"),
        (lambda report: report.relayed("modelina", "Error: out of memory"), "Error: out of memory"),
        (lambda report: report.relayed("modelina", ""), "no word"),
    ):
        report = Report()
        tell(report)
        assert report.failed
        assert words in capsys.readouterr().out
