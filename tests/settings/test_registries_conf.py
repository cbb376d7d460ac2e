"""registries.conf means here what it means to podman: the examples of its manual page and of containers/image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.containers import alias_file, read_registries_conf, registries_files
from boxship.settings.machine import Machine
from boxship.settings.registries_conf import RegistriesConf, Table, parse_registries_conf
from boxship.settings.sourced import Sourced
from boxship.settings.toml_file import parse_toml

MANUAL = """unqualified-search-registries = ["example.com"]

[[registry]]
prefix = "example.com/foo"
insecure = false
blocked = false
location = "internal-registry-for-example.com/bar"

[[registry.mirror]]
location = "example-mirror-0.local/mirror-for-foo"

[[registry.mirror]]
location = "example-mirror-1.local/mirrors/foo"
insecure = true

[[registry]]
location = "registry.com"

[[registry.mirror]]
location = "mirror.registry.com"
"""


def parse(text: str) -> RegistriesConf:
    return parse_registries_conf(parse_toml(text, "f"))


def table(prefix: str, location: str = "") -> Table:
    return Table(Sourced(prefix, "f:1"), Sourced(location or ("" if prefix.startswith("*") else prefix), "f:1"))


def test_manual() -> None:
    """Each value keeps the line that it is written in."""
    found = parse(MANUAL)
    held = found.table("example.com/foo/image")
    assert held
    asked = [
        held.rewritten("example.com/foo/image", each) for each in (*(m.location for m in held.mirrors), held.location)
    ]
    assert list(map(str, asked)) == [
        "example-mirror-0.local/mirror-for-foo/image",
        "example-mirror-1.local/mirrors/foo/image",
        "internal-registry-for-example.com/bar/image",
    ]
    assert held.insecure == Sourced(False, "f:5")
    assert held.mirrors[1].insecure == Sourced(True, "f:14")
    assert held.mirrors[0].location.source == "f:10"
    assert found.search == (Sourced("example.com", "f:1"),)
    other = found.table("registry.com/image")
    assert other
    assert [mirror.location.value for mirror in other.mirrors] == ["mirror.registry.com"]
    assert found.table("elsewhere.com/foo") is None


@pytest.mark.parametrize(
    ("name", "prefix", "letters"),
    [
        # refMatchingSubdomainPrefix's own table
        ("docker.io", "*.io", 9),
        ("docker.io/foo", "*.com", -1),
        ("example.com/foo", "*.co", -1),
        ("example.com/foo", "*.example.com", -1),
        ("example.com/foo", "*.com", 11),
        ("yet.another.example.com/foo/bar", "*.another.example.com", 23),
        ("another.example.com/namespace.com/foo/bar/bbq", "*.example.com", 19),
        ("example.net/namespace-ends-in.com/foo/bar/bbq", "*.com", -1),
        ("another.example.com/namespace.com/foo/bar/bbq", "*.namespace.com", -1),
        ("another.sub.example.com/foo/bar/bbq", "*.example.com", 23),
        ("sub.example.com:5000/foo", "*.example.com", 15),
        # refMatchingPrefix's
        ("example.com:5000", "example.com:5000", 16),
        ("example.com:50000", "example.com:5000", -1),
        ("example.com:5000", "example.com", 11),
        ("example.com/foo/bar", "example.com", 11),
        ("docker.io", "docker.io/library", -1),
        ("docker.io/library", "docker.io/library", 17),
        ("docker.io/libraryy", "docker.io/library", -1),
        ("docker.io/library/busybox2", "docker.io/library/busybox", -1),
        ("example.com/foo", "*", -1),
        # a host's letters do not count, a path's do
        ("EXAMPLE.com/foo", "example.COM", 11),
        ("example.com/foo", "example.com/Foo", -1),
    ],
)
def test_matched(name: str, prefix: str, letters: int) -> None:
    assert table(prefix).matched(name) == letters


@pytest.mark.parametrize(
    ("name", "prefix", "location", "wanted"),
    [
        ("example.com/image", "example.com", "example.com", "example.com/image"),
        ("example.com/foo/image", "example.com/foo", "example.com/path", "example.com/path/image"),
        ("docker.io/library/image", "docker.io/library", "example.com", "example.com/image"),
        ("docker.io/library/image", "docker.io", "example.com", "example.com/library/image"),
        ("docker.io/namespace/image", "*.io", "example.com", "example.com/namespace/image"),
        ("another.sub.example.io:5000/lib/image", "*.sub.example.io", "example.com", "example.com:5000/lib/image"),
        ("foo.bar.io/ns1/ns2", "*.bar.io", "omg.bbq.com/roflmao", "omg.bbq.com/roflmao/ns1/ns2"),
        ("abc.internal.registry.com/foo", "*.internal.registry.com", "", "abc.internal.registry.com/foo"),
        ("alien.vs.predator.foobar.io:5000/omg", "*.foobar.io", "", "alien.vs.predator.foobar.io:5000/omg"),
        ("reg.corp/hub/library/alpine", "reg.corp/hub", "docker.io", "docker.io/library/alpine"),
    ],
)
def test_rewritten(name: str, prefix: str, location: str, wanted: str) -> None:
    chosen = table(prefix, location)
    assert str(chosen.rewritten(name, chosen.location)) == wanted


@pytest.mark.parametrize(
    ("name", "prefix", "location"),
    [
        ("example.com:5000/image", "example.com", "example.com:5000"),
        ("docker.io/library/image", "docker.io", "no-host"),
        ("reg.corp/hub/alpine", "reg.corp/hub", "docker.io"),  # library/ is not put in by itself
        ("example.com/foo", "example.com/foo", "other.com"),
        ("example.com/foo", "example.com", "other.com/Capital"),
    ],
)
def test_not_rewritten(name: str, prefix: str, location: str) -> None:
    chosen = table(prefix, location)
    with pytest.raises(InvalidSettings, match="f:1: it makes"):
        chosen.rewritten(name, chosen.location)


def test_longest_prefix() -> None:
    found = parse(
        '[[registry]]\nprefix="*.com"\n[[registry]]\nlocation="a.example.com"\n[[registry]]\nprefix="*.example.com"\n'
    )
    held = found.table("a.example.com/app")
    assert held
    assert held.prefix.value == "a.example.com"


@pytest.mark.parametrize(
    ("text", "pulls"),
    [
        ("mirror-by-digest-only = true\n[[registry.mirror]]\nlocation='m.com'", "digest-only"),
        ("[[registry.mirror]]\nlocation='m.com'\npull-from-mirror='digest-only'", "digest-only"),
        ("[[registry.mirror]]\nlocation='m.com'\npull-from-mirror='tag-only'", "tag-only"),
        ("[[registry.mirror]]\nlocation='m.com'\npull-from-mirror='all'", "all"),
        ("[[registry.mirror]]\nlocation='m.com/'", "all"),
    ],
)
def test_pull_from_mirror(text: str, pulls: str) -> None:
    held = parse(f"[[registry]]\nlocation='a.com'\n{text}").table("a.com/b")
    assert held
    assert [(mirror.location.value, mirror.pulls) for mirror in held.mirrors] == [("m.com", pulls)]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("[[registry]]\ninsecure=true", 1, "neither a location nor a prefix"),
        ("[[registry]]\nprefix='a.com'", 1, "no location"),
        ("[[registry]]\nlocation='http://a.com'", 2, "scheme"),
        ("[[registry]]\nprefix='https://a.com'\nlocation='a.com'", 2, "scheme"),
        ("[[registry]]\nprefix='*.a.com/foo'", 2, "domain alone"),
        ("[[registry]]\nprefix='*.a.com:5000'", 2, "domain alone"),
        ("[[registry]]\nlocation='a.com'\npull-from-mirror='all'", 3, "for a mirror"),
        ("[[registry]]\nlocation='a.com'\n[[registry.mirror]]\ninsecure=true", 3, "a mirror has a location"),
        ("[[registry]]\nlocation='a.com'\n[[registry.mirror]]\nlocation='m'\npull-from-mirror='x'", 5, "one of"),
        (
            "[[registry]]\nlocation='a'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m'\npull-from-mirror='all'",
            6,
            "contradicts",
        ),
        ("[[registry]]\nlocation='a.com'\ninsecure='true'", 3, "should be a boolean"),
        ("[registry]\nlocation='a.com'", 1, "should be a list"),
        ("[[registry]]\nlocation='a.com'\ninsecure=true\n[[registry]]\nprefix='b'\nlocation='a.com'", 6, "not both"),
        ("[[registry]]\nlocation='a.com'\n[[registry]]\nprefix='b'\nlocation='a.com'\nblocked=true", 6, "not both"),
        ("unqualified-search-registries=['https://a.com']", 1, "no host"),
        ("unqualified-search-registries=['a.com/b']", 1, "no host"),
        ("unqualified-search-registries=['a.com',\n7]", 2, "no string"),
        ("short-name-mode='maybe'", 1, "one of"),
        ("[aliases]\na='quay.io/repo/image:1'", 2, "a tag or a digest"),
        ("[aliases]\na='image'", 2, "no registry"),
        ("[aliases]\n'a.com/b'='quay.io/b'", 2, "has a registry"),
        ("[aliases]\n'a:1'='quay.io/b'", 2, "a tag"),
        ("[aliases]\nA='quay.io/b'", 2, "no repository"),
        ("[registries.search]\nregistries=['a.com']\n[[registry]]\nlocation='a.com'", 1, "mixed"),
        ("[registries.block]\nregistries=['http://a.com']", 2, "no location"),
    ],
)
def test_wrong(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse(text)
    assert (caught.value.file, caught.value.line) == ("f", line)


def test_version_1() -> None:
    found = parse(
        "[registries.search]\nregistries=['a.com/', 'b.com:5000']\n[registries.insecure]\nregistries=['c.com']\n"
        "[registries.block]\nregistries=['d.com', 'c.com']"
    )
    assert found.search == (Sourced("a.com", "f:2"), Sourced("b.com:5000", "f:2"))
    held = found.table("c.com/x")
    assert held
    assert (held.insecure, held.blocked) == (Sourced(True, "f:4"), Sourced(True, "f:6"))


def test_first_of_a_prefix_counts() -> None:
    found = parse("[[registry]]\nlocation='a.com'\nprefix='x.com'\n[[registry]]\nlocation='b.com'\nprefix='x.com'")
    held = found.table("x.com/y")
    assert held
    assert held.location.value == "a.com"


def test_misspelt() -> None:
    """podman passes it over; whoever wrote it wants to know."""
    assert parse("[[registry]]\nlocation='a.com'\nINSECURE=true\ninsecur=true").warnings == (
        "f:4: 'insecur' is nothing that registries.conf knows, and is ignored",
    )


# The files of a machine.


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def read() -> RegistriesConf:
    return read_registries_conf(Machine.of(os.environ))


def test_machine_and_drop_ins(home: Path) -> None:
    """The drop-ins of both folders, in their order; a table of the same prefix is replaced whole."""
    system, own = home / "etc" / "containers", home / ".config" / "containers"
    write(
        system / "registries.conf",
        "unqualified-search-registries=['a.com']\n[[registry]]\nlocation='r.com'\nblocked=true",
    )
    write(
        system / "registries.conf.d" / "10.conf", "unqualified-search-registries=[]\n[aliases]\nx='q.io/x'\ny='q.io/y'"
    )
    last = write(
        own / "registries.conf.d" / "05.conf", "[[registry]]\nlocation='r.com'\ninsecure=true\n[aliases]\nx=''"
    )
    write(own / "registries.conf.d" / "README", "not toml")
    write(own / "registries.conf.d" / "sub" / "99.conf", "not toml")
    found = read()
    held = found.table("r.com/x")
    assert held
    assert (held.blocked, held.insecure) == (None, Sourced(True, f"{last}:3"))
    assert found.search == ()
    assert found.aliases["x"].value == ""
    assert found.aliases["y"].value == "q.io/y"


def test_users_file_alone(home: Path) -> None:
    write(home / "etc" / "containers" / "registries.conf", "not toml at all")
    write(home / "etc" / "containers" / "registries.conf.d" / "1.conf", "not toml at all")
    write(home / ".config" / "containers" / "registries.conf", "[[registry]]\nlocation='mine.com'\n")
    assert list(read().tables) == ["mine.com"]


@pytest.mark.parametrize("variable", ["CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"])
def test_told_file(home: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    write(home / ".config" / "containers" / "registries.conf", "not toml at all")
    told = write(home / "told.conf", "[[registry]]\nlocation='told.com'\n")
    write(home / "etc" / "containers" / "registries.conf.d" / "1.conf", "[[registry]]\nlocation='more.com'\n")
    monkeypatch.setenv(variable, str(told))
    assert list(read().tables) == ["told.com", "more.com"]
    told.unlink()
    with pytest.raises(InvalidSettings, match=variable):
        read()


def test_nothing() -> None:
    assert read() == RegistriesConf()


def test_old_drop_in(home: Path) -> None:
    write(home / "etc" / "containers" / "registries.conf.d" / "1.conf", "[registries.search]\nregistries=['a.com']")
    with pytest.raises(InvalidSettings, match="version 2"):
        read()


def test_no_file(home: Path) -> None:
    """A folder in a file's place is said."""
    (home / "etc" / "containers" / "registries.conf").mkdir(parents=True)
    with pytest.raises(InvalidSettings, match="cannot be read"):
        read()


def test_alias_file(home: Path) -> None:
    cache = home / "var" / "cache" if os.geteuid() == 0 else home / "cache"
    assert alias_file(Machine.of(os.environ)) == cache / "containers" / "short-name-aliases.conf"
    assert registries_files(Machine.of(os.environ))[0] == ""
