"""Other images in files: what is no image stays, letter by letter, and what is written is what is read back."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.audit.kubernetes import IMAGE_LIKE
from boxship.audit.lock import Lock
from boxship.audit.rewrite import Rewriting, collisions, replace_uses
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text
from boxship.errors import InvalidSettings
from boxship.reference import Reference
from tests.audit import charts

DIGEST = f"sha256:{'ab' * 32}"
TO_MIRROR = Rewriting("mirror.corp")
QUICK = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def rewritten(text: str, rewriting: Rewriting = TO_MIRROR, file: str = "k.yaml") -> tuple[str, list[str]]:
    one = Text(file, text)
    new, complaints = replace_uses(one, uses_in(one, Reading(IMAGE_LIKE)).uses, rewriting)
    return new, [complaint.words for complaint in complaints]


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [charts.BITNAMI, charts.PLATFORM, charts.OPERATOR])
def test_only_the_registries_of_images_change_in_a_chart_s_output(text: str, breaks: str) -> None:
    before = text.replace("\n", breaks)
    after = before.replace("{at}", "mirror.corp").replace(" busybox", " mirror.corp/library/busybox")
    assert rewritten(before.replace("{at}", "reg.corp")) == (after, [])
    assert rewritten(after) == (after, [])  # what is there already


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nginx", "mirror.corp/library/nginx"),
        ("docker.io/team/app:1", "mirror.corp/team/app:1"),
        (f"quay.io/a/b:1@{DIGEST}", f"mirror.corp/a/b:1@{DIGEST}"),
        ("'quay.io/a:1'  # 'quay.io/a:1'", "'mirror.corp/a:1'  # 'quay.io/a:1'"),
        ('"quay.io\\/a:\\x31"', '"mirror.corp/a:1"'),
        ("&a a", "&a mirror.corp/library/a"),
        ("!!str quay.io/a:1", "!!str mirror.corp/a:1"),
        ('&a "a"', '&a "mirror.corp/library/a"'),
        (">-\n      quay.io/a:1", ">-\n      mirror.corp/a:1"),
        ("|+  # why\n      quay.io/a:1\n\n", "|+  # why\n      mirror.corp/a:1\n\n"),
        ("|  # quay.io/a:1\n      quay.io/a:1", "|  # quay.io/a:1\n      mirror.corp/a:1"),
        ("&x >-  # quay.io/a:1\r      quay.io/a:1\r", "&x >-  # quay.io/a:1\r      mirror.corp/a:1\r"),
    ],
)
def test_however_a_scalar_is_written_it_keeps_its_form(before: str, after: str) -> None:
    text = "kind: Pod\nspec:\n  containers:\n  - image: {}\n    name: a\n"
    new, complaints = rewritten(text.format(before))
    assert (new, complaints) == (text.format(after), [])
    read = Reference.parse(yaml.safe_load(new)["spec"]["containers"][0]["image"].strip())
    assert read.registry.name == "mirror.corp"


def test_what_yaml_would_take_for_something_else_is_quoted() -> None:
    new, _ = rewritten("{containers: [{image: a:1, name: b}]}", Rewriting("[::1]:5000"))
    assert new == '{containers: [{image: "[::1]:5000/library/a:1", name: b}]}'
    assert yaml.safe_load(new)["containers"][0]["image"] == "[::1]:5000/library/a:1"
    assert rewritten("a:1\n", Rewriting("[::1]:5000"), "images.txt") == ("[::1]:5000/library/a:1\n", [])


def test_variables_of_tags_stay_and_those_of_names_are_said() -> None:
    text = "services:\n  a: {image: 'reg.corp/a:${TAG:-1}'} # x\n  b: {image: '${R:-reg.corp}/b:1'}\n"
    new, complaints = rewritten(text)
    assert new == text.replace("'reg.corp/a", "'mirror.corp/a")
    assert complaints == ["${R:-reg.corp}/b:1 stays: variables stand in its name"]
    pinned = Rewriting(lock=Lock("l", {}))
    assert "no digest goes with" in rewritten(text, pinned)[1][0]


def test_of_an_image_in_parts_the_repository_is_rewritten_where_it_has_the_registry() -> None:
    text = "a: {image: {repository: quay.io/a/b, tag: v1}}\nb: {image: {registry: quay.io, repository: a/b}} # b\n"
    new, complaints = rewritten(text)
    assert new == text.replace("quay.io/a/b", "mirror.corp/a/b")
    assert complaints == ["a/b stays: its registry is a field of its own"]
    pinned, complaints = rewritten(text, Rewriting(lock=Lock.parse(f"quay.io/a/b:v1 {DIGEST}\n", "l")))
    assert (pinned, complaints[0]) == (text, "quay.io/a/b stays: its tag is a field of its own")


def test_images_are_pinned_by_a_lock_file() -> None:
    lock = Lock.parse(f"docker.io/library/app:1 {DIGEST}\nreg.corp/b:latest {DIGEST}\n", "images.lock")
    text = f"containers:\n- image: app:1\n- image: reg.corp/b\n- image: reg.corp/c:1\n- image: d@{DIGEST}\n"
    new, complaints = rewritten(text, Rewriting(lock=lock))
    assert new == text.replace("app:1", f"app:1@{DIGEST}").replace("corp/b", f"corp/b@{DIGEST}")
    assert complaints == ["reg.corp/c:1 stays: reg.corp/c:1 is not in images.lock"]
    assert f"mirror.corp/b@{DIGEST}" in rewritten(text, Rewriting("mirror.corp", lock))[0]


def test_a_target_may_have_what_the_old_name_has() -> None:
    rewriting = Rewriting("mirror.corp:5000/all/{registry}/{repository}")
    text = "containers: [{image: nginx}, {image: 'quay.io:443/a/b:1'}]"
    new = text.replace("nginx", "mirror.corp:5000/all/docker.io/library/nginx")
    assert rewritten(text, rewriting) == (new.replace("quay.io:443", "mirror.corp:5000/all/quay.io-443"), [])


@pytest.mark.parametrize("to", ["mirror", "http://mirror.corp", "mirror.corp/{name}", "mirror.corp/UPPER", "https://"])
def test_a_target_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(InvalidSettings, match=r"mirror.corp/\{registry\}"):
        Rewriting(to)


def test_images_of_two_registries_that_would_get_one_name_are_known() -> None:
    images = [Reference.parse(text) for text in ("quay.io/a:1", "quay.io/a:2", "ghcr.io/a:1", "ghcr.io/b")]
    assert collisions(images, TO_MIRROR) == {"mirror.corp/a": {"quay.io/a", "ghcr.io/a"}}
    assert collisions(images, Rewriting("mirror.corp/{registry}/{repository}")) == {}


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("metadata: {name: &app nginx}\ncontainers:\n- image: *app\n", ["nginx stays: an alias gives it to"]),
        ("containers:\n- image: &app nginx\n  args: [*app]\n", ["nginx stays: an alias gives it to"]),
        ("containers:\n- image: &app nginx\n- image: *app\n", []),
        ("x-images: [&app nginx]\nservices: {a: {image: *app}, b: {image: *app}}\n", []),
        ("services: {a: {image: &app nginx}, b: {container_name: *app}}\n", ["nginx stays: an alias gives it to"]),
    ],
)
def test_what_an_alias_gives_to_another_field_stays(text: str, complaints: list[str]) -> None:
    new, said = rewritten(text)
    assert [any(words.startswith(one) for words in said) for one in complaints] == [True] * len(said)
    assert new == (text if complaints else text.replace("nginx", "mirror.corp/library/nginx"))


def test_a_template_in_an_image_s_place_is_said() -> None:
    text = "containers:\n- {name: a, image: b}\n- name: c\n  image: {{ .Values.image }}\n"
    one = Text("k.yaml", text)
    (complaint,) = uses_in(one, Reading(IMAGE_LIKE)).complaints
    assert (complaint.line, "container c: its image is a template" in complaint.words) == (4, True)


KUSTOMIZATION = """kind: Kustomization
images:
- name: nginx  # as the base has it
  newName: quay.io/a/nginx
  newTag: "1.27"
- {name: redis, newTag: 7}
- {name: app, newName: quay.io/app}
- {name: db, newName: quay.io/db, newTag: "1", digest: DIGEST}
""".replace("DIGEST", DIGEST)


def test_kustomizations_say_what_images_become() -> None:
    found = uses_in(Text("kustomization.yaml", KUSTOMIZATION), Reading())
    assert [(use.image, use.line) for use in found.uses] == [
        ("quay.io/a/nginx:1.27", 4),
        ("redis:7", 6),
        (f"quay.io/db@{DIGEST}", 8),
    ]
    assert [(one.line, "kustomize build" in one.words) for one in found.complaints] == [(7, True)]
    assert uses_in(Text("k.yaml", KUSTOMIZATION.split("\n", 1)[1]), Reading()).uses != ()  # the kind may be left out


def test_of_kustomizations_new_names_are_rewritten_and_those_that_they_look_for_stay() -> None:
    new, complaints = rewritten(KUSTOMIZATION)
    assert new == KUSTOMIZATION.replace("quay.io/a", "mirror.corp/a", 1).replace("quay.io/db", "mirror.corp/db")
    assert complaints == ["redis stays: by this name kustomize finds images, which may have another one now"]
    pinned, _ = rewritten(KUSTOMIZATION, Rewriting(lock=Lock.parse(f"quay.io/a/nginx:1.27 {DIGEST}\n", "l")))
    assert pinned == KUSTOMIZATION


# Any text around images: what is written by hand, with every kind of line between.

_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
_COMMENTS = _WORDS.map(lambda words: f"  # {words}")
_IMAGES = st.sampled_from(["nginx", "quay.io/a/b:1", f"reg.corp:5000/x@{DIGEST}", "ghcr.io/t/a:v1.2-rc"])
_HERE = "\0"  # where the image goes: in no text that is drawn
_STYLES = st.sampled_from(
    [_HERE, f'"{_HERE}"', f"'{_HERE}'", f"&anchor {_HERE}", f">-\n      {_HERE}", f"|\n      {_HERE}"]
)


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, str]:
    """A document with an image, as it is and as it should become."""
    breaks = draw(st.sampled_from(["\n", "\r\n"]))
    style = draw(_STYLES)
    # A comment behind a block's text would be a part of it.
    comment = "" if "\n" in style else draw(_COMMENTS)
    other = yaml.safe_dump({"note": draw(_WORDS)}, allow_unicode=draw(st.booleans()), width=1000).strip()
    image = draw(_IMAGES)
    reference = Reference.parse(image)
    name, tail = (
        f"mirror.corp/{reference.repository}",
        image[len(image.split("@")[0].removesuffix(f":{reference.tag}")) :],
    )
    before = (
        f"---{draw(_COMMENTS)}\nkind: Pod\n{other}\nspec:\n  containers:\n  - image: {style}{comment}\n    name: a\n"
    )
    return tuple(before.replace(_HERE, one).replace("\n", breaks) for one in (image, name + tail))  # type: ignore[return-value]


@QUICK
@given(st.lists(_documents(), min_size=1, max_size=4), st.booleans())
def test_every_byte_outside_of_images_stays(documents: list[tuple[str, str]], bom: bool) -> None:  # noqa: FBT001
    before, after = (("\ufeff" if bom else "") + "".join(parts) for parts in zip(*documents, strict=True))
    new, complaints = rewritten(before)
    assert (new.encode(), complaints) == (after.encode(), [])


@QUICK
@given(st.text(max_size=200))
def test_what_is_no_yaml_stays_as_it_is(text: str) -> None:
    one = Text("k.yaml", text)
    assert replace_uses(one, uses_in(one, Reading()).uses, TO_MIRROR)[0] == text
