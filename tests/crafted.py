"""The catalogue of odd files: each has one oddity, and the same bytes in every run.

`crafted_files` are those that Orthanc 1.13 was asked to take in, `refused_bodies` those
that are no readable DICOM file.
"""

import struct

from factories import (
    BIG_ENDIAN,
    CT_STORAGE,
    DEFLATED,
    IMPLICIT,
    JPEG_BASELINE,
    RLE,
    UNDEFINED,
    craft,
    encode_element,
    encode_item,
    encode_meta,
    encode_sequence,
    even,
    make_instance,
    make_study,
    make_uid,
    noise,
    numbers,
    text,
)


def crafted_files() -> dict[str, bytes]:
    """Return the accepted oddities by name, in the order in which to store them."""
    return (
        _structures()
        | _identities()
        | _values()
        | _character_sets()
        | _private()
        | _sequences()
        | _studies()
        | _doubles()
    )


def refused_bodies() -> dict[str, bytes]:
    """Return bodies that are no readable DICOM file, by name."""
    whole = make_instance(900)
    crafted = craft("refused")
    bodies = {
        "empty": b"",
        "one_byte": b"D",
        "png": b"\x89PNG\r\n\x1a\n" + noise("png", 0, 0, 0, 600),
        "text": b"This is not DICOM, but longer than a preamble.\n" * 8,
        "zeros": bytes(1024),
        "prefix_only": bytes(128) + b"DICM",
        "meta_only": encode_meta(sop_instance_uid=make_uid("meta only")),
        "absurd_length": craft(
            "absurd",
            [(0x00104000, b"\x10\0\0\x40LT\xff\xff short")],
        ),
        "absurd_sequence": craft(
            "absurd sequence",
            [(0x00081110, struct.pack("<HH2sHI", 8, 0x1110, b"SQ", 0, 0x7FFFFFF0))],
        ),
    }
    for keyword, tag in (
        ("study_uid", 0x0020000D),
        ("series_uid", 0x0020000E),
        ("sop_uid", 0x00080018),
    ):
        bodies[f"without_{keyword}"] = craft("refused", without=[tag])
        bodies[f"empty_{keyword}"] = craft("refused", [text(tag, "UI", "")])
    for cut in (100, 131, 140, 200, 350, 400, len(whole) // 2, len(whole) - 1):
        bodies[f"truncated_at_{cut}"] = whole[:cut]
    for cut in (len(crafted) - 3, len(crafted) - 20):
        bodies[f"truncated_header_at_{cut}"] = crafted[:cut]
    return bodies


def _structures() -> dict[str, bytes]:
    """Return whole-file oddities: meta header, encodings, order, trailing parts."""
    uid = make_uid("no meta", "instance")
    plain = craft("no meta")
    dataset = plain[len(encode_meta(sop_instance_uid=uid)) :]
    pixels = (0x7FE00010, "OW", noise("structure", 0, 0, 0, 64))
    fragments = b"".join(
        struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part
        for part in (b"", noise("fragment", 1, 0, 0, 20), noise("fragment", 2, 8))
    )
    encapsulated = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, UNDEFINED)
    encapsulated += fragments + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return {
        "plain": make_instance(1),
        "implicit": make_instance(2, transfer_syntax=IMPLICIT),
        "deflated": craft("deflated", [pixels], transfer_syntax=DEFLATED),
        "big_endian": craft("big endian", [pixels], transfer_syntax=BIG_ENDIAN),
        "no_pixel_data": craft("no pixel data"),
        "no_meta_group_length": encode_meta(
            sop_instance_uid=uid,
            group_length=None,
        )
        + craft("no group length")[
            len(encode_meta(sop_instance_uid=make_uid("no group length", "instance"))) :
        ],
        "no_meta": dataset,
        "encapsulated": craft(
            "encapsulated",
            [(0x7FE00010, encapsulated)],
            transfer_syntax=JPEG_BASELINE,
        ),
        "rle_name_only": craft(
            "rle",
            [(0x7FE00010, encapsulated)],
            transfer_syntax=RLE,
        ),
        "after_pixel_data": craft(
            "after pixel data",
            [pixels, text(0xFFFCFFFC, "OB", bytes(16))],
        ),
        "group_lengths": craft(
            "group lengths",
            [numbers(0x00080000, "UL", 94), numbers(0x00100000, "UL", 40)],
        ),
        "float_pixels": craft("float pixels", [(0x7FE00008, "OF", bytes(16))]),
        "overlay": craft(
            "overlay",
            [
                numbers(0x60000010, "US", 8),
                numbers(0x60000011, "US", 8),
                (0x60003000, "OW", bytes(8)),
                numbers(0x60020010, "US", 8),
            ],
        ),
        "many_elements": craft(
            "many elements",
            [text(0x00110010, "LO", "SYNTHETIC MANY")]
            + [text(0x00111000 + i, "LO", f"value {i}") for i in range(400)],
        ),
    }


def _identities() -> dict[str, bytes]:
    """Return missing, empty and padded identifiers."""
    return {
        "no_patient_id": craft("no patient id", without=[0x00100020]),
        "empty_patient_id": craft("empty patient id", [text(0x00100020, "LO", "")]),
        "no_patient_name": craft("no patient name", without=[0x00100010]),
        "no_sop_class": craft("no sop class", without=[0x00080016]),
        "no_instance_number": craft("no number", without=[0x00200013]),
        "padded_patient_id": craft(
            "padded id",
            [text(0x00100020, "LO", "  PADDED ID   ")],
        ),
        "nul_patient_id": craft("nul id", [text(0x00100020, "LO", b"NUL ID\0\0")]),
        "inner_spaces_patient_id": craft(
            "inner",
            [text(0x00100020, "LO", "IN  NER")],
        ),
        "space_padded_uid": craft(
            "space uid",
            [
                (
                    0x0020000D,
                    "UI",
                    even(make_uid("space uid", 1).encode(), b" ") + b"  ",
                )
            ],
        ),
        "lower_case_id": craft("case", [text(0x00100020, "LO", "mixedCase")]),
        "upper_case_id": craft("case2", [text(0x00100020, "LO", "MIXEDCASE")]),
    }


def _values() -> dict[str, bytes]:
    """Return values of every kind: empty, long, multiple, padded, binary."""
    return {
        "long_values": craft(
            "long values",
            [
                text(0x00104000, "LT", "a" * 256),
                text(0x00204000, "LT", "b" * 257),
                text(0x00084000, "LT", "c" * 5000),
                text(0x00081030, "LO", "d" * 300),
                (0x00189004, "CS", b"RESEARCH"),
                (0x0040A160, "UT", b"e" * 70000),
            ],
        ),
        "empty_values": craft(
            "empty values",
            [
                text(tag, vr, "")
                for tag, vr in (
                    (0x00080050, "SH"),
                    (0x00080090, "PN"),
                    (0x00081030, "LO"),
                    (0x00180050, "DS"),
                    (0x00200011, "IS"),
                    (0x00280010, "US"),
                    (0x00100030, "DA"),
                    (0x00081140, "SQ"),
                    (0x00420011, "OB"),
                )
            ],
        ),
        "multiple_values": craft(
            "multiple",
            [
                text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\\\AXIAL"),
                text(0x00101000, "LO", "one \\ two\\three"),
                text(0x00200032, "DS", " 1.50\\-2e3 \\+0.0000"),
                text(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
                numbers(0x00280009, "AT", 0x00181063, 0x00200032),
                numbers(0x00281101, "US", 256, 0, 16),
                numbers(0x00186020, "SL", -5),
            ],
        ),
        "spaces": craft(
            "spaces",
            [
                text(0x00081030, "LO", "  leading and trailing  "),
                text(0x0008103E, "LO", "   "),
                text(0x00104000, "LT", "  kept  \r\n second line\t "),
                text(0x00200011, "IS", " 12 "),
                text(0x00080050, "SH", " A1 "),
                text(0x00081010, "SH", b"NUL\0"),
                text(0x00081070, "PN", " Op^One  \\ Op^Two "),
            ],
        ),
        "binary_numbers": craft(
            "binary numbers",
            [
                numbers(0x00089459, "FL", 30.5),
                numbers(0x00189073, "FD", 1.0 / 3.0),
                numbers(0x00189087, "FD", 1e300, -0.0, 1e-7),
                numbers(0x00280106, "SS", -1024),
                numbers(0x00280107, "SS", 3071),
                numbers(0x00280002, "US", 1),
                numbers(0x00082240, "UL", 4294967295),
                numbers(0x00720082, "SV", -(2**62)),
                numbers(0x00720083, "UV", 2**63),
                numbers(0x00186030, "UL", 7, 8),
                (0x00720076, "OF", struct.pack("<2f", 1.5, -2.5)),
                (0x00720073, "OD", struct.pack("<d", 2.25)),
                (0x00720075, "OL", struct.pack("<I", 77)),
                (0x00720081, "OV", struct.pack("<Q", 77)),
                (0x00420011, "OB", b"\0\1\2\3"),
            ],
        ),
        "special_numbers": craft(
            "special numbers",
            [
                numbers(0x00189073, "FD", float("inf")),
                numbers(0x00189087, "FD", float("nan")),
                text(0x00180050, "DS", "abc"),
                text(0x00200011, "IS", "99999999999"),
                text(0x00200012, "IS", "1.5"),
                text(0x00100030, "DA", "not a date"),
                text(0x00101010, "AS", "7Y"),
            ],
        ),
        "unusual_vrs": craft(
            "unusual vrs",
            [
                (0x00080120, "UR", b"http://synthetic.invalid/a "),
                (0x00189919, "UC", b"unlimited characters"),
                text(0x0008010D, "DT", "20200102030405.123456+0100"),
                text(0x00404001, "UN", b"unknown value"),
                (0x00404002, b"\x40\0\x02\x40??\x04\0abcd"),
            ],
        ),
        "odd_length": craft(
            "odd length",
            [(0x00081030, "LO", b"odd"), (0x00104000, "LT", b"another")],
        ),
        "control_characters": craft(
            "control",
            [
                text(0x00081030, "LO", b'quote " slash / \x01\x02 \x7f'),
                text(0x00104000, "LT", b"tab\tnewline\nfeed\x0c"),
            ],
        ),
        "person_names": craft(
            "person names",
            [
                text(0x00080005, "CS", "ISO_IR 192"),
                text(0x00100010, "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう".encode()),
                text(0x00080090, "PN", "^^^^"),
                text(0x00081050, "PN", "A^B^C^D^E\\F^G"),
            ],
        ),
    }


def _character_sets() -> dict[str, bytes]:
    """Return names in many character sets, and in wrongly declared ones."""
    cases: dict[str, tuple[str | None, bytes]] = {
        "none": (None, "Müller^Jürgen".encode("latin-1")),
        "empty": ("", "Müller^Jürgen".encode("latin-1")),
        "ir_6": ("ISO_IR 6", "Müller".encode("latin-1")),
        "ir_100": ("ISO_IR 100", "Müller^Jürgen".encode("latin-1")),
        "ir_101": ("ISO_IR 101", "Wałęsa".encode("iso8859-2")),
        "ir_109": ("ISO_IR 109", "Ĝi".encode("iso8859-3")),
        "ir_110": ("ISO_IR 110", "Āķis".encode("iso8859-4")),
        "ir_144": ("ISO_IR 144", "Люкceмбypг".encode("iso8859-5")),  # noqa: RUF001
        "ir_127": ("ISO_IR 127", "قباني".encode("iso8859-6")),
        "ir_126": ("ISO_IR 126", "Διονυσιος".encode("iso8859-7")),
        "ir_138": ("ISO_IR 138", "שרון".encode("iso8859-8")),
        "ir_148": ("ISO_IR 148", "Çavuşoğlu".encode("iso8859-9")),
        "ir_203": ("ISO_IR 203", "Œuvre".encode("iso8859-15")),
        "ir_13": ("ISO_IR 13", "ﾔﾏﾀﾞ".encode("shift_jis")),
        "ir_166": ("ISO_IR 166", "นามสกุล".encode("tis-620")),
        "ir_192": ("ISO_IR 192", "Müller 王小東 😀".encode()),
        "gb18030": ("GB18030", "王小东".encode("gb18030")),
        "gbk": ("GBK", "王小东".encode("gbk")),
        "ir_87": (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        ),
        "ir_149": (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
        ),
        "ir_58": ("\\ISO 2022 IR 58", b"Zhang=\x1b$)A\xd5\xc5^"),
        "two_latin": (
            "ISO 2022 IR 100\\ISO 2022 IR 144",
            "Müller".encode("latin-1") + b"\x1b-L" + "Люкc".encode("iso8859-5"),
        ),
        "unknown": ("ISO_IR 999", "Müller".encode("latin-1")),
        "misspelt": ("ISO-IR 100", "Müller".encode("latin-1")),
        "padded": (" ISO_IR 100  ", "Müller".encode("latin-1")),
        "bad_utf8": ("ISO_IR 192", b"M\xfcller^\xff\xfe"),
        "bad_ascii": ("ISO 2022 IR 6", b"M\xfcller"),
    }
    files = {}
    for name, (declared, value) in cases.items():
        extra = [
            text(0x00100010, "PN", value),
            text(0x00081030, "LO", value),
            (
                0x00400275,
                encode_sequence(0x00400275, [[text(0x00400007, "LO", value)]]),
            ),
        ]
        if declared is not None:
            extra.append(text(0x00080005, "CS", declared))
        files[f"charset_{name}"] = craft(f"charset {name}", extra)
    files["charset_in_item"] = craft(
        "charset in item",
        [
            text(0x00080005, "CS", "ISO_IR 100"),
            (
                0x00400275,
                encode_sequence(
                    0x00400275,
                    [
                        [
                            text(0x00080005, "CS", "ISO_IR 192"),
                            text(0x00400007, "LO", "Müller".encode()),
                        ],
                        [text(0x00400007, "LO", "Müller".encode("latin-1"))],
                    ],
                ),
            ),
        ],
    )
    return files


def _private() -> dict[str, bytes]:
    """Return private elements with a known, an unknown and no creator."""
    inner = encode_sequence(
        0x00111001,
        [[text(0x00110010, "LO", "SYNTHETIC"), text(0x00111002, "LO", "inner")]],
    )
    implicit_items = struct.pack("<HHI", 0xFFFE, 0xE000, 12)
    implicit_items += struct.pack("<HHI", 0x0008, 0x0060, 4) + b"CT  "
    unknown_sequence = struct.pack("<HH2sHI", 0x11, 0x1003, b"UN", 0, UNDEFINED)
    unknown_sequence += implicit_items + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    known = [
        text(0x00290010, "LO", "SIEMENS CSA HEADER"),
        text(0x00291008, "CS", "IMAGE NUM 4"),
        text(0x00291010, "OB", bytes(range(32))),
        text(0x00190010, "LO", "GEMS_ACQU_01"),
        text(0x00191002, "SL", struct.pack("<i", 912)),
    ]
    return {
        "private_known": craft("private known", known),
        "private_known_implicit": craft(
            "private known implicit",
            known,
            transfer_syntax=IMPLICIT,
        ),
        "private_unknown": craft(
            "private unknown",
            [
                text(0x00110010, "LO", "SYNTHETIC"),
                (0x00111001, inner),
                text(0x00111002, "LO", "value"),
                (0x00111003, unknown_sequence),
                text(0x00111004, "UN", b"\0\1\2\3"),
                text(0x00111005, "UN", b"text in UN"),
            ],
        ),
        "private_no_creator": craft(
            "private no creator",
            [text(0x00131001, "LO", "orphan"), text(0x00131002, "UN", b"\1\2")],
        ),
    }


def _sequences() -> dict[str, bytes]:
    """Return sequences of both kinds of length, empty, nested deeply."""
    item = [text(0x00081150, "UI", CT_STORAGE), text(0x00081155, "UI", "1.2.3.4")]
    nested = encode_sequence(0x00081140, [item, []])
    deep = encode_sequence(0x00400275, [[text(0x00400007, "LO", "deepest")]])
    for level in range(40):
        if level % 2:
            deep = encode_element((0x00400275, "SQ", encode_item(deep)))
        else:
            head = struct.pack("<HH2sHI", 0x40, 0x275, b"SQ", 0, UNDEFINED)
            deep = head + encode_item(deep) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return {
        "sequences": craft(
            "sequences",
            [
                (0x00081140, nested),
                (
                    0x00082112,
                    encode_sequence(0x00082112, [item, item], undefined_length=True),
                ),
                (0x00081110, encode_sequence(0x00081110, [])),
                (0x00081111, encode_sequence(0x00081111, [[]], undefined_length=True)),
                (0x00081115, encode_sequence(0x00081115, [], undefined_length=True)),
            ],
        ),
        "deep_sequences": craft("deep sequences", [(0x00400275, deep)]),
        "implicit_sequence": craft(
            "implicit sequence",
            [
                (
                    0x00081140,
                    struct.pack("<HHI", 8, 0x1140, 20)
                    + struct.pack("<HHI", 0xFFFE, 0xE000, 12)
                    + struct.pack("<HHI", 8, 0x1155, 4)
                    + b"1.2\0",
                ),
            ],
            transfer_syntax=IMPLICIT,
        ),
    }


def _studies() -> dict[str, bytes]:
    """Return several studies of one patient, and series with an expected count."""
    files = {}
    for study in range(2):
        for index, content in enumerate(make_study(10, study=study)):
            files[f"study_{study}_{index}"] = content
    expected: dict[str, dict[str, object]] = {
        "temporal": {"NumberOfTemporalPositions": 2, "ImagesInAcquisition": 1},
        "acquisition": {"ImagesInAcquisition": 2},
        "slices": {"NumberOfSlices": 2, "NumberOfTimeSlices": 1},
        "slices_only": {"NumberOfSlices": 2},
        "cardiac": {"CardiacNumberOfImages": 2, "NumberOfSlices": 1},
        "too_many": {"ImagesInAcquisition": 1},
        "missing": {"ImagesInAcquisition": 3},
    }
    for position, (name, attributes) in enumerate(expected.items()):
        for number in (1, 2):
            files[f"expected_{name}_{number}"] = make_instance(
                20,
                series=position,
                number=number,
                **attributes,  # type: ignore[arg-type]
            )
    files["expected_twice"] = make_instance(
        21, number=1, ImagesInAcquisition=2, SOPInstanceUID=make_uid("twice", 1)
    )
    files["expected_twice_again"] = make_instance(
        21, number=1, ImagesInAcquisition=2, SOPInstanceUID=make_uid("twice", 2)
    )
    return files


def _doubles() -> dict[str, bytes]:
    """Return uploads that repeat an earlier one, wholly or by identifiers only."""
    return {
        "duplicate": make_instance(1),
        "same_uid_other_content": make_instance(1, SeriesDescription="Other"),
        "same_uid_other_patient": make_instance(1, PatientID="SYN-OTHER"),
        "other_name_same_patient": make_instance(
            10, study=5, PatientName="Renamed^Person"
        ),
        "other_study_same_series_uid": make_instance(
            10, study=6, SeriesInstanceUID=make_uid(10, 0, 0)
        ),
    }
