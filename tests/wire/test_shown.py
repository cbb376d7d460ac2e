from __future__ import annotations

import pytest

from boxship.wire.shown import shown_headers, shown_target


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Accept", "a/b", "Accept: a/b"),
        ("Authorization", "Bearer hunter2", "Authorization: (removed)"),
        ("PROXY-AUTHORIZATION", "Basic hunter2", "PROXY-AUTHORIZATION: (removed)"),
        ("Cookie", "hunter2", "Cookie: (removed)"),
        ("set-cookie", "hunter2", "set-cookie: (removed)"),
        ("Location", "https://s3.corp/b?X-Sig=hunter2&y", "Location: https://s3.corp/b(removed)"),
        ("location", "https://me:hunter2@s3.corp/b", "location: https://(removed)s3.corp/b"),
        ("Location", "/v2/app/blobs/uploads/1", "Location: /v2/app/blobs/uploads/(removed)"),
        ("Location", "https://s3.corp/a@b", "Location: https://s3.corp/a@b"),
        ("Location", "?hunter2\nhunter2", "Location: (removed)"),
        ("Warning", "299 - \x1b[31mold\r\n", "Warning: 299 -  [31mold  "),
        ("X\x1b", "y", "X : y"),
        ("Location", "https://me:hunt@er2@s3.corp/b", "Location: https://(removed)s3.corp/b"),
        ("Location", "/b#hunter2", "Location: /b(removed)"),
        ("Link", '</v2/?last=hunter2>; rel="next"', 'Link: </v2/(removed)>; rel="next"'),
        ("Link", '<https://me:hunter2@s3.corp/>; rel="next"', 'Link: <https://(removed)s3.corp/>; rel="next"'),
        (
            "WWW-Authenticate",
            'Bearer realm="https://me:hunter2@corp/t?k=hunter2",service="s"',
            'WWW-Authenticate: Bearer realm="https://(removed)corp/t(removed)",service="s"',
        ),
    ],
)
def test_a_trace_shows_headers_without_secrets(name: str, value: str, shown: str) -> None:
    assert ": ".join(*shown_headers([(name, value)])) == shown


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v2/app/tags/list", "/v2/app/tags/list"),
        ("/v2/app/tags/list?n=100&last=v1", "/v2/app/tags/list?n=(removed)&last=(removed)"),
        ("/b?X-Amz-Signature=hunter2", "/b?X-Amz-Signature=(removed)"),
        ("/b?hunter2", "/b?(removed)"),
        ("/b?=hunter2&&a", "/b?(removed)&(removed)&(removed)"),
        ("/b?a=b=hunter2?c=hunter2", "/b?a=(removed)"),
        ("/b?", "/b?(removed)"),
    ],
)
def test_a_trace_shows_the_names_of_a_query_without_their_values(target: str, shown: str) -> None:
    assert shown_target(target) == shown
