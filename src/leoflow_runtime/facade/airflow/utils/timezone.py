"""Time zones under their older path."""

from __future__ import annotations

from airflow.sdk.timezone import (  # noqa: F401
    coerce_datetime,
    convert_to_utc,
    datetime,
    is_localized,
    is_naive,
    make_aware,
    make_naive,
    parse,
    utc,
    utc_epoch,
    utcnow,
)
