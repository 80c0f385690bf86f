"""Datasets in the Native DICOM Model (PS3.19 Annex A)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from obelisk.dicom.dictionary import UNKNOWN_NAME
from obelisk.dicom.model_elements import (
    PERSON_NAME_GROUPS,
    Value,
    is_binary,
    iter_binary,
    iter_elements,
    iter_values,
)
from obelisk.dicom.reading.dataset import Dataset, Element

_START = (
    b'<?xml version="1.0" encoding="utf-8"?>\n'
    b"<NativeDicomModel"
    b' xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
)
_END = b"</NativeDicomModel>\n"

_NAME_COMPONENTS = (
    "FamilyName",
    "GivenName",
    "MiddleName",
    "NamePrefix",
    "NameSuffix",
)

#: What XML 1.0 cannot hold, not even by number.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def iter_xml_model(dataset: Dataset) -> Iterator[bytes]:
    """Yield a dataset as an XML document, in small pieces and parts of large values.

    Binary values are inline. Characters that XML does not allow are left out.
    """
    yield _START
    yield from _attributes(dataset)
    yield _END


def _attributes(dataset: Dataset) -> Iterator[bytes]:
    for element, vr in iter_elements(dataset):
        yield _start(element, vr)
        if element.items is not None:
            for number, item in enumerate(element.items, 1):
                yield b'<Item number="%d">' % number
                yield from _attributes(item)
                yield b"</Item>"
        elif is_binary(vr):
            yield from _inline(element, vr)
        else:
            for number, value in enumerate(iter_values(element, vr), 1):
                if vr == "PN":
                    yield _name(number, value).encode()
                else:
                    text = _allowed(_text(value, vr))
                    yield b'<Value number="%d">%b</Value>' % (number, text.encode())
        yield b"</DicomAttribute>"


def _start(element: Element, vr: str) -> bytes:
    text = f'<DicomAttribute tag="{element.tag:08X}" vr="{vr}"'
    if element.private_creator is not None:
        creator = _FORBIDDEN.sub("", element.private_creator)
        text += f" privateCreator={quoteattr(creator)}"
    elif element.name != UNKNOWN_NAME:
        text += f' keyword="{element.name.removeprefix("RETIRED_")}"'
    return f"{text}>".encode()


def _inline(element: Element, vr: str) -> Iterator[bytes]:
    if element.size:
        yield b"<InlineBinary>"
        yield from map(b64encode, iter_binary(element, vr))
        yield b"</InlineBinary>"


def _text(value: Value, vr: str) -> str:
    """Return a value as text; numbers with as many digits as tell them apart."""
    if isinstance(value, float):
        return f"{value:.9g}" if vr == "FL" else repr(value).removesuffix(".0")
    return "" if value is None else str(value)


def _name(number: int, value: Value) -> str:
    """Write the component groups of a person name, and their components."""
    if not value:
        return ""
    groups = zip(PERSON_NAME_GROUPS, str(value).split("="), strict=False)
    written = "".join(
        f"<{name}>{_components(group)}</{name}>" for name, group in groups
    )
    return f'<PersonName number="{number}">{written}</PersonName>'


def _components(group: str) -> str:
    components = zip(_NAME_COMPONENTS, group.split("^"), strict=False)
    return "".join(f"<{name}>{_allowed(text)}</{name}>" for name, text in components)


def _allowed(text: str) -> str:
    """Write text as content of an XML element, with the line ends as they are."""
    return escape(_FORBIDDEN.sub("", text), {"\r": "&#13;"})
