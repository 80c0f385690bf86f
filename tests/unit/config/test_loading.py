import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.config import (
    Config,
    DefaultEncoding,
    DictionaryEntry,
    Modality,
    OverwriteMode,
    UserContent,
    effective,
    load_config,
)
from obelisk.config.catalogue import PLUGIN_SECTIONS, UNSET, UNSUPPORTED
from obelisk.config.loading import declared_options
from obelisk.config.values import describe
from obelisk.errors import ConfigError


@pytest.fixture
def load(tmp_path):
    """Load the configuration that an object, or a text, describes."""

    def load(content, environ=None):
        path = tmp_path / "orthanc.json"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text)
        return load_config([path], environ or {})

    return load


@pytest.fixture
def problems(load):
    """Return the problems of a configuration that must be refused."""

    def problems(content, environ=None):
        with pytest.raises(ConfigError) as caught:
            load(content, environ)
        return caught.value.problems

    return problems


def test_without_files_the_defaults_hold():
    """No file and no variable give the default configuration, without a warning."""
    assert load_config([], {}) == (Config(), [])


def test_a_configuration_can_be_given_to_another_process():
    """It survives pickling, for workers that are started anew."""
    config = Config()

    assert pickle.loads(pickle.dumps(config)) == config


def test_values_of_all_types_reach_their_fields(load, tmp_path):
    """Texts, numbers, truth values, lists, names and paths are typed."""
    config, warnings = load(
        {
            "Name": "Archive",
            "HttpPort": 80,
            "StorageCompression": True,
            "HttpBindAddresses": ["127.0.0.1"],
            "DefaultEncoding": "utf8",
            "IndexDirectory": "index",
            "StorageDirectory": "/data",
            "RegisteredUsers": {"alice": "secret"},
            "RleTransferSyntaxAccepted": False,
        }
    )

    assert config.system.name == "Archive"
    assert config.http.port == 80
    assert config.storage.storage_compression is True
    assert config.http.bind_addresses == ("127.0.0.1",)
    assert config.storage.default_encoding is DefaultEncoding.UTF8
    assert config.storage.index_directory == tmp_path / "index"
    assert config.storage.storage_directory == Path("/data")
    assert config.http.registered_users == {"alice": "secret"}
    assert config.dicom.rle_accepted is False
    assert warnings == []


def test_relative_paths_start_at_the_folder_of_the_first_file(tmp_path):
    """As in Orthanc, for the defaults too."""
    first, second = tmp_path / "a" / "1.json", tmp_path / "b" / "2.json"
    for path, text in ((first, "{}"), (second, '{"IndexDirectory": "index"}')):
        path.parent.mkdir()
        path.write_text(text)

    config, _ = load_config([first, second], {})

    assert config.storage.storage_directory == tmp_path / "a" / "OrthancStorage"
    assert config.storage.index_directory == tmp_path / "a" / "index"


def test_the_index_lives_with_the_files_unless_told_otherwise(load):
    """`IndexDirectory` defaults to `StorageDirectory`."""
    config, _ = load({"StorageDirectory": "/data"})

    assert config.storage.effective_index_directory == Path("/data")


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        (False, OverwriteMode.NEVER),
        (True, OverwriteMode.ALWAYS),
        ("Never", OverwriteMode.NEVER),
        ("Always", OverwriteMode.ALWAYS),
        ("IfChanged", OverwriteMode.IF_CHANGED),
    ],
)
def test_overwriting_is_a_name_or_a_truth_value(load, value, mode):
    """Files of Orthanc before 1.13 have a truth value."""
    config, _ = load({"OverwriteInstances": value})

    assert config.storage.overwrite_instances is mode


def test_modalities_are_arrays_or_objects(load):
    """Both forms of Orthanc mean the same; a port may be a text of digits."""
    config, warnings = load(
        {
            "DicomModalities": {
                "a": ["A", "host", "104"],
                "b": {"AET": "B", "Host": "h", "Port": 105, "AllowStore": False},
            }
        }
    )

    assert config.dicom.modalities == {
        "a": Modality(ae_title="A", host="host", port=104),
        "b": Modality(ae_title="B", host="h", port=105, allow_store=False),
    }
    assert warnings == []


def test_what_a_modality_says_in_vain_is_reported(load):
    """Orthanc's other options of modalities, and unknown ones, are named."""
    _, warnings = load(
        {
            "DicomModalities": {
                "a": ["A", "h", 104, "GE"],
                "b": {"AET": "B", "Host": "h", "Port": 1, "AllowFind": True, "Z": 1},
            }
        }
    )

    assert [warning.split(":")[0] for warning in warnings] == [
        'Manufacturer of modality "a"',
        'AllowFind of modality "b"',
        'Z of modality "b"',
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("HttpPort", "8042", "a whole number from 1 to 65535"),
        ("HttpPort", 8042.0, "a whole number"),
        ("StableAge", 10**23, "from 0 to 2147483647 (seconds)"),
        ("HttpPort", 0, "from 1 to 65535"),
        ("HttpPort", True, "a whole number"),
        ("HttpThreadsCount", 0, "from 1"),
        ("StableAge", -1, "from 0"),
        ("StableAge", None, "a whole number"),
        ("MaximumPduLength", 4095, "from 4096 to 131072 (bytes)"),
        ("StorageCompression", 1, "true or false"),
        ("StorageCompression", "true", "true or false"),
        ("Name", 5, "a text in quotes"),
        ("DicomAet", "12345678901234567", "1 to 16 ASCII characters"),
        ("DicomAet", " ", "1 to 16 ASCII characters"),
        ("DicomAet", "A\\B", "without backslash"),
        ("DicomAet", "É", "ASCII"),
        ("StorageDirectory", "", "a path"),
        ("StorageDirectory", "\0", "a path"),
        ("HttpBindAddresses", [1], "a list of texts"),
        ("OverwriteInstances", "always", '"Never", "Always" or "IfChanged"'),
        ("DefaultEncoding", "Utf9", '"Windows1251"'),
        ("DicomModalities", [], "an object"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(problems, name, value, expected):
    """The message names the file, the option, what is expected and what is there."""
    (problem,) = problems({name: value})

    assert f'orthanc.json: "{name}" must be' in problem
    assert expected in problem
    assert problem.endswith(f"not {describe(value)}")


@pytest.mark.parametrize("value", [{"alice": 5}, ["alice"], {"a:b": "c"}, {"": "c"}])
def test_wrong_users_are_refused_without_their_passwords(problems, value):
    """A password never enters a message."""
    (problem,) = problems({"RegisteredUsers": value, "RemoteAccessAllowed": True})

    assert '"RegisteredUsers" must be' in problem
    assert "not {" not in problem


def test_every_problem_is_listed_at_once(problems):
    """One start tells all that is to be mended, wherever it stands."""
    found = problems(
        {
            "HttpPort": "x",
            "DicomAet": "",
            "DicomModalities": {"a b": ["A", "h", 104], "c": ["", "h", 0], "d": []},
            "RemoteAccessAllowed": True,
            "DicomTlsEnabled": True,
        }
    )

    assert len(found) == 8
    assert {problem.split('"')[1] for problem in found} == {
        "HttpPort",
        "DicomAet",
        "a b",
        "c",
        "d",
        "RemoteAccessAllowed",
        "DicomTlsEnabled",
    }


def test_an_option_may_stand_in_one_file_only(tmp_path):
    """As in Orthanc, since nobody can tell which one counts."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('{"Name": "x"}')

    with pytest.raises(ConfigError, match='"Name" is set in two files'):
        load_config([tmp_path], {})


def test_the_json_files_of_a_folder_count_together(tmp_path):
    """Those deeper inside, and other files, do not."""
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "c.json").write_text('{"Name": "deeper"}')
    (tmp_path / "notes.txt").write_text("no JSON")
    (tmp_path / "a.json").write_text('{"Name": "x"}')
    (tmp_path / "B.JSON").write_text('{"DicomAet": "Y"}')

    config, _ = load_config([tmp_path], {})

    assert (config.system.name, config.dicom.ae_title) == ("x", "Y")


def test_unreadable_files_are_all_named(tmp_path):
    """A missing file, one that is not text and one that is not JSON."""
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    (tmp_path / "broken.json").write_text("{")
    names = ("missing.json", "binary.json", "broken.json")

    with pytest.raises(ConfigError) as caught:
        load_config([tmp_path / name for name in names], {})

    for problem, name in zip(caught.value.problems, names, strict=True):
        assert problem.startswith(f"{tmp_path / name}: ")


def test_a_byte_order_mark_is_no_problem(tmp_path):
    """Editors of Windows write one."""
    path = tmp_path / "a.json"
    path.write_text('{"Name": "é"}', encoding="utf-8-sig")

    config, _ = load_config([path], {})

    assert config.system.name == "é"


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("HttpProt", "HttpPort"),
        ("name", "Name"),
        ("DicomModality", "DicomModalities"),
        ("ConcurentJobs", "ConcurrentJobs"),
        ("OrthancExplorer", "OrthancExplorer2"),
    ],
)
def test_an_unknown_option_gets_a_suggestion(load, name, suggestion):
    """A slip of the pen is found at the first start."""
    _, (warning,) = load({name: 1})

    assert f'unknown option "{name}" has no effect' in warning
    assert f'did you mean "{suggestion}"?' in warning


def test_a_strange_option_gets_no_suggestion(load):
    """Nothing is suggested when nothing is near."""
    _, (warning,) = load({"Xyzzy": 1})

    assert warning.endswith('unknown option "Xyzzy" has no effect')


def test_options_of_orthanc_without_effect_are_reported(load):
    """Those at Orthanc's default share one line, as they change nothing."""
    _, warnings = load(
        {
            "DicomScuTimeout": 8,
            "QueryRetrieveSize": 100,
            "OrthancExplorerEnabled": True,
            "DicomWeb": {},
        }
    )

    assert len(warnings) == 3
    assert '"DicomScuTimeout" of Orthanc is not supported yet' in warnings[0]
    assert '"DicomWeb" belongs to a plugin' in warnings[1]
    assert warnings[2].endswith(": OrthancExplorerEnabled, QueryRetrieveSize")


@pytest.mark.parametrize("name", ["DicomTlsEnabled", "SslVerifyPeers"])
def test_protection_is_never_ignored(load, problems, name):
    """A server that cannot protect as told does not start."""
    (problem,) = problems({name: True})

    assert name in problem
    assert load({name: False})[0].dicom == Config().dicom


def test_no_option_is_both_declared_and_unsupported():
    """Each name of Orthanc has one place."""
    declared = {one.facts.name for one in declared_options()}

    assert declared.isdisjoint(UNSUPPORTED)
    assert declared.isdisjoint(PLUGIN_SECTIONS)


def test_remote_access_asks_for_authentication_and_users(load, problems):
    """As in Orthanc 1.13: to have no user takes saying so."""
    (problem,) = problems({"RemoteAccessAllowed": True})
    config, warnings = load({"RemoteAccessAllowed": True, "RegisteredUsers": {}})

    assert "RegisteredUsers" in problem
    assert config.http.authentication_required
    assert warnings == []


def test_open_remote_access_is_possible_but_reported(load):
    """Without authentication everybody may do everything."""
    config, warnings = load(
        {"RemoteAccessAllowed": True, "AuthenticationEnabled": False}
    )

    assert not config.http.authentication_required
    assert "everybody" in warnings[0]


@pytest.mark.parametrize(
    ("users", "is_secure"),
    [({"orthanc": "orthanc"}, False), ({"orthanc": "x", "a": "orthanc"}, True)],
)
def test_well_known_passwords_are_reported(load, users, is_secure):
    """Both the name and the password have to be those of public images."""
    config, warnings = load({"RemoteAccessAllowed": True, "RegisteredUsers": users})

    assert config.http.is_secure is is_secure
    assert ["everybody may know" in warning for warning in warnings] == (
        [] if is_secure else [True]
    )


def test_local_access_needs_no_authentication(load):
    """`AuthenticationEnabled` follows `RemoteAccessAllowed`."""
    assert not load({})[0].http.authentication_required


def test_authentication_without_users_is_reported(load):
    """It is allowed for local access, but nobody gets in."""
    config, warnings = load({"AuthenticationEnabled": True})

    assert config.http.authentication_required
    assert "nobody can log in" in warnings[0]


@pytest.mark.parametrize(
    "content",
    [
        {"HttpPort": 4242},
        {"HttpBindAddresses": ["localhost"]},
        {"HttpBindAddresses": ["127.0.0.1", "localhost"]},
        {"Name": "\ud800"},
        {"OverwriteInstances": "IfChanged", "StoreMD5ForAttachments": False},
        {"CheckRevisions": True, "StoreMD5ForAttachments": False},
        {"RejectedSopClasses": [], "RejectSopClasses": []},
    ],
)
def test_options_that_contradict_each_other_are_refused(problems, content):
    """What is right alone may be wrong together."""
    assert len(problems(content)) == 1


def test_old_tls_is_reported(load):
    """What cannot be offered is said."""
    _, (warning,) = load({"SslEnabled": True, "SslMinimumProtocolVersion": 2})

    assert "TLS 1.2 is the oldest" in warning


def test_the_old_name_of_an_option_is_understood(load):
    """`RejectSopClasses` is in files of Orthanc 1.12."""
    config, warnings = load({"RejectSopClasses": ["1.2.*"]})

    assert config.dicom.rejected_sop_classes == ("1.2.*",)
    assert warnings == []


def test_variables_set_options_and_win_over_files(load):
    """As in Orthanc's Docker images; the words of a name may be cut anywhere."""
    config, warnings = load(
        {"Name": "file", "HttpPort": 80},
        {
            "ORTHANC__NAME": "123",
            "ORTHANC__STORE_MD5_FOR_ATTACHMENTS": "false",
            "ORTHANC__REGISTERED_USERS": '{"alice": "secret"}',
            "ORTHANC__OVERWRITE_INSTANCES": "true",
            "OBELISK__DICOM_PORT": "104",
            "PATH": "/bin",
        },
    )

    assert config.system.name == "123"
    assert config.http.port == 80
    assert config.http.registered_users == {"alice": "secret"}
    assert config.storage.store_md5 is False
    assert config.storage.overwrite_instances is OverwriteMode.ALWAYS
    assert config.dicom.port == 104
    assert warnings == []


def test_wrong_variables_are_problems_too(problems):
    """The message names the variable."""
    found = problems(
        {}, {"ORTHANC__HTTP_PORT": "x", "ORTHANC__REGISTERED_USERS__ALICE": "secret"}
    )

    assert [problem.split(":")[0] for problem in found] == [
        "ORTHANC__REGISTERED_USERS__ALICE",
        "ORTHANC__HTTP_PORT",
    ]
    assert "secret" not in "".join(found)


def test_variables_of_plugins_and_unknown_ones_are_reported(load):
    """They have no effect, which is said."""
    _, warnings = load(
        {}, {"ORTHANC__DICOM_WEB__ENABLE": "true", "ORTHANC__HTTP_PROT": "1"}
    )

    assert '"DicomWeb" belongs to a plugin' in warnings[0]
    assert 'did you mean "HttpPort"?' in warnings[1]


@given(
    st.dictionaries(
        st.sampled_from([*(one.facts.name for one in declared_options()), "Unknown"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["AET", "Host", "Port", "AllowEcho"]) | st.text(),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=6,
        ),
        max_size=5,
    )
)
def test_any_values_give_a_configuration_or_a_list_of_problems(content):
    """Nothing that a file can say leads to another exception."""
    environ = {f"ORTHANC__{name}": json.dumps(one) for name, one in content.items()}

    try:
        config, _ = load_config([], environ)
    except ConfigError as error:
        assert all(isinstance(problem, str) for problem in error.problems)  # noqa: PT017
    else:
        assert json.loads(effective(config))


def test_a_default_file_of_orthanc_gives_one_warning(load):
    """Its dozens of options that have no effect here do not drown other lines."""
    content = {name: one for name, one in UNSUPPORTED.items() if one is not UNSET}

    _, warnings = load(content)

    assert len(warnings) == 1


def test_names_of_users_stand_for_numbers(load):
    """A content type may bring its media type."""
    annotations = load(
        {
            "UserMetadata": {"Mine": 1024},
            "UserContentType": {"raw": 65535, "png": [1025, "image/png"]},
            "CheckRevisions": True,
        }
    )[0].annotations

    assert annotations.user_metadata == {"Mine": 1024}
    assert annotations.user_content_types == {
        "raw": UserContent(number=65535),
        "png": UserContent(number=1025, media_type="image/png"),
    }
    assert annotations.check_revisions


@pytest.mark.parametrize("option", ["UserMetadata", "UserContentType"])
@pytest.mark.parametrize(
    "value",
    [
        ["a"],
        {"a": 1023},
        {"a": 65536},
        {"a": "1024"},
        {"1": 1024},
        {"": 1024},
        {"a/b": 1},
    ],
)
def test_wrong_names_and_numbers_are_refused(problems, option, value):
    """Numbers below 1,024 belong to the server."""
    (problem,) = problems({option: value})

    assert f'"{option}" must be' in problem


@pytest.mark.parametrize("value", [[1024], [1024, ""], [1024, 5], ["a", "b"]])
def test_wrong_media_types_are_refused(problems, value):
    """A pair is a number and a text."""
    assert len(problems({"UserContentType": {"a": value}})) == 1
    assert len(problems({"UserMetadata": {"a": [1024, "text/plain"]}})) == 1


def test_main_tags_are_lists_by_level(load):
    """What their names stand for is checked by those who know the dictionary."""
    tags = {"Study": ["PatientWeight", "0008,1070"], "Series": []}

    assert load({"ExtraMainDicomTags": tags})[0].find.extra_main_tags == {
        "Study": ("PatientWeight", "0008,1070"),
        "Series": (),
    }


@pytest.mark.parametrize("value", [["Rows"], "Rows", {"Study": "Rows"}, {"Study": [1]}])
def test_main_tags_of_another_shape_are_refused(problems, value):
    """With one sentence about the option."""
    (problem,) = problems({"ExtraMainDicomTags": value})

    assert '"ExtraMainDicomTags" must be an object' in problem


def test_dictionaries_are_read(load):
    """An attribute has VR, name, a range of values, and maybe a private creator."""
    config, _ = load(
        {
            "Dictionary": {
                "4321,1012": ["UT", "Full", 1, 0, "My Company"],
                "4323-12": ["LO", "Short"],
            },
            "ExternalDictionaries": ["a.dic"],
            "LoadPrivateDictionary": False,
            "DefaultPrivateCreator": "Me",
        }
    )
    section = config.dictionaries

    assert section.dictionary == {
        "4321,1012": DictionaryEntry(0x43211012, "UT", "Full", 1, 0, "My Company"),
        "4323-12": DictionaryEntry(0x43230012, "LO", "Short"),
    }
    assert section.external_dictionaries == ("a.dic",)
    assert not section.private_dictionary_loaded
    assert section.default_private_creator == "Me"


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"zz": ["LO", "A"]},
        {"4321,1012": {"VR": "LO"}},
        {"4321,1012": ["LO"]},
        {"4321,1012": ["LO", "A", 1, 1, "X", "Y"]},
        {"4321,1012": ["ZZ", "A"]},
        {"4321,1012": ["LO", ""]},
        {"4321,1012": ["LO", "A", 0, 0]},
        {"4321,1012": ["LO", "A", 2, 1]},
        {"4321,1012": ["LO", "A", "1", 1]},
        {"4321,1012": ["LO", "A", 1, 1, 5]},
    ],
)
def test_wrong_dictionaries_are_refused(problems, value):
    """The message says which attribute is wrong."""
    (problem,) = problems({"Dictionary": value})

    assert '"Dictionary"' in problem
    assert not value or next(iter(value)) in problem


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:4318",
        "ftp://localhost",
        "http://",
        "http://a:b@localhost",
        "http://localhost:x",
        "http://localhost:70000",
        "http://localhost/?a=1",
        "http://local host",
        "http://[::1",
    ],
)
def test_the_collector_of_traces_is_a_url(problems, url):
    """Of the kinds that can be sent to, and without a password."""
    (problem,) = problems({"OpenTelemetryEndpoint": url})

    assert problem.startswith('"OpenTelemetryEndpoint" must be a URL such as ')


@pytest.mark.parametrize(
    "url",
    ["http://localhost:4318", "https://collector/v1/traces", "http://[::1]:4318/"],
)
def test_a_url_of_a_collector_is_taken_as_it_is(load, url):
    """For HTTP and for HTTPS."""
    config, warnings = load({"OpenTelemetryEndpoint": url})

    assert config.monitoring.trace_endpoint == url
    assert warnings == []


def test_scripts_see_what_is_configured(load):
    """Also what is unknown, but only where they are run; the danger is named."""
    options = {"Name": "A", "Mine": {"a": [1]}}
    config, _ = load(options)
    assert not config.scripts.configuration

    options["ExecuteLuaEnabled"] = True
    config, warnings = load(options)
    assert options.items() <= config.scripts.configuration.items()
    assert any("start programs on this machine" in one for one in warnings)
