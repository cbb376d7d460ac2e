"""Headers of tars that go on under another name; all else in them stays as it was."""

from __future__ import annotations

__all__ = ["renamed"]

import tarfile

from boxship.errors import UnexpectedAnswer
from boxship.image.tar_stream import BLOCK, Kind, Member

_NAME, _SIZE, _SUM, _TARGET, _PREFIX = (
    slice(0, 100),
    slice(124, 136),
    slice(148, 156),
    slice(157, 257),
    slice(345, 500),
)
_ELSEWHERE = frozenset({"path", "linkpath", "size"})  # what a pax header says instead of the header


def renamed(member: Member, name: str, target: str = "") -> bytes:
    """The member's header with this name, and of a link with this target."""
    return _patched(member, name, target) or _anew(member, name, target)


def _patched(member: Member, name: str, target: str) -> bytes:
    """The same header with other names in their fields; nothing where they do not fit."""
    written = _field(f"{name}/" if member.kind is Kind.FOLDER else name)
    leads_to = _field(target)
    header = bytearray(member.header)
    if member.extensions or not (written and leads_to) or any(header[_PREFIX]):
        return b""
    header[_NAME], header[_TARGET] = written, leads_to
    if member.kind is Kind.LINK:
        header[_SIZE] = b"00000000000\0"  # some say how long the file is, and no bytes follow
    header[_SUM] = b"        "
    header[_SUM] = b"%06o\0 " % sum(header[:BLOCK])
    return bytes(header)


def _field(text: str) -> bytes:
    """A field of 100 bytes; nothing where the text does not fit, or is no text that a field may have."""
    return text.encode().ljust(100, b"\0") if text.isascii() and len(text) <= 100 else b""


def _anew(member: Member, name: str, target: str) -> bytes:
    """A pax header that says the same."""
    try:
        info = tarfile.TarInfo.frombuf(member.header[:BLOCK], "utf-8", "surrogateescape")
    except tarfile.TarError as error:
        raise UnexpectedAnswer(f"the image's {member.name!r} has no sound header", why=str(error)) from error
    info.name, info.linkname, info.size = name, target, member.size
    info.pax_headers = {key: value for key, value in member.pax.items() if key not in _ELSEWHERE}
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape") + member.header[BLOCK:]
