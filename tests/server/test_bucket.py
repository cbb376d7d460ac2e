"""Which bucket is meant, and what means none."""

from __future__ import annotations

import pytest

from boxship.errors import InvalidSettings
from boxship.server.storage.bucket import Where


def test_a_bucket_has_a_name_and_what_keys_begin_with() -> None:
    where = Where.parse("s3://images/team/a/", endpoint="https://store:9000/", region="r1")
    assert where == Where("images", "team/a", "https://store:9000", "r1")
    assert str(where) == "s3://images/team/a"


@pytest.mark.parametrize(
    "url", ["s3:/x", "s3://", "s3://UPPER", "s3://key:secret@bucket", "s3://bucket/../x", "gs://b"]
)
def test_what_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        Where.parse(url)
    assert "secret" not in str(refused.value).replace("AWS_SECRET", "")
