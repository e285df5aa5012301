"""Where variables and connections come from: the child sets it before the user's code runs."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class Backend:
    """What a process can be asked for. Values are texts; None means there is none."""

    def get_variable(self, key: str) -> str | None:
        return None

    def set_variable(self, key: str, value: str | None, description: str | None) -> None:
        raise RuntimeError("Variables can be changed only while a task runs.")

    def get_connection(self, conn_id: str) -> str | None:
        return None

    def trigger_run(self, dag_id: str, **wanted: Any) -> dict[str, Any]:
        raise RuntimeError("Runs can be started only while a task runs.")

    def get_states(self, dag_id: str, **wanted: Any) -> dict[str, Any]:
        raise RuntimeError("States can be asked for only while a task runs.")

    def get_latest_window(self) -> dict[str, Any]:
        raise RuntimeError("What is latest can be asked for only while a task runs.")


_current = Backend()


def current() -> Backend:
    """The backend of this process."""
    return _current


def use(backend: Backend) -> Backend:
    """Replace the backend of this process; returns the one before."""
    global _current
    before, _current = _current, backend
    return before
