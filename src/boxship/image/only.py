"""A layer as if one folder of the image were all of it."""

from __future__ import annotations

__all__ = ["Only"]

from boxship.errors import UnexpectedAnswer
from boxship.image.above import OPAQUE, Above, clean
from boxship.image.tar_stream import Kind, Member
from boxship.value import replace


class Only:
    """What is in `folder`, a name from the root on; '' takes everything."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def taken(self, name: str, member: Member) -> tuple[str, Member] | None:
        """A member by its name from the folder on; None for what is elsewhere.

        What removes or replaces the folder, or one that it is in, is as if its whole content were whited out.
        """
        if not self._folder:
            return name, member
        inside = self._inside(name)
        if inside is not None and (inside or member.kind is Kind.FOLDER):
            return inside, self._linked(member)
        return (OPAQUE, member) if self._is_gone(name, member) else None

    def _inside(self, name: str) -> str | None:
        if name == self._folder:
            return ""
        return name.removeprefix(f"{self._folder}/") if name.startswith(f"{self._folder}/") else None

    def _is_gone(self, name: str, member: Member) -> bool:
        here = Above()
        folder, _, base = name.rpartition("/")
        if not here.takes(folder, base) and member.kind is not Kind.FOLDER:
            here.leaves.add(name)
        return here.covers(f"{self._folder}/")

    def _linked(self, member: Member) -> Member:
        if member.kind is not Kind.LINK:
            return member
        target = self._inside(clean(member.target))
        if not target:
            why = f"it is a hard link to {member.target}, which is not in {self._folder}"
            raise UnexpectedAnswer(
                f"the image's {member.name!r} cannot be made", why=why, remedy="take a folder above both"
            )
        return replace(member, target=target)
