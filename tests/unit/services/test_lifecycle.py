from obelisk.services.lifecycle import Ending, Lifecycle


def test_an_ending_is_known_when_the_process_wakes():
    """The main thread finds the reason when it goes on; a signal is the default."""
    seen = []
    lifecycle = Lifecycle(lambda: seen.append(lifecycle.ending))
    assert lifecycle.ending is Ending.SIGNAL
    lifecycle.end(Ending.RESET)

    assert seen == [Ending.RESET]
