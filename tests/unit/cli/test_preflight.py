import errno
import socket
import threading
from dataclasses import replace

import pytest

from launching import free_port
from obelisk.cli import preflight
from obelisk.cli.preflight import find_obstacles
from obelisk.config import Config


@pytest.fixture
def config(tmp_path):
    """A configuration that can be started."""
    default = Config()
    return Config(
        storage=replace(default.storage, storage_directory=tmp_path / "a" / "b"),
        http=replace(default.http, port=free_port()),
        dicom=replace(default.dicom, port=free_port()),
    )


@pytest.fixture
def listener():
    """A program that listens on some port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_good_configuration_has_no_obstacle(config, tmp_path):
    """The folder is made, and nothing is left in it."""
    assert find_obstacles(config, 0) == []
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(
    ("section", "option"), [("http", "HttpPort"), ("dicom", "DicomPort")]
)
def test_a_port_that_is_taken_is_named_with_its_option(
    config, listener, section, option
):
    """So that a person knows what to change."""
    port = listener.getsockname()[1]
    taken = replace(config, **{section: replace(getattr(config, section), port=port)})

    (obstacle,) = find_obstacles(taken, 0)

    assert f"Port {port} is taken" in obstacle
    assert f'"{option}"' in obstacle


def test_a_server_that_is_off_needs_no_port(config, listener):
    """Its port may be taken."""
    port = listener.getsockname()[1]
    off = replace(config.dicom, port=port, enabled=False)

    assert find_obstacles(replace(config, dicom=off), 0) == []


def test_a_port_may_take_a_moment_to_come_free(config, listener):
    """The sockets of a server that was killed live a little longer than it."""
    port = listener.getsockname()[1]
    taken = replace(config, http=replace(config.http, port=port))
    timer = threading.Timer(0.2, listener.close)
    timer.start()

    obstacles = find_obstacles(taken, 30)

    timer.join()
    assert obstacles == []


def test_an_address_of_another_machine_is_an_obstacle(config):
    """192.0.2.0/24 belongs to nobody (RFC 5737)."""
    http = replace(config.http, bind_addresses=("192.0.2.1",))

    (obstacle,) = find_obstacles(replace(config, http=http), 0)

    assert "192.0.2.1" in obstacle
    assert '"HttpBindAddresses"' in obstacle


@pytest.mark.parametrize(
    ("field", "option"),
    [("storage_directory", "StorageDirectory"), ("index_directory", "IndexDirectory")],
)
def test_a_folder_that_cannot_be_made_is_named_with_its_option(
    config, tmp_path, field, option
):
    """Here a file is in the way."""
    (tmp_path / "file").write_text("")
    storage = replace(config.storage, **{field: tmp_path / "file" / "inside"})

    (obstacle,) = find_obstacles(replace(config, storage=storage), 0)

    assert f"{tmp_path}/file/inside cannot be written to" in obstacle
    assert f'"{option}"' in obstacle


def test_the_temporary_folder_must_exist(config, tmp_path):
    """It is not made, as in Orthanc."""
    system = replace(config.system, temporary_directory=tmp_path / "missing")

    (obstacle,) = find_obstacles(replace(config, system=system), 0)

    assert '"TemporaryDirectory"' in obstacle


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_an_obstacle(config, tmp_path, content):
    """Missing or no PEM: the message names the file and the option."""
    path = tmp_path / "certificate.pem"
    if content is not None:
        path.write_text(content)
    http = replace(config.http, ssl_enabled=True, ssl_certificate=path)

    (obstacle,) = find_obstacles(replace(config, http=http), 0)

    assert str(path) in obstacle
    assert '"SslCertificate"' in obstacle


def test_all_obstacles_are_told_at_once(config, listener):
    """One start tells all that is to be mended."""
    port = listener.getsockname()[1]
    taken = replace(
        config,
        http=replace(config.http, port=port),
        dicom=replace(config.dicom, port=port),
    )

    assert len(find_obstacles(taken, 0)) == 2


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "privileged users only"),
        (errno.ENOBUFS, "cannot be opened: No buffer space available"),
    ],
)
def test_a_port_that_may_not_be_opened_is_an_obstacle(
    config, monkeypatch, number, text
):
    """Ports below 1024 belong to the administrator."""
    monkeypatch.setattr(preflight, "_try_port", lambda _address, _port: number)

    obstacles = find_obstacles(config, 0)

    assert len(obstacles) == 2
    assert all(text in obstacle for obstacle in obstacles)


def test_an_address_may_be_of_version_6(config):
    """2001:db8::/32 belongs to nobody (RFC 3849)."""
    http = replace(config.http, bind_addresses=("2001:db8::1",))

    (obstacle,) = find_obstacles(replace(config, http=http), 0)

    assert "2001:db8::1" in obstacle
