"""The rules that the source of boxship holds to, as functions from a module's text to complaints.

`test_architecture` walks them over src, and over small wrong sources that each must find.
"""

from __future__ import annotations

__all__ = ["MODULE_RULES", "STOREYS", "VALUES", "Module", "cycles", "read_modules"]

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeGuard

SOURCE = Path(__file__).parents[1] / "src"

VALUES = frozenset(
    {"value", "unfinished", "field", "counterpart"}
    | {"errors", "event", "digest", "media_type", "platform", "reference", "credential", "seconds", "hop", "timeline"}
)
# A module imports from its own storey and from those before it.
STOREYS: tuple[frozenset[str], ...] = (
    VALUES,
    frozenset({"spec"}),
    frozenset({"wire"}),
    frozenset({"settings"}),
    frozenset({"connect"}),
    frozenset({"auth"}),
    frozenset({"transport"}),
    frozenset({"registry"}),
    frozenset({"store", "graph", "companions", "copy"}),
    frozenset({"image"}),
    frozenset({"formats"}),
    frozenset({"artifact"}),
    frozenset({"verbs"}),
    frozenset({"client"}),
    frozenset({"sync", "audit", "prune", "doctor", "explain", "cluster", "upstream", "issuer"}),
    frozenset({"lift", "aio", *map("lifted_{}".format, ("artifacts", "changing", "extracting", "moving", "reading"))}),
    frozenset({"server"}),
    frozenset({"web"}),
    frozenset({"ui"}),
    frozenset({"cli", "__main__"}),
)
ROOMS = frozenset[str]().union(*STOREYS) | {"testing"}


def _permitted() -> Iterator[tuple[str, frozenset[str]]]:
    below = frozenset[str]()
    for storey in STOREYS:
        below |= storey
        yield from ((room, below) for room in storey)


PERMITTED: Mapping[str, frozenset[str]] = {
    **dict(_permitted()),
    # The registry shares the language with the client, and nothing else.
    "server": VALUES | {"spec", "wire", "server"},
    "testing": ROOMS - {"cli", "__main__"},
    "pytest_plugin": frozenset({"testing"}),
    "cli": ROOMS,
    # `boxship` itself loads each name when it is asked for.
    "boxship": frozenset(),
}

LONGEST = 400  # lines; a longer file holds two things
DRAWERS = frozenset({"utils", "helpers", "common", "core", "base", "misc"})
HEAVY = frozenset({"granian", "rich"})  # tens of milliseconds each
# Foreign data without a type comes in here.
BORDERS = frozenset({"boxship.spec.fields", "boxship.server.asgi", "boxship.server.database"})
Complaints = Iterator[str]


@dataclass(frozen=True, slots=True)
class Module:
    """A module's dotted name and text; a package has the name of its folder."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The module's syntax tree."""
        return _parsed(self.text)

    @property
    def room(self) -> str:
        """The part of the name that has a storey."""
        return _room(self.name)


@cache
def _parsed(text: str) -> ast.Module:
    # Each rule looks at every module, and none changes it.
    return ast.parse(text)


def _room(name: str) -> str:
    return name.split(".")[1] if "." in name else name


def read_modules(source: Path = SOURCE) -> tuple[Module, ...]:
    """Return every module under `source`."""
    paths = sorted(source.rglob("*.py"))
    names = (path.relative_to(source).with_suffix("").as_posix().replace("/", ".") for path in paths)
    return tuple(
        Module(name.removesuffix(".__init__"), path.read_text()) for name, path in zip(names, paths, strict=True)
    )


def _imported(node: ast.AST) -> list[str]:
    """Return the dotted names that a statement imports: `from a import b` is `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return []


Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.If


def _inside(tree: ast.AST, wanted: Callable[[ast.AST], TypeGuard[Block]]) -> set[ast.AST]:
    """Return the nodes in the bodies of the blocks that are wanted (of an `if`, without its `else`)."""
    blocks = [node for node in ast.walk(tree) if wanted(node)]
    return {inner for block in blocks for statement in block.body for inner in ast.walk(statement)}


def _is_function(node: ast.AST) -> TypeGuard[Block]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _is_for_types(node: ast.AST) -> TypeGuard[Block]:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def storeys(module: Module) -> Complaints:
    """Imports go one way, also those in functions and for types; only `boxship` itself names all for types."""
    if module.room not in PERMITTED:
        yield f"{module.room} has no storey: give it one in tests/architecture.py"
        return
    tree = module.tree
    excused = _inside(tree, _is_for_types) if module.name == "boxship" else set()
    for node in ast.walk(tree):
        if node not in excused:
            yield from (why for name in _imported(node) if (why := _wrong_way(module, name)))


def _wrong_way(module: Module, name: str) -> str:
    if name.startswith("."):
        return f"imports {name}, relative to itself"
    if name == "boxship":
        return "imports all of boxship"
    if not name.startswith("boxship.") or name == "boxship.__version__":
        return ""
    if _room(name) not in PERMITTED:
        return f"imports {name}: ask for it where it lives"
    return "" if _room(name) in PERMITTED[module.room] else f"imports {name}, which is not below it"


def length(module: Module) -> Complaints:
    """No file holds two things."""
    if (lines := len(module.text.splitlines())) > LONGEST:
        yield f"has {lines} lines, more than {LONGEST}"


def names(module: Module) -> Complaints:
    """No file is a drawer."""
    yield from (f"is a drawer: {part}" for part in module.name.split(".") if part in DRAWERS)


def docstring(module: Module) -> Complaints:
    """Each module says what it owns."""
    if not ast.get_docstring(module.tree):
        yield "does not say what it owns"


def _says_more(module: Module) -> bool:
    # A package of a docstring alone has nothing to declare.
    return len(module.tree.body) > 1


def declares_all(module: Module) -> Complaints:
    """Each module says what others may use, except one that is only run."""
    assigned = [target for node in module.tree.body if isinstance(node, ast.Assign) for target in node.targets]
    declared = any(isinstance(target, ast.Name) and target.id == "__all__" for target in assigned)
    if _says_more(module) and not declared and not module.name.endswith("__main__"):
        yield "has no __all__"


def future_annotations(module: Module) -> Complaints:
    """Annotations cost nothing at run time."""
    if _says_more(module) and "__future__.annotations" not in {
        name for node in module.tree.body for name in _imported(node)
    }:
        yield "lacks `from __future__ import annotations`"


def light(module: Module) -> Complaints:
    """A heavy library is imported by the function that needs it."""
    tree = module.tree
    later = _inside(tree, _is_function) | _inside(tree, _is_for_types)
    for node in ast.walk(tree):
        if node not in later:
            yield from (f"imports {name} at once" for name in _imported(node) if name.split(".")[0] in HEAVY)


def any_type(module: Module) -> Complaints:
    """`Any` stays at the borders."""
    if module.name in BORDERS:
        return
    for node in ast.walk(module.tree):
        if (isinstance(node, ast.Name) and node.id == "Any") or "typing.Any" in {*_imported(node), _dotted(node)}:
            yield f"knows Any (line {getattr(node, 'lineno', 0)})"


def _dotted(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute) else ""


MODULE_RULES: Mapping[str, Callable[[Module], Complaints]] = {
    "storeys": storeys,
    "length": length,
    "names": names,
    "docstring": docstring,
    "declares_all": declares_all,
    "annotations": future_annotations,
    "light": light,
    "any_type": any_type,
}


def cycles(modules: Iterable[Module]) -> Complaints:
    """Modules that import each other in a circle are one module."""
    by_name = {module.name: module for module in modules}
    graph = {name: _neighbours(module, by_name) for name, module in by_name.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " -> ".join(reversed(error.args[1]))


def _neighbours(module: Module, known: Mapping[str, Module]) -> set[str]:
    tree = module.tree
    excused = _inside(tree, _is_for_types) if module.name == "boxship" else set()
    found = {name for node in ast.walk(tree) if node not in excused for name in _imported(node)}
    # `from package import name`: a module of that name, or what the package itself holds.
    homes = {name if name in known else name.rpartition(".")[0] for name in found}
    return (homes & known.keys()) - {module.name, "boxship"}
