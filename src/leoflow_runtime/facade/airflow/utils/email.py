"""Mail."""

from __future__ import annotations

from airflow.sdk.definitions._internal.unsupported import refuse


def send_email(*args: object, **kwargs: object) -> None:
    """Not offered."""
    refuse("airflow.utils.email.send_email()")
