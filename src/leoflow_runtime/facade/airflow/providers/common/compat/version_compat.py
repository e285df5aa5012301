"""Which releases of Airflow this is at least: `AIRFLOW_V_3_1_PLUS` and its like."""

from __future__ import annotations

_VERSION = (3, 2, 2)


def __getattr__(name: str) -> bool:
    digits = name[len("AIRFLOW_V_") : -len("_PLUS")].split("_")
    if not (name.startswith("AIRFLOW_V_") and name.endswith("_PLUS") and all(map(str.isdigit, digits))):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return tuple(map(int, digits)) <= _VERSION
