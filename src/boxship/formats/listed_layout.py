"""A layout in whose list the manifests of an index stand, and not the index itself: crane's `index append ./layout`."""

from __future__ import annotations

__all__ = ["ListedLayout"]

from collections.abc import Mapping, Sequence

from boxship.formats.oci_layout import OCILayout
from boxship.image.indexes import entries_of
from boxship.registry.manifests import Document
from boxship.spec.fields import Fields


class ListedLayout(OCILayout):
    """A `Target` (`store`) of indexes, which have no name in it."""

    def name(self, document: Document, names: tuple[str, ...]) -> None:  # noqa: ARG002 -- what it lists has none
        """List what the index lists, after what is listed already."""
        entries = [dict(entry) for entry in entries_of(document)]

        def changed(now: Sequence[Fields]) -> list[Mapping[str, object]]:
            known = {one.text("digest") for one in now}
            return [*(one.values for one in now), *(one for one in entries if one["digest"] not in known)]

        self.change_list(changed)
