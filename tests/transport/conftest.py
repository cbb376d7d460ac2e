"""An authority that nobody trusts, and the rule that a test leaves no connection and no thread behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from tests.transport.reaching import Authority, settled, traces


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of a blob is asked for without pauses."""
    monkeypatch.setattr("boxship.registry.rest._FIRST_PAUSE", 0.001)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = traces()
    yield
    assert settled(before)
