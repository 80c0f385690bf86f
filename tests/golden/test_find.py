"""Orthanc's recorded answers to searches, asked again of this server."""

import re
from pathlib import Path

import pytest

from golden.record_find import play_find
from golden.recording import load
from launching import OBELISK, running_server
from parity.differences import iter_differences

#: Names of searches whose answers differ, and why.
DIFFERENT = {
    r".*(Nonsense|patientid|Foo).*": "a name that is unknown is the caller's mistake",
    r".*'(Query|Expand)': (\[\]|'x')\}": "idem; Orthanc fails",
    r".*\{'ProcedureCodeSequence': 'x'\}": "idem, with the status of a bad argument",
    r"Series \{'RequestAttributesSequence': 'x'\}": "no text is wanted of a sequence",
    r".*'(Short|Full)': (1|'x')\}": "idem",
    r".*'RequestedTags': \[1\]\}": "idem",
    r".*'ParentSeries': 'x'\}": "idem; Orthanc fails",
    r"(Patient|Study) order .*'(StudyDate|KVP)', '(ASC|desc)'\]": "idem",
    r"Study \{'(Modality|SeriesNumber|InstanceNumber)'.*": "what is below decides",
    r"Patient \{'(StudyDate|Modality)': '\w+'\}": "idem",
    r"(Patient|Series) \{'ModalitiesInStudy': 'SR'\}": "the studies decide",
    r"Study \{'SOPClassesInStudy'.*": "all instances decide, not one",
    r"Series \{'(ImageType|StationName)': '(DERIVED|ROOM1)'\}": (
        "one value of several is enough (PS3.4 C.2.2.2)"
    ),
    r"Patient \{'PatientName': 'M\?ller\*'\}": "a character is one, whatever its bytes",
    r".*'KVP': '120'\}, 'Limit': 1\}": "a limit counts what is found",
    r"Study order .*'StudyDescription'.*": "characters beyond ASCII are put in order",
    r"Instance order \['MetadataAsFloat'.*": "as numbers, not as text",
    r"count with CaseSensitive": "possible here",
    r"lookup '(11|A B C)'": "only the identifier itself, not one that looks alike",
}


@pytest.mark.timeout(300)
def test_searches_find_what_orthanc_finds(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    recorded = dict(load("find"))
    unused = dict(DIFFERENT)
    faults = []
    with running_server(OBELISK, tmp_path) as server:
        for call, value in play_find(server.url):
            expected = recorded.pop(call.key)
            difference = next(iter_differences(expected, value), None)
            if difference is None:
                continue
            found = [name for name in DIFFERENT if re.fullmatch(name, call.argument)]
            for name in found:
                unused.pop(name, None)
            if not found:
                faults.append(f"{call.argument}: {difference}")

    assert not faults, "\n".join(faults)
    assert not unused
    assert not recorded
