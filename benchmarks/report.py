"""The machine, and the results as a table and as JSON."""

from __future__ import annotations

__all__ = ["grid", "keep", "machine", "read", "table", "write"]

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from beside import draw_beside
from measure import Row, Sides
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


def write(
    folder: Path, name: str, described: Mapping[str, str], sections: Mapping[str, Sequence[Row]], notes: Sequence[str]
) -> Path:
    """Write `<name>.md` and `<name>.json`, with a drawing of each section and one of all ratios; returns the first."""
    sections = {title: each for title, each in sections.items() if each}
    rows = [(title, row) for title, each in sections.items() for row in each]
    facts = "\n".join(f"- {fact}: {value}" for fact, value in described.items())
    words = "\n".join(f"- {note}" for note in notes)
    ratios = draw([row for _, row in rows])
    pictured = _picture(folder, name, ratios, "how many times as fast as the others; the marks are to be reached")
    parts = [f"# {name}", facts, words, pictured]
    for number, (title, each) in enumerate(sections.items(), 1):
        drawn = draw_beside([row.sides for row in each if row.sides])
        parts += [f"## {title}", table(each), _picture(folder, f"{name}-{number}", drawn, f"{title}, side by side")]
    text = "\n\n".join(part for part in parts if part) + "\n"
    kept = [{"section": title, **asdict(row)} for title, row in rows]
    document = {"date": name, "machine": described, "rows": kept, "notes": list(notes)}
    return keep(folder, name, text, document)


def read(kept: Path) -> tuple[dict[str, str], dict[str, list[Row]], list[str]]:
    """The machine, the rows by section, and the notes, as `write` kept them: what it makes the same page of again."""
    document = json.loads(kept.read_text())
    sections: dict[str, list[Row]] = {}
    for row in document["rows"]:
        if "section" not in row:
            raise ValueError(f"{kept} does not say which section a row is of: it is older than such pages")
        sides = Sides(**row["sides"]) if row["sides"] else None
        sections.setdefault(row.pop("section"), []).append(Row(**{**row, "sides": sides}))
    return document["machine"], sections, document["notes"]


def _picture(folder: Path, name: str, drawn: str, words: str) -> str:
    """Write a drawing, if there is one; returns what the page has of it."""
    if not drawn:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(drawn)
    return f"![{words}]({name}.svg)"


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
