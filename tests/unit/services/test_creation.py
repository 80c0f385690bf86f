"""Tests of new instances, from the order to the archive."""

import io

import pydicom
import pytest

from images import make_pixels, make_tiff, rgb_image, save
from obelisk.dicom.creation import TagOptions, UnsuitableValueError
from obelisk.dicom.levels import Level
from obelisk.dicom.payloads import UnreadableContentError
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.dicom.writing import Blob
from obelisk.errors import InvalidArgumentError
from obelisk.imaging.pictures import UnreadableImageError
from obelisk.imaging.reader import ImageReader
from obelisk.services.creation import (
    Creation,
    InheritedTagError,
    InstanceParentError,
    PixelDataTagError,
    UnknownParentError,
)
from obelisk.services.creation_orders import CreationOrder, KeptOrders
from obelisk.services.embedding import Embedding, NewContent, NewFile, bytes_blob
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Origin
from obelisk.services.samples import Samples

_PNG = NewFile("image/png", bytes_blob(save(rgb_image(), "PNG")))
_JPEG = NewFile("image/jpeg", bytes_blob(save(rgb_image(), "JPEG")))
_DEEP = NewFile("image/tiff", bytes_blob(make_tiff(make_pixels(2, 16))))
_PDF = NewFile("application/pdf", bytes_blob(b"%PDF-1.4"))


class Maker:
    """Makes instances in an archive, and reads them back."""

    def __init__(self, house, images):
        """Wire the services."""
        samples = Samples(house.index, house.resources, AssumedEncoding())
        self.house = house
        self.creation = Creation(
            house.index,
            house.resources,
            samples,
            house.ingest,
            Embedding(images, UIDGenerator()),
            KeptOrders(house.storage),
            AssumedEncoding(),
            UIDGenerator(),
            lambda: house.now,
        )

    def ids(self, tags, *contents, **options):
        """Make instances; return the ids of each."""
        tag_options = TagOptions(is_forced=options.pop("is_forced", False))
        order = CreationOrder(
            tags=tags, contents=contents, options=tag_options, **options
        )
        return [one.ids for one in self.creation.create(order, Origin("RestApi"))]

    def read(self, id_):
        """Return the dataset of an instance."""
        file = self.house.resources.open_file(id_)
        return pydicom.dcmread(io.BytesIO(b"".join(file.read())))

    def make(self, tags, *contents, **options):
        """Make one instance; return its dataset."""
        (ids,) = self.ids(tags, *contents, **options)
        return self.read(ids.instance)


@pytest.fixture(scope="module")
def images():
    """Return a reader of images for all tests."""
    reader = ImageReader()
    yield reader
    reader.close()


@pytest.fixture
def maker(house, images):
    """Return what makes instances."""
    return Maker(house, images)


def _content(*files, **options):
    return NewContent(files=files, **options)


def test_what_is_made_anew(maker):
    """UIDs, dates and a patient ID are there without being given."""
    dataset = maker.make({"PatientName": "A^B"})

    uids = {
        dataset.StudyInstanceUID,
        dataset.SeriesInstanceUID,
        dataset.SOPInstanceUID,
    }
    assert len(uids) == 3
    assert all(uid.is_valid for uid in uids)
    assert dataset.PatientID
    assert {len(dataset.StudyDate), len(dataset.ContentDate)} == {8}
    assert dataset.SpecificCharacterSet == "ISO_IR 100"
    assert "SOPClassUID" not in dataset


def test_a_bare_order(maker):
    """Only what identifies the instance is added."""
    dataset = maker.make({"PatientName": "A", "PatientID": "x"}, is_bare=True)

    assert {one.keyword for one in dataset} == {
        "PatientName",
        "PatientID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
    }


def test_what_is_given_stays(maker):
    """Dates are not overwritten, and a name keeps its characters."""
    tags = {"StudyDate": "20200101", "PatientName": "山田", "PatientID": ""}
    dataset = maker.make(tags)

    assert dataset.StudyDate == "20200101"
    assert dataset.PatientName == "山田"
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.PatientID == ""


def test_uids_need_force(maker):
    """They identify what is made, so that giving them is done on purpose."""
    tags = {"StudyInstanceUID": "1.2.3"}
    with pytest.raises(InheritedTagError, match="StudyInstanceUID"):
        maker.make(tags)

    assert maker.make(tags, is_forced=True).StudyInstanceUID == "1.2.3"


def test_pixel_data_is_no_tag(maker):
    """It is the content."""
    with pytest.raises(PixelDataTagError):
        maker.make({"PixelData": "x"})


def _parent(maker):
    (ids,) = maker.ids(
        {
            "PatientName": "Parent",
            "PatientID": "P",
            "PatientSex": "F",
            "StudyDescription": "Study",
            "StudyDate": "20200101",
            "SeriesDescription": "Series",
            "Modality": "CT",
            "InstitutionName": "Inst",
            "SpecificCharacterSet": "ISO_IR 144",
        }
    )
    return ids


@pytest.mark.parametrize("level", ["patient", "study", "series"])
def test_parents(maker, level):
    """An instance belongs to its parent, and has what the modules say."""
    parent = _parent(maker)
    (ids,) = maker.ids({}, parent=getattr(parent, level))
    dataset = maker.read(ids.instance)

    assert ids.patient == parent.patient
    assert (ids.study == parent.study) is (level != "patient")
    assert (ids.series == parent.series) is (level == "series")
    assert dataset.PatientSex == "F"
    assert dataset.get("StudyDescription") == (None if level == "patient" else "Study")
    assert dataset.get("Modality") == ("CT" if level == "series" else None)
    assert "InstitutionName" not in dataset
    assert dataset.SpecificCharacterSet == "ISO_IR 144"


def test_what_a_parent_says_stays(maker):
    """Its tags are given with force only; dates are free."""
    parent = _parent(maker)
    with pytest.raises(InheritedTagError, match="StudyDescription"):
        maker.make({"StudyDescription": "x"}, parent=parent.study)

    dataset = maker.make({"StudyDate": "20210101"}, parent=parent.study)
    assert dataset.StudyDate == "20210101"
    forced = maker.make({"StudyDescription": "x"}, parent=parent.study, is_forced=True)
    assert forced.StudyDescription == "x"


def test_characters_that_the_parent_lacks(maker):
    """UTF-8 stands in for its character set."""
    dataset = maker.make({"ImageComments": "山"}, parent=_parent(maker).series)

    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.ImageComments == "山"


def test_bad_parents(maker):
    """A parent must exist, and have room for instances."""
    with pytest.raises(UnknownParentError):
        maker.make({}, parent="nope")
    with pytest.raises(InstanceParentError):
        maker.make({}, parent=_parent(maker).instance)


def test_a_series(maker):
    """Its instances are numbered, and each may have tags of its own."""
    contents = [_content(_PNG, tags={"ImageComments": "a"}), _content(_PDF)]
    found = maker.ids({"PatientID": "x"}, *contents, is_series=True)
    first, second = (maker.read(ids.instance) for ids in found)

    assert found[0].series == found[1].series
    assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    assert (first.ImageIndex, second.ImageIndex) == (1, 2)
    assert first.ImagesInAcquisition == second.ImagesInAcquisition == 2
    assert first.ImageComments == "a"
    assert "ImageComments" not in second
    assert second.EncapsulatedDocument == b"%PDF-1.4"


def test_a_series_that_fails(maker, house):
    """Nothing of it is left."""
    bad = _content(NewFile("image/png", bytes_blob(b"x")))
    with pytest.raises(UnreadableImageError):
        maker.ids({}, _content(_PNG), bad, is_series=True)

    assert house.resources.statistics().instance_count == 0
    assert house.files() == []


def test_frames(maker):
    """Several images become one instance."""
    dataset = maker.make({}, _content(_PNG, _PNG, is_multi_frame=True))

    assert dataset.NumberOfFrames == 2
    assert dataset.pixel_array.shape == (2, 11, 9, 3)
    assert dataset.pixel_array[1].tobytes() == rgb_image().tobytes()


def test_colours_of_16_bits(maker):
    """A TIFF keeps them."""
    dataset = maker.make({}, _content(_DEEP))

    assert dataset.BitsStored == 16
    assert dataset.pixel_array.tolist() == make_pixels(2, 16).tolist()


def test_the_same_identity_makes_the_same_instances(maker):
    """Whatever was made of them before."""
    order = CreationOrder(tags={}, contents=[_content(_PDF)] * 3, is_series=True)
    identity, origin = maker.creation.identity(), Origin("RestApi")
    every = list(maker.creation.create_from(0, order, identity, origin))
    rest = list(maker.creation.create_from(1, order, identity, origin))

    assert [one.ids for one in rest] == [one.ids for one in every[1:]]
    assert [one.is_new for one in every] == [True] * 3
    assert not any(one.is_new for one in rest)


def test_what_was_there_stays(maker):
    """When a series fails whose first instance is known already."""
    uids = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3", "PatientID": "x"}
    tags = uids | {"SOPInstanceUID": "1.4"}
    maker.make(tags, is_forced=True)
    broken = _content(NewFile("application/pdf", bytes_blob(b"")))
    with pytest.raises(UnreadableContentError):
        maker.ids(tags, _content(_PDF), broken, is_forced=True, is_series=True)

    assert len(maker.house.resources.ids(Level.INSTANCE)) == 1


def test_jpeg_as_it_is(maker):
    """The bytes of the file are in the instance."""
    dataset = maker.make({}, _content(_JPEG, is_encapsulated=True))

    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.JPEGBaseline8Bit
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    assert frame.rstrip(b"\0") == b"".join(_JPEG.content.read()).rstrip(b"\0")


def test_transfer_syntax(maker):
    """Images can be compressed without loss."""
    uid = "1.2.840.10008.1.2.4.90"
    image = rgb_image(64, 64)
    file = NewFile("image/png", bytes_blob(save(image, "PNG")))
    dataset = maker.make({}, _content(file, transfer_syntax_uid=uid))

    assert dataset.file_meta.TransferSyntaxUID == uid
    assert dataset.PhotometricInterpretation == "YBR_RCT"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (_content(NewFile("text/plain", bytes_blob(b"x"))), InvalidArgumentError),
        (_content(_PNG, is_encapsulated=True), InvalidArgumentError),
        (_content(_PDF, is_multi_frame=True), InvalidArgumentError),
        (_content(_DEEP, _DEEP, is_multi_frame=True), InvalidArgumentError),
        (_content(_PNG, transfer_syntax_uid="1.2"), InvalidArgumentError),
        (_content(NewFile("image/png", Blob(2**31, list))), UnreadableContentError),
        (
            _content(NewFile("application/pdf", bytes_blob(b""))),
            UnreadableContentError,
        ),
        (
            _content(
                _PNG,
                NewFile("image/png", bytes_blob(save(rgb_image(2, 2), "PNG"))),
                is_multi_frame=True,
            ),
            UnreadableContentError,
        ),
    ],
)
def test_bad_contents(maker, content, error):
    """What cannot be embedded is refused."""
    with pytest.raises(error):
        maker.make({}, content)


def test_a_value_that_its_vr_forbids(maker):
    """It is refused, unless it is forced."""
    tags = {"PatientBirthDate": "hello"}
    with pytest.raises(UnsuitableValueError):
        maker.make(tags)

    assert maker.make(tags, is_forced=True)["PatientBirthDate"].VR == "DA"
