"""What is wanted, as a file writes it: boxship's own YAML, regsync's or skopeo's, told apart by what is in them."""

from __future__ import annotations

__all__ = ["parse_written"]

from boxship.errors import InvalidSettings
from boxship.settings.yaml_file import parse_yaml
from boxship.sync.own import parse_own
from boxship.sync.regsync import is_regsync, parse_regsync
from boxship.sync.skopeo import parse_skopeo
from boxship.sync.wish import Written


def parse_written(text: str, file: str, *, target: str = "", scoped: bool = False) -> Written:
    """What the file asks for; only skopeo's has its target told. `InvalidSettings`, or `MissingExtra` of `yaml`."""
    top = parse_yaml(text, file, plain=True)
    if not top.values:
        raise InvalidSettings(file, why="it asks for nothing", remedy="docs/sync.md has an example")
    is_skopeo = not (top.has("sync") or is_regsync(top))
    if is_skopeo:
        return parse_skopeo(top, target, scoped=scoped)
    if scoped:
        raise InvalidSettings("--scoped", why=f"{file} says its targets itself", remedy="leave it out")
    if target:
        raise InvalidSettings(file, why="it says its targets itself", remedy=f"leave out {target}")
    return parse_regsync(top) if is_regsync(top) else parse_own(top)
