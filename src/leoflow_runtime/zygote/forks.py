"""What the standard library does after each fork about threads, left out where there are none.

`threading` and `logging` make their locks anew in a forked child, in case another thread held one; `random`
draws a new seed. In a child of a few milliseconds this is a fifth of its time. The zygote forks with one
thread, which holds no lock, and seeds the generators itself. So it keeps the hooks that are asked for while
the DAG is imported. Are they the standard library's alone, then forks go without them, and each child
registers them for itself, for the processes that the task may fork. Else all are registered as ever.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, List, Tuple

# Modules whose hooks have nothing to do where there is one thread, beyond what `reseed` does.
_WITHOUT_EFFECT = {"threading", "logging", "random"}

_register: Callable[..., None] = os.register_at_fork
_kept: List[Tuple[str, Dict[str, Callable[[], Any]]]] = []  # the module that asks, what it asks for


def keep() -> None:
    """From now on hooks are not registered, but kept."""
    os.register_at_fork = _keep  # type: ignore[assignment]


def settle() -> bool:
    """Registers what was kept if any of it may be needed; True if forks can go without."""
    if {module for module, _ in _kept} <= _WITHOUT_EFFECT and _one_thread():
        return True
    register()
    return False


def register() -> None:
    """Registers what was kept, and whatever is asked for from now on; in a child, too."""
    os.register_at_fork = _register
    while _kept:
        _, hooks = _kept.pop(0)
        _register(**hooks)


def _keep(**hooks: Callable[[], Any]) -> None:
    _kept.append((sys._getframe(1).f_globals.get("__name__", ""), hooks))


def _one_thread() -> bool:
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1
