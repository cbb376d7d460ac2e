"""Kubernetes' pull secrets, for `Client(pull_secrets=…)`: of a file, or of a service account inside a cluster.

`read_secrets` reads the text of a file; `pull_secrets` asks the Kubernetes API, as a pod may do. Both give `Secrets`,
whose `keyring` a client takes.

Where the API is, and who asks, is what Kubernetes puts into every pod (in-cluster configuration); the pod's own account
needs the right to `get` service accounts and secrets. A secret that is named and not there is passed over, as the
kubelet does.
"""

from __future__ import annotations

__all__ = ["Keyring", "Secrets", "pull_secrets", "read_secrets"]

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

from boxship.client import Client
from boxship.credential import Credential, Secret
from boxship.errors import CredentialFailed, InvalidSettings, UnexpectedAnswer
from boxship.reference import Registry
from boxship.settings import machine
from boxship.settings.kubelet import Keyring
from boxship.settings.pull_secret import Secrets, read_secrets
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.wire.printable import printable

_FOLDER = Path("var/run/secrets/kubernetes.io/serviceaccount")
_LARGEST = 16 << 20  # bytes of an answer
_RIGHTS = (
    "kubectl create role read-pull-secrets --verb=get --resource=serviceaccounts,secrets, "
    "and bind it to the pod's service account"
)


def pull_secrets(account: str = "") -> Secrets:
    """What the pull secrets of a service account have: `NAME` or `NAMESPACE/NAME`, by default the pod's own.

    `InvalidSettings` is raised outside a cluster, `CredentialFailed` where the API does not let the pod see them.
    """
    folder = machine.ROOT / _FOLDER
    token = _content(folder / "token")
    namespace, name = _account(account, token, folder)
    credential = Credential.registry_token(Secret(token), source=str(folder / "token"))
    with Client(ca_file=folder / "ca.crt", credential=credential, preemptive=True, plain_http="never") as client:
        return _read(client, _api(), namespace, name)


def _api() -> Registry:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    if not host:
        raise InvalidSettings("KUBERNETES_SERVICE_HOST", why="is not set: this is no pod of a cluster")
    bracketed = f"[{host}]" if ":" in host else host
    return Registry.parse(f"https://{bracketed}:{port or 443}")


def _content(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = f"cannot be read: {getattr(error, 'strerror', '') or 'it is no text'}"
        raise InvalidSettings(str(file), why=why, remedy="it is there in pods that mount their token") from error


def _account(account: str, token: str, folder: Path) -> tuple[str, str]:
    """The namespace and the name; what is not said is the pod's own, which its token names."""
    namespace, _, name = account.rpartition("/")
    if not namespace:
        namespace = _content(folder / "namespace")
    return namespace, name or _subject(token) or "default"


def _subject(token: str) -> str:
    """Whose token it is: `system:serviceaccount:NAMESPACE:NAME`."""
    _, _, rest = token.partition(".")
    claims = rest.partition(".")[0]
    try:
        fields = parse_object(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        kind, _, subject = fields.text("sub").partition("serviceaccount:")
    except (ValueError, Malformed):
        return ""
    return subject.rpartition(":")[2] if kind == "system:" else ""


def _read(client: Client, api: Registry, namespace: str, name: str) -> Secrets:
    where = f"/api/v1/namespaces/{namespace}"
    account = _get(client, api, f"{where}/serviceaccounts/{name}")
    if account is None:
        raise InvalidSettings(f"the service account {namespace}/{name}", why="the cluster has none of that name")
    names = tuple(_named(account))
    found = {secret: _get(client, api, f"{where}/secrets/{secret}") for secret in names}
    items = [dict(fields.values) for fields in found.values() if fields]
    secrets = read_secrets(json.dumps({"kind": "SecretList", "items": items})) if items else Secrets(Keyring(()))
    missing = tuple(f"{namespace}/{secret} is not there" for secret, fields in found.items() if fields is None)
    return secrets.passing_over(missing)


def _named(account: Fields) -> Iterator[str]:
    try:
        yield from (each.text("name") for each in account.objects("imagePullSecrets"))
    except Malformed as error:
        raise UnexpectedAnswer("the service account is malformed", why=str(error)) from error


def _get(client: Client, api: Registry, path: str) -> Fields | None:
    """The object, None where there is none."""
    what = f"the Kubernetes API at {api.name}{path}"
    with client.api("GET", api, path, headers={"Accept": "application/json"}) as response:
        if response.status == 404:
            return None
        body = response.excerpt(_LARGEST) if response.status != 200 else response.read(_LARGEST)
    if response.status in (401, 403):
        raise CredentialFailed(what, why=f"{response.status}: {_message(body)}", remedy=_RIGHTS)
    if response.status != 200:
        raise UnexpectedAnswer(what, status=response.status, why=_message(body))
    try:
        return parse_object(body)
    except Malformed:
        # Not chained: what the error holds may have a secret in it.
        raise UnexpectedAnswer(what, why="its answer is no Kubernetes object") from None


def _message(body: bytes) -> str:
    """What a `Status` says."""
    try:
        return printable(parse_object(body).text("message"))
    except Malformed:
        return "it says no more"
