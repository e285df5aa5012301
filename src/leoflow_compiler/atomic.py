"""Files that are either the old or the new one, never half of it."""

from __future__ import annotations

import os
import time
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Writes a sibling and renames it. Raises OSError, with nothing left behind."""
    # Not `tempfile`, whose import takes longer than a compile that the cache answers may take.
    name = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
