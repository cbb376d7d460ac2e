"""The machine, and the results as a table and as JSON."""

from __future__ import annotations

__all__ = ["grid", "keep", "machine", "table", "write"]

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from measure import Row
from plot import draw
from programs import versions

from boxship import __version__

_COLUMNS = ("what", "target", "measured", "spread", "holds")


def machine() -> dict[str, str]:
    """What the numbers were measured on, and with."""
    cpu = _field("/proc/cpuinfo", "model name") or platform.machine()
    memory = int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1024**2
    return {
        "CPU": f"{cpu}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "boxship": __version__,
        **versions(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    return grid([_COLUMNS, *((row.name, row.target, row.measured, row.spread, row.holds) for row in rows)])


def grid(cells: Sequence[Sequence[str]]) -> str:
    """A head and lines as a Markdown table whose columns stand under one another in a terminal, too."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(line, widths) for line in cells]
    return "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def write(folder: Path, name: str, described: Mapping[str, str], rows: Sequence[Row], notes: Sequence[str]) -> Path:
    """Write `<name>.md` and `<name>.json`, with a drawing of what moves bytes; returns the first."""
    facts = "\n".join(f"- {name}: {value}" for name, value in described.items())
    words = "\n".join(f"- {note}" for note in notes)
    drawn = draw(rows)
    if drawn:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.svg").write_text(drawn)
    picture = f"![how many times as fast as the others; the marks are to be reached]({name}.svg)" if drawn else ""
    parts = (f"# {name}", facts, table(rows), picture, words)
    text = "\n\n".join(part for part in parts if part) + "\n"
    document = {"date": name, "machine": described, "rows": [asdict(row) for row in rows], "notes": list(notes)}
    return keep(folder, name, text, document)


def keep(folder: Path, name: str, text: str, document: Mapping[str, object]) -> Path:
    """Write what was measured as a page and as JSON, both of that name; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(f"{json.dumps(document, indent=1)}\n")
    page = folder / f"{name}.md"
    page.write_text(text)
    return page


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
