"""Small wrong changes of a module's source, each of which a test should notice. Pure."""

from __future__ import annotations

__all__ = ["Mutant", "mutants"]

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the bytes from `start` to `end`, which begin in `line`, are `after` instead of `before`."""

    line: int
    start: int
    end: int
    before: str
    after: str

    def of(self, source: bytes) -> bytes:
        """The module with this change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants(source: bytes) -> list[Mutant]:
    """Every change of this module that is made here, in its order; no two make the same text.

    Texts, annotations and what only a type checker sees stay as they are: who reads them is no test.
    """
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[tuple[int, int, str], Mutant] = {}
    for node, changed in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        found.setdefault((start, end, changed), Mutant(node.lineno, start, end, source[start:end].decode(), changed))
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


Node = ast.expr | ast.stmt


def _changes(tree: ast.AST) -> Iterator[tuple[Node, str]]:
    for node in _in_use(tree):
        if isinstance(node, ast.expr):
            for changed in _other_expressions(node):
                # In parentheses it is one thing wherever it stands.
                yield node, f"({ast.unparse(ast.fix_missing_locations(changed))})"
        elif isinstance(node, ast.stmt):
            for text in _other_statements(node):
                yield node, text
            if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
                yield node.test, f"(not ({ast.unparse(node.test)}))"


def _in_use(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that do something when the program runs."""
    if isinstance(node, ast.JoinedStr):
        return  # a text with values in it
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _in_use(child)


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[operator]):
            yield _with(node, ops=[_OPPOSITE[type(operator)]()])
        case ast.BoolOp() | ast.BinOp() if type(node.op) in _OPPOSITE and not _is_type(node):
            yield _with(node, op=_OPPOSITE[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int() | float() as number):
            yield _with(node, value=number + 1)
        case ast.IfExp():
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _other_statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await() | ast.YieldFrom()) | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "pass"
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "return None"  # what is false already says the same to most who ask
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"


def _with(node: ast.expr, **fields: object) -> ast.expr:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _is_type(node: ast.expr) -> bool:
    """Whether `A | B` is an alternative of types, as in an alias: classes have capitals, and so has None."""
    names = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and all(name[:1].isupper() for name in names)
