"""The headers by which programs tell each other of a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.telemetry.trace_context import TraceContext

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True)])
def test_a_header_names_trace_and_span(flags, is_sampled):
    """And whether the trace is recorded."""
    found = TraceContext.from_headers(f"00-{TRACE}-{SPAN}-{flags}", "vendor=1,b=2")

    assert found == (TRACE, SPAN, is_sampled, "vendor=1,b=2")
    assert found.parent == f"00-{TRACE}-{SPAN}-{flags}"


def test_flags_and_versions_to_come_are_understood():
    """The first bit says whether it is recorded; more fields may follow."""
    found = TraceContext.from_headers(f"01-{TRACE}-{SPAN}-03-more")

    assert found == (TRACE, SPAN, True, "")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
    ],
)
def test_a_header_that_is_wrong_is_left_out(header):
    """As if it were not there."""
    assert TraceContext.from_headers(header) is None


@pytest.mark.parametrize("state", ["a=\n", "a=é", "a" * 513])
def test_a_state_that_is_wrong_or_too_long_is_left_out(state):
    """The trace goes on without it."""
    found = TraceContext.from_headers(f"00-{TRACE}-{SPAN}-01", state)

    assert found == (TRACE, SPAN, True, "")


@pytest.mark.parametrize("state", ["", "a=1, b=2"])
def test_what_is_kept_is_read_again(state):
    """For the jobs of a request."""
    context = TraceContext(TRACE, SPAN, is_sampled=True, state=state)

    assert TraceContext.from_text(context.to_text()) == context


@given(st.text(), st.text())
def test_no_header_makes_it_fail(parent, state):
    """They come from anybody."""
    found = TraceContext.from_headers(parent, state)

    assert found is None or found.to_text()
