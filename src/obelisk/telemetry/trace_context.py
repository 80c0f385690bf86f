"""Which trace something belongs to, as programs tell each other (W3C Trace Context)."""

import re
from typing import NamedTuple, Self

_PARENT = re.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(r"[\x20-\x7e]{1,512}")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class TraceContext(NamedTuple):
    """A trace, and the span in it that others are children of.

    `is_sampled` tells whether the trace is recorded, `state` is what other programs
    want to be handed on with it.
    """

    trace_id: str
    span_id: str
    is_sampled: bool
    state: str = ""

    @classmethod
    def from_headers(cls, parent: str, state: str = "") -> Self | None:
        """Return what ``traceparent`` and ``tracestate`` say, `None` if that is wrong.

        A state that is wrong or too long is left out.
        """
        match = _PARENT.fullmatch(parent.strip())
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff" or (version == "00" and more):
            return None
        if trace_id == _NO_TRACE or span_id == _NO_SPAN:
            return None
        kept = state.strip() if _STATE.fullmatch(state) else ""
        return cls(trace_id, span_id, bool(int(flags, 16) & 1), kept)

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Return what `to_text` wrote, `None` for anything else."""
        parent, _, state = text.partition(" ")
        return cls.from_headers(parent, state)

    @property
    def parent(self) -> str:
        """The header ``traceparent`` for what is done on behalf of the span."""
        return f"00-{self.trace_id}-{self.span_id}-{self.is_sampled:02x}"

    def to_text(self) -> str:
        """Return both headers as one text, to be kept."""
        return f"{self.parent} {self.state}".rstrip()
