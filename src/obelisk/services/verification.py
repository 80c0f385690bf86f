"""Whether the files of an instance are what was written."""

from obelisk.dicom.levels import Level
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import CorruptedFileError, NotFoundError, ServerError
from obelisk.index.base import Index
from obelisk.index.records import Attachment, Compression, ContentType
from obelisk.services.digest import Digest
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.stored_files import StoredFile
from obelisk.storage.base import Storage


class Verification:
    """Reads files again and compares them with what the index knows.

    Parameters
    ----------
    index
        What is known.
    storage
        Where the files are.
    encoding
        The character set of files that name none.
    """

    def __init__(
        self, index: Index, storage: Storage, encoding: AssumedEncoding
    ) -> None:
        self._index = index
        self._storage = storage
        self._encoding = encoding

    def check(self, instance_id: str) -> list[ServerError]:
        """Check size, sums and structure; return what is wrong.

        Raises
        ------
        NotFoundError
            If there is no such instance, at the beginning or at the end.
        """
        with self._index.read() as transaction:
            pk = transaction.get_pk(Level.INSTANCE, instance_id)
            attachments = transaction.find_attachments(Level.INSTANCE, pk)
        wrong: list[ServerError] = []
        for attachment in attachments:
            if attachment.compression is Compression.NOT_STORED:
                continue
            try:
                self._check(instance_id, attachment)
            except ServerError as error:
                self._still_there(instance_id, attachment)
                wrong.append(error)
        return wrong

    def _still_there(self, instance_id: str, attachment: Attachment) -> None:
        """Raise `NotFoundError` if the instance or its file was deleted meanwhile."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(Level.INSTANCE, instance_id)
            if attachment not in transaction.find_attachments(Level.INSTANCE, pk):
                raise NotFoundError("attachment", instance_id)

    def _check(self, instance_id: str, attachment: Attachment) -> None:
        file = StoredFile(self._storage, attachment)
        digest = Digest(is_md5_computed=bool(attachment.md5))
        for chunk in file.read():
            digest.update(chunk)
        found = (digest.size, digest.md5, digest.crc32)
        if found != (attachment.size, attachment.md5, attachment.crc32):
            raise CorruptedFileError("Size or sum of the file have changed")
        if attachment.content_type == ContentType.DICOM:
            with file.view() as content:
                parsed = parse_instance(content, default_encoding=self._encoding.name)
            if parsed.ids.instance != instance_id:
                raise CorruptedFileError("The file holds another instance")
