"""Kills the server at random moments while clients ingest, and starts it again."""

import os
import random
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from crash.checking import check
from crash.ingesting import (
    InstanceSource,
    Ledger,
    post_until_dead,
    store_until_dead,
)
from launching import OBELISK, RunningServer, start_server

SEED = int(os.environ.get("CRASH_SEED", "20261122"))


def run_until_killed(
    server: RunningServer,
    ledger: Ledger,
    round_number: int,
    delay_seconds: float,
    folder: Path,
) -> None:
    """Let two clients post and two store; kill the server a moment after."""
    threads = [
        threading.Thread(target=post_until_dead, args=(server.url, source, ledger))
        for source in (InstanceSource(client, round_number, SEED) for client in (0, 1))
    ]
    threads += [
        threading.Thread(
            target=store_until_dead,
            args=(
                server.dicom_port,
                InstanceSource(client, round_number, SEED),
                ledger,
                folder / str(client),
            ),
        )
        for client in (2, 3)
    ]
    for thread in threads:
        thread.start()
    assert ledger.first_answer.wait(30), "the server acknowledged nothing"
    threading.Event().wait(delay_seconds)
    server.kill()
    for thread in threads:
        thread.join()


def kill_again_and_again(
    folder: Path,
    kill_count: int,
    command: Sequence[str] = OBELISK,
) -> None:
    """Kill and check as often as told; check every byte at the end."""
    rng = random.Random(SEED)
    ledger = Ledger()
    server = start_server(command, folder / "server")
    try:
        for round_number in range(1, kill_count + 1):
            before = set(ledger.sent)
            ledger.first_answer.clear()
            delay_seconds = rng.random() ** 2 * 2
            run_until_killed(
                server,
                ledger,
                round_number,
                delay_seconds,
                folder / "outgoing",
            )
            server = start_server(command, folder / "server")
            check(server, ledger, ledger.sent.keys() - before)
        check(server, ledger, ledger.sent.keys())

        assert server.terminate() == 0
    finally:
        server.kill()


@pytest.mark.timeout(300)
def test_five_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """After each of five kills all that was acknowledged is there, exactly once."""
    kill_again_and_again(tmp_path, 5)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_two_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """After each of 200 kills all that was acknowledged is there, exactly once."""
    kill_again_and_again(tmp_path, 200)
