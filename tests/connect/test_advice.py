"""What follows from what is remembered of a host, as a pure function of its places."""

from __future__ import annotations

import pytest

from boxship.connect.address import Address
from boxship.connect.advice import HEAD_START, Advice, advise, leads_elsewhere
from boxship.connect.attempt import Place
from boxship.connect.memory import Remembered, Seen

NOW = 1_000_000.0


def place(host: str, *, tls: bool = True, plain: bool = True) -> Place:
    return Place(Address.of(host, 443) if tls else None, Address.of(host, 80) if plain else None)


def remembered(seen: Seen, address: str = "10.0.0.2:80", *, ago: float = 1.0) -> Remembered:
    return Remembered(seen, NOW - ago, address, "")


FIRST, SECOND, THIRD = place("10.0.0.1"), place("10.0.0.2"), place("10.0.0.3")
ALL = (FIRST, SECOND, THIRD)
PLAIN, SPOKE = remembered(Seen.PLAIN), remembered(Seen.TLS_SEEN)


def test_of_a_host_that_nobody_remembers_nothing_follows() -> None:
    assert advise(ALL, None, NOW) == Advice(ALL)
    assert not advise(ALL, None, NOW).spoke_tls


@pytest.mark.parametrize(("ago", "head_start"), [(0.0, HEAD_START), (599.9, HEAD_START), (600.0, 0.0), (9000.0, 0.0)])
def test_where_plain_http_has_answered_is_asked_first_and_alone_if_that_is_fresh(ago: float, head_start: float) -> None:
    advice = advise(ALL, remembered(Seen.PLAIN, ago=ago), NOW)
    assert advice.places == (SECOND, FIRST, THIRD)
    assert advice.head_start == head_start
    assert not advice.spoke_tls


@pytest.mark.parametrize("places", [(FIRST, THIRD), (FIRST, place("10.0.0.2", plain=False)), ()])
def test_what_is_remembered_of_another_address_is_nothing(places: tuple[Place, ...]) -> None:
    assert leads_elsewhere(places, PLAIN)
    assert advise(places, PLAIN, NOW) == Advice(places)
    assert not leads_elsewhere(places, SPOKE)


def test_it_leads_where_one_of_the_places_is() -> None:
    assert not leads_elsewhere(ALL, PLAIN)


def test_a_host_that_has_spoken_tls_is_asked_for_nothing_else() -> None:
    advice = advise((FIRST, place("10.0.0.2", tls=False)), SPOKE, NOW)
    assert advice.places == (place("10.0.0.1", plain=False),)
    assert advice.head_start is None
    assert advice.spoke_tls


def test_what_was_told_to_be_plain_is_that_though_tls_was_spoken_elsewhere() -> None:
    told = (place("10.0.0.1", tls=False),)
    assert advise(told, SPOKE, NOW, told=True) == Advice(told)
    assert advise(told, SPOKE, NOW).places == ()
    assert advise((FIRST,), SPOKE, NOW, told=True).places == (place("10.0.0.1", plain=False),)
