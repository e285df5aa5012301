"""How an exception is shown: as Airflow's UI draws it, and as one sentence."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Dict, List, Optional, Set

from leoflow_runtime.child import dialect

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MACHINERY = (_OURS, dialect.FACADE + os.sep)
_MESSAGE_LIMIT = 1000
_FRAMES_LIMIT = 100


def one_line(error: BaseException) -> str:
    """`Type: text`, the text's first line, cut at 1,000 characters."""
    text = _text(error).strip()
    first = text.splitlines()[0] if text else ""
    name = type(error).__name__
    return (f"{name}: {first}" if first else name)[:_MESSAGE_LIMIT]


def error_detail(error: BaseException) -> List[Dict[str, Any]]:
    """The exception and what led to it, in the shape that Airflow 3 writes and its UI draws."""
    details: List[Dict[str, Any]] = []
    seen: Set[int] = set()
    current: Optional[BaseException] = error
    is_cause = False
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        details.append(_one(current, is_cause))
        if current.__cause__ is not None:
            current, is_cause = current.__cause__, True
        elif current.__context__ is not None and not current.__suppress_context__:
            current, is_cause = current.__context__, False
        else:
            current = None
    return details


def _one(error: BaseException, is_cause: bool) -> Dict[str, Any]:
    members = getattr(error, "exceptions", ())
    is_group = isinstance(members, tuple) and bool(members) and isinstance(members[0], BaseException)
    return {
        "exc_type": type(error).__name__,
        "exc_value": _text(error),
        "exc_notes": [str(note) for note in getattr(error, "__notes__", ())],
        "syntax_error": _syntax(error) if isinstance(error, SyntaxError) else None,
        "is_cause": is_cause,
        "frames": _frames(error.__traceback__),
        "is_group": is_group,
        "exceptions": [error_detail(member) for member in members] if is_group else [],
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:
        return f"<the text of this {type(error).__name__} cannot be made: {type(broken).__name__}>"


def _syntax(error: SyntaxError) -> Dict[str, Any]:
    return {
        "offset": error.offset or 0,
        "filename": error.filename or "?",
        "line": error.text or "",
        "lineno": error.lineno or 0,
        "msg": error.msg,
    }


def _frames(traceback: Optional[TracebackType]) -> List[Dict[str, Any]]:
    """The frames from the user's first one on; ours only where there is nothing else."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append({"filename": code.co_filename, "lineno": traceback.tb_lineno, "name": code.co_name})
        traceback = traceback.tb_next
    for index, frame in enumerate(frames):
        if not str(frame["filename"]).startswith(_MACHINERY):
            frames = frames[index:]
            break
    if len(frames) > _FRAMES_LIMIT:
        half = _FRAMES_LIMIT // 2
        frames = frames[:half] + frames[-half:]
    return frames


def exit_text(code: Any) -> str:
    """What `sys.exit(code)` meant."""
    if code is None or isinstance(code, int):
        return f"The task called sys.exit({code})."
    return f"The task called sys.exit with the message: {code}"
