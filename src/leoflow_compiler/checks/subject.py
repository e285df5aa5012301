"""What a check looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.models.graph import Dag
from leoflow_compiler.project import Project
from leoflow_runtime.light import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A project that compiles: its files as evaluated, its DAG, and the document made of it."""

    project: Project
    interpreter: Interpreter
    dag: Dag
    document: Mapping[str, Any]
