"""How laws are tried: without a deadline (machines are busy at times), and without a memory in the work tree.

`pytest tests/property --hypothesis-profile=nightly` tries them for longer.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("laws", deadline=None, database=None)
settings.register_profile("nightly", settings.get_profile("laws"), max_examples=5000)
if settings.get_current_profile_name() != "nightly":
    settings.load_profile("laws")
