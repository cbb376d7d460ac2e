"""Which of the trusted files holds a certificate, so that it can be said by which a chain was believed."""

from __future__ import annotations

__all__ = ["file_with"]

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from boxship.settings.roots import files_in, system_bundle, system_directories
from boxship.settings.trust import Trust


def file_with(trust: Trust, encoded: bytes) -> str:
    """The file with that certificate (in DER), and who named it; '' where none has it, as with Windows' own store."""
    wanted = b64encode(encoded)
    return next((told for path, told in _files(trust) if _holds(path, wanted)), "")


def _files(trust: Trust) -> Iterator[tuple[Path, str]]:
    """Every file that counts, the user's own first."""
    for named in (*trust.added, *((trust.file,) if trust.file else ())):
        yield Path(named.value), str(named)
    for directory in trust.directories:
        for path in files_in(Path(directory.value)):
            yield path, f"{path} ({directory.source})"
    bundle = None if trust.file else system_bundle()
    if bundle:
        yield bundle, f"{bundle} (the system's)"
    if not trust.directories:
        for path in (path for directory in system_directories() for path in files_in(directory)):
            yield path, f"{path} (the system's)"


def _holds(path: Path, wanted: bytes) -> bool:
    if not path.is_file():
        return False  # a pipe has said all that it does
    with suppress(OSError):
        # PEM breaks its lines where it likes (RFC 7468, 2).
        return wanted in b"".join(path.read_bytes().split())
    return False
