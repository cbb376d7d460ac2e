"""Which files are read, and the images that each names."""

from __future__ import annotations

__all__ = ["Reading", "read_files", "uses_in"]

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from boxship.audit import compose, kubernetes, kustomize, listing
from boxship.audit.kubernetes import Named
from boxship.audit.nodes import Node, NotYAML, items, pieces, read_nodes, scalar, shared
from boxship.audit.use import Complaint, Text, Use, Uses
from boxship.errors import InvalidSettings
from boxship.value import dataclass, field, replace

_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_PURPOSE = "reading YAML"


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read.

    Attributes:
        patterns: globs for the paths of fields that name images, besides those that Kubernetes knows.
        environment: what the variables of compose files stand for.
    """

    patterns: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_files(names: Iterable[str], stdin: bytes = b"") -> Iterator[Text | Complaint]:
    """The texts of files, of those in folders that are YAML or JSON, and of `-`, which is `stdin`; each once."""
    seen = set[Path]()
    for name in dict.fromkeys(names):
        if name == "-":
            # What was to write it has failed, perhaps: no image is no news then.
            yield _decoded("-", stdin) if stdin.strip() else Complaint("-", 0, "standard input is empty")
            continue
        path = Path(name)
        for file in _in(path) if path.is_dir() else (path,):
            place = _place(file)
            if place not in seen:
                seen.add(place)
                yield _read(file)


def uses_in(text: Text, reading: Reading) -> Uses:
    """The images that a text names, a plain list or YAML, in the order in which they stand there."""
    bare = text.text.removeprefix("\ufeff")
    offset = len(text.text) - len(bare)
    if not _is_yaml(text.file) and listing.is_list(bare):
        found = (_of_line(text, line, offset) for line in listing.lines(bare))
        return Uses(tuple(found), ())
    uses, complaints = list[Use](), list[Complaint]()
    for start, piece in pieces(bare):
        try:
            named = _named(piece, reading)
        except NotYAML as error:
            line, _ = text.place(offset + start + error.at)
            complaints.append(Complaint(text.file, line, f"this is not YAML: {error.why}"))
            continue
        environment = _environment(text, reading) if any(variables for _, variables in named) else {}
        for one, variables in named:
            made = _use(text, one, offset + start, environment if variables else None)
            (uses if isinstance(made, Use) else complaints).append(made)  # type: ignore[arg-type]
    return Uses(tuple(sorted(uses, key=lambda use: use.start)), tuple(complaints))


def _place(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError) as error:  # Python before 3.13 raises the second one
        raise InvalidSettings(str(file), why="its links go round in a loop") from error


def _in(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _ENDINGS and path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _read(file: Path) -> Text | Complaint:
    try:
        return _decoded(str(file), file.read_bytes())
    except OSError as error:
        raise InvalidSettings(str(file), why=error.strerror or str(error)) from error


def _decoded(name: str, raw: bytes) -> Text | Complaint:
    try:
        return Text(name, raw.decode())
    except UnicodeDecodeError as error:
        return Complaint(name, raw.count(b"\n", 0, error.start) + 1, "this is not UTF-8")


def _is_yaml(file: str) -> bool:
    return Path(file).suffix.lower() in _ENDINGS


def _named(piece: str, reading: Reading) -> list[tuple[Named, bool]]:
    """What a piece names, and whether variables stand for themselves there."""
    # Most objects name no image, and what they are need not be known: a list of names has no kinds.
    if not reading.patterns and "kind" in piece and "image" not in piece.lower():
        return []
    found = list[tuple[Named, bool]]()
    for root in read_nodes(piece, _PURPOSE):
        if compose.is_compose(root):
            own = [(named, True) for named in compose.find(root)]
        elif kustomize.is_kustomization(root):
            own = [(named, False) for named in kustomize.find(root)]
        elif root.id == "sequence" and all(item.id == "scalar" for item in items(root)):
            own = [(Named(item, "list"), False) for item in items(root) if scalar(item)]
        else:
            own = [(named, False) for named in kubernetes.find(root, reading.patterns)]
        others = shared(root) if "*" in piece else None
        found += own if not others else [(replace(one, shared=id(one.node) in others), filled) for one, filled in own]
    return found


def _environment(text: Text, reading: Reading) -> Mapping[str, str]:
    """What variables stand for: what the environment says, then the `.env` file beside."""
    beside = Path(text.file).with_name(".env")
    if text.file == "-" or not beside.is_file():
        return reading.environment
    return {**compose.read_env(beside.read_text("utf-8", "replace")), **reading.environment}


def _use(text: Text, named: Named, offset: int, environment: Mapping[str, str] | None) -> Use | Complaint:
    """The use, with its variables filled in where there may be any."""
    node: Node = named.node
    start, end = offset + node.start_mark.index, offset + node.end_mark.index
    line, column = text.place(start)
    if named.why:
        return Complaint(text.file, line, f"{named.what}: {named.why}")
    written = (scalar(node) or "").strip()
    try:
        image = named.image or (written if environment is None else compose.filled(written, environment))
    except compose.Unset as error:
        words = f"{named.what}: nobody says what the variable {error.name} of {written} stands for"
        return Complaint(text.file, line, words)
    return Use(image, text.file, line, column, named.what, start, end, written, apart=named.apart, shared=named.shared)


def _of_line(text: Text, line: listing.Line, offset: int) -> Use:
    start = offset + line.start
    number, column = text.place(start)
    end = start + len(line.image)
    return Use(line.image, text.file, number, column, "list", start, end, line.image, line.digest, is_yaml=False)
