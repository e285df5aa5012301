"""Functions that are told what became of a task. Whatever they do, the outcome stays what it is."""

from __future__ import annotations

import logging
from typing import Any, Callable, List, Optional

from leoflow_runtime.child import dialect

_log = logging.getLogger("task")
# The state that a try ends in -> who is told.
_BY_STATE = {
    "success": "on_success_callback",
    "failed": "on_failure_callback",
    "up_for_retry": "on_retry_callback",
    "skipped": "on_skipped_callback",
}


def tell(task: dialect.Operator, state: str, context: Any, error: Optional[BaseException]) -> bool:
    """Calls those who want to know that the try has ended in `state`. False: nobody does."""
    kind = _BY_STATE.get(state)
    if kind is None or not functions(task, kind):
        return False
    if error is not None:
        context["exception"] = error
    context["ti"].state = state
    call(task, kind, context)
    return True


def call(owner: Any, kind: str, context: Any) -> None:
    """Each callback of that kind, of a task or a DAG; the exceptions of one are logged and end it alone."""
    for index, function in enumerate(functions(owner, kind)):
        name = getattr(function, "__qualname__", type(function).__qualname__)
        _log.info("Calling %s %s", kind, name)
        try:
            function(context)
        except (Exception, SystemExit):
            _log.error("%s %s (number %d) failed", kind, name, index + 1, exc_info=True)


def functions(owner: Any, kind: str) -> List[Callable[[Any], Any]]:
    """One function or several, as the author wrote it."""
    given = getattr(owner, kind, None)
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]
