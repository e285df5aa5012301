"""`.leoflow/build/` after each compile, written only when something that it is made of has changed."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.cli.cache import compiler_identity
from leoflow_compiler.project import Project
from leoflow_compiler.project.records import CONFIG_FILE, IGNORE_FILE, LOCK_FILE

_KEY = ".leoflow/context.key"


def refresh_context(project: Project, document: bytes) -> str | None:
    """Writes the context where it is not the one of this document; why it could not, in one sentence.

    A document names the digests of all bundled files, so that equal documents have equal contexts.
    """
    key_file, key = project.root / _KEY, _key(project, document)
    with suppress(OSError):
        if key_file.read_bytes() == key:
            return None
    # Imported late: a compile that changes nothing needs none of it.
    from leoflow_compiler.image.context import write_context
    from leoflow_compiler.image.errors import ImageError
    from leoflow_compiler.image.lock import read_lock

    try:
        key_file.unlink(missing_ok=True)
        write_context(project, read_lock(project.root))
        write_atomically(key_file, key)
    except ImageError as error:
        return error.message
    except OSError as error:
        return f"{error.filename or project.root}: {error.strerror}"
    return None


def _key(project: Project, document: bytes) -> bytes:
    digest = hashlib.sha256(compiler_identity().encode())
    for part in (document, *(_bytes(project, name) for name in (CONFIG_FILE, IGNORE_FILE, LOCK_FILE))):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest().encode() + b"\n"


def _bytes(project: Project, name: str) -> bytes:
    with suppress(OSError):
        return (project.root / name).read_bytes()
    return b""
