"""Directory records: their types, and what each of them says (PS3.3 F.5)."""

from obelisk.dicom.dictionary import SOP_CLASSES, lookup_tag

IMAGE = "IMAGE"

#: What the name of a SOP class ends with, and the type of record of its instances.
_ENDINGS = (
    ("SR Storage", "SR DOCUMENT"),
    ("Procedure Log Storage", "SR DOCUMENT"),
    ("Spectacle Prescription Report Storage", "SR DOCUMENT"),
    ("Thickness and Volume Report Storage", "SR DOCUMENT"),
    ("Key Object Selection Document Storage", "KEY OBJECT DOC"),
    ("Presentation State Storage", "PRESENTATION"),
    ("Basic Structured Display Storage", "PRESENTATION"),
    ("Waveform Storage", "WAVEFORM"),
    ("RT Dose Storage", "RT DOSE"),
    ("RT Structure Set Storage", "RT STRUCTURE SET"),
    ("RT Plan Storage", "RT PLAN"),
    ("RT Ion Plan Storage", "RT PLAN"),
    ("Treatment Record Storage", "RT TREAT RECORD"),
    ("Treatment Summary Record Storage", "RT TREAT RECORD"),
    ("MR Spectroscopy Storage", "SPECTROSCOPY"),
    ("Raw Data Storage", "RAW DATA"),
    ("Spatial Registration Storage", "REGISTRATION"),
    ("Spatial Fiducials Storage", "FIDUCIAL"),
    ("Real World Value Mapping Storage", "VALUE MAP"),
    ("Stereometric Relationship Storage", "STEREOMETRIC"),
    ("Measurements Storage", "MEASUREMENT"),
    ("Surface Segmentation Storage", "SURFACE"),
    ("Surface Scan Mesh Storage", "SURFACE SCAN"),
    ("Surface Scan Point Cloud Storage", "SURFACE SCAN"),
    ("Tractography Results Storage", "TRACT"),
    ("Content Assessment Results Storage", "ASSESSMENT"),
    ("Bulk Simple Annotations Storage", "ANNOTATION"),
    ("Encapsulated PDF Storage", "ENCAP DOC"),
    ("Encapsulated CDA Storage", "ENCAP DOC"),
    ("Encapsulated STL Storage", "ENCAP DOC"),
    ("Encapsulated OBJ Storage", "ENCAP DOC"),
    ("Encapsulated MTL Storage", "ENCAP DOC"),
)

_CONTENT = "ContentDate ContentTime"
_LABEL = "ContentLabel ContentDescription ContentCreatorName"
_LABELLED = f"{_CONTENT} {_LABEL}"
_DATA_POINTS = "DataPointRows DataPointColumns"
_DOCUMENT = "DocumentTitle ConceptNameCodeSequence MIMETypeOfEncapsulatedDocument"

#: The attributes that a record has beside Instance Number: those that are always
#: there, and those that are there if the instance has them.
_KEYS = {
    "SR DOCUMENT": (
        f"{_CONTENT} CompletionFlag VerificationFlag ConceptNameCodeSequence",
        "VerificationDateTime ContentSequence",
    ),
    "KEY OBJECT DOC": (f"{_CONTENT} ConceptNameCodeSequence", "ContentSequence"),
    "PRESENTATION": (
        f"PresentationCreationDate PresentationCreationTime {_LABEL}",
        "ReferencedSeriesSequence BlendingSequence",
    ),
    "WAVEFORM": (_CONTENT, ""),
    "RT DOSE": ("DoseSummationType", "DoseComment"),
    "RT STRUCTURE SET": ("StructureSetLabel StructureSetDate StructureSetTime", ""),
    "RT PLAN": ("RTPlanLabel RTPlanDate RTPlanTime", ""),
    "RT TREAT RECORD": ("TreatmentDate TreatmentTime", ""),
    "SPECTROSCOPY": (
        f"ImageType {_CONTENT} NumberOfFrames Rows Columns {_DATA_POINTS}",
        "ReferencedImageEvidenceSequence",
    ),
    "RAW DATA": (_CONTENT, ""),
    "REGISTRATION": (_LABELLED, ""),
    "FIDUCIAL": (_LABELLED, ""),
    "VALUE MAP": (_LABELLED, ""),
    "STEREOMETRIC": (_LABELLED, ""),
    "MEASUREMENT": (_CONTENT, ""),
    "SURFACE": (_LABELLED, ""),
    "SURFACE SCAN": (_CONTENT, ""),
    "TRACT": (_LABELLED, ""),
    "ASSESSMENT": ("InstanceCreationDate InstanceCreationTime", ""),
    "ANNOTATION": (_LABELLED, ""),
    "ENCAP DOC": (
        f"{_CONTENT} {_DOCUMENT}",
        "HL7InstanceIdentifier",
    ),
}


def _tags(names: str) -> tuple[int, ...]:
    found = [(name, lookup_tag(name)) for name in names.split()]
    unknown = [name for name, tag in found if tag is None]
    if unknown:
        raise LookupError(f"Not in the dictionary: {unknown}")
    return tuple(tag for _, tag in found if tag is not None)


_TAGS = {
    kind: (_tags(always), _tags(if_present))
    for kind, (always, if_present) in _KEYS.items()
}
_TYPES = {
    uid: kind
    for uid, name in SOP_CLASSES.items()
    for ending, kind in _ENDINGS
    if name.endswith(ending)
}


def record_type(sop_class_uid: str) -> str:
    """Return the type of the directory record of an instance."""
    return _TYPES.get(sop_class_uid, IMAGE)


def record_tags(kind: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which attributes a type of record takes from the header of a file.

    Those of the first group are always there, if need be without value.
    """
    return _TAGS.get(kind, ((), ()))
