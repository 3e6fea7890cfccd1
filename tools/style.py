# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of CONTRIBUTING.md that ruff does not know: short functions, short files, flat code, documented names.

Not counted: docstrings, blank lines and comments, and the documentation of a module, which Ansible keeps in its source.
Use: `python3 tools/style.py FILE...` (paths relative to the repository)
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 25
FILE_LINES = 250
NESTING = 2
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ANSIBLE_DOCS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
LICENCES = {"nova_root_volume": "SPDX-License-Identifier: Apache-2.0"}
"""Of the parts of the repository that have another one: the filter shall be able to become a part of Nova."""


def code_lines(source: str) -> set[int]:
    """Returns the numbers of the lines that hold code, those inside a string of several lines included."""
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def documentation(tree: ast.AST) -> set[int]:
    """Returns the numbers of the lines that are docstrings or documentation of an Ansible plugin."""
    bodies = [body for node in ast.walk(tree) if isinstance(body := getattr(node, "body", None), list)]
    texts = [body[0] for body in bodies if body and _is_text(body[0])]
    texts += [node for body in bodies for node in body if _is_ansible_docs(node)]
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ansible_docs(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and bool(ANSIBLE_DOCS & {ast.unparse(target) for target in node.targets})


def depth(node: ast.AST) -> int:
    """Returns how deep blocks are nested in a function; `elif` is a branch of its `if`, not a level."""
    children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, FUNCTIONS)]
    return max((depth(child) + _is_level(child, node) for child in children), default=0)


def _is_level(node: ast.AST, parent: ast.AST) -> bool:
    is_elif = isinstance(node, ast.If) and isinstance(parent, ast.If) and parent.orelse == [node]
    return isinstance(node, BLOCKS) and not is_elif


def undocumented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the public functions and classes without a docstring; methods of private classes are private."""
    bodies = [tree.body] + [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    for node in [node for body in bodies for node in body]:
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.lineno, f"{node.name} is public and has no docstring"


def is_api(path: str) -> bool:
    """Tells whether public names need docstrings: names of tests say it, Ansible keeps docs of modules elsewhere."""
    if path.startswith("tests/cloud/"):
        return True
    return "tests" not in path.split("/") and not path.startswith(("plugins/modules/", "plugins/doc_fragments/"))


def complaints(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Yields line number and text of each violation in one file."""
    tree = ast.parse(source)
    lines = code_lines(source) - documentation(tree)
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines of code, at most {FILE_LINES}"
    licence = LICENCES.get(path.split("/", maxsplit=1)[0], LICENCE)
    if source.strip() and licence not in source[:600]:
        yield 1, f"no line {licence!r} at the top"
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            size = len([line for line in lines if node.lineno <= line <= (node.end_lineno or 0)])
            yield from [(node.lineno, f"{node.name}: {size} lines, at most {FUNCTION_LINES}")] * (size > FUNCTION_LINES)
            deep = depth(node)
            yield from [(node.lineno, f"{node.name}: blocks {deep} deep, at most {NESTING}")] * (deep > NESTING)
    if is_api(path):
        yield from undocumented(tree)


def main(paths: list[str]) -> None:
    """Checks the given files; exits 1 if one breaks a rule."""
    found = [
        f"{path}:{line}: {text}"
        for path in paths
        for line, text in sorted(complaints(path, Path(path).read_text(encoding="utf-8")))
    ]
    print("\n".join(found) or f"style: {len(paths)} files keep the rules")
    if found or not paths:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
