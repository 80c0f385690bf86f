import pytest

from obelisk.dimse.state_table import NEXT_STATES, TRANSITIONS, Action, State, Trigger

# PS3.8 Table 9-10, transcribed: a row per event, a column per state Sta1 to Sta13.
TABLE_9_10 = """
1   AE-1 -    -    -    -    -    -    -    -     -     -    -    -
2   -    -    -    AE-2 -    -    -    -    -     -     -    -    -
3   -    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8 AA-8 AA-6
4   -    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8 AA-8 AA-6
5   AE-5 -    -    -    -    -    -    -    -     -     -    -    -
6   -    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8 AA-8 AA-7
7   -    -    AE-7 -    -    -    -    -    -     -     -    -    -
8   -    -    AE-8 -    -    -    -    -    -     -     -    -    -
9   -    -    -    -    -    DT-1 -    AR-7 -     -     -    -    -
10  -    AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8  AA-8  AA-8 AA-8 AA-6
11  -    -    -    -    -    AR-1 -    -    -     -     -    -    -
12  -    AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8  AA-8  AA-8 AA-8 AA-6
13  -    AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8  AR-10 AR-3 AA-8 AA-6
14  -    -    -    -    -    -    -    AR-4 AR-9  -     -    AR-4 -
15  -    -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1  AA-1 AA-1 -
16  -    AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3  AA-3  AA-3 AA-3 AA-2
17  -    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4  AA-4 AA-4 AR-5
18  -    AA-2 -    -    -    -    -    -    -     -     -    -    AA-2
19  -    AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8 AA-8 AA-7
"""

# The states that the actions lead to, from Tables 9-6 to 9-9.
NEXT_STATE_NUMBERS = {
    "AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6,
    "AE-8": 13, "DT-1": 6, "DT-2": 6, "AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13,
    "AR-5": 1, "AR-6": 7, "AR-7": 8, "AR-8": 9, "AR-9": 11, "AR-10": 12, "AA-1": 13,
    "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1, "AA-6": 13, "AA-7": 13, "AA-8": 13,
}  # fmt: skip

CELLS = [
    (int(event), state, action)
    for event, *actions in map(str.split, TABLE_9_10.strip().splitlines())
    for state, action in enumerate(actions, 1)
]


@pytest.mark.parametrize(("event", "state", "action"), CELLS)
def test_cell(event, state, action):
    """Each of the 19 by 13 cells holds the action of the standard, or none."""
    found = TRANSITIONS[Trigger(event)].get(State(state))

    assert found is (None if action == "-" else Action(action))


@pytest.mark.parametrize("action", list(Action))
def test_next_state(action):
    """Each action leads to the state of the standard."""
    assert NEXT_STATES[action].value == NEXT_STATE_NUMBERS[action.value]


def test_every_cell_is_transcribed():
    """The transcription has as many cells as the table of the standard."""
    assert len(CELLS) == 19 * 13
