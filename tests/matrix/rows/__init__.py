"""The rows of the matrix, by subject."""

from __future__ import annotations

__all__ = ["ROWS", "SUBJECTS"]

from collections.abc import Mapping

from tests.matrix.row import Row
from tests.matrix.rows import addresses, delays, losses, memory, permission, ports, proxies, written

SUBJECTS: Mapping[str, tuple[Row, ...]] = {
    "Ports 443 and 80, with `--insecure` and a credential": ports.ROWS,
    "Long ways": delays.ROWS,
    "Lost packets and middleboxes": losses.ROWS,
    "Several addresses": addresses.ROWS,
    "Ports that are written": written.ROWS,
    "What was said about plain HTTP": permission.ROWS,
    "Proxies": proxies.ROWS,
    "What is remembered": memory.ROWS,
}
ROWS: Mapping[str, Row] = {row.name: row for rows in SUBJECTS.values() for row in rows}
