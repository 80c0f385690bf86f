import resource

import pytest

from obelisk.app.descriptors import Descriptors, descriptors


@pytest.mark.parametrize(
    ("limit", "associations", "connections"),
    [
        (16, 4, (4, 12)),
        (64, 4, (4, 12)),
        (128, 20, (20, 60)),
        (256, 72, (52, 156)),
        (1024, 456, (244, 732)),
        (4096, 512, (2492, 3036)),
        (1_048_576, 512, (16_384, 16_384)),
    ],
)
def test_how_many_connections_there_may_be(limit, associations, connections):
    """A quarter is left for files, and in the main process a half for DICOM."""
    found = Descriptors(limit)

    assert found.association_count == associations
    assert found.connection_count(is_main=True) == connections[0]
    assert found.connection_count(is_main=False) == connections[1]


def test_the_limit_is_that_of_the_process():
    """As the system tells it."""
    assert descriptors().limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
