from __future__ import annotations

import pytest

from boxship.auth.scope import CATALOG, Scope, pull, pull_and_push


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("repository:app:pull", ["repository:app:pull"]),
        ("repository:a/b/c:pull,push", ["repository:a/b/c:pull,push"]),
        ("repository:app:push,pull,pull", ["repository:app:pull,push"]),
        ("registry:catalog:*", ["registry:catalog:*"]),
        ("repository:host.corp:5000/app:pull", ["repository:host.corp:5000/app:pull"]),
        ("repository(plugin):app:pull", ["repository(plugin):app:pull"]),
        ("repository:a:pull repository:b:pull", ["repository:a:pull", "repository:b:pull"]),
        (" \t repository:a:pull  ", ["repository:a:pull"]),
        ("", []),
        ("rubbish", []),
        ("repository:app", []),
        ("repository::pull", []),
        ("a rubbish repository:a:pull b:c", ["repository:a:pull"]),
    ],
)
def test_scopes_are_read(text: str, written: list[str]) -> None:
    assert list(map(str, Scope.parse(text))) == written


def test_scopes_are_written_strictly() -> None:
    written = [str(scope) for scope in (pull("library/app"), pull_and_push("app"), CATALOG)]
    assert written == ["repository:library/app:pull", "repository:app:pull,push", "registry:catalog:*"]
