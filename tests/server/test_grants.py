"""What a file of grants gives: to whom it says, where it says, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.grants import Grants, parse_grants
from boxship.server.access.passwords import hash_password
from boxship.server.access.rights import Right, Rights
from boxship.server.registry import Settings
from tests.server.content import push_image
from tests.server.driver import Driver
from tests.server.people import As, add, basic

ISSUER = "https://issuer.test"
FILE = f"""
[[grant]]
user = "ci-*"
repositories = ["team/**", "public/*"]
rights = ["push", "delete"]

[[grant]]
issuer = "{ISSUER}"
claims = {{ owner = "corp", ref = "refs/heads/*" }}
repositories = ["{{repository}}", "{{repository}}/**"]
rights = ["create"]

[[grant]]
issuer = "{ISSUER}"
claims = {{ groups = "admins" }}
repositories = ["**"]
rights = ["push"]
"""


def grants(text: str = FILE) -> Grants:
    return parse_grants(text, "grants.toml", issuers={ISSUER})


def may(rights: Rights, right: Right, repository: str) -> bool:
    return rights.cover(right, repository)


def test_a_user_has_what_is_granted_to_their_name() -> None:
    rights = grants().of_user("ci-7")
    for right in (Right.PULL, Right.CREATE, Right.PUSH, Right.DELETE):
        assert may(rights, right, "team/a/b")
        assert not may(rights, right, "other/a")
    assert not grants().of_user("ci")
    assert not grants().of_user("a ci-7")


def test_a_workload_has_what_all_its_claims_are_good_for() -> None:
    claims: dict[str, object] = {"owner": "corp", "ref": "refs/heads/main", "repository": "Corp/App"}
    rights = grants().of_claims(ISSUER, claims)
    assert may(rights, Right.CREATE, "corp/app")
    assert may(rights, Right.CREATE, "corp/app/cache")
    assert not may(rights, Right.PUSH, "corp/app")
    assert not may(rights, Right.PULL, "corp/another")
    for name, value in (("owner", "evil"), ("ref", "refs/tags/v1"), ("owner", None), ("ref", ["refs/pull/1"])):
        assert not grants().of_claims(ISSUER, {**claims, name: value})
    assert not grants().of_claims("https://another.test", claims)
    assert not grants().of_claims(ISSUER, {"owner": "corp", "ref": "refs/heads/x"})  # no repository is claimed


@pytest.mark.parametrize("claimed", ["*", "**", "a/*", "../a", "", "a//b", "a b", "{ref}", 7, ["corp/app"], None])
def test_what_a_token_claims_is_a_name_and_no_pattern(claimed: object) -> None:
    claims = {"owner": "corp", "ref": "refs/heads/x", "repository": claimed}
    assert not grants().of_claims(ISSUER, claims)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(["users", "admins"], True), ("admins", True), (["users"], False), ([["admins"]], False), ({"admins": 1}, False)],
)
def test_a_claim_that_is_a_list_has_any_of_its_entries(groups: object, *, expected: bool) -> None:
    assert bool(grants().of_claims(ISSUER, {"groups": groups})) == expected


@given(st.text(), st.text())
def test_a_star_stands_for_any_characters_and_nothing_else_does(before: str, after: str) -> None:
    text = FILE.replace('"ci-*"', "'[a].?*z'")
    assert bool(parse_grants(text, "f", issuers={ISSUER}).of_user(f"[a].?{before}{after}z"))
    assert not parse_grants(text, "f", issuers={ISSUER}).of_user(f"axb{before}z")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[[grant]]\nuser", "[[grants]]\nuser", "grants"),
        ('user = "ci-*"', 'users = "ci-*"', "'users' is none of"),
        ('user = "ci-*"', f'user = "ci-*"\nissuer = "{ISSUER}"', "one of them"),
        ('user = "ci-*"', "", "one of them"),
        ('user = "ci-*"', 'user = "ci-*"\nclaims = { a = "b" }', "nothing of users"),
        ('rights = ["push", "delete"]', 'rights = ["fly"]', "'fly' is none of pull"),
        ('rights = ["push", "delete"]', "rights = []", "nothing is granted"),
        ('rights = ["push", "delete"]', 'rights = "push"', "should be a list"),
        ('"public/*"', '"public/["', "not the name of a repository"),
        ('"public/*"', '"{user}"', "not the name of a repository"),
        ('repositories = ["team/**", "public/*"]', "repositories = []", "nothing is granted"),
        ('claims = { groups = "admins" }', "", "whose tokens"),
        ('claims = { groups = "admins" }', "claims = { groups = 7 }", "should be a string"),
        (ISSUER, "https://misspelt.test", "none of --oidc-issuer"),
        ('"admins"', '"********* "', "more than 8"),
        ("[[grant]]", "[[grant", "line 2"),
    ],
)
def test_what_is_misspelt_is_refused(old: str, new: str, why: str) -> None:
    assert old in FILE
    with pytest.raises(InvalidSettings, match=r"^grants\.toml") as caught:
        grants(FILE.replace(old, new))
    assert why in str(caught.value)


def test_a_registry_goes_by_the_file_and_by_its_changes(tmp_path: Path) -> None:
    file, users = tmp_path / "grants.toml", tmp_path / "users"
    file.write_text('[[grant]]\nuser = "ci"\nrepositories = ["team/*"]\nrights = ["push"]\n')
    users.write_text(f"ci:{hash_password(Secret('secret'), cost=4)}\n")
    folder = tmp_path / "registry"
    settings = Settings(htpasswd=str(users), grants=str(file))
    with Driver(folder, settings=settings) as registry:
        add(folder, "root", push="**")
        for name in ("team/app", "secret/app"):
            push_image(As(registry, basic("root")), name, "v1")

        def status(name: str, who: str) -> int:
            return registry("GET", f"/v2/{name}/manifests/v1", headers=basic(who)).status

        assert status("team/app", "ci") == 200
        assert status("secret/app", "ci") == 403  # no longer everything, as without grants
        # What the folder grants counts beside the file.
        add(folder, "ci", pull="secret/*")
        assert (status("team/app", "ci"), status("secret/app", "ci")) == (200, 200)
        file.write_text('[[grant]]\nuser = "nobody"\nrepositories = ["team/*"]\nrights = ["push"]\n')
        registry.run(asyncio.sleep(1.1))
        assert status("team/app", "ci") == 403
