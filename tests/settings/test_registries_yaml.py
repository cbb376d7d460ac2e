"""k3s' and rke2's registries.yaml: the examples of docs.k3s.io, "Private Registry Configuration"."""

from __future__ import annotations

import pytest

from boxship.errors import InvalidSettings
from boxship.settings.registries_yaml import RegistriesYaml, parse_registries_yaml
from boxship.settings.yaml_file import parse_yaml

EXAMPLE = """mirrors:
  docker.io:
    endpoint:
      - "https://registry.example.com:5000"
      - http://plain.example.com/v2
    rewrite:
      "^rancher/(.*)": "mirrorproject/rancher-images/$1"
  "*":
    endpoint: ["https://every.example.com/prefix/v2"]
configs:
  "registry.example.com:5000":
    auth:
      username: xxxxxx # this is the registry username
      password: yyyyyy
    tls:
      cert_file: /c.pem
      key_file: /k.pem
      ca_file: /ca.pem
  plain.example.com:
    auth:
      auth: eHh4Onl5eQ==
    tls:
      insecure_skip_verify: true
  token.example.com:
    auth:
      identity_token: zzzzzz
"""


def parse(text: str) -> RegistriesYaml:
    return parse_registries_yaml(parse_yaml(text, "f"))


def test_example() -> None:
    found = parse(EXAMPLE)
    first, plain = found.endpoints("docker.io")
    assert [(str(each.registry), each.base, each.source) for each in (first, plain)] == [
        ("https://registry.example.com:5000", "/v2", "f:4"),
        ("http://plain.example.com", "/v2", "f:5"),
    ]
    assert first.rewritten("rancher/mirrored-pause") == "mirrorproject/rancher-images/mirrored-pause"
    assert first.rewritten("library/alpine") == "library/alpine"
    assert [each.base for each in found.endpoints("quay.io")] == ["/prefix/v2"]
    config = found.configs["registry.example.com:5000"]
    assert config.certificates.pair
    assert [file and (file.value, file.source) for file in config.certificates.pair] == [
        ("/c.pem", "f:16"),
        ("/k.pem", "f:17"),
    ]
    assert [file.value for file in config.certificates.authorities] == ["/ca.pem"]
    assert config.credential
    assert (config.credential.username, config.credential.secret.reveal()) == ("xxxxxx", "yyyyyy")
    assert config.credential.source == "f:13"
    other = found.configs["plain.example.com"]
    assert other.credential
    assert (other.credential.username, other.credential.secret.reveal()) == ("xxx", "yyy")
    assert other.skip_verify
    assert (other.skip_verify.value, other.skip_verify.source) == (True, "f:23")
    token = found.configs["token.example.com"].credential
    assert token
    assert token.secret.reveal() == "zzzzzz"


@pytest.mark.parametrize(
    ("made", "wanted"), [("a/$1", "a/x"), ("a/${1}b", "a/xb"), ("a/$n", "a/x"), (r"a\1", "a\\1"), ("$1/$1", "x/x")]
)
def test_rewrite(made: str, wanted: str) -> None:
    """Go's templates, and not Python's."""
    text = f"mirrors:\n  a.io:\n    endpoint: [https://m]\n    rewrite:\n      '^(?P<n>.*)$': '{made}'\n"
    (endpoint,) = parse(text).endpoints("A.io")
    assert endpoint.rewritten("x") == wanted


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("mirrors: [a]", 1, "should be an object"),
        ("mirrors:\n  a.io:\n    endpoint: https://m", 3, "should be a list"),
        ("mirrors:\n  a.io:\n    endpoint:\n    - 7", 4, "no string"),
        ("mirrors:\n  a.io:\n    endpoint:\n    - 'https://'", 4, "no host's URL"),
        ("mirrors:\n  a.io:\n    endpoint:\n    - 'ftp://m'", 4, "no host's URL"),
        ("mirrors:\n  a.io:\n    endpoint:\n    - 'https://m?x'", 4, "no query"),
        ("mirrors:\n  a.io:\n    rewrite:\n      '(': x", 4, "no rule"),
        ("mirrors:\n  a.io:\n    rewrite:\n      'x': $1", 4, "no rule"),
        ("configs:\n  a.io:\n    tls:\n      insecure_skip_verify: 'yes'", 4, "should be a boolean"),
        ("configs:\n  a.io:\n    tls:\n      key_file: k", 4, "goes with its certificate"),
        ("configs:\n  a.io:\n    auth:\n      auth: '???'", 4, "base64"),
        ("configs:\n  a.io: {}\n  a.io: {}", 3, "twice"),
        ("mirrors:\n\ta: b", 2, "is not YAML"),
        ("- a", 1, "should be an object"),
        ("a: &a [*a]", 0, "itself"),
    ],
)
def test_wrong(text: str, line: int, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse(text)
    assert (caught.value.file, caught.value.line) == ("f", line)


def test_users_are_not_shown() -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse("mirrors:\n  a.io:\n    endpoint:\n    - 'https://ana:s3cr3t@m'")
    assert "s3cr3t" not in str(caught.value)


def test_laughs() -> None:
    """Aliases of aliases are not written out without end."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(InvalidSettings, match="aliases"):
        parse("\n".join(lines))


@pytest.mark.parametrize("text", ["", "# nothing", "mirrors:\nconfigs:\n"])
def test_empty(text: str) -> None:
    assert parse(text) == RegistriesYaml()


def test_misspelt() -> None:
    assert parse("mirors: {}").warnings == ("f:1: 'mirors' is nothing that registries.yaml knows, and is ignored",)
