"""Finds the route of a request in a tree of path segments."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError, ServerError
from obelisk.rest.messages import Request, Response, Services, json_response

Handler = Callable[[Request, Services], Response]

METHODS = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table.

    Segments of `path` in braces stand for many paths: ``{level}`` for the name of a
    collection such as ``studies``, ``{group}`` likewise but for ``instances``,
    ``{descendants}`` for the name of a deeper level, ``{ancestor}`` for the singular
    name of a higher level, and ``{id}`` and ``{name}`` behind it for any text. At the
    end of a path, ``{path}`` stands for any number of segments, also none.
    """

    path: str
    handler: Handler
    methods: tuple[str, ...]
    name: str


class Match(NamedTuple):
    """What a route says about one request."""

    handler: Handler
    id: str
    name: str
    level: Level
    relative: Level
    rest: str = ""
    route: str = ""


class MethodNotAllowedError(ServerError):
    """The route exists, but not with this method."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This route allows {', '.join(allowed)}")
        self.allowed = tuple(allowed)


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    wildcard: "_Node | None" = None
    targets: dict[str, tuple[Handler, Level, Level, str]] = field(default_factory=dict)
    is_open: bool = False


class Router:
    """The routes, compiled.

    Parameters
    ----------
    routes
        The route table.
    absent
        The first segments of the paths that are left out.

    Raises
    ------
    ValueError
        If a route shadows another one.
    """

    def __init__(self, routes: Sequence[Route], absent: Collection[str] = ()) -> None:
        self._root = _Node()
        for route in routes:
            for segments, level, relative in _expand(route.path):
                if not segments or segments[0] not in absent:
                    self._add(route, segments, level, relative)

    def _add(
        self, route: Route, segments: Sequence[str], level: Level, relative: Level
    ) -> None:
        node = self._root
        for segment in segments:
            if segment == "{path}":
                node.is_open = True
            elif segment in {"{id}", "{name}"}:
                node.wildcard = node.wildcard or _Node()
                node = node.wildcard
            else:
                node = node.children.setdefault(segment, _Node())
        for method in route.methods:
            if method in node.targets:
                raise ValueError(f"{method} {route.path} ({route.name}) is shadowed")
            node.targets[method] = (route.handler, level, relative, route.path)

    def match(self, method: str, path: str) -> Match:
        """Find the route of a request.

        Raises
        ------
        NotFoundError
            If there is none for this path.
        MethodNotAllowedError
            If there is one, but not for this method.
        """
        node, texts, rest = self._find(path)
        targets = node.targets or {
            "GET": (_Directory(node), Level.PATIENT, Level.PATIENT, "directory")
        }
        target = targets.get("GET" if method == "HEAD" else method)
        if target is None:
            raise MethodNotAllowedError([m for m in METHODS if m in targets])
        id_, name = (*texts, "", "")[:2]
        handler, level, relative, route = target
        return Match(handler, id_, name, level, relative, rest, route)

    def _find(self, path: str) -> tuple[_Node, list[str], str]:
        node = self._root
        texts: list[str] = []
        segments = _segments(path)
        for depth, segment in enumerate(segments):
            if node.is_open:
                return node, texts, "/".join(segments[depth:])
            child = node.children.get(segment)
            if child is None:
                child = node.wildcard
                texts.append(segment)
            if child is None:
                raise NotFoundError("route", path)
            node = child
        if not node.targets and (node is self._root or not node.children):
            raise NotFoundError("route", path)
        return node, texts, ""


def _segments(path: str) -> list[str]:
    """Return the segments of a path without empty ones and those that are dots.

    Each two dots take the segment before them away (RFC 3986 Section 5.2.4).
    """
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in {"", "."}:
            segments.append(segment)
    return segments


@dataclass(frozen=True, slots=True)
class _Directory:
    """Answers for a node that is no route itself, but has routes below."""

    node: _Node

    def __call__(self, _request: Request, _services: Services) -> Response:
        return json_response(sorted(self.node.children))


def _expand(path: str) -> Iterator[tuple[list[str], Level, Level]]:
    """Yield the paths that one path of the route table stands for."""
    levels = LEVELS if "{level}" in path else LEVELS[:1]
    for level in LEVELS[:-1] if "{group}" in path else levels:
        for relative, names in _relatives(path, level):
            names["{level}"] = names["{group}"] = level.plural
            segments = [names.get(part, part) for part in path.split("/") if part]
            yield segments, level, relative


def _relatives(path: str, level: Level) -> Iterator[tuple[Level, dict[str, str]]]:
    if "{descendants}" in path:
        for other in LEVELS[level.depth + 1 :]:
            yield other, {"{descendants}": other.plural}
    elif "{ancestor}" in path:
        for other in LEVELS[: level.depth]:
            yield other, {"{ancestor}": other.value.lower()}
    else:
        yield level, {}


def paths_of(route: Route) -> list[str]:
    """Return the paths that a route stands for, ``{id}`` left as it is."""
    return ["/" + "/".join(segments) for segments, _, _ in _expand(route.path)]


def concrete_paths(route: Route) -> Iterator[tuple[str, Level, Level]]:
    """Yield the paths that a route stands for, with the levels that they are about.

    A path of which the last part may be absent is there with and without it.
    """
    for segments, level, relative in _expand(route.path):
        path = "/" + "/".join(segments)
        if path.endswith("/{path}"):
            yield path.removesuffix("/{path}"), level, relative
        yield path, level, relative
