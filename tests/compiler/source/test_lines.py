"""libcst's statements and ast's, in step."""

from __future__ import annotations

import libcst as cst

from leoflow_compiler.source.tree import SourceFile, parse

TEXT = '''"""Doc."""
import os; import sys

@decorated
@twice(
    1,
)
def f(
    a,
):
    if a: return 1
    elif os: x = 1; y = 2
    else:
        for n in []:
            pass
        else:
            z = 1
    try:
        with open("x") as g, g:
            while True:
                break
    except (ValueError, TypeError) as error:
        raise
    else:
        pass
    finally:
        del a
    match a:
        case 1:
            async def inner(): pass
        case _:
            class C:
                b: int = 2

                def method(self):
                    return (
                        1
                    )
'''


class Statements(cst.CSTVisitor):
    def __init__(self, source: SourceFile) -> None:
        super().__init__()
        self.source = source
        self.checked = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        compound = isinstance(node, cst.BaseCompoundStatement)
        if isinstance(node, cst.BaseSmallStatement) or compound:
            exact = self.source.span_of(node).line
            if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
                exact = self.source.span_of(node.name).line  # ast counts from `def`
            assert self.source.line_of(node) == exact, node
            self.checked += 1
        return True


def test_every_statement_has_the_line_that_the_position_provider_gives() -> None:
    source = parse(TEXT, "dag.py")
    found = Statements(source)
    source.tree.visit(found)
    assert found.checked > 25
