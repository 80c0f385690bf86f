"""The schemas that several operations share."""

from collections.abc import Mapping
from typing import Any

from obelisk.rest.openapi.operation import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    TEXTS,
    Schema,
    listed,
    ref,
)
from obelisk.rest.response_content import PARTS

_IDS = listed(STRING)
_OPTIONAL_INTEGER: Schema = {"type": ["integer", "null"], "minimum": 0}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": sorted(required),
    }


def _resource(type_: str, **members: Schema) -> Schema:
    """Return the schema of a resource; what was not asked for is left out."""
    shared: dict[str, Schema] = {
        "ID": STRING,
        "Type": {"const": type_},
    }
    return _object(
        shared,
        MainDicomTags=ref("Tags"),
        RequestedTags=ref("Tags"),
        Labels=_IDS,
        Metadata=TEXTS,
        Attachments=listed(ref("Attachment")),
        ModifiedFrom=STRING,
        AnonymizedFrom=STRING,
        **members,
    )


_QUERY: dict[str, Schema] = {
    "Level": {
        "type": "string",
        "description": "Patient, Study, Series or Instance",
    },
    "Query": {
        "type": "object",
        "description": "What is wanted, by tag: lists (`\\`), wildcards, ranges",
        "additionalProperties": STRING,
    },
}

_JOB: dict[str, Schema] = {
    "Synchronous": BOOLEAN,
    "Asynchronous": BOOLEAN,
    "Priority": INTEGER,
    "Permissive": BOOLEAN,
    "UserData": ANYTHING,
    "Retry": OBJECT,
    "AutoDelete": BOOLEAN,
}
_NARROWING: dict[str, Schema] = {
    "CaseSensitive": BOOLEAN,
    "MetadataQuery": TEXTS,
    "Labels": _IDS,
    "LabelsConstraint": {"enum": ["All", "Any", "None"]},
    "ParentPatient": STRING,
    "ParentStudy": STRING,
    "ParentSeries": STRING,
}

_ORDER = _object(
    {
        "Type": {
            "enum": [
                kind + form
                for kind in ("DicomTag", "Metadata")
                for form in ("", "AsInt", "AsFloat")
            ]
        },
        "Key": STRING,
        "Direction": {"enum": ["ASC", "DESC"]},
    }
)

SCHEMAS: Mapping[str, Any] = {
    "Error": _object(
        {
            "HttpError": STRING,
            "HttpStatus": INTEGER,
            "Message": STRING,
            "Method": STRING,
            "OrthancError": STRING,
            "OrthancStatus": {"type": "integer"},
            "Uri": STRING,
        },
        Details=STRING,
    ),
    "Tags": {
        "type": "object",
        "description": (
            "DICOM attributes: by keyword with plain values, by number with plain "
            "values (`short`), or by number with name, type and value (`full`)"
        ),
        "additionalProperties": ANYTHING,
    },
    "DICOMJSONModel": {
        "type": "object",
        "description": "Data elements by tag (PS3.18 Annex F)",
        "additionalProperties": {
            "type": "object",
            "properties": {"vr": STRING, "InlineBinary": STRING, "Value": ANYTHING},
            "required": ["vr"],
        },
    },
    "Patient": _resource(
        "Patient",
        Studies=_IDS,
        IsProtected=BOOLEAN,
        IsStable=BOOLEAN,
        LastUpdate=STRING,
    ),
    "Study": _resource(
        "Study",
        ParentPatient=STRING,
        PatientMainDicomTags=ref("Tags"),
        Series=_IDS,
        IsStable=BOOLEAN,
        LastUpdate=STRING,
    ),
    "Series": _resource(
        "Series",
        ParentStudy=STRING,
        Instances=_IDS,
        ExpectedNumberOfInstances=_OPTIONAL_INTEGER,
        Status={"enum": ["Complete", "Missing", "Inconsistent", "Unknown"]},
        IsStable=BOOLEAN,
        LastUpdate=STRING,
    ),
    "Instance": _resource(
        "Instance",
        ParentSeries=STRING,
        FileSize=INTEGER,
        FileUuid=STRING,
        IndexInSeries=_OPTIONAL_INTEGER,
    ),
    "Ids": _IDS,
    "Remaining": _object(
        {
            "RemainingAncestor": {
                "anyOf": [ref("Place"), {"type": "null"}],
                "description": "The closest ancestor that was not deleted too",
            }
        }
    ),
    "Place": _object({"ID": STRING, "Path": STRING, "Type": STRING}),
    "Sizes": {
        "type": "object",
        "description": "Sizes in bytes as text, and in whole megabytes",
        "additionalProperties": {"type": ["integer", "string"]},
    },
    "Stored": _object(
        {
            "ID": STRING,
            "ParentPatient": STRING,
            "ParentStudy": STRING,
            "ParentSeries": STRING,
            "Path": STRING,
            "Status": {
                "enum": ["Success", "AlreadyStored", "FilteredOut", "Failure"],
            },
        },
        Details=STRING,
        Name=STRING,
        OrthancStatus={"type": "integer"},
    ),
    "Changes": _object(
        {
            "Changes": listed(
                _object(
                    {
                        "ChangeType": STRING,
                        "Date": STRING,
                        "ID": STRING,
                        "Path": STRING,
                        "ResourceType": STRING,
                        "Seq": INTEGER,
                    }
                )
            ),
            "Done": BOOLEAN,
            "Last": INTEGER,
        },
        First=INTEGER,
    ),
    "Exports": _object(
        {
            "Exports": listed(
                _object(
                    {
                        "Date": STRING,
                        "ID": STRING,
                        "Path": STRING,
                        "RemoteModality": STRING,
                        "ResourceType": STRING,
                        "Seq": INTEGER,
                    }
                )
            ),
            "Done": BOOLEAN,
            "Last": INTEGER,
        },
        First=INTEGER,
    ),
    "Attachment": _object(
        {
            "CompressedMD5": STRING,
            "CompressedSize": INTEGER,
            "ContentType": INTEGER,
            "UncompressedMD5": STRING,
            "UncompressedSize": INTEGER,
            "Uuid": STRING,
        }
    ),
    "OrderedSlices": _object(
        {
            "Dicom": _IDS,
            "Slices": _IDS,
            "SlicesShort": listed({"type": "array", "minItems": 3, "maxItems": 3}),
            "Type": {"enum": ["Volume", "Sequence"]},
        }
    ),
    "Creation": _object(
        {},
        Tags=OBJECT,
        Content={"anyOf": [STRING, listed({"anyOf": [STRING, OBJECT]})]},
        Parent=STRING,
        PrivateCreator=STRING,
        InterpretBinaryTags=BOOLEAN,
        Force=BOOLEAN,
        Encapsulate=BOOLEAN,
        MultiFrame=BOOLEAN,
        TransferSyntax=STRING,
        **_JOB,
    ),
    "Bulk": _object(
        {"Resources": _IDS},
        Level=STRING,
        Metadata=BOOLEAN,
        Full=BOOLEAN,
        Short=BOOLEAN,
        **_JOB,
    ),
    "Job": _object({}, **_JOB),
    "Reconstruction": _object(
        {}, ReconstructFiles=BOOLEAN, LimitToThisLevelMainDicomTags=BOOLEAN, **_JOB
    ),
    "Peer": _object(
        {"Url": STRING},
        Username=STRING,
        Password=STRING,
        HttpHeaders=TEXTS,
        CertificateFile=STRING,
        CertificateKeyFile=STRING,
        CertificateKeyPassword=STRING,
        Timeout=INTEGER,
    ),
    "PeerStore": _object(
        {"Resources": _IDS}, Compress=BOOLEAN, Transcode=STRING, **_JOB
    ),
    "Find": _object(
        _QUERY,
        **_NARROWING,
        Expand=BOOLEAN,
        Full=BOOLEAN,
        Short=BOOLEAN,
        RequestedTags=_IDS,
        ResponseContent=listed({"enum": sorted(PARTS)}),
        OrderBy=listed(_ORDER),
        Since=INTEGER,
        Limit=INTEGER,
    ),
    "Count": _object(_QUERY, **_NARROWING),
    "System": OBJECT,
}
"""By name; `#/components/schemas` of the description."""
