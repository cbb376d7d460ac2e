"""Images in kustomizations, which give those of what they build on other names, tags and digests.

Those are found by their names there, so that such a name is never rewritten by itself.
"""

from __future__ import annotations

__all__ = ["find", "is_kustomization"]

from collections.abc import Iterator

from boxship.audit.kubernetes import Named
from boxship.audit.nodes import Node, get, items, scalar

_KINDS = (None, "Kustomization", "Component")
_GIVEN = {"newName": "", "newTag": ":{}", "digest": "@{}"}
_NO_TAG = "what it builds on says its tag (kustomize build DIR | boxship audit -)"


def is_kustomization(root: Node) -> bool:
    """Whether a document is one that changes images."""
    is_one = root.id == "mapping" and scalar(get(root, "kind")) in _KINDS
    return is_one and any(get(item, name) is not None for item in items(get(root, "images")) for name in _GIVEN)


def find(root: Node) -> Iterator[Named]:
    """What each of its images becomes; a digest comes before a tag, as kustomize has it."""
    for item in items(get(root, "images")):
        old = get(item, "name")
        new = get(item, "newName") or old
        if old is None or new is None or not (scalar(old) and scalar(new)):
            continue
        told = [name for name in ("digest", "newTag") if scalar(get(item, name))]
        tail = _GIVEN[told[0]].format(scalar(get(item, told[0]))) if told else ""
        apart = (*told, *(("name",) if new is old else ()))
        yield Named(new, f"kustomization, image {scalar(old)}", f"{scalar(new)}{tail}", apart, "" if told else _NO_TAG)
