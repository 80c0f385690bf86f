"""The whole error tree on one page; errors know no transport.

::

    ServerError
    ├── InvalidInputError            the caller is wrong; a retry is pointless
    │   ├── InvalidDICOMError        not PS3.10, or unreadable (offset, reason)
    │   ├── RequestTimeoutError      the client sent nothing for too long
    │   └── InvalidArgumentError     any other parameter (name, value, expected)
    ├── NotFoundError                (kind, identifier)
    │   ├── UnknownNameError         a name that stands for nothing
    │   └── UnknownFileError         a file that a request names is not there
    ├── ReadOnlyError                the server may not write anything
    ├── ForbiddenError               rule or credentials said no
    │   └── ReadOnlyContentError     belongs to the server, not to its users
    ├── RevisionConflictError        somebody else changed it meanwhile
    ├── JobError                     a job is not as it should be
    │   ├── UnknownJobError          there is no such job, or it has no such output
    │   ├── JobStateError            its state does not allow this
    │   ├── JobCanceledError         somebody cancelled it
    │   ├── JobFailedError           it failed (code, details)
    │   ├── JobConflictError         the key of its request was used for another one
    │   ├── ClaimLostError           somebody else has it now
    │   └── StepInterruptedError     it is to be left, so a wait of its step ended
    ├── IndexRuleError               a change would break a rule of the index
    ├── NotSupportedError            SOP class, transfer syntax, operation
    ├── LimitError                   size (limit, actual)
    ├── UnavailableError             a retry may help
    │   ├── StorageError             the storage area failed
    │   │   ├── StorageFullError     the storage area is full, or its quota used up
    │   │   ├── ContentGoneError     a file is not there
    │   │   └── CorruptedFileError   a file is not what was written
    │   │       └── DamagedFilesError    some of many could not be read (identifiers)
    │   ├── ContentReplacedError     a file got other content before it was read
    │   ├── IndexUnavailableError    the index failed
    │   │   └── IndexFullError       there is no room for what it would note
    │   └── RemoteError              a peer did not do its part
    │       ├── AssociationAbortedError  an association ended before its time
    │       ├── StepTimeoutError     what a job waited for did not come in time
    │       └── PeerError            another server did not do what it was asked by HTTP
    │           └── PeerStatusError      it refused to (status)
    ├── ProtocolError                the peer broke the DICOM upper layer protocol
    └── ConfigError                  start-up only; lists every problem
"""

from collections.abc import Sequence

#: How many of many things a message names.
_NAMED_MAX = 100


class ServerError(Exception):
    """Something went wrong in the server.

    Parameters
    ----------
    message
        What was wrong, for a person; the docstring of the class unless given.
        Patient data never enters a message.
    details
        The same facts for a program: names and plain JSON values.
    """

    def __init__(self, message: str | None = None, **details: object) -> None:
        if message is None:
            message = (type(self).__doc__ or "").strip().split("\n", 1)[0].rstrip(".")
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInputError(ServerError):
    """The request is wrong, and a retry is pointless."""


class InvalidDICOMError(InvalidInputError):
    """The bytes are not a readable DICOM file.

    Parameters
    ----------
    reason
        What is wrong with the bytes.
    offset
        Where, in bytes from the start of the file, if known.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        message = reason if offset is None else f"{reason} (at offset {offset})"
        super().__init__(message, reason=reason, offset=offset)
        self.reason = reason
        self.offset = offset


class RequestTimeoutError(InvalidInputError):
    """The client sent nothing for too long."""


class InvalidArgumentError(InvalidInputError):
    """An argument is wrong."""


class NotFoundError(ServerError):
    """There is no such thing.

    Parameters
    ----------
    kind
        What was looked for, such as ``study`` or ``attachment``.
    identifier
        The name under which it was looked for.
    """

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"Unknown {kind}", kind=kind, identifier=identifier)


class UnknownNameError(NotFoundError):
    """There is no such name."""


class UnknownFileError(NotFoundError):
    """There is no such file."""


class ReadOnlyError(ServerError):
    """The server is read-only (ReadOnly)."""


class ForbiddenError(ServerError):
    """A rule forbids this."""


class ReadOnlyContentError(ForbiddenError):
    """Users cannot change what belongs to the server."""


class RevisionConflictError(ServerError):
    """Somebody else changed it meanwhile."""


class JobError(ServerError):
    """A job is not as it should be."""


class UnknownJobError(JobError):
    """There is no such job, or it has no such output."""


class JobStateError(JobError):
    """The state of the job does not allow this."""


class JobCanceledError(JobError):
    """Somebody cancelled the job."""


class JobFailedError(JobError):
    """A job that somebody waited for has failed.

    Parameters
    ----------
    code
        The number of its error in the REST API.
    message
        What the job says about it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message, code=code)
        self.code = code


class JobConflictError(JobError):
    """The key of the request was used for another request."""


class ClaimLostError(JobError):
    """The job was given to somebody else meanwhile."""


class StepInterruptedError(JobError):
    """A step was torn out of its wait, as its job is to be left."""


class IndexRuleError(ServerError):
    """A change would break a rule of the index."""


class NotSupportedError(ServerError):
    """What was asked for is not supported."""


class LimitError(ServerError):
    """A limit was exceeded."""


class UnavailableError(ServerError):
    """Something that the server needs is not available; a retry may help."""


class StorageError(UnavailableError):
    """The storage area failed."""


class StorageFullError(StorageError):
    """The storage area is full."""


class ContentGoneError(StorageError):
    """A file of the storage area is not there."""


class CorruptedFileError(StorageError):
    """A file is not what was written."""


class DamagedFilesError(CorruptedFileError):
    """Some files of many could not be read; the others were.

    Parameters
    ----------
    identifiers
        The instances that these files belong to; the message names the first of them.
    """

    def __init__(self, identifiers: Sequence[str]) -> None:
        named = ", ".join(identifiers[:_NAMED_MAX])
        if len(identifiers) > _NAMED_MAX:
            named += ", … (the log has all)"
        super().__init__(
            f"Instances were passed over as their files are damaged"
            f" ({len(identifiers)}): {named}",
            identifiers=list(identifiers),
        )


class ContentReplacedError(UnavailableError):
    """The file got other content before it was read."""


class IndexUnavailableError(UnavailableError):
    """The index failed."""


class IndexFullError(IndexUnavailableError):
    """There is no room for the index on its disk."""


class RemoteError(UnavailableError):
    """A peer did not do its part."""


class StepTimeoutError(RemoteError):
    """What a job waited for did not come in time."""


class PeerError(RemoteError):
    """Another server did not do what it was asked by HTTP."""


class PeerStatusError(PeerError):
    """Another server refused what it was asked by HTTP.

    Parameters
    ----------
    message
        What it was asked, and what it answered.
    status
        The status of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status=status)
        self.status = status


class AssociationAbortedError(RemoteError):
    """The association ended before its time."""


class ProtocolError(ServerError):
    """The peer broke the DICOM upper layer protocol."""


class ConfigError(ServerError):
    """The configuration is wrong.

    Parameters
    ----------
    problems
        Every problem that was found, one sentence each.
    warnings
        What has no effect, one sentence each: it may be the reason.
    """

    def __init__(self, problems: Sequence[str], warnings: Sequence[str] = ()) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)
        self.warnings = list(warnings)
