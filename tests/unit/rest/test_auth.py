import base64

import pytest

from obelisk.rest.auth import Access, UnauthorizedError

LOCAL = "127.0.0.1"
REMOTE = "192.0.2.7"


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("address", [LOCAL, "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_local_clients_need_nothing_by_default(address: str) -> None:
    """Without authentication a local client is let in, as nobody in particular."""
    assert Access().authorize(address, "") == ""


@pytest.mark.parametrize("address", [REMOTE, "2001:db8::1", "", "nonsense"])
def test_remote_clients_are_refused_by_default(address: str) -> None:
    """RemoteAccessAllowed=false lets local clients in only."""
    with pytest.raises(UnauthorizedError, match="Remote access"):
        Access().authorize(address, "")


def test_remote_clients_are_let_in_if_allowed() -> None:
    """RemoteAccessAllowed=true lets everybody in."""
    assert Access(is_remote_allowed=True).authorize(REMOTE, "") == ""


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_right_credentials(scheme: str) -> None:
    """The name of the user is returned; passwords may have colons and accents."""
    access = Access(is_authentication_required=True, users={"bob": "x", "alice": "p:ä"})
    token = _basic("alice:p:ä").removeprefix("Basic")

    assert access.authorize(LOCAL, scheme + token) == "alice"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer abc",
        _basic("alice:wrong"),
        _basic("alice"),
        _basic(":secret"),
        _basic("mallory:secret"),
        "Basic " + "A" * 100_000,
        "Basic é",
    ],
)
def test_wrong_credentials(authorization: str) -> None:
    """Anything else than a known name with its password is refused."""
    access = Access(is_authentication_required=True, users={"alice": "secret"})

    with pytest.raises(UnauthorizedError):
        access.authorize(LOCAL, authorization)


@pytest.mark.parametrize(
    ("credentials", "name"),
    [("zoë:x", "zoë"), ("a:b:c", "a"), ("nobody", ""), (":x", ""), ("", "")],
)
def test_a_name_that_nobody_asked_for(credentials: str, name: str) -> None:
    """It is kept, as a proxy may have checked it; a password is not."""
    assert Access().authorize(LOCAL, _basic(credentials)) == name
    assert Access().authorize(LOCAL, "Bearer token") == ""


def test_passwords_are_not_printed() -> None:
    """The text of the rules does not show passwords."""
    assert "secret" not in repr(Access(users={"alice": "secret"}))
