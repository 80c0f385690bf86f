import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from obelisk import __version__, app
from obelisk.cli import command, main
from obelisk.config import Config, default_file
from obelisk.errors import ConfigError, IndexUnavailableError, NotSupportedError


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command in an empty folder, with a server that only notes its start."""
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "run", lambda config, *_: started.append(config) or 0)
    monkeypatch.setattr(command, "start_logging", lambda _settings: None)
    monkeypatch.setattr(command, "find_obstacles", lambda _config: [])
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(command.os, "environ", {})

    def run(*arguments):
        return main(arguments)

    run.started = started
    return run


def test_without_arguments_the_server_starts_with_its_defaults(run):
    """The embedded default needs nothing."""
    assert run() == 0
    assert run.started == [Config()]


@pytest.mark.parametrize("option", ["--errors", "--help", "--version", "--config=-"])
def test_output_that_cannot_be_written(option):
    """The reason is told instead of a traceback, and the exit status tells, too."""
    words = [sys.executable, "-m", "obelisk", option]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 4
    assert done.stderr == b"The output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("words", [["orthanc.json"], ["serve", "orthanc.json"]])
def test_a_configuration_file_is_enough(run, tmp_path, words):
    """As with Orthanc, the word `serve` may be left out."""
    (tmp_path / "orthanc.json").write_text('{"Name": "x"}')

    assert run(*words, "--verbose") == 0
    assert run.started[0].system.name == "x"


def test_options_may_stand_between_files(run, tmp_path):
    """The order of options and files is free."""
    for name, text in (("a.json", '{"Name": "x"}'), ("b.json", '{"DicomAet": "Y"}')):
        (tmp_path / name).write_text(text)

    assert run("a.json", "--trace-dicom", "--no-jobs", "b.json", "--upgrade") == 0
    assert run.started[0].dicom.ae_title == "Y"


def test_the_temporary_directory_is_used(run, tmp_path):
    """Everything that makes temporary files makes them there."""
    (tmp_path / "a.json").write_text('{"TemporaryDirectory": "/elsewhere"}')

    assert run("a.json") == 0
    assert tempfile.gettempdir() == "/elsewhere"


def test_the_version_is_shown(run, capsys):
    """With the version of Orthanc that it is compatible with."""
    assert run("--version") == 0
    assert capsys.readouterr().out.split()[:2] == ["obelisk", f"{__version__},"]
    assert run.started == []


def test_the_help_is_shown(run, capsys):
    """It names every option, and fits a terminal."""
    assert run("--help") == 0

    text = capsys.readouterr().out
    assert "--logdir DIR" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_error_codes_are_shown(run, capsys):
    """Number and description, one per line."""
    assert run("--errors") == 0
    assert "\n               0   Success\n" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--config=new.json"], ["--config", "new.json"]])
def test_a_default_configuration_is_written(run, tmp_path, words):
    """Both ways of giving the name are Orthanc's."""
    assert run(*words) == 0
    assert (tmp_path / "new.json").read_text() == default_file()
    assert run.started == []


def test_a_default_configuration_goes_to_the_standard_output(run, capsys):
    """A dash as name means that."""
    assert run("--config=-") == 0
    assert capsys.readouterr().out == default_file()


def test_a_default_configuration_that_cannot_be_written_is_a_failure(run, capsys):
    """The message names the file."""
    assert run("--config=no/such/folder.json") == 4
    assert "no/such/folder.json" in capsys.readouterr().err


def test_check_config_prints_the_effective_values(run, tmp_path, capsys):
    """Warnings go to the standard error, so that the output is JSON."""
    (tmp_path / "a.json").write_text(
        '{"HttpPort": 80, "Xyzzy": 1, "RegisteredUsers": {"alice": "secret"}}'
    )

    assert run("check-config", "a.json") == 0

    output = capsys.readouterr()
    assert json.loads(output.out)["HttpPort"] == 80
    assert "secret" not in output.out
    assert output.err.startswith("Warning: a.json: unknown option")
    assert run.started == []


@pytest.mark.parametrize("words", [["a.json"], ["check-config", "a.json"]])
def test_a_wrong_configuration_is_refused_with_all_problems(
    run, tmp_path, capsys, words
):
    """The server does not start, and the exit status is 3."""
    (tmp_path / "a.json").write_text('{"HttpPort": "x", "DicomAet": ""}')

    assert run(*words) == 3
    assert capsys.readouterr().err.count("\n- a.json: ") == 2
    assert run.started == []


def test_what_is_wrong_by_the_dictionaries_is_told_with_the_rest(run, tmp_path, capsys):
    """One start tells all, and what has no effect, which may be the reason."""
    options = {
        "HttpPort": "x",
        "HttpPot": 80,
        "ExternalDictionaries": ["absent.dic", "missing.dic"],
        "ExtraMainDicomTags": {"Instance": ["Nothing"]},
    }
    (tmp_path / "a.json").write_text(json.dumps(options))

    assert run("a.json") == 3
    lines = capsys.readouterr().err.splitlines()
    words = ["HttpPort", "absent.dic", "missing.dic", '"Nothing"', "HttpPot"]
    assert len(lines) == 6
    assert all(word in line for word, line in zip(words, lines[1:], strict=True))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("check-conf", "Did you mean check-config?"), ("", "is empty")],
)
def test_a_word_that_names_nothing_is_no_file(run, capsys, word, hint):
    """As a variable of a script that is not set, or a command misspelt."""
    assert run(word) == 2
    assert hint in capsys.readouterr().err


def test_a_file_may_be_called_like_a_command(run, tmp_path):
    """What is there is meant."""
    (tmp_path / "server").write_text("{}")

    assert run("server") == 0
    assert len(run.started) == 1


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("--verbos", "Did you mean --verbose?"),
        ("--log-file=x", "Did you mean --logfile?"),
        ("--xyzzy", "See obelisk --help."),
        ("--openapi=x", "of Orthanc is not supported yet"),
        ("--advanced-config=x", "--config writes all options"),
        ("--logdir", "expected one argument"),
        ("--logfilesize=-1", "a number of MB"),
    ],
)
def test_a_wrong_option_gets_a_hint(run, capsys, word, hint):
    """The exit status is 2."""
    assert run(word) == 2
    assert hint in capsys.readouterr().err
    assert run.started == []


def test_an_obstacle_stops_the_start(run, monkeypatch, caplog):
    """The exit status is 4, and every obstacle is logged."""
    monkeypatch.setattr(command, "find_obstacles", lambda _config: ["one", "two"])

    assert run() == 4
    assert caplog.messages == ["one", "two"]
    assert run.started == []


def test_the_start_says_where_it_listens_and_where_data_goes(run, caplog, tmp_path):
    """Somebody who starts it for the first time must know."""
    assert run() == 0

    text = "\n".join(caplog.messages)
    assert str(tmp_path / "OrthancStorage") in text
    assert "http://localhost:8042/" in text
    assert "port 4242" in text


def test_the_start_gives_urls_that_a_browser_understands(run, caplog, tmp_path):
    """One for each address, with brackets around those of IPv6 (RFC 3986)."""
    addresses = '{"HttpBindAddresses": ["127.0.0.1", "::1"]}'
    (tmp_path / "a.json").write_text(addresses)

    assert run("a.json") == 0
    assert "http://127.0.0.1:8042/, http://[::1]:8042/ (" in caplog.text


def test_a_log_file_that_cannot_be_opened_stops_the_start(
    run, monkeypatch, capsys, tmp_path
):
    """The exit status is 4."""
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)

    assert main(["--logfile=no/such/folder.log"]) == 4
    assert "no/such/folder.log cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IndexUnavailableError("The index is newer than this server"), 4),
        (ConfigError(["The index is newer than this server"]), 3),
        (NotSupportedError("The index is newer than this server"), 1),
    ],
)
def test_a_failed_start_is_told_without_a_stack(
    run, monkeypatch, capsys, error, status
):
    """What the server knows to say is enough for a person."""

    def fail(*_):
        raise error

    monkeypatch.setattr(app, "run", fail)

    assert run() == status
    assert "The index is newer than this server" in capsys.readouterr().err


def test_the_status_of_the_server_is_that_of_the_command(run, monkeypatch):
    """It tells whoever started it."""
    monkeypatch.setattr(app, "run", lambda *_: 1)

    assert run() == 1


def test_servers_that_are_off_are_not_announced(run, tmp_path, caplog):
    """Nobody shall look for them."""
    (tmp_path / "a.json").write_text(
        '{"HttpServerEnabled": false, "DicomServerEnabled": false}'
    )

    assert run("a.json") == 0
    assert "server:" not in "\n".join(caplog.messages)
