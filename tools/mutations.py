# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small changes of Python sources: another comparison, another number, a negated condition, nothing returned."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

#: Each operator and what takes its place.
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
}  # fmt: skip

#: No test can notice a change of these.
LEFT_OUT = {"annotation", "returns", "decorator_list", "type_params"}


@dataclass(frozen=True)
class Site:
    """A place and a change.

    :param lines: those of the statement, without the statements in it.
    :param apply: makes the change in the tree of which the site is.
    """

    line: int
    lines: range
    text: str
    apply: Callable[[], None]


def sites(source: str) -> list[Site]:
    """Returns all changes of a source, in a fixed order."""
    return list(_sites(ast.parse(source), range(0)))


def mutated(source: str, number: int) -> str:
    """Returns the source with one change: the one that has this number in `sites`."""
    tree = ast.parse(source)
    list(_sites(tree, range(0)))[number].apply()
    return ast.unparse(ast.fix_missing_locations(tree))


def _sites(parent: ast.AST, lines: range) -> Iterator[Site]:
    for field, index, child in _children(parent):
        own = _own_lines(child) if isinstance(child, ast.stmt) else lines
        yield from _here(parent, field, index, child, own)
        yield from _sites(child, own)


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """Field, index in it if it is a list, and node."""
    for field, value in ast.iter_fields(parent):
        pairs = enumerate(value) if isinstance(value, list) else [(None, value)]
        yield from ((field, at, node) for at, node in pairs if isinstance(node, ast.AST) and field not in LEFT_OUT)


def _here(parent: ast.AST, field: str, index: int | None, child: ast.AST, lines: range) -> Iterator[Site]:
    condition = field in ("test", "ifs")
    negated = [ast.UnaryOp(ast.Not(), child)] if condition and isinstance(child, ast.expr) else []
    for new in [*_variants(child), *negated]:
        text = f"{_short(child)} -> {_short(new)}"
        yield Site(getattr(child, "lineno", 0), lines, text, partial(_put, parent, field, index, new))


def _put(parent: ast.AST, field: str, index: int | None, new: ast.AST) -> None:
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(None)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        new = copy.copy(node)
        new.ops = [SWAPS[type(node.ops[0])](), *node.ops[1:]]  # type: ignore[list-item]
        yield new
    elif isinstance(node, (ast.BoolOp, ast.BinOp)) and type(node.op) in SWAPS:
        new_op = copy.copy(node)
        new_op.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        yield new_op


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _own_lines(statement: ast.stmt) -> range:
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else (statement.end_lineno or statement.lineno)
    return range(statement.lineno, max(end, statement.lineno) + 1)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
