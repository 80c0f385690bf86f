from pydicom import fileset

from obelisk.dicom.dictionary import SOP_CLASSES
from obelisk.dicom.directory_records import IMAGE, record_tags, record_type


def test_types_are_those_of_pydicom():
    """Both know the same record for each SOP class that pydicom has a record for."""
    known = fileset._FOUR_LEVEL_SOP_CLASSES

    assert {uid: record_type(uid) for uid in known} == known


def test_images_and_what_is_unknown_are_images():
    """Nothing needs to be read from the header of what has no other type."""
    images = [uid for uid, name in SOP_CLASSES.items() if "Image Storage" in name]

    assert {record_type(uid) for uid in images} == {IMAGE}
    assert record_type("1.2.3") == IMAGE
    assert record_tags(IMAGE) == ((), ())
