import hashlib
import zlib

import pytest

from obelisk.services.digest import Digest

_CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize("is_md5_computed", [False, True])
def test_sums_of_chunks_are_those_of_the_whole(is_md5_computed):
    """It does not matter how the bytes come."""
    digest = Digest(is_md5_computed=is_md5_computed)
    for chunk in (_CONTENT[:10], b"", memoryview(_CONTENT)[10:]):
        digest.update(chunk)

    assert (digest.size, digest.crc32) == (len(_CONTENT), zlib.crc32(_CONTENT))
    md5 = hashlib.md5(_CONTENT).hexdigest()
    assert digest.md5 == (md5 if is_md5_computed else "")
