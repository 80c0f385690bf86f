import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pydicom
import pynetdicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context

from association_peer import CT, EXPLICIT, IMPLICIT, VERIFICATION, running_server
from obelisk.scp.settings import DICOMServerSettings
from obelisk.scp.syntaxes import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = ["CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "MR_small_RLE.dcm"]


@pytest.fixture
def dcmtk():
    """Return a function that runs a program of dcmtk and returns its result.

    The project's environment has programs of the same names from pynetdicom, so only
    the folders of the system are searched, and the version is checked.
    """

    def run(program, *arguments, timeout=60):
        path = shutil.which(program, path=SYSTEM_PATH)
        if path is None:
            if os.environ.get("CI"):
                pytest.fail(f"dcmtk's {program} is not installed")
            pytest.skip(f"dcmtk's {program} is not installed")
        version = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True
        )
        assert version.stdout.startswith("$dcmtk:")
        return subprocess.run(
            [path, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    return run


@pytest.fixture
def served(tmp_path):
    """Run a server that stores into a folder; yield its port and its sink."""
    folder = tmp_path / "received"
    folder.mkdir()
    with running_server(folder, timeout_seconds=30) as (server, sink):
        yield server.port, sink


def test_dcmtk_echoes(served, dcmtk):
    """Echoscu of dcmtk gets its answer."""
    port, _ = served
    result = dcmtk("echoscu", "-v", "127.0.0.1", port)

    assert result.returncode == 0, result.stderr
    assert "Received Echo Response (Success)" in result.stdout + result.stderr


@pytest.mark.parametrize("arguments", [(), ("-pdu", 4096), ("--max-send-pdu", 4096)])
def test_dcmtk_stores(served, dcmtk, arguments):
    """Storescu of dcmtk stores files of several transfer syntaxes."""
    port, sink = served
    for name in FILES:
        path = TEST_FILES / name
        option = "-xw" if "2000" in name else "-xr" if "RLE" in name else "-xe"
        result = dcmtk(
            "storescu", "-aec", "ANY", option, *arguments, "127.0.0.1", port, path
        )
        assert result.returncode == 0, result.stderr

    for name, received in zip(FILES, sink.files, strict=True):
        sent, found = pydicom.dcmread(TEST_FILES / name), pydicom.dcmread(received)
        # dcmtk writes the elements anew, and so may pad them in another way.
        assert found.PixelData == sent.PixelData
        assert set(sent.keys()) <= set(found.keys()) | {0xFFFCFFFC}
        assert found.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert found.file_meta.MediaStorageSOPInstanceUID == sent.SOPInstanceUID


def test_dcmtk_is_rejected(tmp_path, dcmtk):
    """Dcmtk sees the rejection of a wrong called AE title."""
    with running_server(tmp_path, check_called_aet=True) as (server, _):
        result = dcmtk("echoscu", "-aec", "OTHER", "127.0.0.1", server.port)

    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stderr


def test_dcmtk_sends_many_at_once(served, dcmtk, tmp_path):
    """Several associations in parallel each store all their instances."""
    port, sink = served
    folder = tmp_path / "many"
    folder.mkdir()
    dataset = pydicom.dcmread(TEST_FILES / "CT_small.dcm")
    for number in range(20):
        dataset.SOPInstanceUID = f"1.2.3.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        dataset.save_as(folder / f"{number}.dcm")
    path = shutil.which("storescu", path=SYSTEM_PATH)
    dcmtk("storescu", "--version")
    processes = [
        subprocess.Popen([path, "+sd", "127.0.0.1", str(port), str(folder)])
        for _ in range(4)
    ]

    assert [process.wait(60) for process in processes] == [0] * 4
    assert len(sink.files) == 80


@pytest.fixture
def associate(served):
    """Return a function that associates by pynetdicom."""
    port, _ = served
    associations = []

    def associate(contexts, max_pdu=16382):
        entity = AE("PYNETDICOM")
        entity.requested_contexts = contexts
        association = entity.associate("127.0.0.1", port, max_pdu=max_pdu)
        assert association.is_established
        associations.append(association)
        return association

    yield associate
    for association in associations:
        if association.is_established:
            association.release()


def test_pynetdicom_echoes_and_releases(associate):
    """Pynetdicom's C-ECHO is answered, and its release too."""
    association = associate([build_context(VERIFICATION, IMPLICIT)])

    assert association.send_c_echo().Status == 0
    association.release()
    assert association.is_released


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.2"])
@pytest.mark.parametrize("max_pdu", [0, 4096])
def test_pynetdicom_stores(served, associate, syntax, max_pdu):
    """A dataset that pynetdicom sends is received as it was."""
    _, sink = served
    sent = Dataset()
    sent.SOPClassUID = CT
    sent.SOPInstanceUID = "1.2.3.4"
    sent.PatientName = "Test^Synthetic"
    sent.file_meta = pydicom.dataset.FileMetaDataset()
    sent.file_meta.TransferSyntaxUID = syntax
    association = associate([build_context(CT, syntax)], max_pdu)

    assert association.send_c_store(sent).Status == 0
    found = pydicom.dcmread(BytesIO(sink.files[0].read_bytes()))
    assert found == sent
    assert found.file_meta.TransferSyntaxUID == syntax


def test_pynetdicom_deflates(served, associate):
    """A deflated dataset is stored deflated."""
    _, sink = served
    sent = pydicom.dcmread(TEST_FILES / "image_dfl.dcm")
    association = associate(
        [build_context(sent.SOPClassUID, sent.file_meta.TransferSyntaxUID)]
    )

    assert association.send_c_store(sent).Status == 0
    assert pydicom.dcmread(sink.files[0]) == sent


def test_the_first_proposed_transfer_syntax_is_chosen(associate):
    """As Orthanc does, the server leaves the choice to the order of proposals."""
    jpeg = "1.2.840.10008.1.2.4.50"
    for proposed in ([jpeg, IMPLICIT], [IMPLICIT, jpeg], ["1.2.3", EXPLICIT, jpeg]):
        association = associate([build_context(CT, proposed)])
        accepted = association.accepted_contexts[0].transfer_syntax

        assert accepted == [uid for uid in proposed if uid != "1.2.3"][:1]


def test_all_storage_classes_of_pynetdicom_are_accepted(associate):
    """What pynetdicom stores in the standard storage service is accepted."""
    contexts = [
        context
        for context in pynetdicom.AllStoragePresentationContexts
        if context.abstract_syntax in STORAGE_SOP_CLASSES
    ]
    assert len(contexts) > 120
    for start in range(0, len(contexts), 100):
        part = contexts[start : start + 100]
        assert not associate(part).rejected_contexts


def test_all_transfer_syntaxes_are_accepted(associate):
    """Every transfer syntax that is known is accepted by default."""
    association = associate([build_context(CT, uid) for uid in TRANSFER_SYNTAXES])

    assert not association.rejected_contexts


def test_pynetdicom_aborts(served, associate):
    """An abort of pynetdicom leaves the server as it was."""
    association = associate([build_context(VERIFICATION, IMPLICIT)])
    association.abort()

    assert associate([build_context(VERIFICATION, IMPLICIT)]).send_c_echo().Status == 0


def test_default_settings_are_those_of_orthanc():
    """AE title, port, timeout and PDU length are Orthanc's defaults."""
    settings = DICOMServerSettings()

    assert settings.ae_title == "ORTHANC"
    assert settings.port == 4242
    assert settings.timeout_seconds == 30
    assert settings.max_length == 16384
