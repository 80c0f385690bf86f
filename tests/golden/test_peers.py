"""Orthanc's recorded answers below /peers, and what its peers got, asked again."""

from operator import attrgetter
from pathlib import Path

import pytest

from golden.record_peers import play_peers
from golden.replay import assert_replayed, unexplained_difference
from launching import OBELISK

#: Calls whose answers differ, and why.
DIFFERENT = {
    r".*/(list|text)/.*": (
        "what is no JSON object, or does not say that an instance was stored, is no"
        " success"
    ),
    r".*/moved/.*": (
        "redirections are not followed; Orthanc asks again without the instance, and"
        " takes that for a success"
    ),
    r".*/(unauthorized|missing|failing|away)/store .*Permissive.*": (
        "a permissive job counts and names what it could not send"
    ),
    r".*/(unauthorized|missing|failing|away)/store .*\(job\)": (
        "the size is that of what the peer took"
    ),
    r'.*\["\{(other|patient|instance)\}", "\{(patient|instance)\}"\].*': (
        "what is named twice is sent once"
    ),
    r".*Transcode.*1\.2\.2.*": "a file that is written anew names us as its writer",
    rf'.*/store \["{"-".join(["00000000"] * 5)}"\]': (
        "what does not exist is not found; Orthanc calls it an internal error"
    ),
    r".*PUT /peers/new (\{nope)?": (
        "what is no JSON is malformed; Orthanc says that there is no such route"
    ),
    r".*PUT /peers/new .*Timeout.*-1.*": "a number out of range is malformed",
    r".*(PUT /peers/new .*Pkcs11.*true.*|171: GET .*|172: DELETE .*)": (
        "PKCS #11 is refused where it would have no effect"
    ),
}


@pytest.mark.timeout(120)
def test_peers_are_sent_to_as_by_orthanc(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    played = play_peers(OBELISK, tmp_path)
    subject = attrgetter("argument")
    assert_replayed("peers", played, DIFFERENT, subject, unexplained_difference)
