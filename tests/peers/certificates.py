"""Certificates made on the spot, by an authority that no machine trusts."""

from __future__ import annotations

__all__ = ["Certificate", "issue"]

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files in PEM: a server's chain and key, and the root that a client has to trust."""

    chain: Path
    key: Path
    root: Path


def issue(
    folder: Path, *names: str, authority: trustme.CA | None = None, not_after: datetime | None = None
) -> Certificate:
    """Return a certificate for host names and addresses; a `not_after` in the past makes an expired one."""
    authority = authority or trustme.CA()
    leaf = authority.issue_cert(*names, not_after=not_after)
    files = Certificate(chain=folder / "chain.pem", key=folder / "key.pem", root=folder / "root.pem")
    files.chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    files.key.write_bytes(leaf.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(files.root))
    return files
