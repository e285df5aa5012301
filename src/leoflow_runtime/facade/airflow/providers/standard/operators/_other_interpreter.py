"""Calling a function in another interpreter: its source as a script, arguments and value as files."""

from __future__ import annotations

import importlib
import os
import subprocess
import tempfile

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

# Annotations stay texts: they may name what only the DAG's file imports.
_SCRIPT = """\
from __future__ import annotations
import {serializer} as _serializer
import sys as _sys

with open(_sys.argv[3]) as _file:
    virtualenv_string_args = [_line.strip() for _line in _file]

{source}

with open(_sys.argv[1], "rb") as _file:
    _given = _serializer.load(_file)
try:
    _value = {name}(*_given["args"], **_given["kwargs"])
except Exception as _error:
    with open(_sys.argv[4], "w") as _file:
        _file.write(type(_error).__name__ + ": " + str(_error))
    raise
with open(_sys.argv[2], "wb") as _file:
    _serializer.dump(_value, _file)
"""


def call(operator: Any, python: str) -> Any:
    """What the operator's function returns there.

    Raises AirflowSkipException for an exit code that the operator takes for a skip, AirflowException for
    any other but 0 and for arguments that cannot be sent.
    """
    serializer = importlib.import_module(operator.serializer)
    function = operator.python_callable
    with tempfile.TemporaryDirectory(prefix="leoflow-") as scratch:
        given, left, texts, failure, script = (
            os.path.join(scratch, name) for name in ("given", "left", "texts", "failure", "script.py")
        )
        arguments = {"args": list(operator.op_args), "kwargs": dict(operator.op_kwargs)}
        with open(given, "wb") as file:
            file.write(_sent(serializer, arguments))
        with open(texts, "w") as file:
            file.write("\n".join(map(str, operator.string_args or ())))
        with open(script, "w") as file:
            source = _source(function)
            file.write(_SCRIPT.format(serializer=operator.serializer, source=source, name=function.__name__))
        code = subprocess.run(
            [python, script, given, left, texts, failure],
            stdin=subprocess.DEVNULL,
            env=_environment(operator),
            check=False,
        ).returncode
        if code in _skips(operator.skip_on_exit_code):
            raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
        if code != 0:
            raise AirflowException(f"Process returned non-zero exit status {code}.{_said(failure)}")
        with open(left, "rb") as file:
            return serializer.load(file)


def _said(path: str) -> str:
    try:
        with open(path) as file:
            return f" {file.read()}"
    except FileNotFoundError:
        return ""


def _sent(serializer: Any, arguments: dict[str, Any]) -> bytes:
    try:
        return serializer.dumps(arguments)  # type: ignore[no-any-return]
    except Exception as error:
        raise AirflowException(f"The arguments cannot be sent to another interpreter: {error}") from error


def _source(function: Any) -> str:
    """The function's own text, without its decorators: all that it needs is inside."""
    import ast
    import inspect
    import textwrap

    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise ValueError("Only a function made with def can be called in another interpreter")
    definition.decorator_list = []
    return ast.unparse(definition)


def _environment(operator: Any) -> dict[str, str]:
    """This process's, unless the task asks for none of it; the project's modules can be imported."""
    env = dict(os.environ) if operator.inherit_env else {}
    env.update(operator.env_vars or {})
    before = env.get("PYTHONPATH")
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [before, operator.dag.folder]))
    return env


def _skips(codes: Any) -> Any:
    if codes is None:
        return ()
    return codes if hasattr(codes, "__contains__") else (codes,)
