"""What may differ between two servers, and why; everything else is a fault."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from exchange import Call


@dataclass(frozen=True, slots=True)
class Varying:
    """Members of JSON answers whose values two servers cannot share."""

    route: str
    keys: tuple[str, ...]
    reason: str
    #: Whether the member may also be absent.
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """Calls that the right server may answer in its own way, and why.

    `left` are the statuses of the left server that this is about, `right` those that
    the right one may have.
    """

    route: str
    argument: str
    left: tuple[int, ...]
    right: tuple[int, ...]
    reason: str
    #: Whether this is about answers of the left server without a body only.
    is_left_empty: bool = False
    #: What the body of the right one has to show.
    shows: str = ""
    #: What that of the left one has to show.
    left_shows: str = ""


VARYING = (
    Varying(r".*", ("FileUuid", "Uuid"), "a random name of the stored file"),
    Varying(r".*", ("LastUpdate", "ReceptionDate"), "the clock of the server"),
    Varying(r"/changes", ("Date",), "the clock of the server"),
    Varying(
        r"/jobs",
        ("ID", "CreationTime", "CompletionTime", "Timestamp", "EffectiveRuntime"),
        "a random identifier, and the clock of the server",
        optional=True,
    ),
    Varying(
        r"/jobs",
        ("ArchiveSize", "ArchiveSizeMB"),
        "members are stored, so that a download can be resumed; Orthanc deflates them",
    ),
    Varying(r".*/metadata", ("2", "7"), "the clock of the server, by number"),
    Varying(r".*", ("Details",), "prose for a person", optional=True),
    Varying(
        r"/system",
        ("DatabaseServerIdentifier", "DatabaseVersion", "DicomPort", "HttpPort"),
        "of the machine and its configuration",
    ),
    Varying(
        r"/system",
        ("Performance", "ThirdPartyPatches", "ThirdPartyVersions"),
        "about the program, not the service",
        optional=True,
    ),
    Varying(
        r"/system",
        ("Capabilities", "HasLabels", "PluginsEnabled"),
        "what is offered: what is not yet there is not claimed",
    ),
    Varying(
        r"/system",
        ("Obelisk",),
        "our own name and version, beside those that clients branch on",
        optional=True,
    ),
)

#: Only after C-STORE, where each server writes its own file meta header.
VARYING_AFTER_STORE = (
    Varying(
        r".*/header",
        (
            "0002,0000",
            "0002,0012",
            "0002,0013",
            "0002,0016",
            "FileMetaInformationGroupLength",
            "ImplementationClassUID",
            "ImplementationVersionName",
            "SourceApplicationEntityTitle",
        ),
        "the meta header names the program that wrote it (PS3.10 Section 7.1)",
        optional=True,
    ),
    Varying(
        r".*",
        (
            "FileSize",
            "DiskSize",
            "DicomDiskSize",
            "DicomUncompressedSize",
            "UncompressedSize",
            "TotalDiskSize",
            "TotalUncompressedSize",
            "PixelDataOffset",
            "CompressedSize",
            "CompressedMD5",
            "UncompressedMD5",
        ),
        "the length and content of that meta header",
    ),
)

ACCEPTED = (
    Accepted(r"/", r"", (307,), (307,), "to the page that is there: that of the API"),
    Accepted(
        r".*",
        r"HEAD",
        (404,),
        (200, 307, 400, 405),
        "HEAD works wherever GET does",
    ),
    Accepted(r".*/file", r"Range", (200,), (206,), "ranges work on files"),
    Accepted(
        r".*",
        r"OPTIONS|PATCH",
        (400, 404),
        (200, 204, 405),
        "405 names the methods that are allowed",
    ),
    Accepted(
        r".*",
        r".*",
        (405,),
        (405,),
        "the body says what is allowed; Orthanc's is empty",
    ),
    Accepted(
        r".*",
        r".*",
        (404,),
        (404,),
        "the body says what is unknown; Orthanc's is empty",
        is_left_empty=True,
    ),
    Accepted(
        r".*",
        r".*",
        (401,),
        (401,),
        "the body says what is missing; Orthanc's is empty",
        is_left_empty=True,
    ),
    Accepted(
        r"/jobs/.*",
        r".*",
        (404,),
        (405,),
        "the names of actions are no outputs of a job",
    ),
    Accepted(
        r".*/(archive|media)",
        r"filename=",
        (200,),
        (200,),
        "an empty name is none; Orthanc's archive has no name then",
    ),
    Accepted(
        r"/jobs/.*",
        r".*",
        (400,),
        (400,),
        "the body says why a job does not take an action; Orthanc's is empty",
        is_left_empty=True,
    ),
    Accepted(
        r".*/(archive|media)",
        r"",
        (200,),
        (200,),
        "the whole archive; Orthanc's breaks off at a file that it cannot describe",
        is_left_empty=True,
    ),
    *(
        Accepted(
            r".*/archive",
            r"",
            (200,),
            (200,),
            "a name without any character of ASCII is unknown; Orthanc leaves its"
            " folder out, so that one may hold several studies or series",
            shows=f"/Unknown {level}/",
        )
        for level in ("Study", "Series")
    ),
    Accepted(
        r".*/export",
        r".*",
        (403,),
        (403,),
        "the body says what is forbidden; Orthanc's is empty",
        is_left_empty=True,
    ),
    Accepted(
        r"/series",
        r"expand&response-content=Labels%3BStatus%3BIsStable%3BIsProtected",
        (200,),
        (200,),
        "the status is the true one; Orthanc's is Unknown without the metadata",
    ),
    Accepted(
        r".*/statistics",
        r"unknown .*",
        (200,),
        (404,),
        "unknown is unknown; Orthanc answers zeros",
    ),
    Accepted(
        r"/\w+",
        r"since=-1&limit=1",
        (500,),
        (400,),
        "a bad number is the caller's mistake; Orthanc's database fails",
    ),
    Accepted(
        r".*/tags",
        r"ignore-length=(nonsense|0028,0010)",
        (500,),
        (400,),
        "an unknown tag is the caller's mistake",
    ),
    Accepted(
        r"/instances",
        r".*",
        (404,),
        (400,),
        "a file without UIDs is a bad one; nothing was looked for that is not found",
    ),
    Accepted(
        r".*/attachments/.*",
        r"quota .*",
        (200, 500),
        (507,),
        "an attachment beyond the quota is refused like an instance; Orthanc answers"
        " 500, or deletes patients although it is to reject",
    ),
    Accepted(
        r"/instances",
        r"zip with .*",
        (200, 400),
        (200,),
        "bad members are reported; Orthanc drops them or the whole archive",
    ),
    Accepted(
        r"/instances",
        r"unknown encoding",
        (200,),
        (400, 415),
        "encoded content that cannot be decoded is refused; Orthanc takes it as it is",
    ),
    Accepted(
        r"/instances",
        r"multipart",
        (200,),
        (200,),
        "the answer says what was stored; Orthanc's is empty",
    ),
    Accepted(
        r"/instances",
        r"multipart (without parts|with a bad part)",
        (200, 400),
        (200, 400),
        "bad parts are reported, and a form without any is refused",
    ),
)

ACCEPTED += (
    Accepted(
        r".*/file",
        r"Accept application/dicom\+(json|xml)",
        (200,),
        (200,),
        "as tests/golden/test_models.py tells: what Orthanc leaves out or gets wrong",
    ),
)

_REVISED = r".*/(metadata|attachments)/\{name\}(/.*)?"

#: Beside those above: metadata, attachments, protection, contents.
ACCEPTED += (
    Accepted(
        r".*/metadata/\{name\}",
        r"LastUpdate|ReceptionDate|7",
        (200,),
        (200,),
        "the clock of the server",
    ),
    Accepted(
        r".*/metadata",
        r"expand=x.*",
        (404,),
        (400,),
        "a bad argument is refused before anything is looked for",
    ),
    Accepted(
        _REVISED,
        r"If-None-Match.*",
        (400,),
        (200, 304),
        "tags of another form do not match, * always does (RFC 9110 Section 13.1.2)",
    ),
    Accepted(
        r".*/attachments/\{name\}/(compressed-(data|md5|size)|info)",
        r".* after compress",
        (200,),
        (200,),
        "another compressor: other bytes, which unpack to the same",
    ),
    Accepted(
        r".*/attachments/\{name\}/(compressed-)?data",
        r"Range x",
        (416,),
        (200, 404),
        "a malformed range is as if it were not there (RFC 9110 Section 14.2)",
    ),
    Accepted(
        r".*/attachments/\{name\}/(compressed-)?data",
        r"Range bytes=.*",
        (206,),
        (206,),
        "a part is named as the whole is: Content-Disposition stays",
    ),
    Accepted(
        _REVISED,
        r"If-Match",
        (403, 404),
        (400,),
        "a header of another form is refused before anything is looked for",
    ),
    Accepted(
        _REVISED,
        r".*",
        (409,),
        (404,),
        "what is unknown has no revision to be in conflict with",
    ),
    Accepted(
        r".*/attachments/\{name\}",
        r".*",
        (404,),
        (404,),
        "the resource is what is unknown, not what is attached to it",
    ),
    Accepted(
        r".*/content/\{path\}",
        r"/nonsense",
        (500,),
        (400,),
        "an unknown tag is the caller's mistake",
    ),
    Accepted(
        r"/patients/\{id\}/protected",
        r".*",
        (400,),
        (404,),
        "an unknown patient is not found",
    ),
)

#: The same for reconstruction and for what is below /tools and /plugins.
ACCEPTED += (
    Accepted(
        r".*/reconstruct",
        r"id of \w+",
        (200,),
        (404,),
        "an id of another level is unknown, as with every other route",
    ),
    Accepted(
        r".*/reconstruct",
        r"\[\]|nonsense",
        (500,),
        (400, 404),
        "a body of another shape is the caller's mistake",
    ),
    Accepted(
        r"/tools/generate-uid",
        r"level=.*",
        (200,),
        (200,),
        "a random identifier; ours are those of PS3.5 Section B.2 unless configured",
    ),
    Accepted(r"/tools/now(-local)?", r"", (200,), (200,), "the clock of the server"),
    Accepted(
        r"/tools/metrics-prometheus",
        r"",
        (200,),
        (200,),
        "the values of the moment; the names are compared by tests of their own",
    ),
    Accepted(r"/jobs", r"(expand(=false)?)?", (200,), (200,), "random identifiers"),
    Accepted(
        r"/tools/dicom-conformance",
        r"",
        (200,),
        (200,),
        "prose about another program",
    ),
    Accepted(
        r"/plugins/explorer\.js",
        r"",
        (200,),
        (200,),
        "a script that does nothing, with another comment",
    ),
    Accepted(
        r"/tools/accepted-transfer-syntaxes",
        r"1\.2\..*",
        (400,),
        (200,),
        "one UID as plain text, as documented",
    ),
    Accepted(
        r"/tools/accepted-transfer-syntaxes",
        r"(at first|after (1\.2\..*|nonsense|\[1\]|))",
        (200,),
        (200,),
        "idem; MIME and XML encoding (1.2.6.1, 1.2.6.2) are for no DICOM instance",
    ),
)

ACCEPTED += (
    Accepted(
        r"/instances/\{id\}/file",
        r"transcode=.*",
        (500,),
        (200,),
        "RLE, JPEG 2000, HTJ2K and more colours are written, for which Orthanc needs "
        "plugins",
    ),
    Accepted(
        r"/instances/\{id\}/file",
        r"transcode=1\.2\.840\.10008\.1\.2\.4\.5[01].*",
        (200,),
        (500,),
        "indices into palettes are not compressed with loss (PS3.5 Section 8.2.1)",
    ),
)

ACCEPTED += (
    Accepted(
        r"/tools/(find|count-resources)",
        r"random .*",
        (500,),
        (200,),
        "an attribute of files can be wanted at any level; Orthanc's database fails",
        left_shows="Cannot prepare a cached statement",
    ),
    Accepted(
        r"/tools/count-resources",
        r'random .*("PatientName": "[^"]*[^\0-\x7f]|"\w+Description": "\w+ ").*',
        (200,),
        (200,),
        "as many as are found; Orthanc also counts what it drops then, for blanks or"
        " letters that look alike",
    ),
    Accepted(
        r"/tools/find",
        r'random .*"PatientName": "[^"]*[^\0-\x7f].*"Limit": .*',
        (200,),
        (200,),
        "a limit counts what is found, not what is dropped then",
    ),
    Accepted(
        r"/tools/find",
        r'random \{"Level": "Instance".*"SOPClassesInStudy".*',
        (400,),
        (200,),
        "what a level does not have is left out, as at all others",
    ),
)

#: What Orthanc can do and this server cannot do yet.
MISSING = (
    Accepted(
        r"/tools",
        r"",
        (200,),
        (200,),
        "what is offered: what is not yet there is not claimed",
    ),
)
ACCEPTED += MISSING


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A difference that no call shows, as it takes a job to see it.

    `test` has the file and the name of the test of what is right.
    """

    what: str
    reason: str
    test: tuple[str, str]


_ARCHIVE_JOBS = "interop/test_rest_archive_jobs.py"

ELSEWHERE = (
    Elsewhere(
        "POST /jobs/{id}/resubmit of an archive",
        "it is made again, like the work of other jobs; Orthanc answers 500",
        (_ARCHIVE_JOBS, "test_an_archive_that_failed_is_made_again"),
    ),
    Elsewhere(
        "Transcode of an archive or of media",
        "what cannot be written so stays as it is; Orthanc leaves it out silently",
        (
            "interop/test_rest_archive_transcoding.py",
            "test_what_can_have_it_gets_it",
        ),
    ),
    Elsewhere(
        "UserData of an archive",
        "any JSON, as with other jobs; Orthanc drops what is no text",
        (_ARCHIVE_JOBS, "test_a_job_makes_an_archive"),
    ),
    Elsewhere(
        "UserData of 10 MB",
        "more than 1 MiB is refused by 413; Orthanc takes all",
        ("golden/test_jobs.py", "test_user_data_has_a_limit"),
    ),
    Elsewhere(
        "POST /jobs/{id}/pause of an archive that is sent",
        "the download is held; Orthanc ends it as if what was sent were the whole",
        (_ARCHIVE_JOBS, "test_a_job_that_is_paused_holds_the_archive"),
    ),
    Elsewhere(
        "GET /jobs/{id}/archive after a restart, or after the deletion of the study",
        "the archive is there; Orthanc forgets the job, or has a file of its own",
        (_ARCHIVE_JOBS, "test_an_archive_outlives_a_crash"),
    ),
    Elsewhere(
        "a synchronous request whose job is paused",
        "202 with the path of the job; at Orthanc it waits for ever",
        (
            "golden/test_jobs.py",
            "test_a_synchronous_request_does_not_wait_for_a_paused_job",
        ),
    ),
    Elsewhere(
        "C-STORE of a dataset without Study or Series Instance UID",
        "C000, cannot understand, as Orthanc says of one without SOP Instance UID: no"
        " retry helps, as A700, out of resources, would suggest (PS3.4 Section B.2.3)",
        ("unit/scp/test_statuses.py", "test_a_dataset_without_uids_is_not_understood"),
    ),
    Elsewhere(
        "a presentation context whose transfer syntaxes are all unknown",
        "result 4, by PS3.8 Section 9.3.3.2; Orthanc says 3, the abstract syntax, but 4"
        " for verification",
        (
            "unit/scp/test_negotiation.py",
            "test_a_context_without_a_known_transfer_syntax_is_rejected",
        ),
    ),
    Elsewhere(
        "numbers and characters in XML",
        "numbers are exact, and what XML forbids is left out; Orthanc rounds numbers,"
        " answers 500 to large ones, and writes what no parser takes",
        (
            "unit/rest/test_xml_form.py",
            "test_a_parser_can_read_what_has_forbidden_characters",
        ),
    ),
    Elsewhere(
        "attributes beside the index where no file was kept",
        "they are as if they were absent; Orthanc answers 404 to the whole request",
        ("interop/test_index_only.py", "test_what_needs_a_file_is_not_found"),
    ),
    Elsewhere(
        "ReadOnly without an index",
        "the message says what is missing; Orthanc makes an index all the same",
        ("interop/test_rest_tools.py", "test_read_only_needs_an_archive"),
    ),
    Elsewhere(
        "Status of a series with two instances of one number, or one without a number",
        "Inconsistent and Unknown; Orthanc counts such instances as one, or not at all",
        ("unit/index/test_series_status.py", "test_status_follows_from_the_positions"),
    ),
    Elsewhere(
        "OrderBy of series and instances by attributes of patients",
        "by those that are shown and searched, which the study came with; Orthanc takes"
        " those of the patient",
        (
            "unit/index/test_query.py",
            "test_what_studies_say_of_patients_gives_the_order",
        ),
    ),
    Elsewhere(
        "CompletedSeries where an instance does not tell how many there are",
        "told as soon as the Status is Complete; Orthanc asks only the one that comes",
        ("unit/index/test_writing.py", "test_series_is_completed_by_any_instance"),
    ),
    Elsewhere(
        "LimitFindResults and a search that gives Since without Limit",
        "the limit holds; Orthanc drops it then",
        ("unit/services/test_finding.py", "test_results_are_limited"),
    ),
    Elsewhere(
        "IsStable after a restart within StableAge",
        "false until the age is reached; Orthanc forgets what was not stable yet",
        (
            "crash/test_stability.py",
            "test_a_kill_before_the_stable_age_doubles_and_loses_no_event",
        ),
    ),
    Elsewhere(
        "POST …/archive with Asynchronous under ReadOnly",
        "403 with the reason: jobs are rows of the index; Orthanc keeps them in memory",
        ("interop/test_rest_tools.py", "test_read_only"),
    ),
)

SEARCHES = {
    r".*(Nonsense|patientid|Foo).*": "a name that is unknown is the caller's mistake",
    r".*'(Query|Expand)': (\[\]|'x')\}": "idem; Orthanc fails",
    r".*'\w+': None\}": "null is as if it were not given",
    r".*\{'ProcedureCodeSequence': 'x'\}": (
        "no sequence has text; Orthanc refuses that where a file has the sequence"
    ),
    r".*'(Short|Full)': (1|'x')\}": "idem",
    r".*'RequestedTags': \[1\]\}": "idem",
    r".*'ParentSeries': 'x'\}": "idem; Orthanc fails",
    r"(Patient|Study) order .*'(StudyDate|KVP)', '(ASC|desc)'\]": "idem",
    r"Study \{'(Modality|SeriesNumber|InstanceNumber)'.*": "what is below decides",
    r"Patient \{'(StudyDate|Modality)': '\w+'\}": "idem",
    r"(Patient|Series) \{'ModalitiesInStudy': 'SR'\}": "the studies decide",
    r"Study \{'SOPClassesInStudy'.*": "all instances decide, not one",
    r"Series \{'(ImageType|StationName)': '(DERIVED|ROOM1)'\}": (
        "one value of several is enough (PS3.4 C.2.2.2)"
    ),
    r"Patient \{'PatientName': 'M\?ller\*'\}": "a character is one, whatever its bytes",
    r".*'KVP': '120'\}, 'Limit': 1\}": "a limit counts what is found",
    r"Study order .*'StudyDescription'.*": "characters beyond ASCII are put in order",
    r"Instance order \['MetadataAsFloat'.*": "as numbers, not as text",
    r"count with CaseSensitive": "possible here",
    r"lookup '(11|A B C)'": "only the identifier itself, not one that looks alike",
}
"""Searches by their name in calls whose answers differ, and why."""

_SEARCH_ROUTES = ("/tools/find", "/tools/count-resources", "/tools/lookup")

_RANDOM_NAME = re.compile(r'filename="[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"')

#: Text that Orthanc decodes wrongly, and what it says: the right one is asked of us.
MENDED = {
    # ISO_IR 203 (Latin-9, PS3.3 Section C.12.1.1.2) is dropped to ASCII.
    "uvre": "Œuvre",
    # The second character set of ISO 2022 with two Latin ones is not switched to.
    "Müller»îÚc": "MüllerЛюкc",
    # Escape sequences of JIS X 0208 behind JIS X 0201 lose their effect.
    "ﾔﾏﾀﾞ^ﾀﾛｳ=;3ED^B@O:=$d$^$@^$?$m$&": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
}

#: What is left of ISO 2022 escape sequences when Orthanc drops their first byte.
_ESCAPE_REST = re.compile(r"\$[@B]|\$\([A-D]|\$\)[A-C]|\([BIJ]|-[A-M]")


def mend(left: Any, right: Any) -> Any:
    """Return the left JSON values with text that Orthanc decoded wrongly put right.

    What stands in `MENDED` is put right; text with the rest of an escape sequence is
    taken from the right values, if those have none. JSON inside of text is mended too.
    """
    if isinstance(left, dict):
        others = right if isinstance(right, dict) else {}
        return {key: mend(item, others.get(key)) for key, item in left.items()}
    if isinstance(left, list):
        items = right if isinstance(right, list) else []
        pairs = zip_longest(left, items[: len(left)])
        return [mend(item, other) for item, other in pairs]
    if not isinstance(left, str):
        return left
    if left.startswith('{"') and isinstance(right, str):
        values = mend(json.loads(left), json.loads(right))
        return json.dumps(values, separators=(",", ":"))
    is_mended = (
        isinstance(right, str)
        and _ESCAPE_REST.search(left)
        and not _ESCAPE_REST.search(right)
    )
    return right if is_mended else MENDED.get(left, left)


def explain(call: Call, left: Any, right: Any) -> str | None:
    """Return why the right answer to a call may differ, or `None`."""
    if not left or not right:
        return None
    for accepted in ACCEPTED:
        if (
            left["status"] in accepted.left
            and right["status"] in accepted.right
            and re.fullmatch(accepted.route, call.route)
            and re.fullmatch(accepted.argument, call.argument)
            and not (accepted.is_left_empty and left["body"] is not None)
            and accepted.shows in json.dumps(right.get("body"))
            and accepted.left_shows in json.dumps(left.get("body"))
        ):
            return accepted.reason
    if call.route in _SEARCH_ROUTES:
        for name, reason in SEARCHES.items():
            if re.fullmatch(name, call.argument):
                return reason
    return None


def normalise(
    call: Call,
    value: Any,
    *,
    offset: int = 0,
    after_store: bool = False,
) -> Any:
    """Return JSON values without what must differ.

    Parameters
    ----------
    call
        The call whose answer it is.
    value
        The JSON values of the answer.
    offset
        The last change before the run: servers count changes from their first day.
    after_store
        Whether the instances came by C-STORE.
    """
    rules = VARYING + (VARYING_AFTER_STORE if after_store else ())
    rules = tuple(rule for rule in rules if re.fullmatch(rule.route, call.route))
    optional = {key for rule in rules if rule.optional for key in rule.keys}
    starred = {key for rule in rules for key in rule.keys} - optional
    counted = {"Seq", "First", "Last"} if call.route == "/changes" else set()

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            is_random = isinstance(node, str) and _RANDOM_NAME.fullmatch(node)
            return "*" if is_random else node
        result = {}
        for key, item in node.items():
            if key in starred:
                result[key] = "*"
            elif key in counted and isinstance(item, int):
                result[key] = item - offset
            elif key not in optional:
                result[key] = walk(item)
        return result

    return walk(value)


def iter_differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ, and how."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if key in left and key in right:
                yield from iter_differences(left[key], right[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}: only {'left' if key in left else 'right'}"
    elif isinstance(left, list) and isinstance(right, list):
        for index, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from iter_differences(one, other, f"{path}/{index}")
        if len(left) != len(right):
            yield f"{path}: {len(left)} / {len(right)} items"
    elif type(left) is not type(right) or left != right:
        yield f"{path or '/'}: {_short(left)} / {_short(right)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
