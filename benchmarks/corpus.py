"""Synthetic instances for load: a CT slice of 527 KB and a structured report of 10 KB.

Every instance is a template with its own identifiers put in, which costs next to
nothing, so that the clients of a benchmark are not what is measured.
"""

import io
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SR_STORAGE = "1.2.840.10008.5.1.4.1.1.88.33"

_DIGITS = 10
_ROOT = "2.25.5270"
_INSTANCE = f"{_ROOT}1.{'8' * _DIGITS}"
_SERIES = f"{_ROOT}2.{'7' * _DIGITS}"
_STUDY = f"{_ROOT}3.{'6' * _DIGITS}"
_PATIENT = "BENCH" + "5" * _DIGITS

_CT_ATTRIBUTES = {
    "AccessionNumber": "ACC0001",
    "AcquisitionDate": "20240102",
    "AcquisitionDateTime": "20240102101112.123000",
    "AcquisitionNumber": "3",
    "AcquisitionTime": "101112.3",
    "AdditionalPatientHistory": "cough",
    "BodyPartExamined": "CHEST",
    "ContentDate": "20240102",
    "ContentTime": "101112.9",
    "ContrastBolusAgent": "APPLIED",
    "ContrastBolusStartTime": "101050",
    "ContrastBolusTotalDose": "80",
    "ContrastBolusVolume": "80",
    "ContrastFlowRate": "3",
    "ConvolutionKernel": "B31f",
    "CTDIvol": 7.1,
    "DataCollectionCenterPatient": [0.0, 0.0, 1.0],
    "DataCollectionDiameter": "500",
    "DateOfLastCalibration": "20240102",
    "DeviceSerialNumber": "12345",
    "DistanceSourceToDetector": "1085.6",
    "DistanceSourceToPatient": "595",
    "EstimatedDoseSaving": 10.0,
    "EthnicGroup": "x",
    "Exposure": "100",
    "ExposureModulationType": "XYZ_EC",
    "ExposureTime": "500",
    "FilterType": "0",
    "FocalSpots": "1.2",
    "FrameOfReferenceUID": "2.25.52704",
    "GantryDetectorTilt": "0",
    "GeneratorPower": "40",
    "ImageComments": "",
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "ImagePositionPatient": ["-175", "-175", "-1.0"],
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
    "InstanceCreationDate": "20240102",
    "InstanceCreationTime": "101112.123000",
    "InstanceNumber": "1",
    "InstitutionAddress": "1 Rue Synthétique",
    "InstitutionName": "Hôpital Synthétique",
    "InstitutionalDepartmentName": "Radiology",
    "IrradiationEventUID": "2.25.52705",
    "IssuerOfPatientID": "BENCH",
    "KVP": "120",
    "Manufacturer": "Synthetic",
    "ManufacturerModelName": "Synthetic CT",
    "Modality": "CT",
    "OperatorsName": "Operator^Synthetic",
    "PatientAge": "074Y",
    "PatientBirthDate": "19500101",
    "PatientComments": "none",
    "PatientName": "Synthétique^Person",
    "PatientPosition": "HFS",
    "PatientSex": "O",
    "PatientSize": "1.80",
    "PatientWeight": "80",
    "PerformedProcedureStepDescription": "CT Chest",
    "PerformedProcedureStepID": "PPS1",
    "PerformedProcedureStepStartDate": "20240102",
    "PerformedProcedureStepStartTime": "101000",
    "PerformingPhysicianName": "Physician^Synthetic",
    "PhysiciansOfRecord": "Record^Synthetic",
    "PositionReferenceIndicator": "",
    "ProtocolName": "1_Routine",
    "ReconstructionDiameter": "350",
    "ReconstructionTargetCenterPatient": [0.0, 0.0, 1.0],
    "ReferringPhysicianName": "Referrer^Synthétique",
    "RequestedProcedureDescription": "CT Chest",
    "RequestingPhysician": "Requester^Synthetic",
    "RequestingService": "ICU",
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "RotationDirection": "CW",
    "SOPClassUID": CT_STORAGE,
    "SeriesDate": "20240102",
    "SeriesDescription": "Thorax 1.0 B31f",
    "SeriesNumber": "2",
    "SeriesTime": "101100",
    "SingleCollimationWidth": 0.6,
    "SliceLocation": "-1.0",
    "SliceThickness": "1",
    "SoftwareVersions": "synthetic 1",
    "SpecificCharacterSet": "ISO_IR 100",
    "SpiralPitchFactor": 0.6,
    "StationName": "CT01",
    "StudyDate": "20240102",
    "StudyDescription": "Thorax^1_Routine (Adult)",
    "StudyID": "1",
    "StudyTime": "101000.5",
    "TableFeedPerRotation": 23.0,
    "TableHeight": "150",
    "TableSpeed": 46.0,
    "TimeOfLastCalibration": "060000",
    "TotalCollimationWidth": 38.4,
    "WindowCenter": ["40", "-600"],
    "WindowCenterWidthExplanation": ["WINDOW1", "WINDOW2"],
    "WindowWidth": ["400", "1200"],
    "XRayTubeCurrent": "200",
}
_CT_PIXELS = {
    "BitsAllocated": 16,
    "BitsStored": 12,
    "Columns": 512,
    "HighBit": 11,
    "LargestImagePixelValue": 4095,
    "PhotometricInterpretation": "MONOCHROME2",
    "PixelRepresentation": 0,
    "PixelSpacing": ["0.683594", "0.683594"],
    "Rows": 512,
    "SamplesPerPixel": 1,
    "SmallestImagePixelValue": 0,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A file in two parts: a head with places for identifiers, and the rest."""

    head: bytes
    tail: bytes

    @property
    def size_bytes(self) -> int:
        """The size of every instance made of it."""
        return len(self.head) + len(self.tail)

    def fill(self, instance: int, series: int) -> tuple[bytes, bytes]:
        """Return the two parts of an instance; each series has a patient of its own.

        Parameters
        ----------
        instance
            A number that no other instance of the archive has.
        series
            Which series, study and patient it belongs to.
        """
        head = self.head
        for placeholder, number in (
            (_INSTANCE, instance),
            (_SERIES, series),
            (_STUDY, series),
            (_PATIENT, series),
        ):
            filled = placeholder[:-_DIGITS] + str(number + 10 ** (_DIGITS - 1))
            head = head.replace(placeholder.encode(), filled.encode())
        return head, self.tail


def ct_template(pixel_bytes: int | None = None) -> Template:
    """Return a CT slice of 512 by 512; `pixel_bytes` makes it as large as wanted."""
    dataset = _ct_dataset()
    for keyword, value in _CT_PIXELS.items():
        setattr(dataset, keyword, value)
    pixels = _slice()
    dataset.add_new(0x7FE00010, "OW", pixels)
    template = _encode(dataset, len(pixels))
    if pixel_bytes is None:
        return template
    length = pixel_bytes.to_bytes(4, "little")
    return Template(template.head[:-4] + length, b"")


def sr_template() -> Template:
    """Return a structured report with 34 content items and no pixel data."""
    dataset = _ct_dataset()
    for element in list(dataset):
        if element.tag.group == 0x0018:
            del dataset[element.tag]
    dataset.SOPClassUID = SR_STORAGE
    dataset.Modality = "SR"
    dataset.ValueType = "CONTAINER"
    items = []
    for number in range(34):
        item = Dataset()
        item.RelationshipType = "CONTAINS"
        item.ValueType = "TEXT"
        item.ConceptNameCodeSequence = Sequence([_code(f"1210{number}", "Finding")])
        item.TextValue = f"Finding number {number}: " + "synthetic " * 10
        items.append(item)
    dataset.ContentSequence = Sequence(items)
    return _encode(dataset, 0)


def _ct_dataset() -> Dataset:
    dataset = Dataset()
    for keyword, value in _CT_ATTRIBUTES.items():
        setattr(dataset, keyword, value)
    dataset.SOPInstanceUID = _INSTANCE
    dataset.SeriesInstanceUID = _SERIES
    dataset.StudyInstanceUID = _STUDY
    dataset.PatientID = _PATIENT
    reference = Dataset()
    reference.ReferencedSOPClassUID = CT_STORAGE
    reference.ReferencedSOPInstanceUID = "2.25.52706"
    reference.PurposeOfReferenceCodeSequence = Sequence([_code("121311", "Localizer")])
    dataset.ReferencedImageSequence = Sequence([reference, reference])
    dataset.SourceImageSequence = Sequence([reference])
    dataset.ProcedureCodeSequence = Sequence([_code("RPID16", "CT CHEST")])
    dataset.CTDIPhantomTypeCodeSequence = Sequence([_code("113691", "Body Phantom")])
    request = Dataset()
    request.RequestedProcedureDescription = "CT Chest"
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepDescription = "CT"
    request.ScheduledProcedureStepID = "SPS1"
    request.ScheduledProtocolCodeSequence = Sequence([_code("P1", "Thorax")])
    dataset.RequestAttributesSequence = Sequence([request])
    dataset.add_new(0x00090010, "LO", "SYNTHETIC BENCHMARK")
    dataset.add_new(0x00091010, "LO", "private")
    dataset.add_new(0x00091012, "UN", bytes(64))
    return dataset


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = "DCM"
    code.CodeMeaning = meaning
    return code


def _slice() -> bytes:
    """Return a body with organs and noise, since flat pixels would compress away."""
    generator = np.random.default_rng(1)
    rows, columns = np.mgrid[0:512, 0:512]
    body = ((columns - 256) / 200) ** 2 + ((rows - 256) / 150) ** 2 < 1
    pixels = np.where(body, 1050.0, 0.0)
    for number, value in enumerate((150, 1080, 1300, 60, 1100, 2000)):
        center = 256 + 120 * np.cos(number), 256 + 80 * np.sin(number)
        organ = (columns - center[0]) ** 2 + (rows - center[1]) ** 2 < 30**2
        pixels[organ] = value
    pixels += generator.normal(0, 12, pixels.shape) * np.where(body, 1, 0.6) + 20
    return np.clip(pixels, 0, 4095).astype("<u2").tobytes()


def _encode(dataset: Dataset, tail_bytes: int) -> Template:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "2.25.52700"
    meta.ImplementationVersionName = "SYNTHETIC"
    dataset.file_meta = meta
    target = io.BytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    content = target.getvalue()
    split = len(content) - tail_bytes
    return Template(content[:split], content[split:])
