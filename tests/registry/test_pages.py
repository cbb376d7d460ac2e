from __future__ import annotations

from collections.abc import Callable

import pytest

from boxship import Client
from boxship.errors import NotFound, Refused, UnexpectedAnswer
from boxship.registry.listing import Listing
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    endless_pages,
    failure,
    html,
    json_answer,
    link_loop,
    link_to,
    not_json,
    serving,
)
from tests.transport.reaching import failing, repository, tags

LONG = ScriptedRegistry(tags=[f"v{number:03}" for number in range(250)], page_size=100)


def test_a_page_is_asked_for_when_its_first_name_is_wanted() -> None:
    with serving(LONG) as server, Client() as client:
        listing = client.tags(repository(server))
        asked = [(next(listing), len(server.requests)) for _ in range(201)]
    assert [count for _, count in asked] == [1] * 100 + [2] * 100 + [3]
    assert asked[100] == ("v100", 2)


def test_nothing_is_asked_for_before_the_first_name_is_wanted() -> None:
    with serving(LONG) as server, Client() as client:
        client.tags(repository(server))
        client.catalog(server.url)
        assert server.requests == ()


def test_all_names_come_in_the_registrys_order() -> None:
    with serving(LONG) as server, Client() as client:
        assert tuple(tags(client, server)) == LONG.tags


def test_pages_come_as_the_registry_sends_them() -> None:
    with serving(LONG) as server, Client() as client:
        assert [len(page) for page in client.tags(repository(server)).pages()] == [100, 100, 50]


def test_pages_after_some_names_begin_with_the_rest_of_theirs() -> None:
    listing = Listing(iter([("a", "b"), ("c",)]))
    assert (next(listing), list(listing.pages())) == ("a", [("b",), ("c",)])


def test_many_empty_pages_are_passed_over() -> None:
    assert list(Listing(iter([(), *[()] * 5000, ("a",), ()]))) == ["a"]


def test_a_page_size_and_a_beginning_are_asked_for() -> None:
    with serving(LONG) as server, Client() as client:
        found = list(client.tags(repository(server), after="v200", page_size=30))
        assert server.requests[0].query == (("n", "30"), ("last", "v200"))
    assert (len(found), found[0]) == (49, "v201")


def test_no_page_size_is_asked_for_by_default() -> None:
    with serving(LONG) as server, Client() as client:
        next(client.tags(repository(server)))
        assert server.requests[0].query == ()


def test_endless_pages_end_with_the_reader() -> None:
    with serving(endless_pages()) as server, Client() as client:
        listing = client.tags(repository(server))
        assert [next(listing) for _ in range(5)] == ["1", "2", "3", "4", "5"]
        assert len(server.requests) == 5


def linked(link: str) -> Callable[[Request], Answer]:
    """Two pages; how the first one names the second is `link`."""

    def answer(request: Request) -> Answer:
        if "last=a" in request.target:
            return json_answer({"tags": ["b"]})
        host = request.headers["host"]
        return json_answer({"tags": ["a"]}, headers={"Link": link.replace("HOST", host)})

    return answer


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?last=a>; rel="next"',
        "</v2/app/tags/list?last=a>; rel=next",
        "</v2/app/tags/list?last=a>;rel=next",
        "</v2/app/tags/list?last=a>; REL=Next",
        "</v2/app/tags/list?last=a> ; rel = 'next'".replace("'", '"'),
        '</v2/app/tags/list?last=a>; title="a, b"; rel="prev next"',
        '</x>; rel="first", </v2/app/tags/list?last=a>; rel="next"',
        "<list?last=a>; rel=next",
        "<?last=a>; rel=next",
        "<?last=a&x=b c>; rel=next",
        "<//HOST/v2/app/tags/list?last=a>; rel=next",
        "<http://HOST/v2/app/tags/list?last=a>; rel=next",
        "<https://HOST/v2/app/tags/list?last=a>; rel=next",
        "<http://127.0.0.1/v2/app/tags/list?last=a>; rel=next",
    ],
)
def test_the_next_page_is_found_however_it_is_named(link: str) -> None:
    with serving(linked(link)) as server, Client() as client:
        assert tags(client, server) == ["a", "b"]
        assert len(server.connections) == 1


@pytest.mark.parametrize("link", ["", "rubbish", "<>; rel=next", "</x>; rel=prev", "<" * 1000])
def test_a_page_that_names_no_next_one_is_the_last(link: str) -> None:
    with serving(linked(link)) as server, Client() as client:
        assert tags(client, server) == ["a"]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("https://other.corp/v2/app/tags/list?last=a", "at another host: https://other.corp"),
        ("//other.corp/v2/", "at another host"),
        ("http://169.254.169.254/latest", "at another host"),
        ("https://me:hunter2@other.corp/", "is nowhere"),
        ("file:///etc/passwd", "is nowhere"),
        ("https://[::1", "is nowhere"),
        ("https://x:99999/", "is nowhere"),
    ],
)
def test_a_next_page_elsewhere_is_not_asked_for(target: str, why: str) -> None:
    with serving(link_to(LONG, target)) as server, Client() as client:
        listing = client.tags(repository(server))
        assert next(listing) == "v000"
        error = failing(lambda: list(listing))
        assert len(server.requests) == 1
    assert isinstance(error, UnexpectedAnswer)
    assert why in error.why
    assert "hunter2" not in f"{error} {error!r} {error.timeline}"


def test_pages_that_go_round_in_a_loop_are_an_error() -> None:
    with serving(link_loop(LONG)) as server, Client() as client:
        error = failing(lambda: tags(client, server))
        assert len(server.requests) <= 2
    assert isinstance(error, UnexpectedAnswer)
    assert "loop" in error.why


def test_a_loop_of_signed_pages_is_told_without_their_signatures() -> None:
    with serving(link_to(LONG, "/v2/app/tags/list?last=v099&X-Amz-Signature=hunter2")) as server, Client() as client:
        error = failing(lambda: list(client.tags(repository(server))))
    assert "back to /v2/app/tags/list?last=" in error.why
    assert "hunter2" not in f"{error} {error!r}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html(), "an HTML page, 'Please sign in'"),
        (html(403), "an HTML page, 'Please sign in'"),
        (html(401), "an HTML page, 'Please sign in'"),
        (html(404), "an HTML page, 'Please sign in'"),
        (html(511, "Log in"), "an HTML page, 'Log in'"),
        (Answer(200, b"<p>hello"), "an HTML page"),
        (not_json(), "is not JSON"),
        (Answer(200, b""), "is not JSON"),
        (Answer(200, b"\xff\xfe"), "is not UTF-8"),
        (Answer(200, b"[]"), "should be a JSON object"),
        (json_answer({"tags": "v1"}), "tags: should be a list"),
        (json_answer({"tags": [1]}), "tags[0]: should be a string"),
        (json_answer({"tags": [None]}), "tags[0]: should be a string"),
        (json_answer({"tags": ["a", "b\n"]}), "cannot be printed"),
        (Answer(200, b"[" * 100_000), "nested too deeply"),
        (Answer(204), "is not JSON"),
        (Answer(304), "304"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_list_is_said_to_be_none(answer: Answer, words: str) -> None:
    with serving(answer) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, UnexpectedAnswer)
    assert error.exit_status == 1
    assert words in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(("status", "title"), [(502, "Bad Gateway"), (503, "Maintenance"), (504, "Timeout")])
def test_a_page_of_something_in_between_is_named(status: int, title: str) -> None:
    with serving(html(status, title)) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert (type(error), getattr(error, "status", 0)) == (UnexpectedAnswer, status)
    assert f"an HTML page, '{title}'" in error.why
    assert "something between you and the registry" in error.remedy


@pytest.mark.parametrize("document", [{"name": "app"}, {"tags": None}, {"tags": []}], ids=["absent", "null", "empty"])
def test_a_repository_may_have_no_tags(document: dict[str, object]) -> None:
    with serving(json_answer(document)) as server, Client() as client:
        assert tags(client, server) == []


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, Refused), (401, Refused), (400, UnexpectedAnswer)])
def test_a_registrys_own_error_counts(status: int, kind: type[Exception]) -> None:
    with serving(failure(status, "NAME_UNKNOWN", "never heard of it")) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert type(error) is kind
    assert "NAME_UNKNOWN: never heard of it" in error.why


def test_a_catalog_is_a_list_like_others() -> None:
    def catalog(request: Request) -> Answer:
        if "last" in request.target:
            return json_answer({"repositories": ["b/c"]})
        return json_answer({"repositories": ["a"]}, headers={"Link": '</v2/_catalog?last=a&n=1>; rel="next"'})

    with serving(catalog) as server, Client() as client:
        assert list(client.catalog(server.url, page_size=1)) == ["a", "b/c"]
        assert [request.target for request in server.requests] == ["/v2/_catalog?n=1", "/v2/_catalog?last=a&n=1"]


def test_an_endless_row_of_empty_pages_is_no_list() -> None:
    def empty(request: Request) -> Answer:
        number = len(request.target)
        return json_answer({"tags": []}, headers={"Link": f'</v2/app/tags/list?last={"x" * number}>; rel="next"'})

    with serving(empty) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, UnexpectedAnswer)
    assert "pages in a row are empty" in error.why


def test_an_error_that_is_said_with_200_is_no_empty_list() -> None:
    with serving(json_answer({"errors": [{"code": "DENIED"}]})) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, UnexpectedAnswer)
