"""/peers: other servers, and what is sent to them by HTTP."""

import re
from operator import itemgetter
from typing import Any

import orjson

from obelisk.config.peers import (
    NAME,
    InvalidPeerError,
    MissingFileError,
    Peer,
    read_peer,
    uses_token,
)
from obelisk.dicom.dictionary import TRANSFER_SYNTAXES
from obelisk.dicom.levels import Level
from obelisk.errors import NotFoundError, UnknownFileError
from obelisk.job_types.peer_store import PeerStore
from obelisk.rest.bodies import open_body
from obelisk.rest.job_requests import submit
from obelisk.rest.json_bodies import Fields, parse_json, read_body
from obelisk.rest.messages import (
    PLAIN_JSON,
    BadContentError,
    JSONResponse,
    Request,
    Response,
    Services,
    flag,
    json_bytes,
    json_response,
    text_response,
)
from obelisk.services.peer_transfers import shown_in_jobs, spooled

_OPERATIONS = ("configuration", "store", "store-straight", "system")
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{8}){4}")


def list_peers(request: Request, services: Services) -> Response:
    """List the names of the peers, or with ``expand`` what is known of them."""
    peers = services.transfers.peers.all()
    if flag(request, "expand", default=False):
        return json_response({name: peer.shown() for name, peer in peers.items()})
    return json_response(list(peers))


def list_peer_operations(request: Request, services: Services) -> Response:
    """List what can be asked about a peer."""
    services.transfers.peers.get(request.id)
    return json_response(_OPERATIONS)


def put_peer(request: Request, services: Services) -> Response:
    """Add a peer, or replace it, in the forms of ``OrthancPeers``.

    It is forgotten when the server stops, unless ``OrthancPeersInDatabase``.
    """
    if not NAME.fullmatch(request.id):
        raise BadContentError("A name has letters, digits, - and _ only")
    peer = _peer(_json(read_body(request, services)))
    services.transfers.peers.put(request.id, peer)
    return text_response()


def delete_peer(request: Request, services: Services) -> Response:
    """Forget a peer."""
    services.transfers.peers.delete(request.id)
    return text_response()


def get_peer_configuration(request: Request, services: Services) -> Response:
    """Tell what is known of a peer, but for passwords and the values of headers."""
    return json_response(services.transfers.peers.get(request.id).shown())


def get_peer_system(request: Request, services: Services) -> Response:
    """Ask a peer for its ``/system``, and give its answer."""
    with services.admission.wait():
        found = services.transfers.system(request.id)
    return JSONResponse(json_bytes(found), PLAIN_JSON)


def store_to_peer(request: Request, services: Services) -> Response:
    """Send patients, studies, series or instances to a peer, as a job.

    The body is one id, a list of ids, or an object with this list as ``Resources``.
    ``Compress`` says whether files are compressed by gzip on their way; ``Transcode``
    names the transfer syntax that all are sent in. What comes first in the list is
    sent first; the job names the resources in the order of their ids.
    """
    fields = _order(read_body(request, services))
    is_packed, syntax = _is_packed(fields), _syntax(fields)
    resources = _resources(fields.get("Resources"), services)
    job = PeerStore(
        resources=sorted(resources, key=itemgetter(1)),
        instances=services.resources.instances_of(resources),
        peer=request.id,
        shown_peer=shown_in_jobs(services.transfers.peers.get(request.id)),
        is_packed=is_packed,
        transfer_syntax=syntax,
    )
    services.exports.log(resources, request.id)
    return submit(request, services, job, fields)


def store_straight_to_peer(request: Request, services: Services) -> Response:
    """Send a DICOM file to a peer without storing it; give the answer of the peer."""
    services.transfers.peers.get(request.id)
    body = open_body(request, services.admission, services.limits)
    admission = services.admission
    with admission.receive(), spooled(body) as content, admission.wait():
        answer = services.transfers.send_straight(request.id, content)
    return json_response(answer)


def _json(body: bytes) -> Any:
    try:
        return parse_json(body)
    except orjson.JSONDecodeError as error:
        raise BadContentError("The body must contain JSON") from error


def _peer(value: Any) -> Peer:
    if uses_token(value):
        raise BadContentError("Pkcs11 is not supported")
    try:
        return read_peer(value)
    except MissingFileError as error:
        raise UnknownFileError("certificate", str(error)) from error
    except InvalidPeerError as error:
        raise BadContentError(str(error)) from error


def _order(body: bytes) -> Fields:
    """Return the fields of an order; an id, as text or JSON, or a list are one too."""
    text = body.decode(errors="replace").strip()
    values = text if _ID.fullmatch(text) else _json(body)
    if isinstance(values, str):
        values = [values]
    if isinstance(values, list):
        values = {"Resources": values}
    if not isinstance(values, dict) or "Resources" not in values:
        raise BadContentError("Missing field Resources in the JSON body")
    ids = values["Resources"]
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise BadContentError("Expected a list of strings in field: Resources")
    if not all(map(_ID.fullmatch, ids)):
        raise BadContentError("One of the resources is no identifier")
    return Fields(values)


def _resources(ids: list[str], services: Services) -> list[tuple[Level, str]]:
    """Return level and id of resources in the order of the request, each once."""
    wanted = list(dict.fromkeys(ids))
    found = services.resources.known(wanted)
    if len(found) < len(wanted):
        raise NotFoundError("resource", "")
    return found


def _is_packed(fields: Fields) -> bool:
    value = fields.get("Compress")
    if not isinstance(value, bool | None):
        raise BadContentError("Boolean value expected in field: Compress")
    return bool(value)


def _syntax(fields: Fields) -> str:
    """Return the transfer syntax that is wanted, empty if any will do."""
    value = fields.get("Transcode")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadContentError("String value expected in field: Transcode")
    if value not in TRANSFER_SYNTAXES:
        raise BadContentError("Unknown transfer syntax UID")
    return value
