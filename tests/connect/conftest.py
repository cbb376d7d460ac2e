from __future__ import annotations

import pytest

from tests.connect.driving import Certificates, Contender


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return Certificates()


@pytest.fixture
def contender(certificates: Certificates) -> Contender:
    return Contender(certificates.client())
