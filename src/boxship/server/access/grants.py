"""Who may do what, by a file (`--grants`, TOML): people by their names, workloads by what their OIDC tokens claim.

    [[grant]]
    user = "ci-*"
    repositories = ["team/**"]
    rights = ["push", "delete"]

    [[grant]]
    issuer = "https://token.actions.githubusercontent.com"
    claims = { repository_owner = "corp", ref = "refs/heads/main" }
    repositories = ["{repository}", "{repository}/**"]
    rights = ["push"]

In names and claims `*` stands for any characters; patterns of repositories are those of `rights`. `{claim}` in one is
what the token claims there. A claim that is a list has any of its entries. All claims of a grant have to hold.
"""

from __future__ import annotations

__all__ = ["Grants", "parse_grants"]

import re
from collections.abc import Collection, Iterator, Mapping

from boxship.errors import InvalidSettings
from boxship.server.access.rights import MOST_STARS, Grant, Pattern, Right, Rights, starred
from boxship.server.toml import only, parse_toml, wrong
from boxship.spec.fields import Fields, Malformed
from boxship.value import dataclass
from boxship.wire.grammar import is_repository

_RIGHTS = {right.value: right for right in (Right.PULL, Right.CREATE, Right.PUSH, Right.DELETE)}
_KEYS = frozenset({"user", "issuer", "claims", "repositories", "rights"})
_CLAIM = re.compile(r"\{([A-Za-z0-9_.:/-]{1,128})\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One grant of the file: for users whose names match, or for tokens of the issuer whose claims do."""

    user: re.Pattern[str] | None
    issuer: str
    claims: Mapping[str, re.Pattern[str]]
    repositories: tuple[str, ...]
    rights: frozenset[Right]

    def of_claims(self, claims: Mapping[str, object]) -> Iterator[Grant]:
        """The grants of a token that claims this; none unless all claims hold."""
        if all(any(map(glob.fullmatch, _texts(claims.get(name)))) for name, glob in self.claims.items()):
            for text in self.repositories:
                pattern = _filled(text, claims)
                if pattern:
                    yield Grant.of(pattern, *self.rights)


class Grants:
    """What the file says."""

    def __init__(self, rules: Collection[Rule] = ()) -> None:
        self._rules = tuple(rules)

    def of_user(self, name: str) -> Rights:
        """What the file grants a user who has shown a password."""
        found = (rule for rule in self._rules if rule.user and rule.user.fullmatch(name))
        return Rights.of(Grant.of(pattern, *rule.rights) for rule in found for pattern in rule.repositories)

    def of_claims(self, issuer: str, claims: Mapping[str, object]) -> Rights:
        """What it grants whom this issuer vouches for."""
        found = (rule for rule in self._rules if rule.issuer == issuer)
        return Rights.of(grant for rule in found for grant in rule.of_claims(claims))


def parse_grants(text: str, file: str, *, issuers: Collection[str] = ()) -> Grants:
    """The grants in the text of `file`, or `InvalidSettings`; an issuer has to be one of `issuers`."""
    try:
        document = parse_toml(text, {"grant"})
        return Grants([_rule(entry, issuers) for entry in document.objects("grant")])
    except Malformed as error:
        raise wrong(file, error) from error


def _rule(entry: Fields, issuers: Collection[str]) -> Rule:
    only(entry, _KEYS)
    user, issuer, claims = entry.text("user"), entry.text("issuer"), entry.mapping("claims")
    if bool(user) == bool(issuer):
        raise Malformed(entry.path, "is for a user or for an issuer's tokens: one of them")
    if issuer and issuer not in issuers:
        raise Malformed(f"{entry.path}.issuer", f"{issuer} is none of --oidc-issuer")
    if bool(issuer) != bool(claims):
        # Whoever has an account with a public issuer gets tokens of it.
        raise Malformed(f"{entry.path}.claims", "say whose tokens of the issuer are meant, and nothing of users")
    names, rights = entry.texts("repositories"), entry.texts("rights")
    for text in names:
        _check_pattern(text, entry, is_filled=bool(issuer))
    unknown = set(rights) - _RIGHTS.keys()
    if unknown or not rights or not names:
        why = f"{min(unknown)!r} is none of {', '.join(_RIGHTS)}" if unknown else "nothing is granted"
        raise Malformed(f"{entry.path}.rights" if names else f"{entry.path}.repositories", why)
    return Rule(
        _glob(user, entry) if user else None,
        issuer,
        {name: _glob(value, entry) for name, value in claims.items()},
        names,
        frozenset(_RIGHTS[right] for right in rights),
    )


def _check_pattern(text: str, entry: Fields, *, is_filled: bool) -> None:
    try:
        Pattern.parse(_CLAIM.sub("a", text) if is_filled else text)
    except InvalidSettings as error:
        raise Malformed(f"{entry.path}.repositories", str(error)) from error


def _glob(text: str, entry: Fields) -> re.Pattern[str]:
    if text.count("*") > MOST_STARS:
        raise Malformed(entry.path, f"{text!r} has more than {MOST_STARS} '*'")
    return re.compile(starred(text, "."), re.DOTALL)


def _texts(claim: object) -> Iterator[str]:
    """What a claim says, in words: JSON's true and false, numbers as they are, and each entry of a list."""
    if isinstance(claim, list):
        for entry in claim:
            if not isinstance(entry, list):
                yield from _texts(entry)
    elif isinstance(claim, bool):
        yield "true" if claim else "false"
    elif isinstance(claim, str | int):
        yield str(claim)


def _filled(text: str, claims: Mapping[str, object]) -> str:
    """The pattern with what a token claims; '' where that is no name, or there is no such claim.

    Names of repositories have small letters only; those of other systems may have others.
    """
    said = {name: str(claims.get(name, "")).lower() for name in _CLAIM.findall(text)}
    if not all(isinstance(claims.get(name), str) and is_repository(value) for name, value in said.items()):
        return ""
    return _CLAIM.sub(lambda found: said[found[1]], text)
