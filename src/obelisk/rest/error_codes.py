"""The error numbers of Orthanc's REST API, and what each of them says."""

from collections.abc import Mapping
from types import MappingProxyType

ERROR_CODES: Mapping[int, str] = MappingProxyType(
    {
        -1: "Internal error",
        0: "Success",
        1: "Error encountered within the plugin engine",
        2: "Not implemented yet",
        3: "Parameter out of range",
        4: "The server hosting Orthanc is running out of memory",
        5: "Bad type for a parameter",
        6: "Bad sequence of calls",
        7: "Accessing an inexistent item",
        8: "Bad request",
        9: "Error in the network protocol",
        10: "Error while calling a system command",
        11: "Error with the database engine",
        12: "Badly formatted URI",
        13: "Inexistent file",
        14: "Cannot write to file",
        15: "Bad file format",
        16: "Timeout",
        17: "Unknown resource",
        18: "Incompatible version of the database",
        19: "The file storage is full",
        20: "Corrupted file (e.g. inconsistent MD5 hash)",
        21: "Inexistent tag",
        22: "Cannot modify a read-only data structure",
        23: "Incompatible format of the images",
        24: "Incompatible size of the images",
        25: "Error while using a shared library (plugin)",
        26: "Plugin invoking an unknown service",
        27: "Unknown DICOM tag",
        28: "Cannot parse a JSON document",
        29: "Bad credentials were provided to an HTTP request",
        30: "Badly formatted font file",
        31: (
            "The plugin implementing a custom database back-end does not "
            "fulfill the proper interface"
        ),
        32: "Error in the plugin implementing a custom storage area",
        33: "The request is empty",
        34: (
            "Cannot send a response which is acceptable according to the "
            "Accept HTTP header"
        ),
        35: "Cannot handle a NULL pointer",
        36: "The database is currently not available (probably a transient situation)",
        37: "This job was canceled",
        38: "Geometry error encountered in Stone",
        39: "Cannot initialize SSL encryption, check out your certificates",
        40: "Calling a function that has been removed from the Orthanc Framework",
        41: "Incorrect range request",
        42: (
            "Database could not serialize access due to concurrent update, "
            "the transaction should be retried"
        ),
        43: (
            "A bad revision number was provided, which might indicate "
            "conflict between multiple writers"
        ),
        44: (
            "A main DICOM Tag has been defined multiple times for the same "
            "resource level"
        ),
        45: "Access to a resource is forbidden",
        46: "Duplicate resource",
        47: (
            "Your configuration file contains configuration that are "
            "mutually incompatible"
        ),
        1000: "SQLite: The database is not opened",
        1001: "SQLite: Connection is already open",
        1002: "SQLite: Unable to open the database",
        1003: "SQLite: This cached statement is already being referred to",
        1004: "SQLite: Cannot execute a command",
        1005: (
            "SQLite: Rolling back a nonexistent transaction (have you called Begin()?)"
        ),
        1006: "SQLite: Committing a nonexistent transaction",
        1007: "SQLite: Unable to register a function",
        1008: "SQLite: Unable to flush the database",
        1009: "SQLite: Cannot run a cached statement",
        1010: "SQLite: Cannot step over a cached statement",
        1011: "SQLite: Bind a value while out of range (serious error)",
        1012: "SQLite: Cannot prepare a cached statement",
        1013: "SQLite: Beginning the same transaction twice",
        1014: "SQLite: Failure when committing the transaction",
        1015: "SQLite: Cannot start a transaction",
        2000: "The directory to be created is already occupied by a regular file",
        2001: "Unable to create a subdirectory or a file in the file storage",
        2002: "The specified path does not point to a directory",
        2003: (
            "The TCP port of the HTTP server is privileged or already in "
            "use or one of the HTTP bind addresses does not exist"
        ),
        2004: "The TCP port of the DICOM server is privileged or already in use",
        2005: "This HTTP status is not allowed in a REST API",
        2006: "The specified path does not point to a regular file",
        2007: "Unable to get the path to the executable",
        2008: "Cannot create a directory",
        2009: (
            "An application entity title (AET) cannot be empty or be "
            "longer than 16 characters"
        ),
        2010: "No request handler factory for DICOM C-FIND SCP",
        2011: "No request handler factory for DICOM C-MOVE SCP",
        2012: "No request handler factory for DICOM C-STORE SCP",
        2013: "No application entity filter",
        2014: "DicomUserConnection: Unable to find the SOP class and instance",
        2015: "DicomUserConnection: No acceptable presentation context for modality",
        2016: (
            "DicomUserConnection: The C-FIND command is not supported by the remote SCP"
        ),
        2017: (
            "DicomUserConnection: The C-MOVE command is not supported by the remote SCP"
        ),
        2018: "Cannot store an instance",
        2019: "Only string values are supported when creating DICOM instances",
        2020: "Trying to override a value inherited from a parent module",
        2021: 'Use "Content" to inject an image into a new DICOM instance',
        2022: "No payload is present for one instance in the series",
        2023: (
            "The payload of the DICOM instance must be specified according "
            "to Data URI scheme"
        ),
        2024: "Trying to attach a new DICOM instance to an inexistent resource",
        2025: (
            "Trying to attach a new DICOM instance to an instance (must be "
            "a series, study or patient)"
        ),
        2026: "Unable to get the encoding of the parent resource",
        2027: "Unknown modality",
        2028: "Bad ordering of filters in a job",
        2029: "Cannot convert the given JSON object to a Lua table",
        2030: "Cannot create the Lua context",
        2031: "Cannot execute a Lua command",
        2032: "Arguments cannot be pushed after the Lua function is executed",
        2033: "The Lua function does not give the expected number of outputs",
        2034: "The Lua function is not a predicate (only true/false outputs allowed)",
        2035: "The Lua function does not return a string",
        2036: "Another plugin has already registered a custom storage area",
        2037: "Another plugin has already registered a custom database back-end",
        2038: "Plugin trying to call the database during its initialization",
        2039: "Orthanc has been built without SSL support",
        2040: "Unable to order the slices of the series",
        2041: "No request handler factory for DICOM C-Find Modality SCP",
        2042: "Cannot override the value of a tag that already exists",
        2043: "No request handler factory for DICOM N-ACTION SCP (storage commitment)",
        2044: "No request handler factory for DICOM C-GET SCP",
        2045: (
            "DicomUserConnection: The C-GET command is not supported by the remote SCP"
        ),
        3000: "Unsupported media type",
    }
)
"""The description of each number; clients find both in the body of an error."""

_CODES_OF_HTTP = {
    400: (3, 5, 8, 12, 15, 28, *range(2019, 2026)),
    401: (29,),
    403: (45,),
    404: (7, 13, 17, 21),
    406: (34,),
    409: (43, 46),
    415: (3000,),
    416: (41,),
    503: (36, 42),
    507: (19,),
}

_HTTP_OF_CODE = {
    code: status for status, codes in _CODES_OF_HTTP.items() for code in codes
}


def http_status_of(code: int) -> int:
    """Return the HTTP status that goes with an error number."""
    return _HTTP_OF_CODE.get(code, 500)
