"""Files of settings, of boxship and of its neighbours: an error with the file's name, or what is really there."""

from __future__ import annotations

__all__ = ["TARGETS"]

import ssl
import tempfile
from pathlib import Path

from boxship.connect.deadline import Bounds
from boxship.credential import Credential
from boxship.errors import InvalidInput, InvalidSettings
from boxship.reference import Registry
from boxship.settings.auth_json import entry_for
from boxship.settings.certificate import load_certificate
from boxship.settings.config_toml import parse_config_toml
from boxship.settings.daemon_json import parse_daemon_json
from boxship.settings.docker_config import AskHelper, DockerConfig
from boxship.settings.headers import parse_headers
from boxship.settings.hosts_toml import parse_hosts_toml
from boxship.settings.keychain import in_file
from boxship.settings.no_proxy import ip_of, parse_entries
from boxship.settings.proxies import Proxy
from boxship.settings.pull_secret import read_secrets
from boxship.settings.registries_conf import parse_registries_conf
from boxship.settings.registries_yaml import parse_registries_yaml
from boxship.settings.roots import Roots
from boxship.settings.sourced import Sourced
from boxship.settings.toml_file import parse_toml
from boxship.settings.yaml_file import parse_yaml
from fuzz.target import Target, as_text, target

_FILE = "/etc/settings"
_PLACES = tuple(map(Registry.parse, ("docker.io", "reg.corp", "reg.corp:5000", "[::1]:5000", "10.0.0.5")))
_BOUNDS = dict.fromkeys(Bounds.__slots__, 5.0)
_ENTRIES = "auths auth identitytoken registrytoken username password credHelpers credsStore YW5hOnNlY3JldA== reg.corp"
_TOML = '[[ ]] [ ] = """ true false { } "'


def _document(data: bytes) -> str:
    """A file's text; what is no UTF-8 is refused before it is parsed."""
    return data.decode("utf-8", "replace")


@target(InvalidSettings, words=f"{_ENTRIES} HttpHeaders proxies null {{}} []")
def docker_config(data: bytes) -> None:
    """A text is a `config.json` that has a credential, a helper or nothing for each place, or `InvalidSettings`."""
    text = _document(data)
    config = DockerConfig.parse(text, _FILE).with_environment(text)
    for place in _PLACES:
        assert isinstance(config.lookup(place), Credential | AskHelper)


@target(InvalidSettings, words=f"{_ENTRIES} reg.corp/team/app quay.io")
def auth_json(data: bytes) -> None:
    """A text is an `auth.json` whose entries are for a repository, or `InvalidSettings`."""
    config = DockerConfig.parse(_document(data), _FILE)
    for place in _PLACES:
        assert isinstance(entry_for(config, place, "team/app"), Credential | AskHelper | None)
        assert all(isinstance(one, Credential | AskHelper) for one in in_file(config, place, "team/app"))


@target(InvalidSettings, words=f"{_TOML} registry prefix location mirror insecure blocked short-name-mode aliases *.")
def registries_conf(data: bytes) -> None:
    """A text is a `registries.conf`, or a drop-in of one, or `InvalidSettings`; it is itself under itself."""
    section = parse_toml(_document(data), _FILE)
    found = parse_registries_conf(section)
    assert found.under(parse_registries_conf(section, drop_in=True)).tables == found.tables


@target(
    InvalidSettings, words=f"{_TOML} server host capabilities ca client skip_verify override_path dial_timeout header"
)
def hosts_toml(data: bytes) -> None:
    """A text is a `hosts.toml` whose last host is the registry itself, or `InvalidSettings`."""
    found = parse_hosts_toml(parse_toml(_document(data), _FILE), Path("/etc/certs.d/reg.corp"))
    assert found.hosts
    assert all(host.base.startswith("/") or not host.base for host in found.hosts)


@target(
    InvalidSettings, words="mirrors: configs: endpoint: rewrite: auth: tls: docker.io: &a *a << !!binary - ? | ^(.*) $1"
)
def registries_yaml(data: bytes) -> None:
    """A text is a `registries.yaml` whose rules make names of names, or `InvalidSettings`."""
    found = parse_registries_yaml(parse_yaml(_document(data), _FILE))
    for place in _PLACES:
        for endpoint in found.endpoints(place.name):
            assert isinstance(endpoint.rewritten("library/alpine"), str)


@target(InvalidSettings, words="insecure-registries registry-mirrors 10.0.0.0/8 ::/0 https:// [ ] { }")
def daemon_json(data: bytes) -> None:
    """A text is a `daemon.json` that permits some places, or `InvalidSettings`."""
    found = parse_daemon_json(_document(data), _FILE)
    assert all(isinstance(found.source(place), str) for place in _PLACES)
    assert (found | found).hosts == found.hosts


@target(InvalidSettings, words=f"{_TOML} host scheme timeouts concurrency requests-per-second connect 3s auto *.corp")
def config_toml(data: bytes) -> None:
    """A text is a `config.toml` that has a table for each place, or `InvalidSettings`."""
    found = parse_config_toml(parse_toml(_document(data), _FILE), _BOUNDS)
    for place in _PLACES:
        assert found.of(place) is not None


@target(words=f"{_ENTRIES} kind Secret List items type data stringData .dockerconfigjson .dockercfg --- metadata !!str")
def pull_secret(data: bytes) -> None:
    """A text has pull secrets, or there is a complaint."""
    secrets = read_secrets(_document(data))
    assert secrets.names or secrets.complaints
    for place in _PLACES:
        assert all(entry.covers(place, "team/app") for entry in secrets.keyring.matching(place, "team/app"))


@target(
    InvalidInput, longest=512, words="http:// https:// socks5h:// user:pw@ [::1] :3128 %40 .corp *.corp 10.0.0.0/8 ,"
)
def proxy(data: bytes) -> None:
    """A text is a proxy whose words do not show its log-in, or `InvalidInput`; a list of exceptions is always one."""
    text = as_text(data)
    for entry in parse_entries(text):
        assert isinstance(entry.covers("reg.corp", ip_of("10.0.0.5"), 443), bool)
    found = Proxy.parse(text, "HTTPS_PROXY")
    secret = found.credential.secret.reveal() if found.credential else ""
    assert len(secret) < 4 or secret in str(found) or secret not in repr(found)
    assert 0 < found.port < 65536


@target(InvalidInput, longest=512, words="X-Key Authorization Content-Length Host : \t")
def header(data: bytes) -> None:
    """A name and a value, with a colon between them, are a header that can be sent, or `InvalidInput`."""
    name, _, value = as_text(data).partition(":")
    for found in parse_headers({name: value}):
        assert found.value.name == name
        assert not set("\r\n\0") & set(found.value.value.reveal())


@target(InvalidSettings, longest=8192, words="-----BEGIN -----END CERTIFICATE----- PRIVATE KEY----- ENCRYPTED MII")
def certificate(data: bytes) -> None:
    """A file has authorities, and a certificate with its key, or is `InvalidSettings` that names it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        where = Sourced(file.name, "flag --cert")
        try:
            Roots(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).add_file(where)
        except InvalidSettings as error:
            assert file.name in str(error)
        load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), where, None)


TARGETS: tuple[Target, ...] = (
    docker_config,
    auth_json,
    registries_conf,
    hosts_toml,
    registries_yaml,
    daemon_json,
    config_toml,
    pull_secret,
    proxy,
    header,
    certificate,
)
