"""What Airflow 3 has no longer is there for files that need it, and not for those that ask in a `try`.

A file written for Airflow 2 imports `airflow.operators.dummy`, and is to work. One written for both releases
imports it in a `try`, and expects that to fail in Airflow 3. The compiler takes the old spelling, with a
warning, unless an exception would be caught. Here the same is asked of the running frames, so that both see
one DAG.

A module that some other file imports outside of a `try` is there for everyone afterwards; Airflow 3 could not
load such a project at all.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    import ast
    from types import FrameType

_OURS = __file__[: -len("_protected.py")]
_trees: dict[str, ast.AST | None] = {}


def is_protected() -> bool:
    """Whether an exception raised now would meet a handler in the code that called this `airflow`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if frame.f_globals.get("__name__", "").startswith("leoflow_runtime."):
            return False
        if not filename.startswith((_OURS, "<frozen ")) and _is_in_try(filename, frame.f_lineno):
            return True
        frame = frame.f_back
    return False


def _is_in_try(filename: str, line: int) -> bool:
    if filename not in _trees:
        _trees[filename] = _parsed(filename)
    tree = _trees[filename]
    return tree is not None and _covers(tree, line)


def _parsed(filename: str) -> ast.AST | None:
    import ast

    try:
        with open(filename, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None  # Code without a file: nothing is known of it.


def _covers(tree: ast.AST, line: int) -> bool:
    """Whether a `try` with handlers, or `with suppress(…)`, of the line's own function is around the line."""
    import ast

    covered = False
    children = list(ast.iter_child_nodes(tree))
    while children:
        node = children.pop()
        if not isinstance(node, (ast.stmt, ast.ExceptHandler)) or not _has_line([node], line):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _has_line(node.body, line):
            covered = False  # What is around a function is not around its calls.
        elif isinstance(node, ast.Try) and node.handlers and _has_line(node.body, line):
            covered = True
        elif isinstance(node, ast.With) and _has_line(node.body, line):
            calls = [item.context_expr for item in node.items]
            covered = covered or any(
                isinstance(call, ast.Call) and ast.unparse(call.func).endswith("suppress") for call in calls
            )
        children = list(ast.iter_child_nodes(node))
    return covered


def _has_line(nodes: list[ast.AST], line: int) -> bool:
    return nodes[0].lineno <= line <= nodes[-1].end_lineno
