import pytest

from obelisk.dicom.byte_order import NUMBER_SIZES, swapped


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("US", "01020304", "02010403"),
        ("AT", "00100020", "10002000"),
        ("OF", "0102030405060708", "0403020108070605"),
        ("FD", "0102030405060708", "0807060504030201"),
        ("OB", "0102", "0102"),
        ("UL", "010203040506", "040302010506"),
    ],
)
def test_each_number_is_turned(vr, value, expected):
    """What is no whole number stays as it is."""
    assert swapped(bytes.fromhex(value), NUMBER_SIZES.get(vr, 1)).hex() == expected
