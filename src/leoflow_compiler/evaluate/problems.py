"""Exceptions of the project's code, as problems."""

from __future__ import annotations

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_CALL
from leoflow_compiler.diagnostics.catalogue.evaluation import RAISES, UNKNOWN_IMPORT, UNKNOWN_NAME
from leoflow_compiler.evaluate.errors import Raised, Refusal


def problem_of(raised: Raised) -> Refusal:
    """The diagnostic for an exception that nothing catches."""
    error = raised.value
    text = _text(error)
    if isinstance(error, NameError):
        return Refusal(UNKNOWN_NAME, text, raised.place)
    if isinstance(error, ImportError):
        return Refusal(UNKNOWN_IMPORT, text, raised.place)
    if isinstance(error, TypeError) and "() " in text and "argument" in text:
        return Refusal(BAD_CALL, text, raised.place)
    kind = type(error).__name__
    return Refusal(RAISES, f"this raises {kind}: {text}" if text else f"this raises {kind}", raised.place)


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the project's own __str__, or something opaque in it
        return ""
    return text[:300]
