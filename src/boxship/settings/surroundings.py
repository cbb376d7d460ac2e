"""What a machine has for a registry without a word in any file: tokens in the environment, and a cloud's own helper.

GitHub's and Google's tokens are those that their own tools and krane's keychains read; a cloud's helper is asked where
it is on `PATH`. Each counts for its own hosts only, after all that a file says, and nobody's word comes last: what is
public can be read whatever such a token is good for.
"""

from __future__ import annotations

__all__ = ["surrounding"]

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from boxship.credential import Credential, Secret
from boxship.reference import Registry
from boxship.settings.auth_keys import helper_keys
from boxship.settings.docker_config import AskHelper, Lookup

_GITHUB = "ghcr.io"
_GITHUB_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
# google.Keychain's hosts, without those of google.com, which are no registries.
_GOOGLE = re.compile(r"gcr\.io|[^.]+\.gcr\.io|[^.]+\.pkg\.dev")
_GOOGLE_TOKENS = ("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN")
_GOOGLE_TOKEN_FILE, _GOOGLE_KEY_FILE = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "GOOGLE_APPLICATION_CREDENTIALS"
_LARGEST = 64 * 1024
_HELPERS: Mapping[re.Pattern[str], tuple[str, ...]] = {
    _GOOGLE: ("gcloud", "gcr"),
    re.compile(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)|public\.ecr\.aws"): (
        "ecr-login",
    ),
    re.compile(r"[a-z0-9-]+\.azurecr\.(io|cn|us)"): ("acr-env", "acr-linux"),
}


def surrounding(registry: Registry, environment: Mapping[str, str]) -> Iterator[Lookup]:
    """What there is for the registry; it ends with nobody's credential where there is any."""
    finds = (_github, _google, _helpers)
    found = [lookup for find in finds for lookup in find(registry, environment)]
    if found:
        yield from found
        yield Credential.anonymous(source="what the environment has was of no use")


def _github(registry: Registry, environment: Mapping[str, str]) -> Iterator[Credential]:
    if registry.name.lower() != _GITHUB:
        return
    # The user name does not count beside a token, but there has to be one.
    user = environment.get("GITHUB_ACTOR") or "unset"
    for name in _GITHUB_TOKENS:
        if token := environment.get(name):
            yield Credential.password(user, Secret(token), source=name)


def _google(registry: Registry, environment: Mapping[str, str]) -> Iterator[Credential]:
    if not _GOOGLE.fullmatch(registry.name.lower()):
        return
    for name in _GOOGLE_TOKENS:
        if token := environment.get(name):
            yield Credential.password("oauth2accesstoken", Secret(token), source=name)
    if token := _content(environment.get(_GOOGLE_TOKEN_FILE)).strip():
        yield Credential.password("oauth2accesstoken", Secret(token), source=_GOOGLE_TOKEN_FILE)
    if _is_key(key := _content(environment.get(_GOOGLE_KEY_FILE))):
        yield Credential.password("_json_key", Secret(key), source=_GOOGLE_KEY_FILE)


def _helpers(registry: Registry, environment: Mapping[str, str]) -> Iterator[AskHelper]:
    for hosts, names in _HELPERS.items():
        if hosts.fullmatch(registry.name.lower()):
            for name in names:
                if shutil.which(f"docker-credential-{name}", path=environment.get("PATH", "")):
                    yield AskHelper(name, helper_keys(registry), "PATH", told=False)


def _content(file: str | None) -> str:
    if not file:
        return ""
    try:
        with Path(file).open(encoding="utf-8") as opened:
            return opened.read(_LARGEST)
    except (OSError, ValueError):
        return ""  # gcloud's own tools will have said so


def _is_key(text: str) -> bool:
    """Whether it is the key of a service account: what a person's log-in left there is no password."""
    try:
        document = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("type") == "service_account"
