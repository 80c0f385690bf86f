import re
import uuid

import pytest

from obelisk.dicom.unique_identifiers import UIDGenerator


@pytest.mark.parametrize("root", ["", "1.2.3", "1.2.840." + "1" * 36])
def test_a_uid_is_one_of_the_standard(root):
    """Numbers without leading zeros, 64 characters at most, each time others."""
    generator = UIDGenerator(root)
    made = [generator.make() for _ in range(50)]

    assert len(set(made)) == 50
    assert all(re.fullmatch(r"\d+(\.(0|[1-9]\d*))+", uid) for uid in made)
    assert max(map(len, made)) <= 64
    assert all(uid.startswith(f"{root or '2.25'}.") for uid in made)


def test_a_uid_that_is_derived():
    """The same name has the same one under a seed, and nowhere else."""
    generator = UIDGenerator("1.2.3")
    seeds, names = (uuid.UUID(int=1), uuid.UUID(int=2)), ("study", "series")
    made, again = (
        [generator.derive(seed, name) for seed in seeds for name in names]
        for _ in range(2)
    )

    assert made == again
    assert len(set(made)) == 4
    assert all(re.fullmatch(r"1\.2\.3\.[1-9]\d*", uid) for uid in made)
