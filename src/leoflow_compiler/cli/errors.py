"""What ends a command early, with the one sentence that people see."""

from __future__ import annotations

from leoflow_compiler.diagnostics.outcome import Exit


class UserError(Exception):
    """Something is wrong that the user can change; `hint` says how when the message does not."""

    def __init__(self, message: str, *, hint: str | None = None, exit_code: Exit = Exit.PROBLEMS) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
