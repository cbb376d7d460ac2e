"""Images in Kubernetes' objects: wherever there is a pod's specification, of whatever kind the object is.

That is so for every built-in kind (Pod, Deployment, CronJob, List, …), and for all that have pod templates: Argo's
rollouts, Knative's services, Kubeflow's jobs. Other fields that hold images have to be told.
"""

from __future__ import annotations

__all__ = ["IMAGE_LIKE", "Named", "find"]

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import cast

from boxship.audit.nodes import Node, fields, get, items, scalar
from boxship.value import dataclass

IMAGE_LIKE = ("*.image", "*Image", "*.imageName", "*.image.reference")
"""How fields of custom resources are called that hold images."""

_CONTAINERS = {
    "containers": "container",
    "initContainers": "init container",
    "ephemeralContainers": "ephemeral container",
}

_TEMPLATE = "its image is a template (helm template CHART | boxship audit -)"
_PARTS = {"registry": "{}/", "repository": "{}", "tag": ":{}", "digest": "@{}"}


@dataclass(frozen=True, slots=True)
class Named:
    """The scalar that names an image, and for whom, in words.

    Attributes:
        image: all of it, where that is written in several fields.
        apart: those fields, besides the repository's.
        why: why nobody can tell which image that is; '' where it is told.
        shared: whether the scalar is also another field's, by an alias.
    """

    node: Node
    what: str
    image: str = ""
    apart: tuple[str, ...] = ()
    why: str = ""
    shared: bool = False


# A node to be looked at, with whose it is, and its path where paths are asked for.
_Visit = tuple[Node, str, str]


def find(root: Node, patterns: Sequence[str]) -> Iterator[Named]:
    """The images that a document names, each once; `patterns` are globs for the paths of other fields that do."""
    waiting, seen = list[_Visit]([(root, "", "")]), set[int]()
    while waiting:
        node, owner, path = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "sequence":
            waiting += [(item, owner, path) for item in reversed(items(node)) if item.id != "scalar"]
            continue
        found, inner = _look(node, owner, path, patterns)
        for named in found:
            if id(named.node) not in seen:
                seen.add(id(named.node))
                yield named
        waiting += reversed(inner)


def _look(node: Node, owner: str, path: str, patterns: Sequence[str]) -> tuple[list[Named], list[_Visit]]:
    """What a mapping names itself, and what is to be looked at in it."""
    if node.id != "mapping":
        return [], []
    own = cast("list[tuple[Node, Node]]", node.value)
    if any(key.value == "kind" for key, _ in own):
        owner = _owner(node) or owner
    found, inner = list[Named](), list[_Visit]()
    for key, value in own:
        kind, name = value.id, scalar(key) or ""
        here = f"{path}.{name}" if patterns else ""
        if kind == "scalar":
            if patterns:
                found += _told(value, owner, here, patterns)
            continue
        if kind == "sequence" and name in _CONTAINERS:
            found += _containers(value, f"{owner}, {_CONTAINERS[name]}" if owner else _CONTAINERS[name])
        elif kind == "sequence" and name == "volumes":
            found += _volumes(value, owner)
        elif kind == "mapping" and patterns:
            found += _in_parts(value, owner, here, patterns)
        inner.append((value, owner, here))
    return found, inner


def _owner(node: Node) -> str:
    """Whose fields these are: the kind and name of an object."""
    kind = scalar(get(node, "kind"))
    name = scalar(get(get(node, "metadata"), "name")) if kind else ""
    return f"{kind} {name}" if name else ""


def _containers(sequence: Node, whose: str) -> Iterator[Named]:
    for item in items(sequence):
        image = get(item, "image")
        what = f"{whose} {scalar(get(item, 'name')) or ''}".rstrip()
        if image is not None and _is_template(image):
            yield Named(image, what, why=_TEMPLATE)
        elif image is not None and scalar(image):
            yield Named(image, what)


def _is_template(node: Node) -> bool:
    """Whether it is `{{ … }}`: for YAML, a mapping whose key is a mapping."""
    return node.id == "mapping" and any(key.id == "mapping" for key, _ in cast("list[tuple[Node, Node]]", node.value))


def _volumes(sequence: Node, owner: str) -> Iterator[Named]:
    for item in items(sequence):
        image = get(get(item, "image"), "reference")
        if image is not None and scalar(image):
            yield Named(image, f"{owner}, volume {scalar(get(item, 'name')) or ''}".rstrip())


def _told(value: Node, owner: str, path: str, patterns: Sequence[str]) -> Iterator[Named]:
    text = scalar(value)
    if text and _matches(path, patterns) and not any(letter.isspace() for letter in text):
        yield Named(value, _whose(owner, path))


def _in_parts(value: Node, owner: str, path: str, patterns: Sequence[str]) -> Iterator[Named]:
    """An image whose repository and tag are fields of their own, as operators and charts' values have it."""
    parts = {name: text for name, node in fields(value).items() if name in _PARTS and (text := scalar(node))}
    repository = get(value, "repository")
    if repository is not None and "repository" in parts and _matches(path, patterns):
        image = "".join(form.format(parts[name]) for name, form in _PARTS.items() if name in parts)
        yield Named(repository, _whose(owner, path), image, tuple(name for name in parts if name != "repository"))


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) or fnmatchcase(path[1:], pattern) for pattern in patterns)


def _whose(owner: str, path: str) -> str:
    return f"{owner}, {path[1:]}" if owner else path[1:]
