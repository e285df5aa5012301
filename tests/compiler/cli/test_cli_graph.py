"""Drawings of a document."""

from pathlib import Path

from leoflow_compiler.cli.drawing import as_dot, as_mermaid, as_text
from tests.compiler.cli.cli_runner import Leoflow

DOCUMENT = {
    "dag_id": "sales",
    "task_groups": [{"group_id": "load"}],
    "tasks": [
        {"task_id": "extract", "type": "python"},
        {"task_id": "load.a", "type": "bash", "task_group": "load", "depends_on": ["extract"]},
        {
            "task_id": "load.b",
            "type": "python",
            "task_group": "load",
            "depends_on": ["extract"],
            "edge_labels": {"extract": 'the "b" side'},
        },
        {
            "task_id": "done",
            "type": "empty",
            "depends_on": ["load.a", "load.b"],
            "trigger_rule": "all_done",
        },
    ],
}


def test_text_lists_tasks_in_an_order_in_which_they_can_run() -> None:
    assert as_text(DOCUMENT) == (
        "sales (4 tasks)\n"
        "  extract  python\n"
        "  load.a   bash    ← extract\n"
        "  load.b   python  ← extract\n"
        "  done     empty   ← load.a, load.b  (all_done)\n"
    )


def test_mermaid() -> None:
    assert as_mermaid(DOCUMENT) == (
        "flowchart LR\n"
        '  t0["extract"]\n'
        '  t3["done"]\n'
        '  subgraph g0["load"]\n'
        '    t1["load.a"]\n'
        '    t2["load.b"]\n'
        "  end\n"
        "  t0 --> t1\n"
        '  t0 -->|"the #quot;b#quot; side"| t2\n'
        "  t1 --> t3\n"
        "  t2 --> t3\n"
    )


def test_dot() -> None:
    assert as_dot(DOCUMENT) == (
        'digraph "sales" {\n'
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  "extract";\n'
        '  "done";\n'
        '  subgraph "cluster_load" {\n'
        '    label="load";\n'
        '    "load.a";\n'
        '    "load.b";\n'
        "  }\n"
        '  "extract" -> "load.a";\n'
        '  "extract" -> "load.b" [label="the \\"b\\" side"];\n'
        '  "load.a" -> "done";\n'
        '  "load.b" -> "done";\n'
        "}\n"
    )


def test_the_command_draws_a_project(leoflow: Leoflow, hello: Path) -> None:
    assert leoflow("graph", "hello").out == "hello (2 tasks)\n  greet  python\n  shout  python  ← greet\n"
    assert leoflow("graph", "hello", "--format", "mermaid").out.startswith("flowchart LR\n")
