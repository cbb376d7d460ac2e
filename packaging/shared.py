"""What a wheel brings besides the package: manual pages and completions, where shells and `man` look for them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SharedHook(BuildHookInterface):
    """Adds files below `share/`, which an installation puts beside its `bin/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the manual pages and name all that is shared."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "src")))
        from boxship.cli.commands.completion import FOLDERS, SHELLS
        from boxship.cli.manual import pages

        shared = build_data["shared_data"]
        self._written = tempfile.TemporaryDirectory()  # removed with this hook
        for name, text in pages():
            page = Path(self._written.name, name)
            page.write_text(text, encoding="utf-8")
            shared[str(page)] = f"share/man/man1/{name}"
        for shell, name in SHELLS.items():
            shared[f"src/boxship/cli/shells/{name}"] = f"share/{FOLDERS[shell]}/{name.removesuffix('.bash')}"
