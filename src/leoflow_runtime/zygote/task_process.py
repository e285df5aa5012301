"""What happens in a task's own process between its birth and the child's code."""

from __future__ import annotations

# As `signal`, without its enumerations: they touch many a page, which a forked child has to copy.
import _signal  # type: ignore[import-not-found]
import os
import signal
import sys
import traceback
from typing import Any, Callable, Dict, List, Optional

from leoflow_runtime.zygote import forks
from leoflow_runtime.zygote.records import load_launch, write_json

_PR_SET_PDEATHSIG = 1
# Exit status of a process whose own machinery failed (sysexits' EX_SOFTWARE).
MACHINERY_FAILED = 70
# What an import may have set; the zygote itself needs none of them.
_SET_BY_IMPORTS = (signal.SIGTERM, signal.SIGHUP)
_SET_BY_ZYGOTE = (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE)


def load_libc() -> Any:
    """The C library for `prctl`, looked up before any fork; None where it is not needed or not there."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        libc = ctypes.CDLL(None)
    except (ImportError, OSError):
        return None
    libc.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)  # as it is; what the call needs is looked up now
    return libc


def detach(libc: Any, parent: int) -> None:
    """A session of its own, and death with the parent, so that no task outlives who would report it."""
    os.setsid()
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was armed
            os._exit(MACHINERY_FAILED)


def redirect(directory: str) -> None:
    """Output goes to the spool, input comes from nowhere."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing > 2:
        os.close(nothing)
    redirect_output(directory)


def redirect_output(directory: str) -> None:
    """Output goes to the spool."""
    output = os.open(directory + "/output", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if output > 2:
        os.close(output)


def reseed() -> None:
    """Forked processes share their parent's generators and would all draw the same numbers."""
    if "random" in sys.modules:
        sys.modules["random"].seed()
    seed = int.from_bytes(os.urandom(4), "little")
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def forget_imported_signals() -> None:
    """Handlers and masks that the import of a DAG left behind are for no task."""
    for number in _SET_BY_IMPORTS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def default_signals() -> None:
    """In a child: what the zygote has set for itself."""
    for number in _SET_BY_ZYGOTE:
        _signal.signal(number, _signal.SIG_DFL)


def put_on_path(code_path: str) -> None:
    """The façade first, then the DAG's own folder, as its imports expect."""
    facade = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "facade")
    for entry in (code_path, facade):
        if entry and entry not in sys.path:
            sys.path.insert(0, entry)


def trimmed_traceback(error: BaseException) -> str:
    """The error as its author should read it: without the frames of this machinery."""
    if _is_about_the_build(error):
        return str(error)
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    frames = error.__traceback__
    while frames is not None and _is_machinery(frames.tb_frame.f_code.co_filename, ours):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip("\n")


def _is_machinery(filename: str, ours: str) -> bool:
    return filename.startswith((ours, "<frozen importlib")) or os.sep + "importlib" + os.sep in filename


def _is_about_the_build(error: BaseException) -> bool:
    """Whether its text alone is for the DAG's author; told by name, for the child may not be importable."""
    return any(kind.__name__ == "BuildFailed" for kind in type(error).__mro__)


def failure_summary(error: BaseException) -> str:
    """One line naming what went wrong with an import."""
    lines = str(error).strip().splitlines()
    if lines and _is_about_the_build(error):
        return lines[0].rstrip(":")
    name = type(error).__name__
    return "%s: %s" % (name, lines[0]) if lines else name


def run_one(directory: str, parent: int) -> int:
    """A launch in a fresh interpreter: what `spawn` starts. The working directory and environment are set."""
    detach(load_libc(), parent)
    redirect(directory)
    launch = load_launch(directory)
    put_on_path(launch["code_path"])
    os.environ.update(launch.get("env") or {})
    try:
        from leoflow_runtime.child import build

        built = build.load(launch)
    except BaseException as error:
        _report_import_failure(directory, error)
        return 1
    from leoflow_runtime.child import lean

    code = lean.run(built, launch, directory, lean.prepare())
    _flush()
    os._exit(code)


def run_forked(
    built: Any,
    awaited: Callable[[], Optional[str]],
    dag_json: Optional[Dict[str, Any]],
    output: Any,
    libc: Any,
    parent: int,
    close: List[int],
) -> None:
    """The rest of a forked child's life; `awaited` gives the folder of its launch. Never returns."""
    code = MACHINERY_FAILED
    try:
        detach(libc, parent)
        forks.register()
        signal.set_wakeup_fd(-1)
        default_signals()
        for descriptor in close:
            os.close(descriptor)
        reseed()
        directory = awaited()
        if directory is None:
            code = 0
            return
        redirect_output(directory)
        launch = load_launch(directory, dag_json)
        if launch.get("env"):
            os.environ.update(launch["env"])
        from leoflow_runtime.child import lean

        code = lean.run(built, launch, directory, output)
        _flush()
    except BaseException:
        traceback.print_exc()
        _flush()
    finally:
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # the task closed or replaced it
            continue


def _report_import_failure(directory: str, error: BaseException) -> None:
    os.write(2, (trimmed_traceback(error) + "\n").encode("utf-8", "replace"))
    write_json(
        os.path.join(directory, "result.json"),
        {"outcome": "failed", "message": "The DAG could not be imported: " + failure_summary(error)},
    )
