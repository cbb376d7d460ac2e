"""`Client`: every verb of the library; here is who asks, as whom and how long, and each kind of verb is in `verbs`."""

from __future__ import annotations

__all__ = ["Client", "PlainHTTP"]

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Self

from boxship.connect.crew import Crew
from boxship.connect.deadline import Bounds
from boxship.connect.forked import renewed_in_forks
from boxship.errors import InvalidSettings
from boxship.reference import Reference, Registry
from boxship.registry.operations import Operations
from boxship.settings.flags import PlainHTTP, read_access, read_credential, read_flags, read_password
from boxship.verbs.artifacts import Artifacts
from boxship.verbs.changing import Changing
from boxship.verbs.extracting import Extracting
from boxship.verbs.moving import JOBS, Moving
from boxship.verbs.reading import Reading
from boxship.verbs.several import Several
from boxship.verbs.words import named_reference, named_registry

if TYPE_CHECKING:
    import ssl

    from boxship.connect.means import Means
    from boxship.credential import Credential, Secret
    from boxship.event import Listener
    from boxship.registry.log_in import LoggedIn
    from boxship.settings.kubelet import Keyring

# What a verb needs is imported in it: `boxship ls` is started too often to wait for what it does not use.
# ruff: noqa: PLC0415


class Client(Several, Moving, Extracting, Changing, Reading, Artifacts):
    """Reads registries, and moves images. Safe to use from several threads; close it, or use it in `with`.

    Args:
        plain_http: `auto` prefers TLS and permits plain HTTP, `always` and `never` tell it; by default https, but for
            loopback addresses and (anonymous reads only) private IP literals.
        insecure: `plain_http="auto"` without certificate checks, as crane's flag.
        skip_tls_verify: do not check certificates: of all hosts that are named to this client, or of those listed.
        username: sent, with `password`, to registries that ask for it; by default docker's settings are used.
        password: see `username`.
        credential: another `Credential` than a password, instead: a token, or none at all.
        ca_file: a PEM file, or a folder of them, with certificates of authorities to trust besides the system's.
        cert: a PEM file with the certificate that says who asks, where a host that is named wants one.
        key: the PEM file of its private key, where that is not in the same one.
        tls_min: the oldest version of TLS that is spoken, `1.2` or `1.3`; to everybody.
        headers: sent with every request to hosts that are named to this client, to nobody else, and shown to nobody.
        user_agent: what to send as `User-Agent` instead of boxship's name and version.
        tls_context: a TLS context of your own, used as it is for hosts that are named to this client.
        resolve: where to dial: `{("reg.corp", 443): ("10.0.0.5", 8443)}`.
        ip_version: 4 or 6, to use only such addresses of names.
        requests_per_second: what each host that is named to this client is asked at most; by default as files say.
        concurrency: requests under way at each of them at most; the same.
        memory: the folder where it is remembered how hosts were reached: by default in the user's cache folder; None
            keeps and knows nothing.
        refresh: ignore what is remembered, and remember anew.
        config: the folder of docker's `config.json`, which is the only file with credentials then.
        authfile: podman's `auth.json`, which is the only one then.
        pull_secrets: the entries of Kubernetes' pull secrets, instead of all files (`boxship.cluster` reads them).
        preemptive: send a password, or a registry token, before it is asked for.
        timeout: seconds that a whole operation may take; by default none, though each of its phases has a bound.
        bounds: how long each phase may take.
        on_event: called with each `Event`, from whichever thread it happens in, and waited for. It may close this
            client, and not ask it for anything: what it would wait for may be waiting for it.
    """

    def __init__(
        self,
        *,
        plain_http: PlainHTTP | None = None,
        insecure: bool = False,
        skip_tls_verify: bool | Iterable[str] = False,
        username: str | None = None,
        password: str | None = None,
        credential: Credential | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        tls_min: str | None = None,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        resolve: Mapping[tuple[str, int], tuple[str, int]] | None = None,
        ip_version: Literal[4, 6] | None = None,
        requests_per_second: float | None = None,
        concurrency: int | None = None,
        memory: str | os.PathLike[str] | None = "",
        refresh: bool = False,
        config: str | os.PathLike[str] | None = None,
        authfile: str | os.PathLike[str] | None = None,
        pull_secrets: Keyring | None = None,
        preemptive: bool = False,
        timeout: float | None = None,
        bounds: Bounds | None = None,
        on_event: Listener | None = None,
    ) -> None:
        if timeout is not None and not timeout > 0:
            why = f"{timeout!r} is no number of seconds above 0"
            raise InvalidSettings("timeout", why=why, remedy="leave it out where there is to be none")
        if cert and tls_context:
            raise InvalidSettings("cert and tls_context", why="a context of your own has its own certificate")
        flags = read_flags(
            os.environ,
            plain_http=plain_http,
            insecure=insecure,
            skip_tls_verify=skip_tls_verify,
            ca_file=ca_file,
            cert=cert,
            key=key,
            tls_min=tls_min,
            headers=headers,
            user_agent=user_agent,
            ip_version=ip_version,
            requests_per_second=requests_per_second,
            concurrency=concurrency,
        )
        self._operations = Operations(
            flags,
            access=read_access(
                read_credential(username, password, credential),
                config=config,
                authfile=authfile,
                pull_secrets=pull_secrets,
                preemptive=preemptive,
            ),
            resolve=resolve,
            tls_context=tls_context,
            memory=memory,
            refresh=refresh,
            timeout=timeout,
            bounds=bounds or Bounds(),
            on_event=on_event,
        )
        self._crew = Crew(JOBS, "boxship-client")
        renewed_in_forks(self._renew)

    def _renew(self) -> None:
        """Begin anew, in a process that was forked off: its parent goes on with the connections."""
        self._operations = self._operations.anew()

    # Credentials.

    def login(self, registry: Registry | str, username: str | None = None, password: str | None = None) -> LoggedIn:
        """Show the user name and password to the registry, and keep them where docker or podman would.

        What the registry does not accept is not kept: `Refused` or `CredentialFailed`. Without both, what is kept
        already is shown to it again; `NothingKept` where nothing is.
        """
        from boxship.registry.log_in import log_in, log_in_again

        if username is None or password is None:
            return log_in_again(self._operations, named_registry(registry))
        credential = read_password(username, password, source="what is logged in with")
        return log_in(self._operations, named_registry(registry), credential)

    def logout(self, registry: Registry | str | None = None) -> tuple[str, ...]:
        """Forget what is kept for the registry, or for all of them; what was forgotten, in words."""
        from boxship.registry.log_in import log_out

        return log_out(self._operations, None if registry is None else named_registry(registry))

    def authorization(
        self, repository: Reference | str, *, push: bool = False, mount: Iterable[Reference | str] = ()
    ) -> Secret | None:
        """What `Authorization` a repository's requests carry, for another program; None where they need none.

        With `push` it is good for writing, too, and for reading the repositories of `mount`.
        """
        from boxship.auth.scope import pull, pull_and_push
        from boxship.registry.token import authorization

        reference = named_reference(repository)
        own = pull_and_push(reference.repository) if push else pull(reference.repository)
        with self._operations.at(reference.registry) as remote:
            return authorization(remote, (own, *(pull(named_reference(other).repository) for other in mount)))

    def means(self, registry: Registry | str, repository: str = "") -> Means:
        """What this client would reach the registry by; nothing is dialled. For those who examine (`doctor`)."""
        return self._operations.means(named_registry(registry), repository)

    # Life.

    def close(self) -> None:
        """Close all connections; what other threads wait for ends with `Cancelled`, and so does every later use."""
        self._operations.close()
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
