"""Checks of what this machine's settings say of the place, and of where another program's files say otherwise.

What holds, and what lost to it, is `explain`'s to know; here it is weighed. A warning is only given where it is certain
that another program goes another way.
"""

from __future__ import annotations

__all__ = ["proxy_check", "settings_checks", "unusable"]

from collections.abc import Iterator
from pathlib import Path

from boxship.connect.leg import Leg
from boxship.connect.means import Means
from boxship.doctor.report import Check, Report, Status
from boxship.errors import InvalidSettings
from boxship.explain.credentials import credential_files_read, credential_setting
from boxship.explain.files import files
from boxship.explain.place import Place
from boxship.explain.setting import Setting
from boxship.explain.trust import trust
from boxship.explain.ways import SCHEMES, proxy_setting, scheme_setting
from boxship.settings.hosts import Scheme, always_https

_AUTHORITIES = ("authorities", "authority")
_PERMIT = "write http:// before the reference, or --plain-http=auto, if plain HTTP is meant"
_LOG_IN = "give it by --username and --password-stdin, or log in with docker login"


def unusable(reference: str, error: InvalidSettings, *before: Check) -> Report:
    """The report where a file of settings cannot be used: nothing else is looked at."""
    check = Check(id="settings", status=Status.ERROR, words=str(error), remedy=error.remedy)
    verdict = f"This machine's settings are wrong, and nothing else was looked at: {error}."
    return Report(reference=reference, verdict=verdict, checks=(*before, check))


def settings_checks(place: Place, means: Means) -> Iterator[Check]:
    """How the place may be spoken to, what is trusted, what is sent there, and which files say so."""
    yield _files(means)
    yield _scheme(place, means)
    yield _trust(means)
    yield _credential(place, means)


def proxy_check(leg: Leg, means: Means) -> Check:
    """Whether a proxy is in the way, which rule says so, and which variables have no say."""
    words = leg.words.strip() or "none: no variable names one"
    evidence = _losers(proxy_setting("https" if leg.tls else "http", means))
    return Check(id="proxy", status=Status.WARNING if leg.proxy else Status.OK, words=words, evidence=evidence)


def _files(means: Means) -> Check:
    credentials, others = tuple(credential_files_read(means.told)), tuple(files())
    there = [f"{file.value} ({file.source})" for file in credentials if Path(file.value).exists()]
    evidence = (
        *(file.value for file in credentials if not Path(file.value).exists()),
        *(line for file in others for line in (file.value, *_losers(file))),
    )
    words = ", ".join(there) or "no file with credentials is there"
    return Check(id="settings.files", status=Status.OK, words=words, evidence=evidence)


def _scheme(place: Place, means: Means) -> Check:
    setting, held = scheme_setting(place.registry, means), means.site.scheme.value
    words, evidence = f"{setting.value} ({setting.source})", _losers(setting)
    open_to = [f"{file} says that it is insecure" for file in _permitting(setting)]
    strict = held is Scheme.HTTPS or (held is Scheme.BY_ADDRESS and not means.site.networks)
    if not open_to or not strict or always_https(means.site.registry.host):
        return Check(id="settings.scheme", status=Status.OK, words=words, evidence=evidence)
    words = f"{words}; other programs are told otherwise"
    evidence = (*open_to, *evidence)
    return Check(id="settings.scheme", status=Status.WARNING, words=words, evidence=evidence, remedy=_PERMIT)


def _permitting(setting: Setting) -> Iterator[str]:
    """The lines of files that permit plain HTTP and have no say here."""
    permit = (SCHEMES[Scheme.AUTO], SCHEMES[Scheme.HTTP])
    return (lost.source for lost in setting.lost if lost.value in permit and Path(lost.source).is_absolute())


def _trust(means: Means) -> Check:
    settings = tuple(trust(means))
    evidence = tuple(line for setting in settings for line in _losers(setting))
    if means.site.trust.skip_verify and not means.contexts.is_own:
        words = f"certificates are not checked ({means.site.trust.skipped})"
        return Check(id="settings.trust", status=Status.WARNING, words=words, evidence=evidence)
    believed = (f"{setting.value} ({setting.source})" for setting in settings if setting.name in _AUTHORITIES)
    words = ", ".join(believed).replace(" (default)", "")
    return Check(id="settings.trust", status=Status.OK, words=words, evidence=evidence)


def _credential(place: Place, means: Means) -> Check:
    """Nothing is asked of a helper here: a pull does that."""
    setting = credential_setting(place, means.told)
    words, evidence = f"{setting.value} ({setting.source})", _losers(setting)
    nobody = setting.value == "none" and means.told.access.credential is None
    if not nobody or not evidence:
        return Check(id="settings.credential", status=Status.OK, words=words, evidence=evidence)
    words = f"{words}, though there may be one that boxship does not send"
    return Check(id="settings.credential", status=Status.WARNING, words=words, evidence=evidence, remedy=_LOG_IN)


def _losers(setting: Setting) -> tuple[str, ...]:
    """What was said by somebody and does not hold."""
    said = (lost for lost in setting.lost if lost.source != "default")
    return tuple(f"not {lost.value} ({lost.source}): {lost.why}" for lost in said)
