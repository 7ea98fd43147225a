"""W3C trace contexts: what is one, and the spans inside it. The table of texts is tools/vectors/trace_contexts.py."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import (
    TRACEPARENT,
    TraceContext,
    span_id_of,
    span_of_command,
    span_of_transaction,
    trace_id_of,
    trace_of,
    trace_of_octets,
)
from tools.vectors.trace_contexts import PARENTS, STATES

TRACE = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
IDS = st.tuples(st.binary(min_size=16, max_size=16).filter(any), st.binary(min_size=8, max_size=8).filter(any))


@pytest.mark.parametrize(("name", "text", "right"), PARENTS)
def test_a_traceparent_is_taken_whole_or_not_at_all(name, text, right):
    found = trace_of(text)
    assert (found is not None) is right, name
    assert found is None or found.parent == text


@pytest.mark.parametrize(("name", "text", "kept"), STATES)
def test_a_tracestate_that_is_not_right_is_dropped_and_the_trace_is_kept(name, text, kept):
    assert trace_of(TRACE.parent, text) == TraceContext(TRACE.trace_id, TRACE.span_id, 1, kept), name


@given(IDS, st.integers(0, 255))
def test_a_trace_comes_back_from_its_text_and_from_its_bytes(ids, flags):
    made = TraceContext(ids[0].hex(), ids[1].hex(), flags)
    assert trace_of(made.parent) == trace_of_octets(made.octets) == made
    assert re.match(TRACEPARENT, made.parent)


@given(st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.lists(st.text())), st.text())
def test_whatever_comes_nothing_is_raised(parent, state):
    assert trace_of(parent, state) is None or trace_of(parent).parent == parent
    assert trace_of_octets(parent) is None or len(parent) == 25


def test_the_same_vehicle_has_the_same_span_and_every_other_one_another():
    here = span_of_transaction(TRACE, "khorgos-03", "20261124081515010042")
    assert here == span_of_transaction(TRACE, "khorgos-03", "20261124081515010042")
    others = [
        span_of_transaction(TRACE, "khorgos-04", "20261124081515010042"),
        span_of_transaction(TRACE, "khorgos-03", "20261124081515010043"),
        span_of_command(TRACE, "khorgos-03", "20261124081515010042"),
        TRACE,
    ]
    assert len({here.span_id, *(one.span_id for one in others)}) == 5
    assert {here.trace_id, *(one.trace_id for one in others)} == {TRACE.trace_id}


def test_a_span_passes_on_the_flags_whose_meaning_is_known_and_the_state():
    assert TraceContext(TRACE.trace_id, TRACE.span_id, 0xFF, "a=b").child("x") == TraceContext(
        TRACE.trace_id, span_id_of("x"), 0x03, "a=b"
    )


def test_an_id_is_never_all_zero(mocker):
    mocker.patch("agent.core.model.trace_context.sha256").return_value.digest.return_value = bytes(32)
    assert span_id_of("x") == "0" * 15 + "1"
    assert trace_id_of("x") == "0" * 31 + "1"
