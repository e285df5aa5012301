"""A `dag.json` that somebody names on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.errors import UserError


def read_document(path: Path) -> dict[str, Any]:
    """Reads and checks it. Raises UserError."""
    from leoflow_runtime.artifact.validation import ArtifactInvalid, check_document

    try:
        document: Any = json.loads(path.read_bytes())
        check_document(document)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{str(path)!r} is not JSON: {error}") from error
    except ArtifactInvalid as error:
        first, others = error.problems[0].message, len(error.problems) - 1
        raise UserError(
            f"{str(path)!r} is no valid dag.json: {first}" + (f" (and {others} more)" if others else "")
        ) from error
    checked: dict[str, Any] = document
    return checked
