"""The options of the data dictionaries."""

from collections.abc import Mapping
from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """An attribute that `Dictionary` describes."""

    tag: int
    """Group << 16 | element."""

    vr: str
    """Its VR."""

    name: str
    """Its name."""

    minimum: int = 1
    """The least number of values."""

    maximum: int = 1
    """The greatest number of values, 0 for any."""

    creator: str = ""
    """Who reserves the block of a private attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionarySection:
    """The names and types of attributes beyond the DICOM standard."""

    dictionary: Mapping[str, DictionaryEntry] = option("Dictionary", {})
    """Attributes, mostly private ones, that get a name and a VR:
    `"4321,1012": ["UT", "MyPrivateXMLTag", 1, 1, "My Company"]` gives VR, name, the
    least and the greatest number of values (0 for any), and the private creator."""

    external_dictionaries: tuple[str, ...] = option("ExternalDictionaries", ())
    """Files of dictionaries in the format of DCMTK (`.dic`), which add to those that
    come with the server; a relative path starts where the server was started, as with
    Orthanc."""

    private_dictionary_loaded: bool = option("LoadPrivateDictionary", default=True)
    """Whether the private attributes of well-known manufacturers have names."""

    default_private_creator: str = option("DefaultPrivateCreator", "")
    """Who reserves the blocks of private attributes that requests give without
    `PrivateCreator`."""
