"""Answers as bytes: msgspec writes them, aware datetimes come out as RFC 3339 with Z."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from fastapi import Response

_encoder = msgspec.json.Encoder(decimal_format="number")
NDJSON = "application/x-ndjson"


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encoder.encode(value), status, headers, "application/json")


def nothing() -> Response:
    return Response(status_code=204)


def lines(values: Iterable[Any]) -> bytes:
    """One JSON document a line."""
    return _encoder.encode_lines(list(values))
