"""What the helper is asked: nothing that is not of its strict form."""

from __future__ import annotations

import json

import pytest

from agent.core.anchors import (
    REQUEST_LIMIT_BYTES,
    ChangeRequest,
    HelperAnswer,
    RequestInvalidError,
    SealRequest,
    answer_bytes,
    parsed_answer,
    parsed_request,
    request_bytes,
)


@pytest.mark.parametrize("request_", [ChangeRequest(signatures=("a.b.c", "d.e.f")), SealRequest()])
def test_a_request_is_read_as_it_was_written(request_):
    assert parsed_request(request_bytes(request_).rstrip(b"\n")) == request_


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"op":"seal"',
        b'{"op":"seal","op":"change"}',
        b'{"op":"seal","number":3}',
        b'{"op":"adopt","values":{}}',
        b'{"op":"change"}',
        b'{"op":"change","signatures":[]}',
        b'{"op":"change","signatures":"abc"}',
        b'{"op":"change","signatures":[1]}',
        b'{"op":"change","signatures":["a","b","c","d","e"]}',
        b'{"op":"change","signatures":["a"],"sender":"root"}',
        b'{"op":["change"],"signatures":["a"]}',
        b'{"op":"change","signatures":[1.5]}',
        b"[" * 100_000,
        b'{"op":"change","signatures":["' + b"a" * 60_000 + b'"]}',
        b" " * (REQUEST_LIMIT_BYTES + 1),
    ],
    ids=range(20),
)
def test_nothing_else_is_a_request(data):
    with pytest.raises(RequestInvalidError):
        parsed_request(data)


def test_an_answer_is_read_as_it_was_written_and_nothing_else_is():
    answer = HelperAnswer(done=False, fault="expired", why="it has expired")
    assert parsed_answer(answer_bytes(answer)) == answer
    assert b"message" not in answer_bytes(answer)
    for data in (b"", b"{}", b'{"done":"yes"}', json.dumps({"done": True, "more": 1}).encode()):
        with pytest.raises(RequestInvalidError):
            parsed_answer(data)
