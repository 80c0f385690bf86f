"""How instances are given in other transfer syntaxes, from the configuration."""

from obelisk.config import Config
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.imaging.reader import ImageReader
from obelisk.services.transcoding import Transcoding


def transcoding_of(
    config: Config, images: ImageReader, uids: UIDGenerator
) -> Transcoding:
    """Return what writes instances in other transfer syntaxes."""
    return Transcoding(images, uids, config.transcoding.lossy_quality)
