"""Draws the Grafana board with what a Prometheus knows, for the documentation.

Usage: ``python tools/board.py PROMETHEUS PICTURE [MINUTES]``, where PROMETHEUS is such
as ``http://127.0.0.1:9090``. Each panel of deploy/grafana/obelisk.json is where Grafana
puts it and shows what its queries find; letters and colours are not those of Grafana.
"""

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

_BOARD = Path(__file__).parents[1] / "deploy" / "grafana" / "obelisk.json"
_COLUMNS, _COLUMN, _ROW, _GAP = 24, 60, 34, 8
_POINT_COUNT = 150
_LEGEND_COUNT = 6
_LEGEND_LETTERS = 34
_BACKGROUND, _PANEL, _LINE, _TEXT, _FAINT = (
    *("#111217", "#181b1f", "#2c3235"),
    *("#d8d9da", "#8e8e8e"),
)
_COLOURS = (
    *("#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#f2495c", "#b877d9"),
    *("#8ab8ff", "#96d98d", "#ffee52", "#ffb357"),
)
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a panel: its name, and its values by time."""

    name: str
    points: Sequence[Point]


class Prometheus:
    """Answers queries about the last minutes.

    Parameters
    ----------
    url
        Its root.
    minutes
        How many.
    """

    def __init__(self, url: str, minutes: float) -> None:
        self._url = url
        #: The time at the right end.
        self.stop = time.time()
        #: The time at the left end.
        self.start = self.stop - minutes * 60

    def series(self, target: dict[str, str]) -> list[Series]:
        """Return what the query of a panel finds."""
        step = (self.stop - self.start) / _POINT_COUNT
        query = target["expr"].replace("$instance", ".*")
        wanted = {"query": query, "start": self.start, "end": self.stop, "step": step}
        address = f"{self._url}/api/v1/query_range?{urllib.parse.urlencode(wanted)}"
        with urllib.request.urlopen(address) as answer:  # noqa: S310  # it is ours
            found = json.load(answer)["data"]["result"]
        return [
            Series(
                _named(target.get("legendFormat", ""), one["metric"]),
                [(at, float(v)) for at, v in one["values"] if isfinite(float(v))],
            )
            for one in found
        ]


def _named(template: str, labels: dict[str, str]) -> str:
    return re.sub(
        r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), template
    ).strip()


def written(value: float, unit: str) -> str:
    """Return a value as a board shows it."""
    if unit == "s":
        return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
    if unit in {"bytes", "Bps"}:
        power = 0
        while value >= 1000 and power < len(_BYTES) - 1:
            value, power = value / 1024, power + 1
        return f"{value:.3g} {_BYTES[power]}" + ("/s" if unit == "Bps" else "")
    if unit == "d":
        return f"{value:.3g} days" if value < 3650 else "> 10 years"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"


class Panel:
    """One panel of the picture.

    Parameters
    ----------
    image
        The picture.
    described
        The panel, as Grafana reads it.
    prometheus
        Knows the values.
    """

    def __init__(
        self,
        image: ImageDraw.ImageDraw,
        described: dict[str, Any],
        prometheus: Prometheus,
    ) -> None:
        place = described["gridPos"]
        self._image = image
        self._left = place["x"] * _COLUMN + _GAP
        self._top = place["y"] * _ROW + _GAP
        self._right = (place["x"] + place["w"]) * _COLUMN
        self._bottom = (place["y"] + place["h"]) * _ROW
        self._title, self._kind = described["title"], described["type"]
        self._unit = described["fieldConfig"]["defaults"].get("unit", "short")
        self._prometheus = prometheus
        self._series = [
            one for target in described["targets"] for one in prometheus.series(target)
        ]

    def draw(self) -> None:
        """Draw it."""
        box = (self._left, self._top, self._right, self._bottom)
        self._image.rounded_rectangle(box, 4, fill=_PANEL, outline=_LINE)
        self._write(self._left + 10, self._top + 7, self._title, 14, _TEXT)
        if not any(one.points for one in self._series):
            self._write(self._left + 190, self._top + 110, "No data", 18, _FAINT)
        elif self._kind == "stat":
            self._draw_values()
        else:
            self._draw_lines()

    def _draw_values(self) -> None:
        shown = [one for one in self._series if one.points]
        width = (self._right - self._left - 20) // len(shown)
        for number, one in enumerate(shown):
            left = self._left + 14 + number * width
            value = written(one.points[-1][1], self._unit)
            self._write(left, self._top + 90, value, 34, _COLOURS[0])
            self._write(left, self._top + 140, one.name, 13, _FAINT)

    def _draw_lines(self) -> None:
        shown = sorted(
            (one for one in self._series if one.points),
            key=lambda one: -max(value for _, value in one.points),
        )
        legend = shown[:_LEGEND_COUNT]
        rows = (len(legend) + 1) // 2
        box = (
            self._left + 66,
            self._top + 34,
            self._right - 12,
            self._bottom - 26 - rows * 16,
        )
        greatest = max(value for one in shown for _, value in one.points) or 1.0
        self._draw_axes(box, greatest)
        for number, one in enumerate(shown):
            line = list(self._placed(one.points, box, greatest))
            colour = _COLOURS[number % len(_COLOURS)]
            self._image.line(line, fill=colour, width=2, joint="curve")
        self._draw_legend(legend, len(shown) - len(legend), rows)

    def _placed(
        self, points: Iterable[Point], box: tuple[int, int, int, int], greatest: float
    ) -> Iterable[Point]:
        left, top, right, bottom = box
        start, stop = self._prometheus.start, self._prometheus.stop
        for at, value in points:
            yield (
                left + (at - start) / (stop - start) * (right - left),
                bottom - value / greatest * (bottom - top),
            )

    def _draw_axes(self, box: tuple[int, int, int, int], greatest: float) -> None:
        left, top, right, bottom = box
        for part in range(4):
            y = bottom - part / 3 * (bottom - top)
            self._image.line((left, y, right, y), fill=_LINE)
            text = written(greatest * part / 3, self._unit)
            self._write(left - 58, y - 7, text, 11, _FAINT)
        seconds = self._prometheus.stop - self._prometheus.start
        for part in range(3):
            text = f"-{seconds * (2 - part) / 120:.0f} min" if part < 2 else "now"
            x = left + part / 2 * (right - left)
            self._write(x - (0, 18, 24)[part], bottom + 4, text, 11, _FAINT)

    def _draw_legend(self, legend: Sequence[Series], more: int, rows: int) -> None:
        width = (self._right - self._left - 20) // 2
        for number, one in enumerate(legend):
            x = self._left + 12 + number % 2 * width
            y = self._bottom - 6 - (rows - number // 2) * 16
            self._image.rectangle((x, y + 5, x + 12, y + 8), fill=_COLOURS[number])
            name = one.name
            if more and number == len(legend) - 1:
                name = f"{name[: _LEGEND_LETTERS - 12]} and {more} more"
            self._write(x + 18, y, name[:_LEGEND_LETTERS], 12, _TEXT)

    def _write(self, x: float, y: float, text: str, size: int, colour: str) -> None:
        self._image.text((x, y), text, colour, ImageFont.load_default(size))


def main(url: str, picture: Path, minutes: float) -> None:
    """Draw all panels."""
    panels = json.loads(_BOARD.read_text("utf-8"))["panels"]
    rows = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels)
    size = (_COLUMNS * _COLUMN + _GAP, rows * _ROW + _GAP)
    image = Image.new("RGB", size, _BACKGROUND)
    prometheus = Prometheus(url, minutes)
    for one in panels:
        Panel(ImageDraw.Draw(image), one, prometheus).draw()
    image.quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float((*sys.argv, "10")[3]))
