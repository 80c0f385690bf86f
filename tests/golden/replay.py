"""Recorded answers beside those of this server."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exchange import Call
from golden.recording import load
from parity.differences import explain, iter_differences, mend


def first_difference(_: Call, expected: Any, value: Any) -> str | None:
    """Tell the first difference between two answers, `None` if they are equal."""
    return next(iter_differences(expected, value), None)


def unexplained_difference(call: Call, recorded: Any, value: Any) -> str | None:
    """Tell the first difference for which the comparison of servers has no reason."""
    expected = mend(recorded, value)
    if explain(call, expected, value):
        return None
    return first_difference(call, expected, value)


def assert_replayed(
    name: str,
    played: Iterable[tuple[Call, Any]],
    different: Mapping[str, str],
    subject: Callable[[Call], str],
    compare: Callable[[Call, Any, Any], str | None] = first_difference,
) -> None:
    """Check that a scenario has the recorded answers, no more and no less.

    Parameters
    ----------
    name
        The recorded scenario.
    played
        Its calls, with the answers of this server.
    different
        What differs: regular expressions of subjects, and the reasons. Each one has
        to differ.
    subject
        What of a call the expressions describe.
    compare
        Tells the difference between a recorded answer and ours.
    """
    recorded = dict(load(name))
    unused = set(different)
    faults = []
    for call, value in played:
        difference = compare(call, recorded.pop(call.key), value)
        if difference is None:
            continue
        found = {one for one in different if re.fullmatch(one, subject(call))}
        unused -= found
        if not found:
            faults.append(f"{subject(call)}: {difference}")

    assert not faults, "\n".join(faults)
    assert not unused
    assert not recorded
