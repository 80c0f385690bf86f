"""The options about searches, and about what is indexed for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from obelisk.config.choices import StorageAccess
from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSection:
    """How what is stored is searched."""

    extra_main_tags: Mapping[str, tuple[str, ...]] = option("ExtraMainDicomTags", {})
    """What the index keeps beside the usual attributes: for `Patient`, `Study`,
    `Series` and `Instance`, a list of names such as `PatientWeight`, or of numbers. It
    applies to what comes then, and by `POST /tools/reconstruct` to what is there; what
    is taken from the list is not shown any more. A study keeps what is listed for
    `Patient` too."""

    storage_access: StorageAccess = option("StorageAccessOnFind", StorageAccess.ALWAYS)
    """When attributes that are not in the index are read from DICOM files. `Never`
    makes a search by such an attribute find nothing; `Answers` is the same as
    `Always`."""

    result_count_max: int = option("LimitFindResults", 0, minimum=0)
    """How many patients, studies or series a search gives at most; 0 means no
    limit."""

    instance_count_max: int = option("LimitFindInstances", 0, minimum=0)
    """How many instances a search gives at most; 0 means no limit."""
