"""Random queries on random archives: index, matcher and a naive oracle agree."""

import re
import tempfile
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexes import empty_index
from obelisk.config import OverwriteMode
from obelisk.dicom.dictionary import lookup_tag, vr_of
from obelisk.dicom.identifiers import resource_ids
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.matching import CaseRule, Order, Query, constraints_of
from obelisk.index.records import Attachment, Compression, NewInstance

LETTERS = "aAbéÉß\u0131\u017fиИ山[]^%_'\" "
TEXT = st.text(LETTERS, max_size=5)
PATTERN = st.text(LETTERS + "*?", min_size=1, max_size=6)
TRIGRAMS = st.sampled_from(["*aAb*", "*aba", "*éÉß*ab?*", "*иИи*", '*"a*', "*bab*^*"])
DATE = st.text("0129", max_size=4)
RANGE = st.tuples(DATE, DATE).map("-".join)

#: The attributes of the archives: keyword → level and values.
ATTRIBUTES = {
    "PatientName": (Level.PATIENT, st.text('aAbBéÉиИ^"', max_size=8) | TEXT),
    "PatientID": (Level.PATIENT, TEXT),
    "PatientBirthDate": (Level.PATIENT, DATE),
    "StudyDate": (Level.STUDY, DATE),
    "StudyTime": (Level.STUDY, DATE),
    "StudyDescription": (Level.STUDY, TEXT),
    "AccessionNumber": (Level.STUDY, TEXT),
    "StudyID": (Level.STUDY, TEXT),
    "Modality": (Level.SERIES, st.sampled_from(["CT", "MR", "sr"])),
    "StationName": (Level.SERIES, st.lists(TEXT, max_size=3).map("\\".join)),
    "RequestAttributesSequence": (
        Level.SERIES,
        st.lists(
            st.dictionaries(
                st.sampled_from(["RequestedProcedureID", "StudyInstanceUID"]), TEXT
            ),
            max_size=2,
        ),
    ),
    "ImageComments": (Level.INSTANCE, st.text(LETTERS + "\\", max_size=4)),
    "InstanceNumber": (Level.INSTANCE, st.sampled_from(["1", "2", "10"])),
}
#: One value each by the standard, or text that has only one.
WHOLE = frozenset(ATTRIBUTES) - {"StationName", "PatientBirthDate", "StudyTime"}
#: Put in order regardless of case.
FOLDED = ("PatientName", "StudyDescription", "PatientID", "AccessionNumber")
WILD = frozenset({"LO", "PN", "SH", "CS", "LT"})


def attributes_at(level):
    """Return a strategy for what a resource of a level has."""
    optional = {
        keyword: values for keyword, (at, values) in ATTRIBUTES.items() if at is level
    }
    return st.fixed_dictionaries({}, optional=optional)


def trees(level):
    """Return a strategy for a resource: its attributes and what is below."""
    if level.child is None:
        below = st.just([])
    else:
        below = st.lists(trees(level.child), min_size=1, max_size=2)
    return st.tuples(attributes_at(level), below)


def wanted_of(keyword):
    """Return a strategy for what a query wants of an attribute."""
    vr = vr_of(lookup_tag(keyword))
    if vr == "SQ":
        inner = st.dictionaries(
            st.sampled_from(["RequestedProcedureID", "StudyInstanceUID"]), TEXT
        )
        return st.lists(inner, max_size=1)
    if vr in ("DA", "TM"):
        return DATE | RANGE | st.lists(DATE, min_size=2, max_size=3).map("\\".join)
    values = ATTRIBUTES.get(keyword, (None, TEXT))[1] | TEXT
    plain = values | st.lists(TEXT, min_size=2, max_size=3).map("\\".join)
    return plain | PATTERN | TRIGRAMS if vr in WILD else plain


QUERIED = [*ATTRIBUTES, "ModalitiesInStudy", "NumberOfStudyRelatedInstances"]
IDENTIFIERS = st.lists(st.sampled_from(QUERIED), max_size=3, unique=True).flatmap(
    lambda keywords: st.fixed_dictionaries({k: wanted_of(k) for k in keywords})
)
QUERIES = st.tuples(st.sampled_from(LEVELS), IDENTIFIERS, st.sampled_from(CaseRule))


# ------------------------------------------------------------------ the oracle


def naive_fold(text):
    """Return capitals, one for each character that has one on its side of ASCII."""
    found = []
    for character in text:
        capital = character.upper()
        is_kept = len(capital) == 1 and capital.isascii() == character.isascii()
        found.append(capital if is_kept else character)
    return "".join(found)


def text_matches(keyword, wanted, value, rule):
    """Tell whether a text is as wanted: compare it with all that may be meant."""
    vr = vr_of(lookup_tag(keyword))
    if vr in ("DA", "TM") and "-" in wanted:
        lower, upper = wanted.split("-")
        return (not lower or lower <= value) and (not upper or value <= upper)
    exact = rule is CaseRule.EVERYWHERE or (
        rule is CaseRule.EXCEPT_NAMES and vr != "PN"
    )
    change = (lambda text: text) if exact else naive_fold
    parts = [value] if keyword in WHOLE else value.split("\\")
    runs = {
        "\\".join(parts[start:stop])
        for start in range(len(parts))
        for stop in range(start + 1, len(parts) + 1)
    }
    wild = "\\" not in wanted and ("*" in wanted or "?" in wanted)
    pattern = "|".join(
        re.escape(change(one)).replace(r"\*", ".*").replace(r"\?", ".")
        if wild
        else re.escape(change(one))
        for one in wanted.split("\\")
    )
    return any(re.fullmatch(pattern, change(run), re.DOTALL) for run in runs)


def matches(keyword, wanted, value, rule):
    """Tell whether a value, `None` if absent, is as wanted."""
    is_open = wanted == "-" and vr_of(lookup_tag(keyword)) in ("DA", "TM")
    if (
        not wanted
        or is_open
        or (isinstance(wanted, list) and not any(wanted[0].values()))
    ):
        return True
    if value is None:
        return False
    if isinstance(wanted, list):
        return any(
            all(matches(k, w, item.get(k), rule) for k, w in wanted[0].items())
            for item in value
        )
    return text_matches(keyword, wanted, value, rule)


def flatten(patients):
    """Return every resource with its path from the top, in the order of creation."""
    found = []

    def walk(nodes, level, path):
        for number, (attributes, below) in enumerate(nodes):
            here = (*path, number)
            found.append((level, here, attributes))
            if level.child is not None:
                walk(below, level.child, here)

    walk(patients, Level.PATIENT, ())
    return found


def oracle(patients, level, identifier, rule):
    """Return the paths of the resources that match, from the definition."""
    resources = flatten(patients)

    def values_of(keyword, path):
        """Return level, path and value of each resource that a keyword is about."""
        at = {
            "ModalitiesInStudy": Level.STUDY,
            "NumberOfStudyRelatedInstances": Level.STUDY,
        }.get(keyword) or ATTRIBUTES[keyword][0]
        for other, there, attributes in resources:
            size = min(len(path), len(there))
            if other is at and there[:size] == path[:size]:
                yield at, there, computed(keyword, there, attributes)

    def computed(keyword, path, attributes):
        if keyword == "ModalitiesInStudy":
            return [
                a.get("Modality")
                for at, there, a in resources
                if at is Level.SERIES and there[:2] == path
            ]
        if keyword == "NumberOfStudyRelatedInstances":
            below = [
                there
                for at, there, _ in resources
                if at is Level.INSTANCE and there[:2] == path
            ]
            return str(len(below))
        return attributes.get(keyword)

    def one_matches(keyword, value):
        wanted = identifier[keyword]
        if keyword == "ModalitiesInStudy" and wanted:
            return any(
                v is not None and text_matches("Modality", wanted, v, rule)
                for v in value
            )
        return matches(keyword, wanted, value, rule)

    def resource_matches(path):
        by_level = {}
        for keyword in identifier:
            for at, there, value in values_of(keyword, path):
                results = by_level.setdefault(at, {}).setdefault(there, [])
                results.append(one_matches(keyword, value))
        return all(
            any(all(results) for results in group.values())
            for group in by_level.values()
        )

    return [p for at, p, _ in resources if at is level and resource_matches(p)]


# ------------------------------------------------------------------- the index


def ids_of(path):
    """Return the ids of a path through the tree, padded to an instance."""
    names = [".".join(map(str, path[:size])) for size in range(1, len(path) + 1)]
    return resource_ids(*(names + [""] * 4)[:4])


def store(index, patients):
    """Put an archive into an index, an instance at a time."""
    found = {path: attributes for _, path, attributes in flatten(patients)}
    for path in [path for path in found if len(path) == 4]:
        new = NewInstance(
            ids=ids_of(path),
            attributes={level: found[path[: level.depth + 1]] for level in LEVELS},
            metadata={level: {} for level in LEVELS},
            index_in_series=None,
            expected_instance_count=None,
            attachment=Attachment(str(path), Compression.NONE, 1, "", 0, 1, ""),
            received="20240102T030405",
            stable_at=0.0,
        )
        index.write(partial(store_one, new=new))


def store_one(writer, new):
    """Record an instance."""
    return writer.store_instance(new, OverwriteMode.NEVER)


def by_tag(identifier):
    """Return an identifier by tags instead of keywords."""
    return {
        lookup_tag(keyword): [by_tag(item) for item in wanted]
        if isinstance(wanted, list)
        else wanted
        for keyword, wanted in identifier.items()
    }


ARCHIVES = st.lists(trees(Level.PATIENT), min_size=1, max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(ARCHIVES, st.lists(QUERIES, min_size=1, max_size=12))
def test_index_finds_what_the_oracle_finds(patients, queries):
    """Every query gives the same resources, and counts them alike."""
    with tempfile.TemporaryDirectory() as folder:
        index = empty_index(Path(folder))
        store(index, patients)
        with index.read() as transaction:
            for level, identifier, rule in queries:
                constraints = constraints_of(by_tag(identifier), rule)
                query = Query(level=level, constraints=constraints)
                expected = {
                    ids_of(path).at(level)
                    for path in oracle(patients, level, identifier, rule)
                }

                assert {id_ for _, id_ in transaction.find(query)} == expected
                assert transaction.count(query) == len(expected)
        index.close()


@given(st.sampled_from(list(ATTRIBUTES)), st.data(), st.sampled_from(CaseRule))
def test_matcher_agrees_with_the_oracle(keyword, data, rule):
    """What is read from a file is matched as what is indexed."""
    wanted = data.draw(wanted_of(keyword))
    value = data.draw(st.none() | ATTRIBUTES[keyword][1])
    constraints = constraints_of(by_tag({keyword: wanted}), rule)
    read = [by_tag(item) for item in value] if isinstance(value, list) else value

    assert all(one.condition.matches(read) for one in constraints) == matches(
        keyword, wanted, value, rule
    )


@settings(max_examples=40)
@given(
    ARCHIVES,
    st.sampled_from([*FOLDED, "StudyDate", "StudyID"]),
    st.booleans(),
    st.integers(0, 3),
    st.none() | st.integers(0, 4),
)
def test_values_are_put_in_order(patients, keyword, is_descending, since, limit):
    """Values come in order, absent ones last, and equal ones as they were stored.

    Names, descriptions and identifiers are in the order of their capitals.
    """
    change = naive_fold if keyword in FOLDED else str
    studies = [
        (path, patients[path[0]][0] | attributes)
        for level, path, attributes in flatten(patients)
        if level is Level.STUDY
    ]
    present = [(p, a[keyword]) for p, a in studies if keyword in a]
    present.sort(key=lambda one: change(one[1]), reverse=is_descending)
    absent = [p for p, a in studies if keyword not in a]
    expected = [ids_of(p).study for p in [*(p for p, _ in present), *absent]]
    query = Query(
        level=Level.STUDY,
        order=(Order(lookup_tag(keyword), is_descending=is_descending),),
        since=since,
        limit=limit,
    )
    with tempfile.TemporaryDirectory() as folder:
        index = empty_index(Path(folder))
        store(index, patients)
        with index.read() as transaction:
            found = [id_ for _, id_ in transaction.find(query)]
        index.close()

    assert found == expected[since:][:limit]
