"""Values that people type, checked before anything is sent."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit


def json_object(text: str) -> dict[str, Any]:
    """A JSON object, or `@FILE` for a file that holds one. Raises UserError."""
    source = "--conf"
    if text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UserError(f"{source!r} cannot be read: {reason}", exit_code=Exit.MISUSE) from error
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"{source} is not JSON: {error}", exit_code=Exit.MISUSE) from error
    if not isinstance(value, dict):
        raise UserError(f'{source} must be a JSON object such as {{"key": 1}}', exit_code=Exit.MISUSE)
    return value


def moment(text: str) -> str:
    """An ISO 8601 moment with an offset, as it goes over the wire. Raises UserError."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{text!r} is no time such as 2026-01-31T00:00:00Z", exit_code=Exit.MISUSE) from error
    if parsed.tzinfo is None:
        raise UserError(f"{text!r} has no offset; write {text}Z for UTC", exit_code=Exit.MISUSE)
    return parsed.isoformat()
