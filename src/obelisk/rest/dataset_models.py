"""Files of instances in the forms of DICOMweb: as JSON, and as XML."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from obelisk.dicom.json_model import iter_json_model
from obelisk.dicom.reading.dataset import Dataset
from obelisk.dicom.xml_model import iter_xml_model
from obelisk.rest.messages import Request, Response, Services
from obelisk.services.stored_files import StoredFile

_FILE = "application/dicom"

#: How to write a dataset, by media type.
_MODELS: Mapping[str, Callable[[Dataset], Iterator[bytes]]] = MappingProxyType(
    {
        "application/dicom+json": iter_json_model,
        "application/dicom+xml": iter_xml_model,
    }
)

#: Larger files are written while the answer is sent.
_SMALL_BYTES = 4_194_304
_CHUNK_BYTES = 65_536


def wanted_model(request: Request) -> str | None:
    """Return the media type that a client prefers to the file, `None` if none."""
    accepted = request.environ.get("HTTP_ACCEPT", "")
    if "dicom+" not in accepted.lower():
        return None  # also what any client says that takes everything
    best = request.accept_mimetypes.best_match((_FILE, *_MODELS))
    return best if best in _MODELS else None


def model_response(request: Request, services: Services, media_type: str) -> Response:
    """Answer with the dataset of an instance, written as a media type says."""
    file = services.resources.open_file(request.id)
    headers = [("Content-Type", media_type)]
    if request.method == "HEAD":
        return Response(iter(()), headers)
    encoding = services.default_encoding.name
    chunks = _joined(_written(file, encoding, _MODELS[media_type]))
    if file.size <= _SMALL_BYTES:
        return Response(b"".join(chunks), headers)
    # What cannot be read fails here.
    return Response(chain((next(chunks),), chunks), headers)


def _written(
    file: StoredFile, encoding: str, write: Callable[[Dataset], Iterator[bytes]]
) -> Iterator[bytes]:
    with file.dataset(encoding, whole=True) as dataset:
        yield from write(dataset)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces joined to larger ones."""
    kept, size = list[bytes](), 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(kept)
            kept, size = [], 0
    yield b"".join(kept)
