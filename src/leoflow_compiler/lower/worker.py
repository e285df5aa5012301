"""Compiling in a process of its own, so that a crash, a loop or a memory hog stays inside it."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.lowering import INTERNAL_ERROR
from leoflow_compiler.diagnostics.catalogue.source import COMPILER_STOPPED
from leoflow_compiler.project import Project

Result = TypeVar("Result")

CPU_SECONDS = 30
WALL_SECONDS = 60.0
ADDRESS_SPACE_BYTES = 2 << 30


def run_in_worker(
    project: Project,
    compile_here: Callable[[Project], Result],
    failed: Callable[[Diagnostic], Result],
) -> Result:
    """What `compile_here` returns; `failed` of a diagnostic when the worker dies or takes too long."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork beside threads
        child = os.fork()
    if child == 0:
        os.close(reading)
        _serve(project, compile_here, failed, writing)
    os.close(writing)
    try:
        answer = _read(reading, child)
    finally:
        os.close(reading)
        _, status = os.waitpid(child, 0)
    if status == 0 and answer:
        result: Result = pickle.loads(answer)  # noqa: S301 - our own child's bytes
        return result
    return failed(_died(project, status))


def run_batch(
    projects: Sequence[Project],
    compile_here: Callable[[Project], Result],
    failed: Callable[[Diagnostic], Result],
) -> list[Result]:
    """Several projects in one worker, so that its cost is paid once; on any trouble each gets its own."""

    def compile_all(_: Project) -> list[Result]:
        return [_guarded(project, compile_here, failed) for project in projects]

    results: list[Result] = run_in_worker(projects[0], compile_all, lambda _: [])
    if len(results) == len(projects):
        return results
    return [run_in_worker(project, compile_here, failed) for project in projects]


def _serve(
    project: Project, compile_here: Callable[..., Any], failed: Callable[..., Any], writing: int
) -> None:
    """The child: compiles, sends the answer, and leaves without running anything of the parent's."""
    code = 1
    try:
        gc.disable()  # memory is limited, and what is not garbage is most of it
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(_guarded(project, compile_here, failed), pipe)
        code = 0
    finally:
        os._exit(code)


def _guarded(project: Project, compile_here: Callable[..., Any], failed: Callable[..., Any]) -> Any:
    try:
        return compile_here(project)
    except MemoryError:
        return failed(_stopped(project, "it needs too much memory"))
    except Exception as error:  # noqa: BLE001 - the border: a defect of ours becomes a diagnostic
        if os.environ.get("LEOFLOW_DEBUG"):
            traceback.print_exc()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        message = f"the compiler failed: {type(error).__name__} at {where}"
        span = Span(file=project.config.dag_source, line=1)
        return failed(Diagnostic(code=INTERNAL_ERROR, message=message, span=span))


def _read(reading: int, child: int) -> bytes:
    deadline = time.monotonic() + WALL_SECONDS
    chunks: list[bytes] = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return b""
        chunk = os.read(reading, 1 << 20)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _died(project: Project, status: int) -> Diagnostic:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGXCPU, signal.SIGKILL):
            return _stopped(project, "it needs too much time")
        return _stopped(project, f"its worker was ended by {signal.Signals(number).name}")
    return _stopped(project, "its worker ended early")


def _stopped(project: Project, why: str) -> Diagnostic:
    path = project.config.dag_source
    return Diagnostic(
        code=COMPILER_STOPPED,
        message=f"`{path}` cannot be compiled: {why}",
        span=Span(file=path, line=1),
        help="keep work out of the top level of the file; it belongs into tasks",
    )
