"""Documents of any shape: the images that are found are those that whoever reads them with PyYAML finds."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.audit import Reading, Text, uses_in

QUICK = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
_KEYS = ("containers", "initContainers", "ephemeralContainers", "volumes", "image", "reference", "name", "spec", "kind")
_LEAVES = st.sampled_from([None, "reg.corp/a:1", "b", "", "x y", "null", "7"])
_DOCUMENTS = st.dictionaries(
    st.sampled_from(_KEYS),
    st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
        max_leaves=30,
    ),
    min_size=1,
)


def named(value: object) -> Iterator[str]:
    """The images in containers and volumes, wherever they are, by plain recursion."""
    if isinstance(value, list):
        for item in value:
            yield from named(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        for item in inner if isinstance(inner, list) else ():
            if isinstance(item, dict) and key in _KEYS[:3]:
                yield from texts(item.get("image"))
            elif isinstance(item, dict) and key == "volumes" and isinstance(item.get("image"), dict):
                yield from texts(item["image"].get("reference"))
        yield from named(inner)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and value not in ("", "null"):
        yield value


def bare(text: str) -> str:
    """It without what a long line is folded by."""
    return "".join(text.replace("\\", "").split())


@QUICK
@given(st.lists(_DOCUMENTS, min_size=1, max_size=3), st.booleans(), st.sampled_from([None, '"', "'"]))
def test_the_same_images_are_found_in_every_way_to_write_it(
    documents: list[object],
    flow: bool,  # noqa: FBT001 -- Hypothesis's
    style: str | None,
) -> None:
    text = yaml.safe_dump_all(documents, default_flow_style=flow, default_style=style, explicit_start=True)
    assert list(yaml.safe_load_all(text)) == documents
    found = uses_in(Text("k.yaml", text), Reading())
    assert found.complaints == ()
    assert sorted(use.image for use in found.uses) == sorted(name for one in documents for name in named(one))
    assert all(bare(use.image) in bare(text[use.start : use.end]) for use in found.uses)
