"""What the options of the DICOM server mean for it."""

from obelisk.app.descriptors import descriptors
from obelisk.config import DICOMSection
from obelisk.scp.settings import DICOMServerSettings, KnownCaller
from obelisk.scp.syntaxes import TransferSyntaxGroup


def dicom_settings(dicom: DICOMSection) -> DICOMServerSettings:
    """Return what the DICOM server needs to know of its options."""
    groups = {
        TransferSyntaxGroup.DEFLATED: dicom.deflated_accepted,
        TransferSyntaxGroup.JPEG: dicom.jpeg_accepted,
        TransferSyntaxGroup.JPEG_2000: dicom.jpeg_2000_accepted,
        TransferSyntaxGroup.JPEG_LOSSLESS: dicom.jpeg_lossless_accepted,
        TransferSyntaxGroup.JPIP: dicom.jpip_accepted,
        TransferSyntaxGroup.MPEG_2: dicom.mpeg_2_accepted,
        TransferSyntaxGroup.RLE: dicom.rle_accepted,
        TransferSyntaxGroup.MPEG_4: dicom.mpeg_4_accepted,
        TransferSyntaxGroup.H265: dicom.h265_accepted,
    }
    return DICOMServerSettings(
        ae_title=dicom.ae_title,
        port=dicom.port,
        working_count=dicom.thread_count,
        association_limit=descriptors().association_count,
        check_called_aet=dicom.check_called_ae_title,
        is_aet_case_sensitive=dicom.strict_ae_title_comparison,
        check_caller_host=dicom.check_modality_host,
        always_allow_echo=dicom.always_allow_echo,
        always_allow_store=dicom.always_allow_store,
        known_callers=tuple(
            KnownCaller(one.ae_title, one.host, one.allow_echo, one.allow_store)
            for one in dicom.modalities.values()
        ),
        timeout_seconds=dicom.scp_timeout,
        max_length=dicom.pdu_length_max,
        accepted_transfer_syntaxes=dicom.accepted_transfer_syntaxes,
        transfer_syntax_groups={
            group: is_accepted
            for group, is_accepted in groups.items()
            if is_accepted is not None
        },
        is_unknown_sop_class_accepted=dicom.unknown_sop_class_accepted,
        accepted_sop_classes=dicom.accepted_sop_classes,
        rejected_sop_classes=dicom.rejected_sop_classes,
    )
