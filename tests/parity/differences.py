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


VARYING = (
    Varying(r".*", ("FileUuid", "Uuid"), "a random name of the stored file"),
    Varying(r".*", ("LastUpdate", "ReceptionDate"), "the clock of the server"),
    Varying(r"/changes", ("Date",), "the clock of the server"),
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
    Accepted(r".*/file", r"HEAD", (404,), (200,), "HEAD works wherever GET does"),
    Accepted(r"/\w+", r"HEAD", (404,), (200,), "HEAD works wherever GET does"),
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
        r"/\w+/\{id\}",
        r".*",
        (404,),
        (404,),
        "the body says what is unknown; Orthanc's is empty",
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
        "what cannot be decoded is refused; Orthanc ignores the encoding",
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
        ):
            return accepted.reason
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
            return node
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
