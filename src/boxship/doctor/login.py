"""Who one is to a registry: its challenge, its token server, what that grants, and where the credential is from. Pure.

All of it is read from the events of boxship's own way in (`docs/trace.md`), in which there is no secret.
"""

from __future__ import annotations

__all__ = ["is_of_login", "login_checks"]

from collections.abc import Iterator, Mapping

from boxship.doctor.others import Others
from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import words_of
from boxship.errors import BoxshipError, CredentialFailed, Refused, Unreachable
from boxship.event import Fact
from boxship.seconds import spoken
from boxship.wire.printable import printable

_SLOW = 2000  # milliseconds: every command that needs the credential waits as long

_Facts = Mapping[str, Fact]


def is_of_login(story: Story, error: BoxshipError) -> bool:
    """Whether that is what kept one out."""
    return isinstance(error, Refused | CredentialFailed) or _gave_no_token(story)


def login_checks(story: Story, error: BoxshipError | None, others: Others) -> Iterator[Check]:
    """What was asked of whom, and what came of it; `error` is what the way in ended with."""
    challenge = story.last("Challenge")
    if not challenge:
        yield _unchallenged(story, error)
        return
    yield Check(id="auth.challenge", status=Status.OK, words=_challenge_words(challenge))
    if challenge["scheme"] == "bearer":
        yield from _token_checks(story, error, others)
    yield from map(_helper, story.all("HelperDone"))
    yield _who(story, error)


def _unchallenged(story: Story, error: BoxshipError | None) -> Check:
    if isinstance(error, Refused) and error.status == 401:
        asked = story.headers("www-authenticate").get("www-authenticate", "")
        words = f"it answers 401 with no challenge that can be answered{f': {asked}' if asked else ''}"
        remedy = "a registry asks by WWW-Authenticate for Bearer or Basic: a proxy in between may take it away"
        return Check(id="auth.challenge", status=Status.ERROR, words=words, remedy=remedy)
    if isinstance(error, Refused):
        return Check(id="auth.challenge", status=Status.ERROR, words=words_of(error), remedy=error.remedy)
    if story.statuses:
        return Check(id="auth.challenge", status=Status.OK, words="none: nobody is asked who one is")
    return Check(id="auth.challenge", status=Status.SKIPPED, words="there was no answer that could ask")


def _challenge_words(challenge: _Facts) -> str:
    told = ((name, challenge.get(name)) for name in ("realm", "service", "scope"))
    scheme = str(challenge["scheme"]).capitalize()
    return ", ".join((scheme, *(f"{name} {value}" for name, value in told if value)))


# The token server.


def _token_checks(story: Story, error: BoxshipError | None, others: Others) -> Iterator[Check]:
    asked, answer = story.last("Token"), story.last("TokenAnswer")
    if not asked:
        yield from _never_asked(story, error)
        return
    realm, unreached = str(asked["realm"]), isinstance(error, Unreachable) and _gave_no_token(story)
    seen = others.seen(realm)
    if unreached and error:
        yield Check(
            id="auth.realm",
            status=Status.ERROR,
            at=realm,
            words=words_of(error),
            evidence=seen.lines,
            remedy=error.remedy,
        )
        yield Check(id="auth.token", status=Status.SKIPPED, words="needs its token server", at=realm)
        return
    status = Status.OK if seen.all_reached else Status.WARNING
    yield Check(id="auth.realm", status=status, at=realm, words="it answers", evidence=seen.lines)
    yield _token(asked, answer, error)


def _never_asked(story: Story, error: BoxshipError | None) -> Iterator[Check]:
    """Bearer, and no token server was asked."""
    reason = "needs a credential"
    if story.last("Credential").get("kind") == "registry token":
        reason = "a registry token is sent as it is"
    elif story.last("Credential") and isinstance(error, CredentialFailed):
        yield Check(id="auth.realm", status=Status.ERROR, words=words_of(error), remedy=error.remedy)
        reason = "its token server is not asked"
    else:
        yield Check(id="auth.realm", status=Status.SKIPPED, words=reason)
    yield Check(id="auth.token", status=Status.SKIPPED, words=reason)


def _token(asked: _Facts, answer: _Facts, error: BoxshipError | None) -> Check:
    ms = answer.get("ms")
    took = ms if isinstance(ms, float | int) else None
    scope = asked["scope"] or "no scope"
    if "error" in answer:
        words, remedy = (words_of(error), error.remedy) if error else (str(answer["error"]), "")
        return Check(id="auth.token", status=Status.ERROR, words=words, ms=took, remedy=remedy)
    seconds = answer.get("seconds")
    life = spoken(seconds) if isinstance(seconds, int | float) else "a while"
    lines = [f"asked for {scope} with {_article(str(asked['kind']))}", f"it lives for {life}{_default(answer)}"]
    if answer.get("issued_at"):
        lines.append(f"issued at {answer['issued_at']}")
    if answer.get("opaque"):
        words, status = "granted; the token is opaque and does not say what for", Status.OK
    elif answer.get("missing"):
        status = Status.ERROR if isinstance(error, Refused) else Status.WARNING
        words = f"{answer['missing']} was asked for; granted is {answer['granted'] or 'nothing'}"
    else:
        words, status = f"granted: {answer.get('granted') or 'nothing, as was asked for'}", Status.OK
    remedy = (
        "ask whoever runs the registry for the right to this repository, or log in" if status is not Status.OK else ""
    )
    return Check(id="auth.token", status=status, words=words, ms=took, evidence=tuple(lines), remedy=remedy)


def _default(answer: _Facts) -> str:
    return "" if answer.get("told") else ", the default: the answer does not say it"


def _gave_no_token(story: Story) -> bool:
    return "error" in story.last("TokenAnswer")


# Who one is.


def _helper(done: _Facts) -> Check:
    ms = done.get("ms")
    took = ms if isinstance(ms, float | int) else None
    at = f"{done['helper']} get {printable(str(done['key']))}"
    if "error" in done:
        remedy = "mend it, or take its name out of docker's config.json"
        return Check(id="auth.helper", status=Status.ERROR, at=at, words=str(done["error"]), ms=took, remedy=remedy)
    words = "it has a credential" if done.get("found") else "it keeps nothing for that"
    if took is not None and took > _SLOW:
        words += "; every command that needs it waits as long"
        return Check(id="auth.helper", status=Status.WARNING, at=at, words=words, ms=took)
    return Check(id="auth.helper", status=Status.OK, at=at, words=words, ms=took)


def _who(story: Story, error: BoxshipError | None) -> Check:
    found = story.last("Credential")
    if not found:
        return Check(id="auth.login", status=Status.SKIPPED, words="no credential could be had")
    who = _person(found)
    if isinstance(error, Refused):
        words = f"{who}, and refused: {words_of(error)}"
        return Check(id="auth.login", status=Status.ERROR, words=words, remedy=error.remedy)
    if isinstance(error, CredentialFailed) or _gave_no_token(story):
        return Check(id="auth.login", status=Status.SKIPPED, words=f"{who}; the registry was not asked with it")
    return Check(id="auth.login", status=Status.OK, words=f"{who}, and let in")


def _person(found: _Facts) -> str:
    user = f" of {printable(str(found['user']))!r}" if found.get("user") else ""
    return f"{_article(str(found['kind']))}{user} ({printable(str(found['source']))})"


def _article(kind: str) -> str:
    return {"anonymous": "nobody in particular", "identity token": "an identity token"}.get(kind, f"a {kind}")
