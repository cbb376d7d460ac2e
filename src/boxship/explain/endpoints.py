"""Who is asked for a place, in which order and how fast; and whom docker, podman and Kubernetes' nodes would ask."""

from __future__ import annotations

__all__ = ["endpoints", "paces", "programs_ask"]

from collections.abc import Iterator, Sequence

from boxship.connect.means import Means
from boxship.explain.place import Place
from boxship.explain.setting import Lost, Setting
from boxship.explain.ways import SCHEMES
from boxship.reference import Reference
from boxship.settings.endpoint import EVERYTHING, Endpoint
from boxship.settings.for_reference import asked_by

_ASKED = {"tag": "tags", "digest": "digests", "blob": "blobs", "list": "lists"}


def endpoints(means: Means) -> Iterator[Setting]:
    """Who is asked for the repository, first to last, and who is written to."""
    found = means.endpoints
    if not found:
        return
    lost = tuple(Lost(named.value, named.source, why) for named, why in found.passed_over)
    for endpoint in found.reads:
        yield Setting("endpoint", _described(endpoint), endpoint.source, lost)
        lost = ()
    if found.reads != (found.writes,):
        yield Setting("written-to", str(found.writes), "nothing is written to a mirror")


def paces(means: Means) -> Iterator[Setting]:
    """What boxship's own file says of the host, besides its scheme and its bounds."""
    table = means.files.table(means.site.registry)
    named = {
        "requests-per-second": table.requests_per_second,
        "concurrency": table.concurrency,
        "tls-min-version": table.tls_min_version,
        "preemptive-auth": table.preemptive_auth,
    }
    for name, said in named.items():
        if said:
            yield Setting(name, str(said.value).lower(), said.source)


def programs_ask(place: Place, means: Means) -> Iterator[Setting]:
    """Whom the others would ask, each from its own file."""
    if not place.repository:
        return
    reference = Reference(place.registry, place.repository)
    found = dict(asked_by(reference, means.told.flags, means.files))
    for name in ("docker", "podman", "containerd"):
        yield _asks(name, found[name])
    ways = "k3s" if means.files.registries_yaml else "containerd"
    yield _asks("kubelet", found[ways], f"has its runtime ask: {ways}, ")


def _asks(name: str, asked: Sequence[Endpoint], words: str = "") -> Setting:
    order = ", then ".join(str(endpoint) for endpoint in asked)
    return Setting(f"{name}-asks", f"{words}{order}", asked[0].source)


def _described(endpoint: Endpoint) -> str:
    kinds = [] if endpoint.serves == EVERYTHING else [_ASKED[need] for need in _ASKED if need in endpoint.serves]
    words = [f"for {', '.join(kinds)}" if kinds else "", SCHEMES[endpoint.site.scheme.value]]
    words += [f"?ns={endpoint.namespace}" if endpoint.namespace else ""]
    words += [f"with the header {header.value.name}" for header in endpoint.headers]
    words += ["no certificate is checked" if endpoint.site.trust.skip_verify else ""]
    return f"{endpoint} ({'; '.join(filter(None, words))})"
