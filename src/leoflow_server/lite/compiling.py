"""One project through the compiler, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60.0
# `-P`: a file of the current folder must never be taken for one of the compiler's modules.
COMPILER = (sys.executable, "-P", "-m", "leoflow_compiler", "compile")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    document: dict[str, Any]
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What the compiler said instead of a document, as people read it."""

    text: str
    seconds: float


async def compile_project(
    workspace: Path, folder: str, *, timeout: float = TIMEOUT_SECONDS
) -> Compiled | Refused:
    """The project's `dag.json`, or the compiler's diagnostics, whose paths are relative to the workspace.

    Never raises for what is in the project.
    """
    begin = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *COMPILER,
        "-o",
        "-",
        "--",
        folder,
        cwd=workspace,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1"},
        start_new_session=True,
    )
    try:
        output, complaints = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        return Refused(text=f"Compiling took more than {timeout:.0f} s.", seconds=time.monotonic() - begin)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    seconds = time.monotonic() - begin
    text = complaints.decode("utf-8", "replace").strip()
    if process.returncode != 0:
        return Refused(text=text or _ended(process.returncode), seconds=seconds)
    try:
        document = json.loads(output)
    except ValueError as error:
        return Refused(text=f"The compiler's output is not JSON: {error}. {text}".strip(), seconds=seconds)
    return Compiled(document=document, seconds=seconds)


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"The compiler was killed by {signal.Signals(-code).name}."
    return f"The compiler ended with exit code {code} and said nothing."
