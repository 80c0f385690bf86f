import threading

from obelisk.http import workers
from obelisk.http.workers import WorkerPool


def test_a_thread_that_cannot_be_started(monkeypatch, caplog):
    """Whoever submits goes on, and the next thread works on what was left."""
    done: list[int] = []
    has_ended = threading.Event()

    def work(item: int) -> None:
        done.append(item)
        if item == 2:
            has_ended.set()

    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    pool = WorkerPool(work, 8)
    with monkeypatch.context() as patch:
        patch.setattr(workers._thread, "start_new_thread", fail)
        pool.submit(1)
    is_waiting = not pool.wait(0)
    pool.submit(2)

    assert has_ended.wait(30)
    assert pool.wait(30)
    assert is_waiting
    assert done == [1, 2]
    assert "No thread can be started" in caplog.text
