"""Whose certificates are believed, whether they are checked at all, and which one says who asks."""

from __future__ import annotations

__all__ = ["trust"]

import os
from collections.abc import Iterator

from boxship.connect.means import Means
from boxship.explain.setting import Lost, Setting
from boxship.settings.hosts import always_https

# What other programs take for authorities; Go's programs, and so boxship, do not.
_FOREIGN = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEM = "the system's authorities"


def trust(means: Means) -> Iterator[Setting]:
    """Every setting of certificates."""
    if means.contexts.is_own:
        settings = (*_authorities(means), *_certificate(means))
        why = "a context of the caller's own comes first"
        lost = tuple(Lost(setting.value, setting.source, why) for setting in settings if setting.source != "default")
        yield Setting("authorities", "those of a TLS context of the caller's own", "tls_context", lost)
        return
    yield from _authorities(means)
    yield _verification(means)
    if oldest := means.site.trust.oldest:
        yield Setting("tls-min", oldest.value, oldest.source)
    yield from _certificate(means)


def _authorities(means: Means) -> Iterator[Setting]:
    held = means.site.trust
    named = [file for file in (held.file, *held.directories) if file]
    others = tuple(
        Lost(os.environ[name], name, "boxship reads SSL_CERT_FILE and SSL_CERT_DIR, as Go's programs do")
        for name in _FOREIGN
        if os.environ.get(name) and os.environ[name] not in {file.value for file in named}
    )
    if not named:
        yield Setting("authorities", _SYSTEM, "default", others)
    for file in named:
        what = "bundle" if file == held.file else "directories"
        lost = Lost(f"the system's {what}", "default", f"{file.source} comes first")
        yield Setting("authorities", file.value, file.source, (lost, *others))
        others = ()
    if held.directories and not held.file:
        yield Setting("authorities", "the system's bundle", "default")
    for file in held.added:
        yield Setting("authority", file.value, file.source)


def _verification(means: Means) -> Setting:
    held, told = means.site.trust, means.told.flags.skip_verify
    checked = "every certificate is checked"
    if held.skip_verify:
        return Setting(
            "verification",
            "no certificate is checked",
            held.skipped,
            (Lost(checked, "default", f"{held.skipped} comes first"),),
        )
    if not told.value:
        return Setting("verification", checked, "default")
    public = always_https(means.site.registry.host)
    why = "a public registry is always verified" if public else "it is for other hosts"
    listed = "of every host" if told.value is True else f"of {', '.join(sorted(told.value))}"
    return Setting("verification", checked, "default", (Lost(f"no certificate is checked {listed}", told.source, why),))


def _certificate(means: Means) -> Iterator[Setting]:
    held = means.site.trust
    if held.certificate:
        yield Setting("client-certificate", held.certificate.value, held.certificate.source)
    if held.key:
        yield Setting("client-key", held.key.value, held.key.source)
