"""Tests of the peers of a configuration: their forms, and what is told of them."""

import json

import pytest

from obelisk.config import Config, effective, load_config
from obelisk.config.peers import (
    InvalidPeerError,
    MissingFileError,
    Peer,
    Proxy,
    peer_warnings,
    proxy_problems,
    read_peer,
    read_peers,
    read_proxy,
    uses_token,
)


@pytest.mark.parametrize(
    ("value", "peer"),
    [
        (["http://x"], Peer(url="http://x/")),
        (["http://x/a/"], Peer(url="http://x/a/")),
        (["http://x", "", ""], Peer(url="http://x/")),
        (["x:80", "u", "p"], Peer(url="http://x:80/", username="u", password="p")),
        ({"URL": "https://[::1]:1/"}, Peer(url="https://[::1]:1/")),
        (
            ["http://u%3a:p%40@x/a"],
            Peer(url="http://x/a/", username="u:", password="p@"),
        ),
        (
            {"Url": "http://a:b@x", "Username": "u"},
            Peer(url="http://x/", username="u"),
        ),
        (
            {"Url": "http://x", "Timeout": 3, "HttpHeaders": {"A": "b c"}},
            Peer(url="http://x/", timeout_seconds=3, headers={"A": "b c"}),
        ),
        (
            {"Url": "http://x", "Number": 5, "Truth": True, "Text": "a"},
            Peer(
                url="http://x/", properties={"Number": "5", "Truth": "1", "Text": "a"}
            ),
        ),
        (
            {"Url": "http://x", "Pkcs11": False, "CertificateKeyFile": "/none"},
            Peer(url="http://x/"),
        ),
    ],
)
def test_forms(value, peer):
    """Those of Orthanc; a user in the URL is taken out of it."""
    assert read_peer(value) == peer


@pytest.mark.parametrize(
    "value",
    [
        *("http://x", 5, None, [], ["http://x", "u"], ["http://x", 5, "p"]),
        *({}, {"Url": ""}, {"Url": 5}, {"url": "http://x"}, ["ftp://x"], ["http://"]),
        *(["http://x:99999"], ["http://x:0"], ["http://x y"], ["http://x\r\ny"]),
        *(["http://x/?a=b"], ["http://x/#a"], ["http://é"], ["http://[x"]),
        {"Url": "http://x", "Password": "p"},
        {"Url": "http://x", "Username": 5},
        *({"Url": "http://x", "Timeout": one} for one in (-1, "5", 2.5, True, 10**9)),
        {"Url": "http://x", "HttpHeaders": []},
        *(
            {"Url": "http://x", "HttpHeaders": one}
            for one in (
                {"a": 5},
                {"a\r\nb": "c"},
                {"a": "b\r\nc: d"},
                {"": "a"},
                {"a": "\u0142"},
                {"content-Length": "5"},
            )
        ),
        {"Url": "http://x", "Pkcs11": "yes"},
        {"Url": "http://x", "Mine": None},
        {"Url": "http://x", "Mine": {"a": 1}},
    ],
)
def test_what_is_wrong(value):
    """It is refused, whatever it is."""
    with pytest.raises(InvalidPeerError):
        read_peer(value)


def test_certificates_have_to_be_there(tmp_path):
    """So that the first transfer is not the first to know."""
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    certificate.write_text("x")
    value = {"Url": "https://x", "CertificateFile": str(certificate)}

    assert read_peer(value).certificate_file == str(certificate)
    with pytest.raises(MissingFileError):
        read_peer(value | {"CertificateKeyFile": str(key)})
    with pytest.raises(MissingFileError):
        read_peer(value | {"CertificateFile": str(key)})


def test_what_is_told_has_no_secrets(tmp_path):
    """The keys are those of Orthanc; nor are they in what a log could show."""
    file = tmp_path / "file"
    file.write_text("x")
    peer = read_peer(
        {
            "Url": "https://x",
            "Username": "alice",
            "Password": "secret1",
            "HttpHeaders": {"b": "secret2", "A": "secret3"},
            "CertificateFile": str(file),
            "CertificateKeyFile": str(file),
            "CertificateKeyPassword": "secret4",
            "Note": "mine",
        }
    )

    assert peer.shown() == {
        "CertificateFile": str(file),
        "CertificateKeyFile": None,
        "CertificateKeyPassword": None,
        "HttpHeaders": ["A", "b"],
        "Note": "mine",
        "Password": None,
        "Pkcs11": False,
        "Timeout": 0,
        "Url": "https://x/",
        "Username": "alice",
    }
    assert list(peer.shown()) == sorted(peer.shown())
    assert "secret" not in repr(peer)
    assert read_peer(peer.to_json()) == peer


def test_a_peer_without_user():
    """Nothing is told of a user or a certificate."""
    peer = read_peer(["http://x"])

    assert list(peer.shown()) == ["HttpHeaders", "Pkcs11", "Timeout", "Url"]
    assert read_peer(peer.to_json()) == peer


def test_all_problems_are_found():
    """With the names of the peers."""
    made, problems = read_peers({"a b": ["http://x"], "bad": [], "good": ["http://x"]})

    assert made["good"] == Peer(url="http://x/")
    assert len(problems) == 2
    assert '"a b"' in problems[0]
    assert '"bad"' in problems[1]
    assert len(read_peers([])[1]) == 1


def test_what_has_no_effect():
    """PKCS #11, and all peers where those of the database count."""
    token = {"t": {"Url": "http://x", "Pkcs11": True}, "u": ["http://x"]}

    assert uses_token(token["t"])
    assert not uses_token(token["u"])
    assert len(peer_warnings({"OrthancPeers": token})) == 1
    both = {"OrthancPeers": token, "OrthancPeersInDatabase": True}
    assert "OrthancPeersInDatabase" in peer_warnings(both)[0]
    assert peer_warnings({"OrthancPeersInDatabase": True}) == []
    assert peer_warnings({}) == []


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("", None),
        ("proxy", Proxy("proxy", 1080)),
        ("proxy:3128", Proxy("proxy", 3128)),
        ("http://a:b%40@[::1]:80/", Proxy("::1", 80, "a:b@")),
    ],
)
def test_proxies(text, proxy):
    """In the forms of Orthanc."""
    assert read_proxy(text) == proxy
    assert proxy_problems(text) == []


@pytest.mark.parametrize("text", ["socks5://proxy", "proxy/path", "proxy:99999", "?"])
def test_what_is_no_proxy(text):
    """Only proxies for HTTP are known."""
    assert len(proxy_problems(text)) == 1


def test_the_effective_configuration_has_no_secrets(tmp_path):
    """It can be read again nevertheless."""
    key = tmp_path / "key"
    key.write_text("x")
    peer = {
        "Url": "http://x/",
        "Username": "u",
        "Password": "secret",
        "HttpHeaders": {"A": "secret"},
        "CertificateFile": str(key),
        "CertificateKeyPassword": "secret",
    }
    variables = {
        "ORTHANC__ORTHANC_PEERS": json.dumps({"a": peer}),
        "ORTHANC__HTTP_PROXY": "u:secret@proxy",
        "ORTHANC__HTTPS_CA_CERTIFICATES": "",
    }
    config, _ = load_config([], variables)
    text = effective(config)
    shown = json.loads(text)

    assert config.peers.proxy == "u:secret@proxy"
    assert config.peers.authorities is None
    assert "secret" not in text
    assert "secret" not in repr(config)
    assert read_peer(shown["OrthancPeers"]["a"]).username == "u"
    assert shown["HttpProxy"] == "********"
    assert json.loads(effective(Config()))["HttpProxy"] == ""
