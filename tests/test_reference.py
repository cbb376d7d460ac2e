from __future__ import annotations

from collections.abc import Callable

import pytest

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.reference import DOCKER_HUB, Reference, Registry

LONGEST_NAME = f"{'a.' * 126}a"  # 253 letters; a dot at its end is none of them
SHA = f"sha256:{'a' * 64}"


def wide(text: str) -> str:
    """ASCII in the full-width letters of East Asia, dots included."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("app", "docker.io/library/app"),
        ("app:1", "docker.io/library/app:1"),
        ("me/app", "docker.io/me/app"),
        (f"app@{SHA}", f"docker.io/library/app@{SHA}"),
        (f"app:1@{SHA}", f"docker.io/library/app:1@{SHA}"),
        ("docker.io/app", "docker.io/library/app"),
        ("index.docker.io/me/app", "docker.io/me/app"),
        ("Registry-1.Docker.IO/app", "docker.io/library/app"),
        ("https://registry.hub.docker.com/app", "https://docker.io/library/app"),
        ("docker.io:443/app", "docker.io/library/app"),
        ("docker.io./app", "docker.io/library/app"),
        ("docker.io:5000/app", "docker.io:5000/app"),
        ("reg.corp/app", "reg.corp/app"),
        ("reg.corp:5000/a/b/c:v1.2-x_y", "reg.corp:5000/a/b/c:v1.2-x_y"),
        ("reg.corp./app", "reg.corp./app"),
        (f"{LONGEST_NAME}/app", f"{LONGEST_NAME}/app"),
        (f"{LONGEST_NAME}./app", f"{LONGEST_NAME}./app"),
        ("localhost/app", "localhost/app"),
        ("localhost", "docker.io/library/localhost"),
        ("localhost:5000/app", "localhost:5000/app"),
        ("Reg/app", "Reg/app"),
        ("reg/app", "docker.io/reg/app"),
        ("reg:5000/app", "reg:5000/app"),
        ("http://reg/app", "http://reg/app"),
        ("HTTPS://reg:5000/app", "https://reg:5000/app"),
        ("10.0.0.5/app", "10.0.0.5/app"),
        ("[::1]/app", "[::1]/app"),
        ("[fe80::1%eth0]:5000/app:1", "[fe80::1%eth0]:5000/app:1"),
        ("http://[2001:db8::1]:80/app", "http://[2001:db8::1]:80/app"),
        ("[2001:DB8:0::0001]/app", "[2001:db8::1]/app"),
        ("[FE80::1%Eth0]/app", "[fe80::1%Eth0]/app"),
        ("[::ffff:10.0.0.5]:5000/app", "10.0.0.5:5000/app"),
        ("http://[::FFFF:7f00:1]/app", "http://127.0.0.1/app"),
        ("[::ffff:10.0.0.5%eth0]/app", "10.0.0.5/app"),
        ("[::10.0.0.5]/app", "[::a00:5]/app"),
        ("xn--bcher-kva.example/app", "xn--bcher-kva.example/app"),
        ("XN--BCHER-KVA.example./app", "XN--BCHER-KVA.example./app"),
        ("2130706433/app", "docker.io/2130706433/app"),
        ("reg.corp/a.b__c_d--e/f", "reg.corp/a.b__c_d--e/f"),
        (f"reg.corp/{'a' * 255}", f"reg.corp/{'a' * 255}"),
        (f"reg.corp/app:{'a' * 128}", f"reg.corp/app:{'a' * 128}"),
    ],
)
def test_a_reference_is_read_and_written(text: str, written: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == written
    assert Reference.parse(written) == reference


@pytest.mark.parametrize(
    ("text", "wrong", "why"),
    [
        ("", "", "here is no repository"),
        ("http://", "", "here is no repository"),
        ("http:///app", "", "no host name"),
        ("http://reg.corp", "", "a repository is missing"),
        ("http://reg.corp/", "", "a component is empty"),
        ("[::1]:5000", "", "a repository is missing"),
        ("ftp://reg.corp/app", "ftp://", "only http:// and https://"),
        ("reg.corp/App", "App", "a component is a-z 0-9"),
        ("reg.corp/a//b", "", "a component is empty"),
        ("reg.corp/a/_b", "_b", "a component is"),
        ("/app", "", "a component is empty"),
        ("app:", "", "a tag is"),
        ("app:-1", "-1", "a tag is"),
        ("app:1:2", "1:2", "a tag is"),
        (f"app:{'a' * 129}", "a" * 129, "a tag is"),
        ("app@sha256:abc", "abc", "64 hex digits"),
        ("app@latest", "latest", "a digest starts with"),
        (f"app@{SHA}@{SHA}", f"{'a' * 64}@{SHA}", "64 hex digits"),
        ("a" * 64, "a" * 64, "an image's id"),
        (f"reg.corp/{'a' * 256}", "a" * 256, "longer than 255"),
        (f"docker.io/{'a' * 248}", "a" * 248, "longer than 255"),
        ("reg.corp:0/app", "0", "a port is"),
        ("reg.corp:65536/app", "65536", "a port is"),
        ("[::1]:0/app", "0", "a port is"),
        ("http://[fd00::1]:99999/app", "99999", "a port is"),
        ("reg.corp:/app", "", "a port is"),
        ("reg.corp:80x/app", "80x", "a port is"),
        ("reg.corp:٣/app", "٣", "a port is"),
        (f"reg.corp:{'9' * 5000}/app", "9" * 5000, "a port is"),
        ("[::1/app", "[::1", "an IPv6 host is written"),
        ("::1/app", "::1", "an IPv6 host is written"),
        ("fd00::1:5000/app", "fd00::1:5000", "an IPv6 host is written"),
        ("[::1]5000/app", "[::1]5000", "an IPv6 host is written"),
        ("[::g]/app", "::g", "no IPv6 address"),
        ("[fe80::1%a b]/app", "a b", "no zone"),
        ("[fe80::1%]/app", "", "no zone"),
        ("[fe80::1%\r\nX: y]/app", "\r\nX: y", "no zone"),
        ("reg_x.corp/app", "reg_x.corp", "no host name"),
        ("-reg.corp/app", "-reg.corp", "no host name"),
        ("./layout", ".", "no host name"),
        ("reg..corp/app", "reg..corp", "no host name"),
        (f"{'a' * 64}.corp/app", f"{'a' * 64}.corp", "no host name"),
        (f"{LONGEST_NAME}a/app", f"{LONGEST_NAME}a", "no host name"),
        ("127.1/app", "127.1", "all programs read alike"),
        ("http://2130706433/app", "2130706433", "all programs read alike"),
        ("2130706433:5000/app", "2130706433", "all programs read alike"),
        ("0X7F.1/app", "0X7F.1", "all programs read alike"),
        ("127.0.0.1./app", "127.0.0.1.", "all programs read alike"),
        ("127.0.0.0x1/app", "127.0.0.0x1", "all programs read alike"),
        ("127.0.0.0X1/app", "127.0.0.0X1", "all programs read alike"),
        ("[127.0.0.1]/app", "127.0.0.1", "no IPv6 address"),
        ("[::ffff:010.0.0.5]/app", "::ffff:010.0.0.5", "no IPv6 address"),
        (f"{wide('127')}.0.0.1/app", f"{wide('127')}.0.0.1", "ASCII"),
        (f"{wide('127.1')}/app", wide("127.1"), "ASCII"),
        ("reg。corp/app", "reg。corp", "ASCII"),
        (f"reg.corp{wide('/')}app/b", f"reg.corp{wide('/')}app", "ASCII"),
        ("0x7f.1/app", "0x7f.1", "all programs read alike"),
        ("010.0.0.1/app", "010.0.0.1", "all programs read alike"),
        ("bücher.example/app", "bücher.example", "ASCII"),
    ],
    ids=repr,
)
def test_what_is_no_reference_is_marked(text: str, wrong: str, why: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    start, end = caught.value.span
    assert why in caught.value.why
    assert text[start:end].startswith(wrong) if wrong else start == end
    assert end <= len(text)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("127.1/app", "write 127.0.0.1"),
        ("0x7f.1/app", "write 127.0.0.1"),
        ("0X7F.1/app", "write 127.0.0.1"),
        ("http://2130706433/app", "write 127.0.0.1"),
        ("0x7f000001:5000/app", "write 127.0.0.1"),
        ("127.0.0.1./app", "write 127.0.0.1"),
        ("010.0.0.1/app", "write 10.0.0.1 (or 8.0.0.1, if it is octal)"),
        ("192.168.08.1/app", "write 192.168.8.1"),
        ("001.002.003.004/app", "write 1.2.3.4"),
        ("1.2.3.999/app", "an IPv4 address has four numbers from 0 to 255"),
        ("1.2.3.4.5/app", "an IPv4 address has four numbers from 0 to 255"),
        ("bücher.example/app", "write xn--bcher-kva.example"),
        (f"{wide('127')}.0.0.1/app", "write 127.0.0.1"),
        (f"{wide('127.1')}/app", "write 127.0.0.1"),
        ("reg。corp/app", "write reg.corp"),
        (f"{wide('reg')}.corp/app", "write reg.corp"),
        pytest.param(f"reg.corp{wide('/')}app/b", "", id="a slash that is none"),
        pytest.param(f"reg.corp{wide('@')}evil.test/app", "", id="an at sign that is none"),
        pytest.param("straße.example/app", "", id="a letter that programs do not agree on"),
        pytest.param(f"{'ü' * 60}.example/app", "", id="too long in ASCII"),
        ("reg.corp/App", "did you mean app?"),
        ("./layout", "a file or a folder is written with what it is: oci:FOLDER, dir:FOLDER, docker-archive:FILE"),
        ("http://reg.corp", "for example http://reg.corp/app"),
    ],
)
def test_the_right_form_is_said_where_it_is_known(text: str, remedy: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("reg.corp", Registry("reg.corp")),
        ("reg.corp:5000", Registry("reg.corp", 5000)),
        ("http://reg.corp:5000/", Registry("reg.corp", 5000, "http")),
        ("https://index.docker.io/v1/", Registry(DOCKER_HUB, None, "https")),
        ("https://reg.corp/v2/", Registry("reg.corp", None, "https")),
        ("[::1]:5000", Registry("::1", 5000)),
    ],
)
def test_a_registry_is_read(text: str, registry: Registry) -> None:
    assert Registry.parse(text) == registry
    assert Registry.parse(str(registry)) == registry


@pytest.mark.parametrize("text", ["", "http://", "reg.corp/app", "reg.corp:1:2", "a b", "reg.corp\n", "\0"], ids=repr)
def test_what_is_no_registry_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Registry.parse(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("reg.corp.:5000", "reg.corp:5000"),
        ("[fe80::1%eth0]:5000", "[fe80::1]:5000"),
        ("http://reg.corp", "reg.corp"),
        ("[::1]", "[::1]"),
        ("[::ffff:10.0.0.5]:5000", "10.0.0.5:5000"),
        ("[fe80::1%eth0]", "[fe80::1]"),
    ],
)
def test_a_registrys_name_is_what_a_host_header_says(text: str, name: str) -> None:
    assert Registry.parse(text).name == name


def test_docker_hub_answers_at_another_host_and_no_other_registry_does() -> None:
    assert Registry.parse("docker.io").api.name == "registry-1.docker.io"
    assert Registry.parse("docker.io:5000").api.name == "docker.io:5000"
    assert Registry.parse("reg.corp").api == Registry.parse("reg.corp")


@pytest.mark.parametrize(
    ("text", "name"), [("app", "latest"), ("app:1", "1"), (f"app@{SHA}", SHA), (f"app:1@{SHA}", SHA)]
)
def test_a_manifest_is_asked_for_by_digest_else_tag_else_latest(text: str, name: str) -> None:
    assert Reference.parse(text).name == name


def test_a_pinned_reference_has_no_tag() -> None:
    assert str(Reference.parse("reg.corp/app:1").with_digest(Digest.parse(SHA))) == f"reg.corp/app@{SHA}"


@pytest.mark.parametrize("parse", [Registry.parse, Reference.parse])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ana:hunter2@reg.corp/app", "http://…@reg.corp/app"),
        ("http://ana:hun/ter2@reg.corp/app", "http://…@reg.corp/app"),
        ("https://ana:hun@ter2@reg.corp:5000/app", "https://…@reg.corp:5000/app"),
        ("https://hunter2@reg.corp", "https://…@reg.corp"),
        ("ana:hunter2@reg.corp/app:1", "…@reg.corp/app:1"),
        (f"ana:hunter2@reg.corp/app@{SHA}", f"…@reg.corp/app@{SHA}"),
    ],
)
def test_a_password_before_a_host_is_refused_and_shown_to_nobody(
    parse: Callable[[str], object], text: str, shown: str
) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse(text)
    error = caught.value
    assert (error.text, error.text[slice(*error.span)]) == (shown, "…")
    assert "--password-stdin" in error.remedy
    assert not [word for word in ("hun", "ter2") if word in f"{error!r} {error} {error.caret} {vars(error)}"]


@pytest.mark.parametrize("text", ["127.0.0.1:5000", "localhost:5000", "reg.corp:443"])
def test_a_registry_is_no_repository_of_docker_hub(text: str) -> None:
    with pytest.raises(InvalidReference, match="a repository is missing: this is a registry") as caught:
        Reference.parse(text)
    assert caught.value.remedy == f"write {text}/REPOSITORY"


@pytest.mark.parametrize("text", ["busybox:5000", "a/b.c:5000", "reg.corp:v1"])
def test_a_number_may_be_a_tag(text: str) -> None:
    assert Reference.parse(text).tag
