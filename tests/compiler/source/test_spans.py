"""Where nodes stand: lines as Python counts them, columns in characters."""

from __future__ import annotations

import ast

import pytest

from leoflow_compiler.source.tree import SourceFile, parse

TEXT = """\
import os
größe = "ü" + naïve(os, 1)

@decorated
async  def  f(a):
    return (
        a
    )

class C(Base): pass
"""


@pytest.fixture(params=["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def source(request: pytest.FixtureRequest) -> SourceFile:
    return parse(TEXT.replace("\n", request.param), "dag.py")


def at(source: SourceFile, node: ast.AST) -> tuple[int, int, int, int]:
    span = source.span_of(node)
    return span.line, span.column, span.end_line, span.end_column


def test_columns_count_characters(source: SourceFile) -> None:
    assign = source.tree.body[1]
    assert isinstance(assign, ast.Assign)
    assert isinstance(assign.value, ast.BinOp)
    assert at(source, assign.value.right) == (2, 15, 2, 27)
    assert source.code_of(assign.value.right) == "naïve(os, 1)"


def test_a_definition_is_shown_by_its_name(source: SourceFile) -> None:
    function, cls = source.tree.body[2:]
    assert at(source, function) == (5, 13, 5, 14)
    assert at(source, cls) == (10, 7, 10, 8)


def test_a_statement_of_several_lines(source: SourceFile) -> None:
    function = source.tree.body[2]
    assert isinstance(function, ast.AsyncFunctionDef)
    assert at(source, function.body[0]) == (6, 5, 8, 6)


def test_a_whole_file_is_its_first_line(source: SourceFile) -> None:
    assert at(source, source.tree)[:2] == (1, 0)


def test_code_of_several_lines_is_as_written(source: SourceFile) -> None:
    call = parse("x = f(\n  1,\n)", "dag.py").tree.body[0]
    assert isinstance(call, ast.Assign)
    assert parse("x = f(\n  1,\n)", "dag.py").code_of(call.value) == "f(\n  1,\n)"
