"""What is exposed: families of samples, and the two formats of Prometheus."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from obelisk.metrics.instruments import Counter, Family, Histogram

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Kind(Enum):
    """What the value of a family is like."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value: what is put behind the name of its family, labels, number."""

    suffix: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class SampleFamily:
    """The samples that have a name in common.

    `name` is without ``_total``; where there is a `unit`, it ends with that.
    """

    name: str
    kind: Kind
    help: str
    samples: Sequence[Sample]
    unit: str = ""


def gauge(
    name: str,
    text: str,
    values: float | Mapping[str, float],
    label: str = "",
    unit: str = "",
) -> SampleFamily:
    """Return a family of present values: one, or one for each value of a label."""
    return SampleFamily(name, Kind.GAUGE, text, _samples("", values, label), unit)


def total(
    name: str,
    text: str,
    values: float | Mapping[str, float],
    label: str = "",
    unit: str = "",
) -> SampleFamily:
    """Return a family of counts, as `gauge` does."""
    samples = _samples("_total", values, label)
    return SampleFamily(name, Kind.COUNTER, text, samples, unit)


def _samples(
    suffix: str, values: float | Mapping[str, float], label: str
) -> list[Sample]:
    if not isinstance(values, Mapping):
        return [Sample(suffix, {}, values)]
    return [Sample(suffix, {label: key}, value) for key, value in values.items()]


def counters(
    name: str, text: str, labels: Sequence[str], family: Family[Counter]
) -> SampleFamily:
    """Return what a family of counters has counted."""
    samples = [
        Sample("_total", dict(zip(labels, values, strict=True)), counter.value)
        for values, counter in family.items()
    ]
    return SampleFamily(name, Kind.COUNTER, text, samples)


def durations(
    name: str,
    text: str,
    labels: Sequence[str],
    children: Iterable[tuple[tuple[str, ...], Histogram]],
) -> SampleFamily:
    """Return what a family of histograms of seconds has observed."""
    samples: list[Sample] = []
    for values, histogram in children:
        names = dict(zip(labels, values, strict=True))
        cumulated, value = histogram.read()
        samples.extend(
            Sample("_bucket", {**names, "le": _number(bound)}, count)
            for bound, count in cumulated
        )
        samples.append(Sample("_sum", names, value))
        samples.append(Sample("_count", names, cumulated[-1][1]))
    return SampleFamily(name, Kind.HISTOGRAM, text, samples, "seconds")


def openmetrics_text(families: Iterable[SampleFamily]) -> str:
    """Write families as OpenMetrics 1.0."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.kind.value}")
        if family.unit:
            lines.append(f"# UNIT {family.name} {family.unit}")
        lines.extend(_lines(family))
    return "\n".join([*lines, "# EOF", ""])


def prometheus_text(families: Iterable[SampleFamily]) -> str:
    """Write families in the text format 0.0.4 of Prometheus."""
    lines: list[str] = []
    for family in families:
        name, kind = family.name, family.kind.value
        if family.kind is Kind.COUNTER:
            name += "_total"
        elif family.kind is Kind.INFO:
            name, kind = f"{name}_info", Kind.GAUGE.value
        lines.append(f"# HELP {name} {family.help}")
        lines.append(f"# TYPE {name} {kind}")
        lines.extend(_lines(family))
    return "\n".join([*lines, ""])


def _lines(family: SampleFamily) -> Iterator[str]:
    for sample in family.samples:
        labels = ",".join(f'{key}="{_escape(v)}"' for key, v in sample.labels.items())
        name = f"{family.name}{sample.suffix}" + (f"{{{labels}}}" if labels else "")
        yield f"{name} {_number(sample.value)}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(value) if isinstance(value, int) else repr(float(value))


def orthanc_text(values: Mapping[str, float], milliseconds: int) -> str:
    """Write values the way that Orthanc does: name, value and time, by name."""
    return "".join(
        f"{name} {_short(values[name])} {milliseconds}\n" for name in sorted(values)
    )


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"
