"""Instances in other transfer syntaxes: what to ask for, and what of them compares.

Encoders write other bytes for the same pixels, so pixels are compared once they are
expanded. What was compressed
with loss has other pixels at each server.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import imagecodecs
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from exchange import Call, describe
from parity.calls import get

_BASE = "1.2.840.10008.1.2"
_LOSSY = tuple(f"{_BASE}.4.{number}" for number in (50, 51, 81, 91))
_ENDINGS = ("", ".1", ".1.99", ".2", ".5", ".4.50", ".4.51", ".4.57", ".4.70")
_OTHER_ENDINGS = (".4.80", ".4.81", ".4.90", ".4.91", ".4.201", ".4.102", ".6.1")
_DECODERS: Mapping[str, Callable[[bytes], Any]] = {
    f"{_BASE}.4.57": imagecodecs.jpegsof3_decode,
    f"{_BASE}.4.70": imagecodecs.jpegsof3_decode,
    f"{_BASE}.4.80": imagecodecs.jpegls_decode,
}

#: Orthanc describes lossless JPEG as a derivation, and compresses icons; group lengths
#: are retired.
_LEFT_OUT = {"DerivationDescription", "IconImageSequence"}

#: What cannot be the same where something is lost. Orthanc also stretches grey values,
#: and leaves out what told of the former ones; we keep them, and what they mean.
_VARYING = {
    "LargestImagePixelValue",
    "LossyImageCompressionRatio",
    "ModalityLUTSequence",
    "PixelIntensityRelationship",
    "PixelPaddingValue",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "SOPInstanceUID",
    "SmallestImagePixelValue",
    "WindowCenter",
    "WindowCenterWidthExplanation",
    "WindowWidth",
}


def transcoding_calls(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Ask for each instance in each transfer syntax."""
    route = "/instances/{id}/file"
    for identifier in inventory["instances"]:
        path = f"/instances/{identifier}/file"
        for ending in _ENDINGS + _OTHER_ENDINGS:
            yield get(path, route, f"transcode={_BASE}{ending}")
        for quality in ("0", "1", "50", "101", "-1", "x", "5.5", "", "%2050"):
            uid = f"{_BASE}.4.50"
            yield get(path, route, f"transcode={uid}&lossy-quality={quality}")


def transcoded(content: bytes, argument: str) -> Any:
    """Return what two servers have to agree upon: attributes, and expanded pixels.

    A file without a header that is given as it is has what `argument` asks for.
    """
    wanted = argument.removeprefix("transcode=").partition("&")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oddities are on purpose
        dataset = dcmread(io.BytesIO(content), force=True)
        uid = str(dataset.file_meta.get("TransferSyntaxUID", wanted))
        return {
            "TransferSyntaxUID": uid,
            "attributes": dict(_attributes(dataset, is_lossy=uid in _LOSSY)),
            "pixels": None if uid in _LOSSY else _pixels(dataset, uid),
        }


def _attributes(dataset: Dataset, *, is_lossy: bool) -> Iterator[tuple[str, str]]:
    left_out = _LEFT_OUT | (_VARYING if is_lossy else set())
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag)
        if tag == 0x7FE00010 or not tag.element or element is None:
            continue
        try:
            element = dataset[tag]
        except OSError:  # a sequence that breaks off
            yield str(tag), "unreadable"
            continue
        if element.keyword not in left_out:
            # Whoever parses a dataset may find another VR for what is unknown.
            known = not tag.is_private and element.VR != "UN"
            text = str(element.value).replace(" ',", "',")  # blanks at the end
            yield str(tag), text if known else "*"


def _pixels(dataset: Dataset, uid: str) -> Any:
    if "PixelData" not in dataset:
        return None
    content = dataset.PixelData
    if dataset["PixelData"].is_undefined_length:
        if uid not in _DECODERS:
            return "*"
        content = _expanded(dataset, _DECODERS[uid])
    elif uid == f"{_BASE}.2" and dataset["PixelData"].VR == "OW":
        content = np.frombuffer(content, "<u2").byteswap().tobytes()
    elif dataset.get("PlanarConfiguration") == 1 and not dataset.get("NumberOfFrames"):
        planes = np.frombuffer(content, np.uint8)[: _size(dataset)]
        content = planes.reshape(3, -1).T.tobytes()
    return describe(content.rstrip(b"\0"))


def _size(dataset: Dataset) -> int:
    pixels = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel)
    return pixels * int(dataset.BitsAllocated) // 8


def _expanded(dataset: Dataset, decode: Callable[[bytes], Any]) -> bytes:
    """Expand the frames, if there are any that can be."""
    count = int(dataset.get("NumberOfFrames") or 1)
    try:
        frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
        return b"".join(np.asarray(decode(one)).tobytes() for one in frames)
    except (RuntimeError, ValueError):
        return b"unreadable"
