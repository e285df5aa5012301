"""Exceptions of the project's code, as problems."""

from __future__ import annotations

from zoneinfo import ZoneInfoNotFoundError, available_timezones

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_CALL
from leoflow_compiler.diagnostics.catalogue.evaluation import RAISES, UNKNOWN_IMPORT, UNKNOWN_NAME
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.errors import Raised, Refusal


def problem_of(raised: Raised) -> Refusal:
    """The diagnostic for an exception that nothing catches."""
    error = raised.value
    text = _text(error)
    advice = (raised.advice() if raised.advice is not None else None) or _advice(error)
    if isinstance(error, NameError):
        return Refusal(UNKNOWN_NAME, text, raised.place, help=advice)
    if isinstance(error, ImportError):
        return Refusal(UNKNOWN_IMPORT, text, raised.place, help=advice)
    if isinstance(error, TypeError) and "() " in text and "argument" in text:
        return Refusal(BAD_CALL, text, raised.place, help=advice)
    kind = type(error).__name__
    message = f"this raises {kind}: {text}" if text else f"this raises {kind}"
    return Refusal(RAISES, message, raised.place, help=advice)


def _advice(error: BaseException) -> str | None:
    """What was probably meant, as Python's own messages have it."""
    if isinstance(error, AttributeError) and isinstance(error.name, str):
        owner = error.obj if isinstance(error.obj, type) else type(error.obj)
        known = {name for kind in owner.__mro__ for name in vars(kind) if not name.startswith("_")}
        match = nearest(error.name, known)
        return f"did you mean `{match}`?" if match else None
    if isinstance(error, ZoneInfoNotFoundError):
        match = nearest(str(error.args[0]).rpartition(" ")[2], available_timezones())
        return f"did you mean `{match}`?" if match else "write a name such as `Europe/Berlin` or `UTC`"
    return None


def _text(error: BaseException) -> str:
    if isinstance(error, AttributeError) and isinstance(error.obj, type) and error.args == (error.name,):
        return f"type object '{error.obj.__name__}' has no attribute '{error.name}'"  # of an enum
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) and " " in error.args[0]:
        return error.args[0]  # a sentence, which KeyError would show in quotes
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the project's own __str__, or something opaque in it
        return ""
    return text[:300]
