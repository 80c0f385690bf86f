"""What the files below a resource say: together, one by one, or by module."""

from collections.abc import Container, Iterator
from itertools import chain
from typing import Any

from obelisk.dicom.attribute_json import element_json
from obelisk.dicom.levels import Level
from obelisk.dicom.modules import MODULE_TAGS
from obelisk.dicom.tag_json import MAXIMUM_TEXT_SIZE, TagForm, tags_json
from obelisk.errors import NotFoundError
from obelisk.index.records import BARE
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ordering import OrderedSlices, order_slices, slice_of
from obelisk.services.resources import Resources

Tags = dict[str, Any]


class Views:
    """Reads one file after the other, and keeps no more than one in memory."""

    def __init__(self, resources: Resources, default_encoding: AssumedEncoding) -> None:
        self._resources = resources
        self._default_encoding = default_encoding

    def tags_of_each(
        self, level: Level, id_: str, form: TagForm, ignore_length: Container[int]
    ) -> Iterator[tuple[str, Tags]]:
        """Return an iterator over the instances below a resource, and their tags.

        Instances that are deleted meanwhile are skipped.

        Raises
        ------
        NotFoundError
            If there is no such resource, or no file of it was kept.
        """
        ids = self._resources.child_ids(level, id_, Level.INSTANCE)
        each = self._read_each(ids, form, ignore_length)
        first = next(each, None)
        if first is None:
            raise NotFoundError("file", id_)
        return chain((first,), each)

    def _read_each(
        self, ids: list[str], form: TagForm, ignore_length: Container[int]
    ) -> Iterator[tuple[str, Tags]]:
        for instance_id in ids:
            try:
                file = self._resources.open_file(instance_id)
                with file.dataset(self._default_encoding.name) as dataset:
                    tags = tags_json(dataset, form, ignore_length)
            except NotFoundError:
                continue
            yield instance_id, tags

    def shared_tags(
        self, level: Level, id_: str, form: TagForm, ignore_length: Container[int]
    ) -> Tags:
        """Return the text that is the same in all instances below a resource.

        Raises
        ------
        NotFoundError
            If there is no such resource; so do the methods below.
        """
        ids = self._resources.child_ids(level, id_, Level.INSTANCE)
        shared: Tags | None = None
        for _, tags in self._read_each(ids, TagForm.FULL, ignore_length):
            if shared is None:
                shared = {
                    key: value
                    for key, value in tags.items()
                    if value["Type"] == "String"
                }
                continue
            for key in [key for key in shared if tags.get(key) != shared[key]]:
                del shared[key]
        found = shared or {}
        if form is TagForm.FULL:
            return found
        return {
            value["Name"] if form is TagForm.SIMPLE else key: value["Value"]
            for key, value in found.items()
        }

    def module(
        self,
        level: Level,
        id_: str,
        module: Level,
        form: TagForm,
        ignore_length: Container[int] = (),
    ) -> Tags:
        """Return the module that describes a level, from one of the instances.

        Parameters
        ----------
        level, id_
            The resource.
        module
            The level that the module describes.
        form
            How to write it.
        ignore_length
            Tags whose text is given however long it is.
        """
        ids = [id_]
        if level is not Level.INSTANCE:
            ids = self._resources.child_ids(level, id_, Level.INSTANCE)
        file = self._resources.open_file(ids[0])
        with file.dataset(self._default_encoding.name) as dataset:
            return dict(
                element_json(
                    tag, element, form, 0 if tag in ignore_length else MAXIMUM_TEXT_SIZE
                )
                for tag in MODULE_TAGS[module]
                if (element := dataset.lookup(tag)) is not None
            )

    def ordered_slices(self, series_id: str) -> OrderedSlices:
        """Put the instances of a series in order.

        Raises
        ------
        UnorderableSlicesError
            If their attributes give none.
        """
        series, below = Level.SERIES, Level.INSTANCE
        instances = self._resources.children(series, series_id, below, BARE)
        slices = [
            slice_of(one.id, one.index_in_series, one.attributes) for one in instances
        ]
        return order_slices(series_id, slices)
