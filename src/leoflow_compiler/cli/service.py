"""`python -m leoflow_compiler.cli.service`: compiles what it is asked for, a line each, until its input ends.

For a caller that compiles often, such as Lite on every save: what takes long – importing the parser – is
paid once. Each project is still evaluated in a worker process with limits (`lower.worker`).

    ← {"workspace": "/home/me/dags", "folder": "sales"}    what is said names files from the workspace on
    → {"document": {…} | null, "text": "…"}                what `leoflow compile` would write, and say
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.cache import CompileCache, opened_cache
from leoflow_compiler.cli.compilation import compile_target, warm
from leoflow_compiler.cli.report import write_text
from leoflow_compiler.cli.targets import Target


def answer(workspace: str, folder: str, cache: CompileCache | None) -> dict[str, Any]:
    """One project through the compiler."""
    result = compile_target(Target(folder=Path(workspace, folder), label=folder), cache)
    text = io.StringIO()
    write_text([result], text)
    return {"document": result.document, "text": text.getvalue()}


def main() -> int:
    """Serves standard input until it ends."""
    # Workers are forked with these descriptors; what anything prints must not be taken for an answer.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    cache = opened_cache(disabled=False)
    warm()
    for line in sys.stdin:
        try:
            reply = answer(**json.loads(line), cache=cache)
        except Exception as error:  # noqa: BLE001 - the border: the caller shows it, the service lives on
            reply = {"document": None, "text": f"error: internal error: {type(error).__name__}: {error}"}
        replies.write(json.dumps(reply, ensure_ascii=False) + "\n")
        replies.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
