"""Which releases of Airflow this is at least, under the provider's own path."""

from __future__ import annotations

from airflow.providers.common.compat import version_compat


def __getattr__(name: str) -> bool:
    return version_compat.__getattr__(name)
