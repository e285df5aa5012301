"""Telling of a missed deadline: the callback of one of the DAG's alerts."""

from __future__ import annotations

import importlib
import logging
from typing import Any

_log = logging.getLogger("task")


def tell(dag: Any, position: int, context: Any) -> None:
    """Calls it, or runs it to its end where it is async; its failure is in the log and changes nothing."""
    given = dag.deadline
    alerts = list(given) if isinstance(given, (list, tuple)) else [given]
    callback = alerts[position].callback
    _log.info("Calling the deadline's callback %s", callback.path)
    try:
        module, _, name = callback.path.rpartition(".")
        function = getattr(importlib.import_module(module), name)
        arguments = dict(callback.kwargs)
        if _takes_context(function):
            arguments["context"] = context
        result = function(**arguments)
        if hasattr(result, "cr_code"):
            import asyncio

            asyncio.run(result)
    except (Exception, SystemExit):
        _log.error("The deadline's callback %s failed", callback.path, exc_info=True)


def _takes_context(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    if code is None:
        return True
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return "context" in names or bool(code.co_flags & 0x08)  # inspect.CO_VARKEYWORDS
