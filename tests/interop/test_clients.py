"""Clients that others wrote for Orthanc: pyorthanc and orthanc-api-client."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import orthanc_api_client
import pydicom
import pyorthanc
import pytest
from orthanc_api_client import OrthancApiClient

from factories import make_instance, make_study
from launching import OBELISK, RunningServer, running_server
from peer_server import running_peer

#: pyorthanc gives bodies to httpx in a way that httpx would rather not see.
_RAW_BODIES = "ignore:Use 'content=:DeprecationWarning"

_OPTIONS = {"UserMetadata": {"Mine": 1024}, "CheckRevisions": False}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server for all tests of the module; each empties it."""
    folder = tmp_path_factory.mktemp("clients")
    with running_server(OBELISK, folder, **_OPTIONS) as server:
        yield server


@pytest.fixture
def orthanc(archive: RunningServer) -> Iterator[pyorthanc.Orthanc]:
    """Return a client of pyorthanc, before which all was deleted."""
    with pyorthanc.Orthanc(archive.url) as client:
        for patient in client.get_patients():
            client.delete_patients_id(patient)
        yield client


@pytest.fixture
def api(archive: RunningServer) -> OrthancApiClient:
    """Return an orthanc-api-client, before which all was deleted."""
    client = OrthancApiClient(f"{archive.url}/")
    client.delete_all_content()
    return client


def _upload(client: pyorthanc.Orthanc, seed: int) -> pyorthanc.Study:
    """Upload a study of 2 series with 3 instances each."""
    answers = [client.post_instances(body) for body in make_study(seed)]
    return pyorthanc.Study(answers[0]["ParentStudy"], client)


def test_pyorthanc_uploads(orthanc: pyorthanc.Orthanc, tmp_path: Path) -> None:
    """Files, folders, archives and datasets; what is there already is not sent."""
    bodies = make_study(1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, body in enumerate(bodies[:3]):
            archive.writestr(f"{number}.dcm", body)
    (tmp_path / "all.zip").write_bytes(packed.getvalue())
    (tmp_path / "four.dcm").write_bytes(bodies[3])
    dataset = pydicom.dcmread(io.BytesIO(bodies[4]))

    from_archive = pyorthanc.upload(orthanc, tmp_path / "all.zip")
    from_folder = pyorthanc.upload(orthanc, tmp_path)
    from_dataset = pyorthanc.upload(orthanc, dataset)
    again = pyorthanc.upload(orthanc, dataset, check_before_upload=True)

    assert len(from_archive) == 3
    assert len(from_folder) == 1
    assert again == from_dataset
    assert orthanc.get_statistics()["CountInstances"] == 5


def test_pyorthanc_finds(orthanc: pyorthanc.Orthanc) -> None:
    """At all levels, by attributes and labels, page by page."""
    wanted, *_ = [_upload(orthanc, seed) for seed in (1, 2, 3)]
    wanted.add_label("one")
    by_uid = {"StudyInstanceUID": wanted.uid}

    assert pyorthanc.find_studies(orthanc, by_uid) == [wanted]
    assert pyorthanc.find_studies(orthanc, labels="one") == [wanted]
    assert (
        len(pyorthanc.find_studies(orthanc, labels=["one"], labels_constraint="None"))
        == 2
    )
    assert pyorthanc.find_studies(orthanc, {"PatientID": "nobody"}) == []
    assert pyorthanc.find_patients(orthanc, by_uid) == [wanted.parent_patient]
    assert len(pyorthanc.find_series(orthanc, by_uid)) == 2
    assert len(pyorthanc.find_instances(orthanc, by_uid)) == 6
    paged = pyorthanc.query_orthanc(orthanc, "Instance", limit=4)
    assert len({one.id_ for one in paged}) == len(paged) == 18


def test_pyorthanc_iterates(orthanc: pyorthanc.Orthanc) -> None:
    """From patients down to instances, and filtered on the way."""
    for seed in (1, 2):
        _upload(orthanc, seed)

    patients = pyorthanc.find(
        orthanc, instance_filter=lambda one: one.instance_number == 2
    )

    found = [
        instance
        for patient in patients
        for study in patient.studies
        for series in study.series
        for instance in series.instances
    ]
    assert len(found) == 4
    assert {one.instance_number for one in found} == {2}
    assert {one.parent_patient.id_ for one in found} == {one.id_ for one in patients}


@pytest.mark.filterwarnings(_RAW_BODIES)
def test_pyorthanc_reads(orthanc: pyorthanc.Orthanc) -> None:
    """What the client offers of resources and of the server."""
    study = _upload(orthanc, 1)
    series = study.series[0]
    instance = series.instances[0]
    patient = study.parent_patient
    dataset = instance.get_pydicom()

    assert study.uid == dataset.StudyInstanceUID
    assert (
        study.patient_information["PatientID"]
        == patient.patient_id
        == dataset.PatientID
    )
    assert study.is_stable is False
    assert study.last_update.year > 2000
    assert study.date.strftime("%Y%m%d") == dataset.StudyDate
    assert series.modality == dataset.Modality
    assert series.parent_study == study
    assert study.shared_tags["StudyInstanceUID"] == dataset.StudyInstanceUID
    assert patient.get_patient_module(simplify=True)["PatientID"] == dataset.PatientID
    assert instance.simplified_tags["SOPInstanceUID"] == instance.uid
    assert instance.tags["0008,0018"]["Value"] == instance.uid
    assert instance.get_content_by_tag("0008-0060") == dataset.Modality
    assert instance.file_size == len(instance.get_dicom_file_content())
    assert orthanc.get_system()["ApiVersion"] >= 20
    assert orthanc.get_changes(params={"limit": 3})["Done"] is False
    assert orthanc.post_tools_lookup(data=study.uid)[0]["ID"] == study.id_


def test_pyorthanc_labels_and_protects(orthanc: pyorthanc.Orthanc) -> None:
    """All resources carry labels, patients are protected."""
    study = _upload(orthanc, 1)
    patient, series = study.parent_patient, study.series[0]

    for resource in (patient, study, series, series.instances[0]):
        resource.add_label("seen")
        assert resource.labels == ["seen"]
        resource.remove_label("seen")
        assert resource.labels == []
    patient.protected = True
    assert patient.protected is True
    patient.protected = False
    assert patient.protected is False


@pytest.mark.filterwarnings(_RAW_BODIES)
def test_pyorthanc_annotates(orthanc: pyorthanc.Orthanc) -> None:
    """Metadata and attachments come back as they were given."""
    id_ = _upload(orthanc, 1).id_

    orthanc.put_studies_id_metadata_name(id_, "Mine", data=b"text")
    orthanc.put_studies_id_attachments_name(id_, "1024", content=b"\x00\x01")

    assert orthanc.get_studies_id_metadata_name(id_, "Mine") == "text"
    assert orthanc.get_studies_id_attachments_name_data(id_, "1024") == b"\x00\x01"
    assert orthanc.get_studies_id_attachments(id_) == ["1024"]
    info = orthanc.get_studies_id_attachments_name_info(id_, "1024")
    assert info["UncompressedSize"] == 2


def test_pyorthanc_deletes(orthanc: pyorthanc.Orthanc) -> None:
    """Studies, after which they are unknown; failures are the client's exceptions."""
    study = _upload(orthanc, 1)

    orthanc.delete_studies_id(study.id_)

    assert orthanc.get_studies() == []
    with pytest.raises(httpx.HTTPError):
        orthanc.get_studies_id(study.id_)
    with pytest.raises(httpx.HTTPError):
        orthanc.post_instances(b"no DICOM")


def test_api_client_uploads_and_looks_up(api: OrthancApiClient, tmp_path: Path) -> None:
    """Bodies and folders; identifiers of DICOM lead to resources."""
    bodies = make_study(1)
    for number, body in enumerate(bodies[1:]):
        (tmp_path / f"{number}.dcm").write_bytes(body)
    (tmp_path / "text.txt").write_text("no DICOM")
    dataset = pydicom.dcmread(io.BytesIO(bodies[0]))

    first = api.upload(bodies[0])
    others = api.upload_folder(str(tmp_path), ignore_errors=True)

    assert len(first) == 1
    assert len(set(others)) == 5
    assert api.get_statistics().instances_count == 6
    assert api.instances.lookup(dataset.SOPInstanceUID) == first[0]
    assert api.studies.lookup(dataset.StudyInstanceUID) == api.studies.get_all_ids()[0]
    assert api.series.lookup(dataset.SeriesInstanceUID) in api.series.get_all_ids()
    assert api.patients.lookup(dataset.PatientID) == api.patients.get_all_ids()[0]
    assert api.studies.lookup("1.2.3") is None
    with pytest.raises(orthanc_api_client.BadFileFormat):
        api.upload(b"no DICOM")


def test_api_client_reads(api: OrthancApiClient, tmp_path: Path) -> None:
    """Resources of all levels, their tags, their statistics, their files."""
    for body in make_study(1):
        api.upload(body)
    study = api.studies.get(api.studies.get_all_ids()[0])
    series = study.series[0]
    instance = series.instances[0]

    assert study.statistics.instances_count == 6
    assert study.dicom_id == study.main_dicom_tags.get("StudyInstanceUID")
    assert study.patient_main_dicom_tags.get("PatientID")
    assert study.last_update.year > 2000
    assert study.is_stable is False
    assert series.study.orthanc_id == study.orthanc_id
    assert len(api.studies.get_instances_ids(study.orthanc_id)) == 6
    assert api.studies.get_modalities(study.orthanc_id) == {"CT"}
    assert len(api.series.get_ordered_instances_ids(series.orthanc_id)) == 3
    assert instance.tags["SOPInstanceUID"] == instance.dicom_id
    assert api.studies.get_tags(study.orthanc_id)["StudyInstanceUID"] == study.dicom_id
    assert api.instances.get_parent_study_id(instance.orthanc_id) == study.orthanc_id
    assert instance.get_metadata("TransferSyntax").startswith("1.2.840.10008")
    assert api.instances.is_pdf(instance.orthanc_id) is False
    downloaded = api.series.download_instances(series.orthanc_id, str(tmp_path))
    assert {Path(one.path).read_bytes()[128:132] for one in downloaded} == {b"DICM"}
    assert api.capabilities.has_extended_find is True
    assert api.capabilities.has_label_support is True
    assert api.is_orthanc_version_at_least(1, 13) is True


def test_api_client_finds(api: OrthancApiClient) -> None:
    """Studies and patients, with labels and with further tags."""
    for seed in (1, 2):
        api.upload(make_instance(seed, study=seed))
    one, other = (api.studies.get(id_) for id_ in api.studies.get_all_ids())
    patient_id = one.patient_main_dicom_tags.get("PatientID")
    api.studies.add_labels(one.orthanc_id, ["a", "b"])

    found = api.studies.find(
        {"PatientID": patient_id}, requested_tags=["ModalitiesInStudy"]
    )

    assert [study.orthanc_id for study in found] == [one.orthanc_id]
    assert found[0].requested_tags.get("ModalitiesInStudy") == "CT"
    assert sorted(api.studies.get_labels(one.orthanc_id)) == ["a", "b"]
    assert api.get_all_labels() == ["a", "b"]
    labelled = api.studies.find({}, labels=["b", "c"])
    assert [study.orthanc_id for study in labelled] == [one.orthanc_id]
    assert len(api.patients.find({"PatientID": patient_id})) == 1
    api.studies.delete_labels(one.orthanc_id, ["a", "b"])
    assert api.studies.get(one.orthanc_id).labels == []
    assert other.orthanc_id != one.orthanc_id


def test_api_client_annotates(api: OrthancApiClient, tmp_path: Path) -> None:
    """Metadata and attachments, text and bytes, with their revisions."""
    api.upload(make_instance(1))
    id_ = api.series.get_all_ids()[0]

    api.series.set_string_metadata(id_, "Mine", "é")
    api.series.set_attachment(id_, "1024", content="some text")
    api.series.download_attachment(id_, "1024", str(tmp_path / "file"))

    assert api.series.get_string_metadata(id_, "Mine") == "é"
    assert api.series.get_string_metadata(id_, "1025", "none") == "none"
    assert api.series.has_metadata(id_, "Mine") is True
    content, revision = api.series.get_attachment_with_revision(id_, "1024")
    assert content == (tmp_path / "file").read_bytes() == b"some text"
    assert revision.startswith('"0-')


def test_api_client_follows_changes(api: OrthancApiClient) -> None:
    """Page by page, until all are done."""
    first = api.get_changes(limit=1)[1] if api.get_changes()[0] else 0
    api.upload(make_instance(1))

    changes, _, is_done = api.get_changes(since=first, limit=100)

    kinds = [change.change_type for change in changes]
    assert is_done is True
    assert orthanc_api_client.ChangeType.NEW_STUDY in kinds
    assert orthanc_api_client.ChangeType.NEW_INSTANCE in kinds


def test_api_client_deletes(api: OrthancApiClient) -> None:
    """One resource, then everything; what is unknown is the client's exception."""
    for seed in (1, 2):
        api.upload(make_instance(seed, study=seed))
    id_ = api.studies.get_all_ids()[0]

    api.studies.delete(id_)

    assert api.studies.exists(id_) is False
    with pytest.raises(orthanc_api_client.ResourceNotFound):
        api.studies.delete(id_)
    api.studies.delete(id_, ignore_errors=True)
    with pytest.raises(orthanc_api_client.ResourceNotFound):
        api.studies.get_json(id_)
    api.delete_all_content()
    assert api.get_statistics().patients_count == 0


def test_pyorthanc_polls_jobs(orthanc: pyorthanc.Orthanc) -> None:
    """Until they are completed; all that it reads of a job is there."""
    study = _upload(orthanc, 1)
    url = f"{orthanc.url}/studies/{study.id_}/verify"
    posted = orthanc._post(url, json={"Asynchronous": True, "Priority": 2})
    job = pyorthanc.Job(posted["ID"], orthanc)

    job.wait_until_completion(time_interval=0)

    assert job.state is pyorthanc.jobs.State.success
    assert (job.type, job.priority, job.progress) == ("Verification", 2, 100)
    assert job.content["InstancesCount"] == 6
    assert job.error == pyorthanc.jobs.ErrorCode.SUCCESS
    assert job.error_details == ""
    assert job.completion_time is not None
    assert job.creation_time <= job.completion_time <= job.timestamp
    assert job.effective_runtime >= 0
    assert job.id_ in orthanc.get_jobs()


def test_api_client_polls_jobs(api: OrthancApiClient) -> None:
    """Until they are completed; what is done to them answers as it expects."""
    api.upload(make_instance(1))
    endpoint = f"studies/{api.studies.get_all_ids()[0]}/reconstruct"
    posted = api.post(endpoint=endpoint, json={"Asynchronous": True}).json()
    job = api.jobs.get(posted["ID"])

    assert job.wait_completed(timeout=20, polling_interval=0.01)
    assert job.refresh().info.status == orthanc_api_client.JobStatus.SUCCESS
    assert job.content["InstancesCount"] == 1
    api.jobs.cancel(job.orthanc_id)
    api.jobs.pause(job.orthanc_id)
    assert job.refresh().info.status == orthanc_api_client.JobStatus.SUCCESS
    with pytest.raises(orthanc_api_client.OrthancApiException):
        api.jobs.resume(job.orthanc_id)
    api.jobs.delete(job.orthanc_id)
    assert job.orthanc_id not in api.jobs.get_all_ids()


def test_pyorthanc_sends_to_peers(orthanc: pyorthanc.Orthanc) -> None:
    """Peers come and go, and get what is sent to them."""
    study = _upload(orthanc, 1)
    with running_peer() as peer:
        orthanc.put_peers_id("peer", {"Url": peer.url, "Username": "alice"})
        assert orthanc.get_peers() == ["peer"]
        assert orthanc.get_peers({"expand": ""})["peer"]["Url"] == peer.url
        assert orthanc.get_peers_id_configuration("peer")["Username"] == "alice"
        assert "store" in orthanc.get_peers_id("peer")
        assert orthanc.get_peers_id_system("peer") == {"Status": "Success"}
        sent = orthanc.post_peers_id_store("peer", json={"Resources": [study.id_]})
        assert sent["InstancesCount"] == 6
        options = {"Resources": [study.id_], "Asynchronous": True}
        posted = orthanc.post_peers_id_store("peer", json=options)
        job = pyorthanc.Job(posted["ID"], orthanc)
        job.wait_until_completion(0.01)
        assert job.state == pyorthanc.jobs.State.success
        assert job.type == "OrthancPeerStore"
    orthanc.delete_peers_id("peer")

    assert orthanc.get_peers() == []
    assert len(peer.received) == 13


def test_api_client_sends_to_peers(api: OrthancApiClient) -> None:
    """At once, and as a job."""
    api.upload(make_instance(1))
    study = api.studies.get_all_ids()[0]
    with running_peer() as peer:
        api.put(endpoint="peers/peer", json=[peer.url])
        api.peers.send("peer", study)
        job = api.peers.send_async("peer", [study])
        assert job.wait_completed(timeout=20, polling_interval=0.01)
        assert job.info.type == orthanc_api_client.JobType.ORTHANC_PEER_STORE
        assert len(peer.received) == 2
        peer.say({}, status=500)
        with pytest.raises(orthanc_api_client.OrthancApiException):
            api.peers.send("peer", study)
    api.delete(endpoint="peers/peer")
