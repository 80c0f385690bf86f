"""Where the index keeps what is searched: attributes and metadata → SQL expressions."""

from functools import cache

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags, key_of

MODALITIES_IN_STUDY = 0x00080061
_SOP_CLASSES_IN_STUDY = 0x00080062

#: Columns that hold an attribute in capitals, "" if it is absent.
COLUMNS = {
    (Level.PATIENT, 0x00100020): "patient_id",
    (Level.PATIENT, 0x00100010): "patient_name",
    (Level.STUDY, 0x00100020): "patient_id",
    (Level.STUDY, 0x00100010): "patient_name",
    (Level.STUDY, 0x0020000D): "study_instance_uid",
    (Level.STUDY, 0x00080020): "study_date",
    (Level.STUDY, 0x00080050): "accession_number",
    (Level.SERIES, 0x0020000E): "series_instance_uid",
    (Level.SERIES, 0x00080060): "modality",
    (Level.INSTANCE, 0x00080018): "sop_instance_uid",
}

#: Attributes that follow from what is stored (PS3.4 C.3.4), as text.
_COMPUTED = {
    (Level.PATIENT, 0x00201200): "CAST({alias}.study_count AS TEXT)",
    (Level.PATIENT, 0x00201202): "CAST({alias}.series_count AS TEXT)",
    (Level.PATIENT, 0x00201204): "CAST({alias}.instance_count AS TEXT)",
    (Level.STUDY, 0x00201206): "CAST({alias}.series_count AS TEXT)",
    (Level.STUDY, 0x00201208): "CAST({alias}.instance_count AS TEXT)",
    (Level.SERIES, 0x00201209): "CAST({alias}.instance_count AS TEXT)",
    (Level.INSTANCE, 0x00080016): "({alias}.metadata ->> 'SopClassUid')",
    (Level.INSTANCE, 0x00080056): "'ONLINE'",
}

#: Attributes that have a value for each resource below.
COLLECTED = {
    (Level.STUDY, MODALITIES_IN_STUDY): (
        "EXISTS (SELECT 1 FROM series {name} WHERE {name}.parent_pk = {alias}.pk AND ",
        "{name}.modality",
        "({name}.attributes ->> 'Modality')",
    ),
    (Level.STUDY, _SOP_CLASSES_IN_STUDY): (
        (
            "EXISTS (SELECT 1 FROM series e_{name} JOIN instance {name} ON"
            " {name}.parent_pk = e_{name}.pk WHERE e_{name}.parent_pk = {alias}.pk AND "
        ),
        "",
        "({name}.metadata ->> 'SopClassUid')",
    ),
}

#: Metadata that have a column of their own, as text.
_METADATA = {
    (Level.PATIENT, "LastUpdate"): "{alias}.last_update",
    (Level.STUDY, "LastUpdate"): "{alias}.last_update",
    (Level.SERIES, "LastUpdate"): "{alias}.last_update",
    (Level.SERIES, "ExpectedNumberOfInstances"): (
        "CAST({alias}.expected_instance_count AS TEXT)"
    ),
    (Level.INSTANCE, "IndexInSeries"): "CAST({alias}.index_in_series AS TEXT)",
}


@cache
def level_of(tag: int, level: Level, main_tags: MainTags = STANDARD) -> Level | None:
    """Find at which level an attribute is indexed, `None` if it is at none.

    The level itself comes first, then the nearest above, then the nearest below. From
    studies on, the attributes of the patient are those that the study was created with.
    """
    own = main_tags.by_level
    if tag in own[Level.PATIENT] and tag not in own[level]:
        return Level.STUDY
    depths = [
        other.depth
        for other in LEVELS
        if tag in own[other] or (other, tag) in _COMPUTED or (other, tag) in COLLECTED
    ]
    above = [depth for depth in depths if depth <= level.depth]
    if not depths:
        return None
    return LEVELS[max(above) if above else min(depths)]


@cache
def expressions_of(
    alias: str, level: Level, tag: int, main_tags: MainTags
) -> tuple[str, str | None]:
    """Return the expression of an attribute as text, NULL if it is absent.

    The other one is its column, if there is one.
    """
    computed = _COMPUTED.get((level, tag))
    if computed is not None:
        return computed.format(alias=alias), None
    is_patient = tag in main_tags.by_level[Level.PATIENT]
    json = "attributes"
    if level is Level.STUDY and is_patient:
        json = "patient_attributes"
    column = COLUMNS.get((level, tag))
    return f"({alias}.{json} ->> '{path_of(tag)}')", column and f"{alias}.{column}"


def alias_of(level: Level) -> str:
    """Return the name that statements have for the table of a level."""
    return ("p", "s", "e", "i")[level.depth]


def path_of(tag: int) -> str:
    """Return the JSON path of an attribute."""
    return f'$."{key_of(tag)}"'


def metadata_expression(level: Level, name: str) -> str:
    """Return the expression of one of the metadata, NULL if it is not set."""
    alias = alias_of(level)
    column = _METADATA.get((level, name))
    if column is not None:
        return column.format(alias=alias)
    if name.isdecimal():
        return (
            "(SELECT m.value FROM user_metadata m WHERE"  # noqa: S608 -- idem
            f" m.level = {level.depth} AND m.resource_pk = {alias}.pk"
            f" AND m.number = {int(name)})"
        )
    quoted = name.replace('"', "").replace("'", "''")
    return f"json_extract({alias}.metadata, '$.\"{quoted}\"')"
