"""The options about other transfer syntaxes."""

from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodingSection:
    """Giving instances in other transfer syntaxes."""

    lossy_quality: int = option(
        "DicomLossyTranscodingQuality", 90, minimum=1, maximum=100
    )
    """The quality of lossy compression by JPEG and JPEG 2000, unless a request says so
    by its argument `lossy-quality`."""
