"""Port 80 serves to everybody, and there is no TLS on 443: the tags are there at once, whatever 443 does instead."""

from __future__ import annotations

import pytest

from tests.behaviour.ports import PLAIN_TAG
from tests.behaviour.scene import Stage, in_time

AT_443 = ["dropped", "refused", "open", "mute"]


@pytest.mark.parametrize("at_443", AT_443)
def test_what_needs_no_credential_is_listed_at_once(stage: Stage, at_443: str) -> None:
    with stage.scene({443: at_443, 80: "open"}) as scene:
        played = in_time(0.15, lambda: scene.boxship("ls", "--insecure", "reg.test/app"))
        assert (played.status, played.tags, played.stderr) == (0, [PLAIN_TAG], "")
        assert not any(request.secret for request in scene.asked(80))
