"""What a new dataset embeds: documents, models, images; and the modules that needs.

PS3.3 A.8 (Secondary Capture), A.45 (Encapsulated PDF), A.85 (Encapsulated models).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obelisk import __version__
from obelisk.dicom.creation import Content, Given, GivenValue
from obelisk.dicom.writing import EXPLICIT_VR_LITTLE_ENDIAN, Blob
from obelisk.errors import InvalidInputError

SOP_CLASS_UID = 0x00080016
MODALITY = 0x00080060
INSTANCE_NUMBER = 0x00200013

_CONVERSION_TYPE = 0x00080064
_MANUFACTURER = 0x00080070
_FRAME_OF_REFERENCE_UID = 0x00200052
_DOCUMENT = 0x00420011
_MIME_TYPE = 0x00420012
_DOCUMENT_LENGTH = 0x00420015
_PDF = "application/pdf"
_PDF_START = b"%PDF-"

#: The SOP classes of encapsulated documents, by media type.
DOCUMENT_CLASSES: Mapping[str, str] = {
    _PDF: "1.2.840.10008.5.1.4.1.1.104.1",
    "model/stl": "1.2.840.10008.5.1.4.1.1.104.3",
    "model/obj": "1.2.840.10008.5.1.4.1.1.104.4",
    "model/mtl": "1.2.840.10008.5.1.4.1.1.104.5",
}


class UnreadableContentError(InvalidInputError):
    """The content is not what its media type says."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Elements that embed a content.

    Attributes
    ----------
    required
        Those that describe the content; they win over what a request says.
    defaults
        Those that its SOP class needs, and that a request may give otherwise.
    transfer_syntax_uid
        How the dataset is to be encoded.
    """

    required: Mapping[int, Content]
    defaults: Mapping[int, Content] = field(default_factory=dict)
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN


#: What the modules Patient, General Study, General Series and General Equipment need.
COMMON_DEFAULTS: Mapping[int, Content] = {
    0x00080050: "",
    _MANUFACTURER: "",
    0x00080090: "",
    0x00100010: "",
    0x00100030: "",
    0x00100040: "",
    0x00200010: "",
    0x00200011: "1",
    INSTANCE_NUMBER: "1",
}


def document_payload(
    media_type: str, content: Blob, frame_of_reference_uid: str
) -> Payload:
    """Embed a document, or a model, which has a frame of reference.

    Raises
    ------
    UnreadableContentError
        If it is empty, or no PDF though it should be.
    """
    start = bytes(next(iter(content.read()), b"")[: len(_PDF_START)])
    if not content.size:
        raise UnreadableContentError("The content is empty")
    if media_type == _PDF and start != _PDF_START:
        raise UnreadableContentError("Not a PDF file")
    required: dict[int, Content] = {
        _DOCUMENT: content,
        _DOCUMENT_LENGTH: str(content.size),
        _MIME_TYPE: media_type,
    }
    defaults = _PDF_DEFAULTS
    if media_type != _PDF:
        defaults = {**_MODEL_DEFAULTS, _FRAME_OF_REFERENCE_UID: frame_of_reference_uid}
    return Payload(
        required,
        {
            **COMMON_DEFAULTS,
            **_DOCUMENT_DEFAULTS,
            **defaults,
            SOP_CLASS_UID: DOCUMENT_CLASSES[media_type],
        },
    )


_DOCUMENT_DEFAULTS: Mapping[int, Content] = {
    0x0008002A: "",
    0x00280301: "YES",
    0x0040A043: [],
    0x00420010: "",
}
_PDF_DEFAULTS: Mapping[int, Content] = {MODALITY: "OT", _CONVERSION_TYPE: "WSD"}
_MILLIMETRE: Given = {
    0x00080100: GivenValue("SH", "mm"),
    0x00080102: GivenValue("SH", "UCUM"),
    0x00080104: GivenValue("LO", "millimeter"),
}
_MODEL_DEFAULTS: Mapping[int, Content] = {
    MODALITY: "M3D",
    _MANUFACTURER: "Obelisk",
    0x00081090: "Obelisk",
    0x00181000: "1",
    0x00181020: __version__,
    0x00201040: "",
    0x004008EA: [_MILLIMETRE],
}
