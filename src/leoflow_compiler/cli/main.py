"""The entry point `leoflow`, and the border where exceptions become sentences."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status of the process: 0 clean, 1 problems, 2 misuse or a defect."""
    # A command is over before there is garbage to speak of; looking for it is a tenth of its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _run(argv)
    finally:
        if collecting:
            gc.enable()


def _run(argv: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal with a small character set shows `?` rather than nothing.
            stream.reconfigure(errors="replace")
    try:
        result = _result(argv)
        sys.stdout.flush()
    except UserError as error:
        _say(error.message, error.hint)
        return _debugged(int(error.exit_code))
    except KeyboardInterrupt:
        _say("interrupted", None)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.PROBLEMS)
    except Exception as error:  # noqa: BLE001 - the last border: a defect of ours is one line, not a traceback
        reason = next(iter(str(error).splitlines()), "no message")
        _say(
            f"internal error: {type(error).__name__}: {reason}",
            "this is a defect of Leoflow; LEOFLOW_DEBUG=1 shows where",
        )
        return _debugged(int(Exit.MISUSE))
    return int(result) if isinstance(result, int) else int(Exit.CLEAN)


def _result(argv: Sequence[str] | None) -> object:
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["compile"] and not any(one.startswith("-") for one in given):
        # What editors, tools and people ask with each save: click's import would take a third of its time.
        from leoflow_compiler.cli.compiling import compile_paths

        return compile_paths(given[1:])
    from leoflow_compiler.cli.group import run

    return run(argv)


def _say(message: str, hint: str | None) -> None:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def _debugged(status: int) -> int:
    if os.environ.get("LEOFLOW_DEBUG") == "1":
        import traceback  # late: it loads half of the parser's modules

        traceback.print_exc()
    return status


if __name__ == "__main__":
    sys.exit(main())
