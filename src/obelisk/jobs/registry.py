"""The job types by their names, and jobs made from what the index keeps."""

from collections.abc import Mapping

import orjson

from obelisk.errors import NotSupportedError
from obelisk.jobs.base import Job


class JobTypes:
    """The job types that this server knows.

    Parameters
    ----------
    types
        The types by their names.
    """

    def __init__(self, types: Mapping[str, type[Job]]) -> None:
        self._types = types

    def load(self, name: str, arguments: str) -> Job:
        """Return a job that was kept.

        Raises
        ------
        NotSupportedError
            If its type is unknown, or its arguments are those of another version.
        """
        try:
            return self._types[name].from_arguments(orjson.loads(arguments))
        except (KeyError, TypeError, ValueError) as error:
            message = f"This server cannot do this job of type {name}"
            raise NotSupportedError(message) from error
