"""A decorator that operators needed in Airflow 1."""

from __future__ import annotations

from airflow._protected import is_protected

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


def _apply_defaults(function: Any) -> Any:
    """As it is: every operator applies `default_args`."""
    return function


def __getattr__(name: str) -> Any:
    if name == "apply_defaults" and not is_protected():
        return _apply_defaults
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
